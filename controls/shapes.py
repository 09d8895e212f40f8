"""The shapes a check can take.

`Each` judges one event, with what the registers knew of its moment.  `Case` judges all that is
known of one key, in order of occurrence, every time that changes or a due time passes.  Windows,
sequences, deadlines and absences are cases: what differs is the few lines that judge.

Neither amends anything.  Both say what is true as far as known; the engine compares it with what
was said before and does the rest.  So arrival order, batching and restarts cannot matter.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from controls.events import Event
from controls.kernel import Judgement, Severity, Text
from controls.registers import View

Fact = list[Any]
"""What a case remembers of an event: plain JSON, `[at, event_id, ...]`, compared in that order."""


@dataclass(frozen=True, slots=True)
class Look:
    """Stored events to judge again: those of `type` whose `field` is `value`, occurred in
    [since, until] (ms).  `field` None means every event of the type."""

    type: type[Event]
    field: str | None
    value: str
    since: int
    until: int | None = None


Revisits = Mapping[type[Event], Callable[[Any], Sequence[Look]]]
"""For a register event: which stored events its arrival may judge differently."""


@dataclass(frozen=True, slots=True)
class Each:
    """Judge every event on its own, joined with the registers as of its moment.

    `codes` replace one another; the first one wins where severities are equal.  `by` names for
    each type the field under which pending events are found again.  `judge` returns None where
    the event is not the check's business at all, which no population counts.
    """

    name: str
    codes: tuple[str, ...]
    on: tuple[type[Any], ...]
    judge: Callable[[Any, View], Judgement | None]
    by: Mapping[type[Any], str] = field(default_factory=dict)
    revisits: Revisits = field(default_factory=dict)
    awaits: tuple[type[Any], ...] = ()
    """Event types on whose absence a violation with `since` rests."""


def remember(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    """Facts with the new ones in their place; a fact that is there already stays once."""
    merged = list(facts)
    seen = {fact[1] for fact in merged}
    for fact in new:
        if fact[1] not in seen:
            seen.add(fact[1])
            insort(merged, fact)
    return merged


def drop_older(facts: Sequence[Fact], floor: int) -> list[Fact]:
    return [fact for fact in facts if fact[0] >= floor]


def standing(facts: Iterable[Fact], what: str = "") -> list[Fact]:
    """Of facts `[at, event_id, corrects, what, ...]` those that no other corrects, and only those
    of one kind where `what` names it."""
    held = list(facts)
    corrected = {fact[2] for fact in held if fact[2]}
    return [f for f in held if f[1] not in corrected and what in ("", f[3])]


def told(event: Any, what: str, *names: str) -> Fact:
    """The fact `[at, event_id, corrects, what, {field: value}]` of an event; days as ISO dates."""
    values = {name: getattr(event, name) for name in names}
    plain = {
        name: f"{value}" if isinstance(value, date) else list(value) if type(value) is tuple
        else value
        for name, value in values.items()
    }  # fmt: skip
    return [event.occurred_at, event.event_id, event.corrects_event_id or "", what, plain]


def moment(at: int) -> tuple[int, int]:
    """The `span` of a case that is kept for ever: nothing around an event has to be read again."""
    return at, at


def gathered_only(event: Any) -> Fact:
    """The `fact` of a case that gathers: none is made of one event alone."""
    raise NotImplementedError("facts are gathered a block at a time")


@cache
def one_key(name: str) -> Callable[[Any], str]:
    """The key of a case is one field; blank means the event belongs to no case.  The same function
    for the same name, so that cases can share a memory."""

    def key(event: Any) -> str:
        return getattr(event, name) or ""

    return key


@dataclass(frozen=True, slots=True)
class Case:
    """Judge all facts of one key together.

    `fact` turns an event into what is remembered; `judge(key, facts, view)` yields judgements, of
    which `until` says when to look again.  With `keep` None facts stay for ever and the judge
    yields passes too.  Else facts older than `keep` (ms) are given to `forget`, judgements about
    what lies before that floor stand as they are, and the population counts as pass every fact
    that is part of no judgement.  An event that arrives below the floor brings back from the
    store what happened in `span(at)`, found by the fields `by`.

    Cases of one control that remember the same (the same functions over the same events) share one
    memory, and each judges it for itself.

    `across` gathers facts of traffic over all partitions and judges them in `books`; `gather`
    and `merge` may then pack many events into few facts.  `touches` names the cases that a
    register event may judge differently, as known with it.

    `placed` is for cases `across` whose keys only the books know: the keys of an event, as known
    where it happened. Of traffic that has none nothing is told; `revisits` finds the stored ones of
    which the books speak later.

    `asks` is for cases of `principals`: of which principals a register event speaks, as known
    with it.  The event becomes a fact of each of them, in the partition that keeps that principal,
    once the books have reached it there; so one event is compared with what many people said.

    `periodic` names cases of `books` that are there without any event: duties that come round by
    the calendar.  They are first judged when the installation begins (`View.began`); the judge
    then finds no facts.  `began` says that the judge asks when that was.

    `enters` is for cases whose facts make an entry of a book: what stands there of a key, for
    others to look up from the next block on.
    """

    name: str
    codes: tuple[str, ...]
    on: tuple[type[Any], ...]
    key: Callable[[Any], str]
    fact: Callable[[Any], Fact]
    judge: Callable[[str, Sequence[Fact], View], Iterable[Judgement]]
    keep: int | None = None
    span: Callable[[int], tuple[int, int]] | None = None
    margin: int = 0
    """So much of a span (ms, at its beginning) is only read to know what came before: what was
    said of it stands."""
    forget: Callable[[Sequence[Fact], int], list[Fact]] = drop_older
    condense: Callable[[str, Sequence[Fact], int, View], list[Fact]] | None = None
    """Like `forget`, with the key and the books: where what is kept in sum depends on them."""
    by: Mapping[type[Any], str] = field(default_factory=dict)
    ripples: bool = False
    """What is forgotten is kept in sum, so a change below the floor reaches what lies after it."""
    across: bool = False
    every: bool = False
    """Gather from every event type there is (`on` is then empty)."""
    gather: Callable[[Sequence[Any]], Mapping[str, list[Fact]]] | None = None
    merge: Callable[[Sequence[Fact], Iterable[Fact]], list[Fact]] = remember
    revisits: Revisits = field(default_factory=dict)
    touches: Mapping[type[Any], Callable[[Any, View], Iterable[str]]] = field(
        default_factory=dict
    )
    placed: Callable[[Any, View], Iterable[str]] | None = None
    asks: Mapping[type[Event], Callable[[Any, View], Iterable[str]]] = field(default_factory=dict)
    periodic: tuple[str, ...] = ()
    began: bool = False
    enters: Callable[[str, Sequence[Fact]], Iterable[Any]] | None = None
    clock: Text | None = None
    """The term of the law that it watches: its judgements say of an open one when it ends."""
    awaits: tuple[type[Any], ...] = ()
    """Event types on whose absence a violation with `since` rests."""

    rises: Mapping[str, tuple[int, Severity]] = field(default_factory=dict)
    """(judgements, severity) by code: a finding that holds so many is of that severity."""

    @property
    def memory(self) -> tuple[Any, ...]:
        """All that decides what the case remembers; cases of a control that agree in it share."""
        how = self.on, self.key, self.fact, self.gather, self.merge, self.across, self.every
        long = self.keep, self.span, self.margin, self.forget, self.condense, self.ripples
        where = tuple(self.by.items()), tuple(self.asks.items()), self.periodic, self.began
        return *how, *long, *where, self.placed, self.enters

    def keys(self, event: Any, view: View) -> Iterable[str]:
        """The cases that an event belongs to; blank means none."""
        if self.placed is not None:
            return self.placed(event, view)
        return (self.key(event),)

    def facts(self, events: Sequence[Any], view: View) -> Mapping[str, list[Fact]]:
        """The facts of these events, by key."""
        if self.gather is not None:
            return self.gather(events)
        found: dict[str, list[Fact]] = {}
        fact = self.fact
        for event in events:
            for key in self.keys(event, view):
                if key:
                    found.setdefault(key, []).append(fact(event))
        return found


Check = Each | Case
