"""The terms of the law that run, read from the evidence alone.

Every check that watches such a term judges the stored events once more, as of an instant; what it
says of an open term is listed.  Nothing is kept and nothing amended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controls.books import BOOKS
from controls.events import Event
from controls.kernel import Control, Judgement, Text
from controls.registers import FOREVER, Registers, View
from controls.shapes import Case, Fact
from streams.store import Store


@dataclass(frozen=True, slots=True)
class Term:
    """An open term: `due` (ms) None while it stands still; `filled` of the REPORT_ITEMS None where
    no report is owed."""

    control: str
    law: tuple[str, ...]
    what: Text
    subject: str
    begun: int
    due: int | None
    filled: tuple[int, ...] | None

    def over(self, now: int) -> bool:
        return self.due is not None and self.due < now


def running(controls: Iterable[Control[Any]], store: Store, now: int) -> list[Term]:
    """Every open term as of an instant (ms), by its end; those that stand still come last."""
    watching = [
        (control, check)
        for control in controls
        for check in control.checks(control.params)
        if isinstance(check, Case) and check.clock is not None
    ]
    books = {kind for _, check in watching for kind in check.revisits}
    kinds = books | {kind for _, check in watching for kind in check.on}
    told = {place: list(events) for place, events in _told(store, kinds)}
    registers = Registers(BOOKS)
    for events in told.values():
        for event in events:
            if event.occurred_at <= now:
                registers.add(event, 0)
    view = registers.view(0, now)
    terms = [
        term
        for control, check in watching
        for key, facts in _facts(check, told, now, view).items()
        for judgement in check.judge(key, facts, view)
        for term in _term(control, check, judgement)
    ]
    return sorted(terms, key=lambda term: (term.due or FOREVER, term.control, term.subject))


def _told(
    store: Store, kinds: Iterable[type[Event]]
) -> Iterator[tuple[tuple[str, int], list[Event]]]:
    types = sorted(kind.type for kind in kinds)
    for lane, partition in store.heads():
        portions = store.history(lane, partition, types, FOREVER - 1)
        yield (lane, partition), [event for portion in portions for event in portion]


def _facts(
    check: Case, told: Mapping[tuple[str, int], Sequence[Event]], now: int, view: View
) -> dict[str, list[Fact]]:
    """What the check would remember; every case lies in one partition."""
    found: dict[str, list[Fact]] = {}
    for events in told.values():
        known = [e for e in events if type(e) in check.on and e.occurred_at <= now]
        for key, facts in check.facts(known, view).items():
            found[key] = check.merge(found.get(key, []), facts)
    return found


def _term(control: Control[Any], check: Case, judgement: Judgement) -> Iterator[Term]:
    clock = judgement.clock
    if clock is not None:
        assert check.clock is not None
        law = tuple(source.place for source in control.sources if source.kind == "appi")
        yield Term(
            control.id, law, check.clock, judgement.subject, clock.begun, clock.due, clock.filled
        )
