"""Judging events one by one, and again when the books or the time say something new of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controls import gaps
from controls.block import Recall
from controls.changes import Changes, is_late, settled
from controls.gaps import SourceGap
from controls.kernel import MINUTE, NOT_APPLICABLE, PASS, Judgement, arrival
from controls.registers import FOREVER, View
from controls.shapes import Each, Look

if TYPE_CHECKING:
    from controls.engine import Engine, Rule

Causes = dict[tuple[type[Any], str | None], dict[str, tuple[int, int]]]
"""By type and field, and then by value: when the register event that asks for stored events
arrived and since when it holds (ms)."""

BUCKET = 10 * MINUTE
"""Pending events are remembered by type, field value and stretch of time, never one by one."""


def judged(rule: Rule, event: Any, view: View) -> Judgement | None:
    """What the check says of the event, with the event's own time and id filled in."""
    check = rule.check
    assert isinstance(check, Each)
    judgement = check.judge(event, view)
    if judgement is None or judgement is PASS or judgement is NOT_APPLICABLE:
        return judgement
    if not judgement.at or not judgement.events:
        judgement = replace(
            judgement,
            at=judgement.at or event.occurred_at,
            events=judgement.events or (event.event_id,),
        )
    return settled(check, judgement, view)


def judge_new(
    engine: Engine, groups: Mapping[type[Any], Sequence[Any]], view: View, changes: Changes
) -> None:
    """Check outside, events inside: passes are only counted."""
    for kind, events in groups.items():
        for rule in engine.each.get(kind, ()):
            check = rule.check
            assert isinstance(check, Each)
            judge = check.judge
            passed = apart = 0
            for event in events:
                judgement = judge(event, view)
                if judgement is PASS:
                    passed += 1
                elif judgement is NOT_APPLICABLE:
                    apart += 1
                elif judgement is not None:
                    found(rule, event, view, changes)
            if passed:
                changes.count(rule.control.id, "pass", passed)
            if apart:
                changes.count(rule.control.id, "not_applicable", apart)


def found(rule: Rule, event: Any, view: View, changes: Changes) -> None:
    judgement = judged(rule, event, view)
    assert judgement is not None
    arrived = arrival(event)
    changes.count(rule.control.id, judgement.verdict, 1)
    changes.settle(rule, None, judgement, is_late(arrived, event.occurred_at, judgement.at))
    await_time(rule, event, judgement, view, changes)


def await_time(
    rule: Rule, event: Any, judgement: Judgement | None, view: View, changes: Changes
) -> None:
    """Remember that a provisional verdict is to be given again after its time."""
    if judgement is None or judgement.until is None or judgement.until < view.now:
        return
    check, kind = rule.check, type(event)
    assert isinstance(check, Each)
    name = check.by[kind]
    key = f"wait|{rule.ref}|{kind.type}|{getattr(event, name)}"
    value, included = changes.load(key)
    if included:
        return
    buckets = dict(value["buckets"]) if value else {}
    bucket = str(event.occurred_at // BUCKET)
    buckets[bucket] = min(buckets.get(bucket, FOREVER), judgement.until)
    changes.memory[key] = {"buckets": buckets, "due": min(buckets.values())}


def waits_over(engine: Engine, due: Iterable[str], now: int, changes: Changes) -> list[Look]:
    """What to judge again because its time has passed."""
    looks = []
    for key in due:
        if not key.startswith("wait|"):
            continue
        _, ref, kind_name, subject = key.split("|", 3)
        value, included = changes.load(key)
        rule = engine.rules.get(ref)
        if value is None or included or rule is None:
            continue
        check = rule.check
        assert isinstance(check, Each)
        kind = next(k for k in check.on if k.type == kind_name)
        left = {}
        for bucket, until in value["buckets"].items():
            if until >= now:
                left[bucket] = until
                continue
            since = int(bucket) * BUCKET
            looks.append(Look(kind, check.by[kind], subject, since, since + BUCKET - 1))
        changes.memory[key] = {"buckets": left, "due": min(left.values())} if left else None
    return looks


def judge_again(
    engine: Engine,
    rows: Iterable[Any],
    views: tuple[View, View],
    causes: Causes,
    changes: Changes,
) -> None:
    """Judge stored events as they were judged last and as they are to be judged now.

    `causes` tells for (type, field) and value when the register event that asks for it arrived
    and took effect.
    """
    before, after = views
    for event in rows:
        arrived, effect = cause_of(event, causes)
        for rule in engine.each.get(type(event), ()):
            if rule.ref in changes.renewed:
                continue
            was, now = judged(rule, event, before), judged(rule, event, after)
            if was is not None and was is not now:
                changes.count(rule.control.id, was.verdict, -1)
            if now is not None and was is not now:
                changes.count(rule.control.id, now.verdict, 1)
            changes.settle(rule, was, now, is_late(arrived, effect, event.occurred_at))
            await_time(rule, event, now, after, changes)


def cause_of(event: Any, causes: Causes) -> tuple[int, int]:
    """(arrived, took effect) of the latest register event that asked for this one; (0, 0) where
    only time did."""
    latest = (0, 0)
    for (kind, name), values in causes.items():
        if kind is type(event):
            value = "" if name is None else getattr(event, name)
            latest = max(latest, values.get(value, (0, 0)))
    return latest


def looks_for(
    engine: Engine, changed: Sequence[Any], lane: str, view: View
) -> tuple[list[tuple[Rule, Look]], Causes]:
    """What the changed books may judge differently in this lane, and by what it was caused."""
    looks: list[tuple[Rule, Look]] = []
    causes: Causes = {}
    for event in changed:
        if isinstance(event, SourceGap):
            kinds = gaps.kinds_of(event.source, view)
            looks += [
                (rule, look)
                for rule in engine.rules.values()
                for look in gaps.looks(rule.check, event, kinds)
                if look.type.lane == lane
            ]
        for rule in engine.revisits.get(type(event), ()):
            for look in rule.check.revisits[type(event)](event):
                if look.type.lane != lane:
                    continue
                looks.append((rule, look))
                values = causes.setdefault((look.type, look.field), {})
                cause = (arrival(event), look.since)
                values[look.value] = max(values.get(look.value, (0, 0)), cause)
    return looks, causes


def judge_each(
    engine: Engine,
    groups: Mapping[type[Any], Sequence[Any]],
    looks: Sequence[tuple[Rule, Look]],
    causes: Causes,
    views: tuple[View, View],
    due: Iterable[str],
    recall: Recall,
    changes: Changes,
) -> None:
    """Judge the new events, then again those stored ones that books or time ask for."""
    again = [look for rule, look in looks if isinstance(rule.check, Each)]
    again += waits_over(engine, due, views[1].now, changes)
    judge_new(engine, groups, views[1], changes)
    if again:
        judge_again(engine, recall(again), views, causes, changes)
