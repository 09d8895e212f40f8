"""A store of which nothing changes while its pages are written as files: what the page of every
finding and event would ask one by one is read once, for all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from controls.events import AlertChanged, Event, NonconformityChanged
from dashboards.sql import Scope, bound
from streams.console import queries
from streams.console.finding import VERDICTS
from streams.console.sight import Row, Sight
from streams.recall import EVER
from streams.store import Ask, Store, asked_by

AT_ONCE = 1_000
"""Ids in one query."""
ALL = 10_000_000
"""Rows of a query that asks for everything."""


class Still:
    """What pages ask of a store, answered from what was read of it before."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._heads = store.heads()
        self._revisions: dict[str, list[Row]] = defaultdict(list)
        for finding in store.findings(history=True):
            self._revisions[finding["finding_id"]].append(finding)
        for revisions in self._revisions.values():
            revisions.sort(key=lambda each: each["revision"])
        self._events: dict[str, Event] = {}
        self._told: dict[tuple[str, str | None], dict[str, list[Event]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @property
    def ids(self) -> list[str]:
        """Of all findings."""
        return sorted(self._revisions)

    @property
    def current(self) -> list[Row]:
        """The newest revision of each."""
        return [revisions[-1] for revisions in self._revisions.values()]

    def cited(self) -> set[str]:
        """The ids of the events on which any revision rests."""
        return {
            id
            for revisions in self._revisions.values()
            for revision in revisions
            for id in revision["event_ids"]
        }

    def learn(self, ids: Sequence[str]) -> None:
        """Read these events."""
        for some in _portions(ids):
            self._events |= {event.event_id: event for event in self.store.events(some)}

    def finding(self, finding_id: str) -> list[Row]:
        return self._revisions.get(finding_id, [])

    def events(self, ids: Iterable[str]) -> list[Event]:
        return [self._events[id] for id in ids if id in self._events]

    def head(self, lane: str, partition: int) -> Any:
        return self._heads.get((lane, partition))

    def recall(
        self, lane: str, partition: int, below: int, asks: Sequence[Ask]
    ) -> Iterator[Event]:
        """Acts on findings from memory; whatever else is asked, from the store."""
        kinds = {AlertChanged.type, NonconformityChanged.type}
        if any(ask.type not in kinds or ask.field is None for ask in asks):
            return self.store.recall(lane, partition, below, asks)
        return (
            event
            for ask in asks
            for value in sorted(ask.values)
            for event in self._acts(ask.type, ask.field or "").get(value, ())
        )

    def _acts(self, kind: str, name: str) -> dict[str, list[Event]]:
        if (kind, name) not in self._told:
            found: dict[str, list[Event]] = defaultdict(list)
            for portion in self.store.history("books", 0, [kind], EVER):
                for event in portion:
                    for value in asked_by(event, name):
                        found[value].append(event)
            self._told[kind, name] = found
        return self._told[kind, name]


@dataclass(frozen=True)
class StillSight(Sight):
    """A sight whose queries about one row are answered from `held`."""

    held: Held = field(kw_only=True)

    def ask(self, sql: str, scope: Scope | None = None, /, **parameters: Any) -> list[Row]:
        held = self.held
        if sql == queries.PLACES:
            return held.places[parameters["id"]]
        if sql == queries.EVENT_PLACES:
            return [held.event_places[id] for id in parameters["ids"] if id in held.event_places]
        if sql == queries.CITING:
            return [shown(each, self.lang) for each in held.citing.get(parameters["id"], ())]
        if sql == queries.BLOCK:
            place = parameters["lane"], parameters["partition"], parameters["block"]
            return [held.blocks[place]] if place in held.blocks else []
        if sql == queries.COVERING:
            return held.covering(parameters["lane"], parameters["partition"], parameters["number"])
        if sql == queries.JUDGED_DAYS and scope is not None:
            return [row for name in scope.controls for row in held.days[name]]
        if sql in (queries.FINDINGS, queries.COUNT):
            found = held.chosen(scope, parameters)
            if sql == queries.COUNT:
                return [{"number": len(found)}]
            first = parameters["offset"]
            found = found[first : first + parameters["limit"]]
            return [shown(each, self.lang) for each in found]
        return super().ask(sql, scope, **parameters)


class Held:
    """What `StillSight` answers from; each part is read when it is first asked for."""

    def __init__(self, sight: Sight, still: Still, ids: Sequence[str]) -> None:
        self._sight, self._still, self._ids = sight, still, ids

    @cached_property
    def places(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._sight.store.query(queries.EVERY_PLACE, {}, seconds=60.0, rows=ALL):
            found[row["finding_id"]].append(row)
        return found

    @cached_property
    def event_places(self) -> dict[str, Row]:
        rows = (
            row
            for some in _portions(self._ids)
            for row in self._sight.ask(queries.EVENT_PLACES, ids=some)
        )
        return {row["event_id"]: row for row in rows}

    @cached_property
    def citing(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for finding in sorted(self._still.current, key=lambda each: -each["detected_at"]):
            for id in finding["event_ids"]:
                found[id].append(finding)
        return found

    @cached_property
    def days(self) -> dict[str, list[Row]]:
        """The judgements of every control by day and verdict."""
        found: dict[str, list[Row]] = defaultdict(list)
        asked = bound(queries.JUDGED_DAYS, self._sight.during())
        for row in self._sight.store.query(*asked, seconds=60.0, rows=ALL):
            found[row["control"]].append(row)
        return found

    @cached_property
    def _listed(self) -> list[Row]:
        """Findings as the list has them: the newest first."""
        standing = [each for each in self._still.current if each["verdict"] in VERDICTS]
        return sorted(standing, key=lambda each: (-each["detected_at"], each["finding_id"]))

    def chosen(self, scope: Scope | None, parameters: Mapping[str, Any]) -> list[Row]:
        """The findings that `queries.FINDINGS` and `queries.COUNT` choose."""
        wanted = {
            "control": scope.controls if scope else (),
            "severity": parameters["severities"],
            "status": parameters["statuses"],
            "verdict": parameters["verdicts"],
        }
        return [
            each
            for each in self._listed
            if all(not values or each[name] in values for name, values in wanted.items())
        ]

    @cached_property
    def blocks(self) -> dict[tuple[str, int, int], Row]:
        return {
            (row["lane"], row["partition"], row["last_offset"]): row
            for row in self._still.store.blocks()
        }

    @cached_property
    def _checkpoints(self) -> dict[tuple[str, int], list[tuple[int, Row]]]:
        found: dict[tuple[str, int], list[tuple[int, Row]]] = defaultdict(list)
        for entry in self._still.store.log():
            made = {"entry": entry.index, "made": entry.at, "note": entry.note}
            for lane, partition, number, *_ in entry.heads:
                found[lane, partition].append((number, made))
        return found

    def covering(self, lane: str, partition: int, number: int) -> list[Row]:
        known = self._checkpoints[lane, partition]
        at = bisect_left(known, number, key=lambda each: each[0])
        return [known[at][1]] if at < len(known) else []


def shown(finding: Row, lang: str) -> Row:
    """A finding as lists show it (`queries.FINDINGS`)."""
    names = ("finding_id", "control", "code", "verdict", "severity", "subject", "status", "events")
    times = {"occurred": finding["occurred_at"], "detected": finding["detected_at"]}
    return {name: finding[name] for name in names} | {"text": finding["text"][lang]} | times


def held_still(sight: Sight) -> tuple[StillSight, list[str], list[str]]:
    """The same sight of a store that is read beforehand, the ids of its findings, and of the events
    that they rest on."""
    still = Still(sight.store)
    ids = sorted(still.cited())
    still.learn(ids)
    held = Held(sight, still, ids)
    seen = StillSight(
        cast(Store, still), sight.catalogue, sight.policies, sight.lang, sight.now,
        days=sight.days, held=held,
    )  # fmt: skip
    return seen, still.ids, [id for id in ids if id in held.event_places]


def _portions(ids: Sequence[str]) -> Iterator[list[str]]:
    for at in range(0, len(ids), AT_ONCE):
        yield list(ids[at : at + AT_ONCE])
