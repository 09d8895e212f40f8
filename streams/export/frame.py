"""Samples: for every control some of the events that its checks read, so drawn that anyone who has
the evidence can draw them again, each traced to its block.

The frame of a control are the events of those types that occurred in the period (JST) and stand in
the evidence up to the cut.  Drawn are all of a frame of up to 25, 25 of up to 250, else 40: those
for which SHA-256 over "seed|control|event_id" (UTF-8) is smallest, whatever their order.  To them
come, whatever was drawn:

    finding            what a violation of severity high or critical of this control cites
    leaver             every staff.changed of the frame by which somebody left
    contract_ended     every contractor.contract_ended of the frame
    incident           every incident.detected of the frame
    first_day, last_day, gap_day
                       the events of the frame on the period's first and last day and on the first
                       day with a declared gap; where a day has more than 25, its first and its last

The sizes are the house's, not a standard's [U].
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from operator import itemgetter
from typing import Any, NamedTuple

from controls.events import TYPES, ContractorContractEnded, Event, IncidentDetected, StaffChanged
from controls.shapes import Case, Check
from streams.export.cut import Row
from streams.export.gaps import event_of

ALL, SOME, MOST = 25, 25, 40
"""A frame of up to ALL is taken whole; SOME are drawn of one of up to LARGE, MOST of a larger."""
LARGE = 250
SEVERE = ("high", "critical")
METHOD = (
    "the events of the frame with the smallest SHA-256 of 'seed|control|event_id' (UTF-8, hex "
    f"order): all of up to {ALL}, {SOME} of up to {LARGE}, else {MOST} (house default [U])"
)


class Item(NamedTuple):
    """An event of a frame; in the order of evidence."""

    lane: str
    partition: int
    block: int
    line: int
    event_id: str
    event_type: str
    retention: str
    payload_digest: str | None
    occurred_at: int


item_of = itemgetter(*Item._fields)


def reads(check: Check) -> set[str]:
    """The types of event that a check judges."""
    if isinstance(check, Case) and check.every:
        return set(TYPES)
    return types({*check.on, *(check.asks if isinstance(check, Case) else ())})


def types(kinds: Iterable[type[Any]]) -> set[str]:
    """Those that are types of events: what no event tells, gaps and conflicts, has none."""
    return {kind.type for kind in kinds if issubclass(kind, Event)}


def always(row: Row) -> str | None:
    """The rule by which an event is a sample of every control that reads it."""
    kind = row["event_type"]
    if kind == ContractorContractEnded.type:
        return "contract_ended"
    if kind == IncidentDetected.type:
        return "incident"
    if kind == StaffChanged.type and event_of(row).change == "left":
        return "leaver"
    return None


@dataclass(slots=True)
class _Day:
    """The events of one day: all of up to ALL, else the first and the last."""

    items: list[tuple[int, str, Item]] = field(default_factory=list)
    more: bool = False

    def add(self, item: Item) -> None:
        insort(self.items, (item.occurred_at, item.event_id, item))
        if len(self.items) > ALL:
            self.more = True
            del self.items[1:-1]

    def __iter__(self) -> Iterator[Item]:
        ends = self.items[:1] + self.items[1:][-1:]
        return (item for _, _, item in (ends if self.more else self.items))


class Frame:
    """The events of one control, as many of them as may be drawn."""

    def __init__(self, control: str, seed: str) -> None:
        self.control = control
        self.size = 0
        self.always: dict[Item, list[str]] = defaultdict(list)
        self.days: dict[str, _Day] = defaultdict(_Day)
        self._prefix = f"{seed}|{control}|".encode()
        self._smallest: list[tuple[bytes, Item]] = []
        self._limit = b"\xff" * 33

    def add(self, item: Item) -> None:
        self.size += 1
        rank = sha256(self._prefix + item.event_id.encode()).digest()
        if rank < self._limit:
            insort(self._smallest, (rank, item))
            if len(self._smallest) > MOST:
                del self._smallest[MOST:]
                self._limit = self._smallest[-1][0]

    @property
    def drawn(self) -> list[Item]:
        number = ALL if self.size <= ALL else SOME if self.size <= LARGE else MOST
        return [item for _, item in self._smallest[:number]]

    def chosen(self) -> dict[Item, list[str]]:
        """Every sample with the reasons why it is one, in the order of evidence."""
        why: dict[Item, list[str]] = defaultdict(list)
        for item in self.drawn:
            why[item].append("drawn")
        for item, rules in self.always.items():
            why[item] += rules
        for name, day in self.days.items():
            for item in day:
                why[item].append(name)
        return {item: why[item] for item in sorted(why)}
