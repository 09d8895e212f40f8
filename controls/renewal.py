"""Judging by rules that have changed: what they remember is made again from what is stored.

What a case remembers was written by the code of its time, and another version may mean something
else by it.  So it is never read: facts are drawn anew from the stored events, and the case judged
by them; what was said before is of one form for all checks and stays, so that each difference
amends a finding like any other.  Of checks that judge event by event nothing but waiting is
remembered: where only parameters changed, the old rule tells what was said of each stored event
and the new one what is to be said; where the code changed, what was judged stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from controls.block import Block
from controls.case import SAID, Task, asked_of
from controls.changes import Changes
from controls.each import await_time, judged
from controls.kernel import Control
from controls.registers import View
from controls.shapes import Check, Each, Fact

if TYPE_CHECKING:
    from controls.engine import Cases, Engine, Rule

Stored = Callable[[Check], Iterable[Sequence[Any]]]
"""The stored events that a check reads, in join form and in portions: those of this partition, of
a check across partitions those of all, as far as they were told."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """Rules that have changed since the memory was written.

    `before` maps each such control to what it was: the control with its old parameters, None
    where its code was another.  Those of `new` did not exist.  `values` is the whole memory.
    """

    before: Mapping[str, Control[Any] | None]
    new: frozenset[str]
    values: Mapping[str, Any]
    stored: Stored


def renew(
    engine: Engine,
    renewal: Renewal,
    block: Block,
    views: tuple[View, View],
    changes: Changes,
    mine: Callable[[str], bool],
) -> tuple[str, ...]:
    """Bring every changed rule to where it would be, had it judged the partition's history.

    Returns the cases that have new facts and are to be judged by them.
    """
    said: dict[str, dict[str, dict[str, Any]]] = {}
    for name, value in renewal.values.items():
        kind, _, rest = name.partition("|")
        ref, _, key = rest.partition("|")
        if kind not in ("case", "wait") or value["applied"] >= block.last_offset:
            continue  # what includes this block is renewed; it is here again
        if ref not in engine.rules:
            changes.memory[name] = None  # of a check that is no more
        elif kind == "case" and engine.rules[ref].control.id in renewal.before:
            changes.memory[name] = None
            for spoken, items in value["said"].items():
                held = {"items": items, "floor": value["floor"]}
                said.setdefault(spoken, {})[key] = held
            for rule in engine.rules.values():
                if rule.control.id == engine.rules[ref].control.id:
                    known = said.setdefault(rule.ref, {})
                    known.setdefault(key, {"items": {}, "floor": value["floor"]})
    due: list[str] = []
    for cases in engine.cases:
        ours = not cases.case.across or block.lane == "books"
        if ours and cases.rules[0].control.id in renewal.before:
            due += _cases(cases, renewal, said, block, views[0], changes, mine)
    for rule in engine.rules.values():
        if isinstance(rule.check, Each) and rule.control.id in renewal.before:
            _each(rule, renewal, views, changes)
    return tuple(due)


def _cases(
    cases: Cases, renewal: Renewal, said: Mapping[str, Mapping[str, Any]], block: Block,
    view: View, changes: Changes, mine: Callable[[str], bool],
) -> list[str]:  # fmt: skip
    check = cases.case
    facts: dict[str, list[Fact]] = {}
    for events in renewal.stored(check):
        for key, found in check.facts(events, view).items():
            facts[key] = check.merge(facts.get(key, []), found)
    asked: dict[str, Task] = {}
    if check.asks:
        asked_of(check, view.told(check.asks), view, block.lane, mine, asked)
    for key, task in asked.items():
        facts[key] = check.merge(facts.get(key, []), task.facts)
    spoken = {rule.ref: said.get(rule.ref, {}) for rule in cases.rules}
    due = []
    periodic = check.periodic if block.lane == "books" else ()
    remembered = (key for keys in spoken.values() for key in keys)
    for key in dict.fromkeys([*facts, *remembered, *periodic]):
        name = f"case|{cases.ref}|{key}"
        held = renewal.values.get(name)
        if held is not None and held["applied"] >= block.last_offset:
            continue
        known = {ref: keys[key] for ref, keys in spoken.items() if key in keys}
        said_here = any(each["items"] for each in known.values())
        if held is None and key not in facts and key not in periodic and not said_here:
            continue  # a case of another check of the control
        if check.keep is not None and not known:
            for rule in cases.rules:
                changes.count(rule.control.id, "pass", len(facts[key]))
        # all facts are at hand again, and what was said is remembered so far below the floor
        floor = max((each["floor"] - SAID for each in known.values()), default=0)
        changes.memory[name] = {
            "facts": facts.get(key, []),
            "said": {ref: each["items"] for ref, each in known.items()},
            "floor": max(floor, 0),
            "gaps": held["gaps"] if held else [],
        }
        due.append(name)
    return due


def _each(rule: Rule, renewal: Renewal, views: tuple[View, View], changes: Changes) -> None:
    former = None
    if rule.control.id not in renewal.new:
        former = _former(rule, renewal.before[rule.control.id])
        if former is None:
            return
    changes.renewed.add(rule.ref)
    for events in renewal.stored(rule.check):
        for event in events:
            was = judged(former, event, views[0]) if former else None
            now = judged(rule, event, views[1])
            if was is not None and was is not now:
                changes.count(rule.control.id, was.verdict, -1)
            if now is not None and was is not now:
                changes.count(rule.control.id, now.verdict, 1)
            changes.settle(rule, was, now, False)
            await_time(rule, event, now, views[1], changes)


def _former(rule: Rule, old: Control[Any] | None) -> Rule | None:
    """The rule with the parameters that it had; None where its code was another."""
    if old is None:
        return None
    checks = {check.name: check for check in old.checks(old.params)}
    check = checks.get(rule.check.name)
    return replace(rule, control=old, check=check) if check is not None else None
