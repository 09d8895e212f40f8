"""Judge a block: events and knowledge in, judgements, findings and memory out.

The engine knows no broker, no store and no clock.  What it is given decides what it returns, so
a block that is delivered again gives the same again.  Each partition judges its own events;
findings are kept by `books`, which receives from every traffic partition a tally of what changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controls import gaps
from controls.block import BEGAN, CLOCK, Block, Conflict, Memory, Outcome, Recall
from controls.case import judge_cases
from controls.changes import Changes
from controls.each import judge_each, looks_for
from controls.findings import answer, fold, publish, unfolded
from controls.gaps import SourceGap
from controls.kernel import Control, arrival
from controls.registers import Registers
from controls.renewal import Renewal, renew
from controls.shapes import Case, Check, Each


@dataclass(frozen=True, slots=True)
class Rule:
    """A check with the control it belongs to; `ref` names it in memory and in tallies."""

    ref: str
    control: Control[Any]
    check: Check


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases of one control that share a memory; `ref` is that of the first."""

    ref: str
    case: Case
    rules: list[Rule]


class Engine:
    """The catalogue, indexed once: for each event type the checks that read it."""

    def __init__(self, controls: Iterable[Control[Any]]) -> None:
        self.controls = {control.id: control for control in controls}
        self.rules: dict[str, Rule] = {}
        self.each: dict[type[Any], list[Rule]] = {}
        self.cases: list[Cases] = []
        self.shared: dict[str, str] = {}
        """The cases, by their ref, with which each rule shares a memory."""
        self.revisits: dict[type[Any], list[Rule]] = {}
        for control in self.controls.values():
            for check in control.checks(control.params):
                self._enter(Rule(f"{control.id}/{check.name}", control, check))
        self.reading: dict[type[Any], set[str]] = {}
        """By event type the cases, by their ref, that read it; under object those that read all."""
        for cases in self.cases:
            for kind in (object,) if cases.case.every else cases.case.on:
                self.reading.setdefault(kind, set()).add(cases.ref)
        self.touching: dict[type[Any], set[str]] = {}
        """The same for lines of books that touch cases, or of which cases ask."""
        for cases in self.cases:
            for rule in cases.rules:
                assert isinstance(rule.check, Case)
                for kind in (*rule.check.touches, *rule.check.asks):
                    self.touching.setdefault(kind, set()).add(cases.ref)
        self._asking = {SourceGap, *self.revisits, *self.touching}
        """Types of register events that may judge again what was judged."""

    def _enter(self, rule: Rule) -> None:
        self.rules[rule.ref] = rule
        if isinstance(rule.check, Each):
            for kind in rule.check.on:
                self.each.setdefault(kind, []).append(rule)
        else:
            self._share(rule, rule.check)
        for kind in rule.check.revisits:
            self.revisits.setdefault(kind, []).append(rule)

    def _share(self, rule: Rule, case: Case) -> None:
        for cases in self.cases:
            same = cases.rules[0].control is rule.control and cases.case.memory == case.memory
            if same:
                cases.rules.append(rule)
                self.shared[rule.ref] = cases.ref
                return
        self.cases.append(Cases(rule.ref, case, [rule]))
        self.shared[rule.ref] = rule.ref

    def evaluate(
        self,
        block: Block,
        memory: Memory,
        registers: Registers,
        due: Iterable[str],
        recall: Recall,
        renewal: Renewal | None = None,
        mine: Callable[[str], bool] = lambda key: True,
    ) -> Outcome:
        """Judge `block` against what the partition remembers.

        `due` are the keys of `memory` whose time has come; `registers` hold `books` up to the
        block's `books_upto` (in `books` itself, up to its last offset).  Nothing given is
        changed: the values of `Outcome.memory` replace those of `memory` once the block is
        written.  `renewal` names rules whose memory is not theirs any more: that is made again
        before anything is judged by it.  `mine` says which keys of the lane this partition keeps.
        """
        clock = memory.get(CLOCK) or {"now": 0, "known": -1}
        known = block.last_offset if block.lane == "books" else block.books_upto
        due = tuple(due)
        start, earlier = beginning(block, memory)
        # a block may end before any tick has told the time
        now = max(block.now, clock["now"], start.get("began", 0))
        views = (
            registers.view(clock["known"], clock["now"], **start),
            registers.view(known, now, **start),
        )
        entered = registers.changes(clock["known"], known)
        changed = [event for event in entered if type(event) in self._asking]
        changed += gaps.concerned(entered, views[1])
        outcome = Outcome()
        if not (block.events or block.conflicts or block.tallies or due or changed or renewal):
            return outcome
        tallies, markers = unfolded(block, memory)
        block = replace(block, tallies=tallies)
        groups = by_type(block.events)
        if block.conflicts:
            groups[Conflict] = list(block.conflicts)
        changes = Changes(block, memory)
        if renewal is not None:
            due += renew(self, renewal, block, views, changes, mine)
        looks, causes = looks_for(self, changed, block.lane, views[1])
        judge_each(self, groups, looks, causes, views, due, recall, changes)
        begun = began_anew(self, memory) if earlier else {}
        judge_cases(
            self, block, groups, changed, looks, causes, views[1], due, recall, changes, begun, mine
        )
        outcome.populations = changes.populations
        outcome.derived = changes.derived
        tally = changes.tally(block)
        if block.lane == "books":
            for each in (*block.tallies, *((tally,) if tally else ())):
                fold(block, each, memory, outcome)
            publish(self, block, outcome)
            if answer(block, memory, outcome):
                publish(self, block, outcome)
        else:
            outcome.tally = tally
        # what follows from a judgement before the judgement itself: where only the first part of
        # this is remembered, the rest is judged anew and comes to the same
        outcome.memory |= changes.memory
        outcome.memory |= markers
        if earlier:
            outcome.memory[BEGAN] = dict(start)
        outcome.memory[CLOCK] = {"now": now, "known": known}
        for value in outcome.memory.values():
            if value is not None:
                value["applied"] = block.last_offset
        return outcome


def beginning(block: Block, memory: Memory) -> tuple[Mapping[str, Any], bool]:
    """With the arrival of which event monitoring began, and whether this block tells of an
    earlier one than was known: {began (ms), org_id}, empty outside of `books`."""
    if block.lane != "books":
        return {}, False
    remembered = memory.get(BEGAN)
    known = remembered and {name: remembered[name] for name in ("began", "org_id")}
    first = min(map(arrival, block.events), default=None)
    if first is None or (known and known["began"] <= first):
        return known or {}, False
    return {"began": first, "org_id": block.events[0].org_id}, True


def began_anew(engine: Engine, memory: Memory) -> dict[str, list[str]]:
    """The cases, by check, that depend on when monitoring began: those that are there without an
    event, and those remembered whose judge asks for it."""
    found = {
        cases.ref: list(cases.case.periodic)
        for cases in engine.cases
        if cases.case.periodic or cases.case.began
    }
    for name, _ in memory.items():
        kind, _, rest = name.partition("|")
        ref, _, key = rest.partition("|")
        if kind == "case" and ref in found and engine.rules[ref].check.began:  # type: ignore[union-attr]
            found[ref].append(key)
    return found


def by_type(events: Sequence[Any]) -> dict[type[Any], list[Any]]:
    """Events grouped by their type, order kept."""
    groups: dict[type[Any], list[Any]] = {}
    for event in events:
        kind = type(event)
        if kind in groups:
            groups[kind].append(event)
        else:
            groups[kind] = [event]
    return groups
