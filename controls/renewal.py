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

from controls.block import Block, Recall
from controls.case import Task, judge_case
from controls.changes import Changes
from controls.each import await_time, judged
from controls.kernel import Control
from controls.registers import View
from controls.shapes import Case, Check, Fact

if TYPE_CHECKING:
    from controls.engine import Engine, Rule

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
    engine: Engine, renewal: Renewal, block: Block, view: View, recall: Recall, changes: Changes
) -> None:
    """Bring every changed rule to where it would be, had it judged the partition's history."""
    cases: dict[str, dict[str, Any]] = {}
    for name, value in renewal.values.items():
        kind, _, rest = name.partition("|")
        ref, _, key = rest.partition("|")
        if kind not in ("case", "wait"):
            continue
        if ref not in engine.rules:
            changes.memory[name] = None  # of a check that is no more
        elif kind == "case":
            cases.setdefault(ref, {})[key] = value
    for rule in engine.rules.values():
        if rule.control.id not in renewal.before:
            continue
        if isinstance(rule.check, Case):
            if not rule.check.across or block.lane == "books":
                _case(rule, renewal, cases.get(rule.ref, {}), block, view, recall, changes)
        else:
            _each(rule, renewal, view, changes)


def _case(
    rule: Rule, renewal: Renewal, values: Mapping[str, Any], block: Block, view: View,
    recall: Recall, changes: Changes,
) -> None:  # fmt: skip
    check = rule.check
    assert isinstance(check, Case)
    facts: dict[str, list[Fact]] = {}
    for events in renewal.stored(check):
        for key, found in check.facts(events).items():
            facts[key] = check.merge(facts.get(key, []), found)
    for key in dict.fromkeys([*values, *facts]):
        value = values.get(key)
        if value is not None and value["applied"] >= block.last_offset:
            continue  # renewed and remembered before the block came again
        if value is None:
            value = {"said": {}, "floor": 0, "gaps": []}
            if check.keep is not None:
                changes.count(rule.control.id, "pass", len(facts[key]))
        changes.memory[f"case|{rule.ref}|{key}"] = {**value, "facts": facts.get(key, [])}
        judge_case(rule, key, Task([]), view, recall, changes)


def _each(rule: Rule, renewal: Renewal, view: View, changes: Changes) -> None:
    old, control = renewal.before[rule.control.id], rule.control
    former = None
    if control.id not in renewal.new:
        if old is None:
            return
        checks = {check.name: check for check in old.checks(old.params)}
        check = checks.get(rule.check.name)
        if check is None:
            return
        former = replace(rule, control=old, check=check)
    for events in renewal.stored(rule.check):
        for event in events:
            was = judged(former, event, view) if former else None
            now = judged(rule, event, view)
            if was is not None and was is not now:
                changes.count(control.id, was.verdict, -1)
            if now is not None and was is not now:
                changes.count(control.id, now.verdict, 1)
            changes.settle(rule, was, now, False)
            await_time(rule, event, now, view, changes)
