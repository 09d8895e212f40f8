"""Judging cases: all facts of one key together, compared with what was said of them before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from controls.block import Block, Conflict, Recall
from controls.changes import SHOWABLE, Changes, entry_of, is_late, place, settled
from controls.each import Causes, cause_of
from controls.gaps import gap
from controls.kernel import DAY, Judgement, Verdict, arrival
from controls.registers import FOREVER, View
from controls.shapes import Case, Fact, Look

if TYPE_CHECKING:
    from controls.engine import Cases, Engine, Rule

SAID = 7 * DAY
"""How long below its floor a case remembers what it said (ms): what arrives later still is judged,
but adds to what a finding holds already."""

TOGETHER = 1_000
"""For so many cases at once the store is asked what lies below their floors."""


@dataclass(slots=True)
class Task:
    """What a block brings to one case."""

    facts: list[Fact]
    arrived: int = 0
    effect: int = FOREVER
    ranges: tuple[tuple[int, int], ...] = ()
    """Stretches of time (ms) to be read back from the store."""
    memory: Any = None
    """What the case remembers."""

    def caused(self, arrived: int, effect: int) -> None:
        """Something asked for this case that arrived and took effect then (ms)."""
        if arrived > self.arrived:
            self.arrived = arrived
        if effect < self.effect:
            self.effect = effect


def judge_cases(
    engine: Engine,
    block: Block,
    groups: Mapping[type[Any], Sequence[Any]],
    changed: Sequence[Any],
    looks: Sequence[tuple[Rule, Look]],
    causes: Causes,
    view: View,
    due: Iterable[str],
    recall: Recall,
    changes: Changes,
    begun: Mapping[str, Sequence[str]],
    mine: Callable[[str], bool],
) -> None:
    """Judge every case that this block, the books or the time touch; `begun` names, by check,
    those for which monitoring began earlier than was known."""
    waiting: dict[str, list[str]] = {}
    for memory_key in due:
        if memory_key.startswith("case|"):
            _, ref, key = memory_key.split("|", 2)
            waiting.setdefault(ref, []).append(key)
    told = {ref for tally in block.tallies for ref in tally.facts}
    asked: dict[str, list[Look]] = {}
    for rule, look in looks:
        if isinstance(rule.check, Case):
            asked.setdefault(engine.shared[rule.ref], []).append(look)
    concerned = {*told, *waiting, *begun, *asked}
    concerned |= engine.reading.get(object, set()) if groups else set()
    for kind in groups:
        concerned |= engine.reading.get(kind, set())
    for kind in {type(event) for event in changed}:
        concerned |= engine.touching.get(kind, set())
    open_: list[tuple[Cases, dict[str, Task]]] = []
    for cases in engine.cases:
        check, ref = cases.case, cases.ref
        if ref not in concerned:
            continue
        tasks = gathered(check, groups, view)
        looked = recall(asked[ref]) if ref in asked else None
        if check.across and block.lane != "books":
            told_facts = {key: task.facts for key, task in tasks.items()}
            if check.placed is not None and looked is not None:
                for key, older in check.facts(list(looked), view).items():
                    told_facts[key] = check.merge(told_facts.get(key, []), older)
            if told_facts:
                changes.facts[ref] = {k: check.merge((), f) for k, f in told_facts.items()}
            continue
        for tally in block.tallies if ref in told else ():
            for key, facts in tally.facts.get(ref, {}).items():
                tasks.setdefault(key, Task([])).facts.extend(facts)
        if looked is not None:
            called_back(check, looked, causes, tasks)
        if block.lane == "books":
            touched(cases, changed, view, tasks)
        elif check.asks:
            asked_of(check, changed, view, block.lane, mine, tasks)
        for key in (*waiting.get(ref, ()), *begun.get(ref, ())):
            tasks.setdefault(key, Task([]))
        open_.append((cases, tasks))
    for cases, key, task, stored in remembered(open_, recall, changes):
        judge_case(cases, key, task, stored, view, changes)


def touched(cases: Cases, changed: Sequence[Any], view: View, tasks: dict[str, Task]) -> None:
    """Cases that the changed books may judge differently, whatever they remember."""
    for rule in cases.rules:
        assert isinstance(rule.check, Case)
        for event in changed if rule.check.touches else ():
            touches = rule.check.touches.get(type(event))
            for key in touches(event, view) if touches else ():
                tasks.setdefault(key, Task([])).caused(arrival(event), event.occurred_at)


def asked_of(
    check: Case,
    changed: Iterable[Any],
    view: View,
    lane: str,
    mine: Callable[[str], bool],
    tasks: dict[str, Task],
) -> None:
    """What the books say of principals that this partition keeps."""
    if check.on[0].lane != lane:
        return
    for event in changed:
        principals = check.asks.get(type(event))
        for key in dict.fromkeys(principals(event, view)) if principals else ():
            if key and mine(key):
                task = tasks.setdefault(key, Task([]))
                task.facts.append(check.fact(event))
                task.caused(arrival(event), event.occurred_at)


def gathered(check: Case, groups: Mapping[type[Any], Sequence[Any]], view: View) -> dict[str, Task]:
    """The facts of the block's events, by key, and when the latest of them arrived."""
    kinds = groups if check.every else [kind for kind in check.on if kind in groups]
    events = [event for kind in kinds if kind is not Conflict for event in groups[kind]]
    if not events:
        return {}
    if check.gather is not None:
        return {key: Task(facts) for key, facts in check.gather(events).items()}
    tasks: dict[str, Task] = {}
    fact = check.fact
    for event in events:
        for key in check.keys(event, view):
            if key:
                task = tasks.get(key)
                if task is None:
                    task = tasks[key] = Task([])
                task.facts.append(fact(event))
                task.caused(arrival(event), event.occurred_at)
    return tasks


def called_back(check: Case, rows: Iterable[Any], causes: Causes, tasks: dict[str, Task]) -> None:
    """Cases of stored events that the books ask for: judge the stretch around each again."""
    assert check.span is not None
    for event in rows:
        key = check.key(event)
        if key:
            task = tasks.setdefault(key, Task([]))
            task.caused(*cause_of(event, causes))
            span = check.span(event.occurred_at)
            if span not in task.ranges:
                task.ranges += (span,)


def remembered(
    touched: Sequence[tuple[Cases, Mapping[str, Task]]], recall: Recall, changes: Changes
) -> Iterator[tuple[Cases, str, Task, Sequence[Any]]]:
    """Key, task and stored events of every case that does not include this block already."""
    left = ((cases, key, task) for cases, tasks in touched for key, task in tasks.items())
    while some := list(islice(left, TOGETHER)):
        looks: list[Look] = []
        open_: list[tuple[Cases, str, Task]] = []
        for cases, key, task in some:
            task.memory, included = changes.load(f"case|{cases.ref}|{key}")
            if not included:
                open_.append((cases, key, task))
                looks += below_floor(cases.case, key, task)
        stored = by_case(open_, recall(looks)) if looks else {}
        for cases, key, task in open_:
            yield cases, key, task, stored.get((cases.ref, key), ())


def by_case(
    tasks: Sequence[tuple[Cases, str, Task]], rows: Iterable[Any]
) -> dict[tuple[str, str], list[Any]]:
    """Of stored events those that lie below the floor of a case, by check and key."""
    by: dict[type[Any], dict[str, tuple[str, Case]]] = {}
    ranges = {(cases.ref, key): task.ranges for cases, key, task in tasks if task.ranges}
    for cases, _, task in tasks:
        for kind, name in cases.case.by.items() if task.ranges else ():
            by.setdefault(kind, {})[cases.ref] = name, cases.case
    found: dict[tuple[str, str], list[Any]] = {}
    for event in rows:
        at = event.occurred_at
        for ref, (name, check) in by[type(event)].items():
            key = getattr(event, name)
            within = any(low <= at <= high for low, high in ranges.get((ref, key), ()))
            if within and check.key(event) == key:
                found.setdefault((ref, key), []).append(event)
    return found


def below_floor(check: Case, key: str, task: Task) -> list[Look]:
    """What the task needs of the store: of what lies above its floor a case remembers all, and a
    key never seen has nothing there."""
    floor = task.memory["floor"] if task.memory else 0
    ranges = set(task.ranges)
    if check.keep is not None and check.span is not None:
        ranges |= {check.span(fact[0]) for fact in task.facts if fact[0] < floor}
    task.ranges = tuple(sorted(each for each in ranges if each[0] < floor)) if check.by else ()
    return [
        Look(kind, name, key, low, high)
        for kind, name in check.by.items()
        for low, high in task.ranges
    ]


def judge_case(
    cases: Cases, key: str, task: Task, stored: Sequence[Any], view: View, changes: Changes
) -> None:
    """Judge the cases of one key and settle the difference with what was said before."""
    check, value = cases.case, task.memory
    facts: Sequence[Fact] = value["facts"] if value else ()
    below = value["floor"] if value else 0
    facts, stretches = with_stored(check, key, facts, task, stored, view)
    known = len(facts)
    facts = check.merge(facts, task.facts)
    told = len(facts) - known  # packed facts: as many as there are, however many blocks told them
    stretches.append((below, FOREVER))
    floor = below if check.keep is None else max(below, view.now - check.keep)
    said: dict[str, dict[str, Said]] = {}
    every: list[Judgement] = []
    for rule in cases.rules:
        assert isinstance(rule.check, Case)
        judged = [
            j if j.since is None else settled(rule.check, j, view)
            for j in rule.check.judge(key, facts, view)
        ]
        before = value["said"].get(rule.ref, {}) if value else {}
        if judged or before:
            old = {item: Said(*words) for item, words in before.items()}
            said[rule.ref] = settle(rule, old, judged, stretches, task, changes)
        if check.keep is not None:
            changes.count(rule.control.id, "pass", told)
        every += judged
    if check.keep is not None and task.facts:
        facts = condensed(check, key, facts, floor, view)
        oldest = min(floor - SAID, facts[0][0] if facts else floor)
        for ref, items in said.items():
            said[ref] = {item: old for item, old in items.items() if old.at >= oldest}
    if check.enters is not None:
        entries = check.enters(key, facts)
        changes.derived += [entry for entry in entries if view.event(entry.event_id) is None]
    gaps = sorted({j.gap for j in every if j.gap is not None})
    note_gaps(gaps, value["gaps"] if value else [], view, changes)
    waits = (j.until for j in every if j.until is not None and j.until >= view.now)
    changes.memory[f"case|{cases.ref}|{key}"] = {
        "facts": list(facts),
        "said": {ref: {item: list(old) for item, old in s.items()} for ref, s in said.items() if s},
        "floor": floor,
        "due": min(waits, default=None),
        "gaps": [list(gap) for gap in gaps],
    }


def condensed(check: Case, key: str, facts: Sequence[Fact], floor: int, view: View) -> list[Fact]:
    """What is to be remembered of facts below the floor, beside all above it."""
    if check.condense is not None:
        return check.condense(key, facts, floor, view)
    return check.forget(facts, floor)


class Said(NamedTuple):
    """A judgement as a case remembers it: enough to tell a change and to take it away."""

    subject: str
    entry: str
    at: int
    number: int
    verdict: Verdict
    missing: list[str]
    waits: bool

    def judgement(self) -> Judgement:
        _, code, severity, closed = self.entry.split("|")
        return Judgement(
            self.verdict,
            code or None,
            self.subject,
            self.at,
            severity=severity if code else None,  # type: ignore[arg-type]
            count=self.number,
            missing=tuple(self.missing),
            until=self.at if self.waits else None,
            closed=bool(closed),
        )


def noted(rule: Rule, judgement: Judgement) -> Said:
    return Said(
        place(rule, judgement)[1],
        entry_of(rule, judgement),
        judgement.at,
        judgement.count or len(judgement.events),
        judgement.verdict,
        list(judgement.missing),
        judgement.until is not None,
    )


def settle(
    rule: Rule,
    said: Mapping[str, Said],
    judged: Sequence[Judgement],
    stretches: Sequence[tuple[int, int]],
    task: Task,
    changes: Changes,
) -> dict[str, Said]:
    """What is said after this judging, item by item; each difference becomes a change.

    Only what lies within the stretches was judged with all its facts; the rest stands.
    """

    def within(at: int) -> bool:
        return any(low <= at <= high for low, high in stretches)

    def late(at: int) -> bool:
        return is_late(task.arrived, task.effect, at)

    now = {j.item or j.events[0]: j for j in judged}
    stands = dict(said)
    for item, old in said.items():
        if item not in now and within(old.at):
            changes.drop(rule, old.judgement(), late(old.at))
            _count(rule, changes, old, -1)
            del stands[item]
    for item, judgement in now.items():
        before = said.get(item)
        if not within(judgement.at) and (before is None or not within(before.at)):
            continue
        after = stands[item] = noted(rule, judgement)
        if before is not None:
            if (before.subject, before.entry, before.number) == (
                after.subject, after.entry, after.number
            ):  # fmt: skip
                continue
            _count(rule, changes, before, -1)
        changes.settle(rule, before.judgement() if before else None, judgement, late(judgement.at))
        _count(rule, changes, after, 1)
    return stands


def note_gaps(
    now: Sequence[tuple[str, int, int]],
    before: Sequence[Sequence[Any]],
    view: View,
    changes: Changes,
) -> None:
    """The gaps that opened or closed with this judgement."""
    if not now and not before:
        return
    was = {(source, since, until) for source, since, until in before}
    changes.derived += [gap(*each, True, view) for each in now if each not in was]
    changes.derived += [gap(*each, False, view) for each in sorted(was - set(now))]


def with_stored(
    check: Case, key: str, facts: Sequence[Fact], task: Task, stored: Sequence[Any], view: View
) -> tuple[Sequence[Fact], list[tuple[int, int]]]:
    """Facts completed from the store where the case looks below its floor, and those stretches."""
    ranges = task.ranges
    if not ranges:
        return facts, []
    # what the books told is not in this lane's store; one fact an event, so nothing counts twice
    kept = facts if check.asks else [
        f for f in facts if not any(low <= f[0] <= high for low, high in ranges)
    ]  # fmt: skip
    scopes = [(low + check.margin, FOREVER if check.ripples else high) for low, high in ranges]
    return check.merge(kept, check.facts(stored, view).get(key, [])), scopes


def _count(rule: Rule, changes: Changes, said: Said, sign: int) -> None:
    """One judgement more or less; where facts are counted, they are no passes meanwhile."""
    check = rule.check
    assert isinstance(check, Case)
    if check.keep is None or said.verdict in SHOWABLE:
        changes.count(rule.control.id, said.verdict, sign)
    if check.keep is not None and said.verdict in SHOWABLE:
        changes.count(rule.control.id, "pass", -sign * said.number)
