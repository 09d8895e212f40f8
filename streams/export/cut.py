"""What a store held at a checkpoint of its log, for a period: all that a pack is made of.

Nothing here asks what time it is, and nothing after the cut is read: the same cut, the same
evidence.  A block belongs to the day (JST) of the tick that closed it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import msgspec

from controls.calendar import day_start
from controls.kernel import DAY, STANDING
from streams.evidence.block import Head
from streams.store import Store
from streams.store.columns import finding_from

Row = dict[str, Any]
Place = tuple[str, int]
"""A chain: lane and partition."""

WARM = 100 * DAY
"""Traffic from this long (ms) before the period goes in, too: what windows that reach into the
period remember.  `books` goes in from its beginning, for registers remember all of it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A checkpoint of the log: how many entries it has, when the last one was made (ms), the heads
    that this one states, and the signed note."""

    size: int
    at: int
    heads: Mapping[Place, Head]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, in Japan, both inclusive."""

    first: date
    last: date

    @property
    def start(self) -> int:
        """The first millisecond."""
        return day_start(self.first)

    @property
    def end(self) -> int:
        """The first millisecond after it."""
        return day_start(self.last + timedelta(days=1))

    def __contains__(self, moment: int) -> bool:
        return self.start <= moment < self.end


class Evidence:
    """A store's rows up to a cut, from where a pack of the period begins."""

    def __init__(self, store: Store, cut: Cut, period: Period) -> None:
        self.store, self.cut, self.period = store, cut, period

    @cached_property
    def chains(self) -> dict[Place, tuple[Row, Row]]:
        """The first and the last block that go in, by chain, in order."""
        found: dict[Place, tuple[Row, Row]] = {}
        for block in self._upto():
            place = block["lane"], block["partition"]
            if place in found:
                found[place] = found[place][0], block
            elif place[0] == "books" or block["now"] >= self.period.start - WARM:
                found[place] = block, block
        return found

    def _upto(self) -> Iterator[Row]:
        for block in self.store.blocks():
            head = self.cut.heads.get((block["lane"], block["partition"]))
            if head is not None and block["number"] <= head.number:
                yield block

    def blocks(self) -> Iterator[Row]:
        """Ledger rows by lane, partition and number."""
        for block in self._upto():
            first = self.chains.get((block["lane"], block["partition"]))
            if first is not None and block["number"] >= first[0]["number"]:
                yield block

    def rows(self, table: str, lane: str, partition: int) -> Iterator[Row]:
        """Rows of `events`, `findings` or `rejects` of one chain by block and line."""
        if (lane, partition) not in self.chains:
            return
        first, last = self.chains[lane, partition]
        for row in self.store.rows(table, lane, partition, first["first_offset"]):
            if row["block"] > last["last_offset"]:
                return
            yield row

    def all(self, table: str) -> Iterator[Row]:
        """Rows of a table, chain after chain."""
        for lane, partition in self.chains:
            yield from self.rows(table, lane, partition)

    @cached_property
    def days(self) -> dict[Place, dict[int, int]]:
        """When (ms, the tick's time) each block of a chain was closed, by its last offset."""
        found: dict[Place, dict[int, int]] = defaultdict(dict)
        for block in self.blocks():
            found[block["lane"], block["partition"]][block["last_offset"]] = block["now"]
        return dict(found)

    def closed(self, row: Row) -> int:
        """When the block that holds a row was closed (ms, the tick's time)."""
        return self.days[row["lane"], row["partition"]][row["block"]]

    @cached_property
    def populations(self) -> dict[str, Counter[str]]:
        """Judgements by control and verdict, in blocks of the period."""
        total: dict[str, Counter[str]] = defaultdict(Counter)
        for block in self.blocks():
            if block["now"] in self.period:
                for control, verdicts in msgspec.json.decode(block["populations"]).items():
                    total[control].update(verdicts)
        return dict(total)

    @cached_property
    def fingerprints(self) -> list[str]:
        """The catalogues by which the blocks were judged."""
        return sorted({block["fingerprint"] for block in self.blocks()})

    @cached_property
    def history(self) -> dict[str, list[Row]]:
        """Every revision known at the cut, oldest first, by finding."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.all("findings"):
            place = {key: row[key] for key in ("lane", "partition", "block", "line")}
            found[row["finding_id"]].append(finding_from(row) | {"place": place})
        for revisions in found.values():
            revisions.sort(key=lambda finding: finding["revision"])
        return dict(found)

    @cached_property
    def findings(self) -> list[Row]:
        """Violations and indeterminate findings as they stood at the cut, in the form of the
        contract, by occurred_at; those of the period: occurred before its end, and standing at the
        cut or detected in it.  `place` is where the row is."""
        newest = (revisions[-1] for revisions in self.history.values())
        return sorted(
            (
                finding
                for finding in newest
                if finding["verdict"] in ("violation", "indeterminate")
                and finding["occurred_at"] < self.period.end
                and (finding["status"] in STANDING or finding["detected_at"] >= self.period.start)
            ),
            key=lambda finding: (finding["occurred_at"], finding["finding_id"]),
        )
