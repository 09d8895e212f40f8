"""The events of a pack judged once more, by the rules of this installation.

The blocks say when the clock stood where; their events are put back in that order, the pseudonyms
of all years become those of one, and one partition judges them all: however events were divided and
gathered, the same events come to the same findings.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
from pydantic import ValidationError

from controls import catalogue
from controls.catalogue import Overrides
from controls.events import AlertChanged, Event, spec
from controls.events.fields import Memo
from controls.findings import answers, finding_id
from streams.export.cut import Place, Row
from streams.export.gaps import event_of
from streams.pipeline import Parts
from streams.pseudonyms import Plain, jst_year
from streams.replay import Replay
from streams.slots import converter
from streams.store.columns import finding_from

TOKEN = re.compile(r"ps\d{4}_(?:[a-z2-7]{26}|destroyed)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Material:
    """What of a pack is judged: its blocks in chain order, the event rows of each chain, the rows
    of findings and the samples, `catalogue.json`, the pairs of pseudonyms that are one reference,
    and whether it is an auditor's pack, which has no fields of events."""

    catalogue: Mapping[str, Any]
    blocks: Sequence[Row]
    events: Callable[[Place], Iterable[Row]]
    findings: Sequence[Row]
    samples: Sequence[Row]
    links: Iterable[tuple[str, str]]
    auditor: bool = False

    def stated(self) -> dict[str, Row]:
        """The controls of the catalogue by their id."""
        return {control["control"]: control for control in self.catalogue["controls"]}


class One:
    """Each reference under one pseudonym, the greatest of those that are linked; a plain word that
    is compared with references, too, where the pack names it."""

    def __init__(
        self, links: Iterable[tuple[str, str]], names: Mapping[str, Sequence[str]]
    ) -> None:
        self._greater: dict[str, str] = {}
        for pair in links:
            self._join(*pair)
        for several in names.values():
            for other in several[1:]:
                self._join(several[0], other)
        self.names = {word: self(several[0]) for word, several in names.items() if several}
        self.table: Memo[Any, Any] = Memo(self)
        self._converters = Memo(self._converter)

    def __call__(self, pseudonym: Any) -> Any:
        while pseudonym in self._greater:
            pseudonym = self._greater[pseudonym]
        return pseudonym

    def _join(self, one: str, other: str) -> None:
        low, high = sorted((self(one), self(other)))
        if low != high:
            self._greater[low] = high

    def text(self, text: str) -> str:
        """A text with every pseudonym in it replaced."""
        return TOKEN.sub(lambda found: self.table[found[0]], text)

    def event(self, row: Row) -> Event:
        """The event of a row."""
        event = event_of(row)
        return self._converters[event.type](event)

    def _converter(self, type: str) -> Callable[[Event], Event]:
        of = spec(type)
        refs = [field.name for field in of.fields if field.ev == "hmac"]
        return converter(of.cls, [f.name for f in of.fields], {}, dict.fromkeys(refs, self.table))


class Named(Plain):
    """Events as they are in the pack, plain words by the pseudonym that it names."""

    def __init__(self, one: One) -> None:
        self._names = one.names

    def ref(self, raw: str) -> str:
        return self._names.get(raw) or super().ref(raw)


class Answers:
    """Steps of alerts about findings of the pack, by the ids that these have when judged again: an
    id is made of what the finding is about and of the closing before it."""

    def __init__(self, findings: Iterable[Row], one: One) -> None:
        self._about = {
            f["finding_id"]: (f["control"], f["check"], one.text(f["subject"])) for f in findings
        }
        self.again: dict[str, str] = {}
        """The id that each finding which was answered has when judged again."""
        self._closings: dict[tuple[str, str, str], str] = {}
        self._closed: set[str] = set()

    def __call__(self, event: Event) -> Event:
        if not isinstance(event, AlertChanged) or event.alert_id not in self._about:
            return event
        alert = event.alert_id
        control, check, subject = self._about[alert]
        about = control, check, renamed(subject, self.again)
        if alert not in self.again:
            self.again[alert] = finding_id(*about, self._closings.get(about, ""))
        if answers(event) == "closed" and alert not in self._closed:
            self._closed.add(alert)
            self._closings[about] = event.event_id
        return replace(event, alert_id=self.again[alert])


def renamed(subject: str, ids: Mapping[str, str]) -> str:
    """A subject that may name findings, by other ids of theirs."""
    return "|".join(ids.get(part, part) for part in subject.split("|"))


def parameters(stated: Mapping[str, Row]) -> tuple[Overrides, dict[str, str]]:
    """The parameters of a pack, and why those of a control cannot be taken: it is not known here,
    or has others."""
    taken: dict[str, dict[str, Any]] = {}
    refused: dict[str, str] = {}
    known = {control.id: control for control in catalogue.load().controls}
    for name, control in stated.items():
        if name not in known:
            refused[name] = "there is no such control here"
            continue
        text = msgspec.json.encode(control["version"]["params"])
        try:
            params = type(known[name].params).model_validate_json(text)
        except ValidationError:
            refused[name] = "the control has other parameters here"
            continue
        taken[name] = {field: getattr(params, field) for field in type(params).model_fields}
    return taken, refused


class ByBlocks(Replay):
    """A replay in which nothing but a tick moves the clock."""

    def _advance(self, arrived: int, final: bool = False) -> None:
        """An arrival does not."""


@dataclass(slots=True)
class Seen:
    """What was judged: rows by chain, block and class, the years by type of event, and the ids of
    findings that were answered (`Answers.again`)."""

    rows: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    years: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    ids: dict[str, str] = field(default_factory=dict)


def rejudge(material: Material, one: One, parts: Parts) -> Seen:
    """Judge the events into the store of `parts`, up to the time of the last block: ticks after
    it, and those between, found nothing, or there would be a block."""
    answers = Answers(material.findings, one)
    seen = Seen(ids=answers.again)
    chains = {place: _Chain(material.events(place)) for place in _places(material.blocks)}
    replay = ByBlocks(parts)
    now = itemgetter("now")
    for moment, blocks in groupby(sorted(material.blocks, key=now), now):
        for block in blocks:
            place = block["lane"], block["partition"]
            for row in chains[place].upto(block["last_offset"]):
                event = answers(one.event(row))
                seen.rows[*place, block["last_offset"], row["retention"]] += 1
                seen.years[event.type].add(jst_year(event.occurred_at))
                replay.feed(event)
        replay.tick(moment)
    return seen


def _places(blocks: Iterable[Row]) -> dict[Place, None]:
    return dict.fromkeys((block["lane"], block["partition"]) for block in blocks)


class _Chain:
    """The event rows of one chain while they are read."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = iter(rows)
        self._ahead = next(self._rows, None)

    def upto(self, block: int) -> Iterator[Row]:
        while self._ahead is not None and self._ahead["block"] <= block:
            yield self._ahead
            self._ahead = next(self._rows, None)


def newest(rows: Iterable[Row]) -> list[Row]:
    """The last revision of every finding, in the order in which they were first found."""
    found: dict[str, Row] = {}
    for row in rows:
        held = found.get(row["finding_id"])
        if held is None or held["revision"] < row["revision"]:
            found[row["finding_id"]] = row
    return [finding_from(row) for row in found.values()]
