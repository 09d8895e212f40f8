"""Cases that no event of their own begins: duties by the calendar, principals asked about, and what
other cases enter into the books; and how what they looked at is counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import pytest

from controls import gaps
from controls.asked import principals
from controls.books import BOOKS
from controls.calendar import day_end, jst_day
from controls.engine import Engine
from controls.events import (
    AccessDatastoreQuery,
    ConsentChanged,
    Event,
    PmsActivity,
    RegisterSource,
    TransferProvided,
)
from controls.examples import event
from controls.gaps import HEARD, SourceHeard
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text
from controls.registers import Registers, View
from controls.shapes import Case, Fact, one_key, standing
from streams.pipeline import MemoryState, Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory

WORDS = Text("{subject}", "{subject}")


def control(*checks: Case) -> Control[Any]:
    codes = {code: Code("high", WORDS, WORDS) for check in checks for code in check.codes}
    return Control(
        "XXX-01", WORDS, WORDS, (), Params(), codes, lambda params: checks, WORDS, WORDS, WORDS, ()
    )


class Run:
    """An installation in memory, which may be stopped between any two events."""

    def __init__(self, *checks: Case, partitions: int = 1) -> None:
        self.store, self.partitions, self.checks = Memory(), partitions, checks
        self.states: dict[tuple[str, int], MemoryState] = {}
        self.start()

    def start(self) -> None:
        registers = Registers((*BOOKS, *gaps.BOOKS))
        parts = Parts(Engine([control(*self.checks)]), registers, self.store, Plain(), "")
        self.replay = Replay(
            parts,
            partitions=self.partitions,
            states=lambda lane, number: self.states.setdefault((lane, number), MemoryState()),
        )

    def feed(self, events: Sequence[Event], until: str | None = None) -> Run:
        for one in events:
            self.replay.feed(Plain().join(one))
            self.replay.tick(self.replay.now)
            self.start()
        end = None if until is None else event(PmsActivity, until).occurred_at
        self.replay.finish(end)
        return self

    @property
    def found(self) -> set[tuple[str, str, int]]:
        return {
            (f["code"], f["subject"], f["events"])
            for f in self.store.findings()
            if f["verdict"] == "violation"
        }


def review() -> Case:
    """A review by the end of the tenth day of monitoring."""

    def judge(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        first = jst_day(view.began)
        end = day_end(first.replace(day=first.day + 10))
        done = any(fact[0] <= end for fact in facts)
        if done:
            yield Judgement("pass", subject=key, at=end, item="review")
        elif view.now > end:
            yield Judgement("violation", "OVERDUE", f"{first}", end, item="review")
        else:
            yield Judgement("not_applicable", subject=key, at=end, until=end, item="review")

    return Case(
        "review", ("OVERDUE",), (PmsActivity,), lambda activity: "all",
        lambda activity: [activity.occurred_at, activity.event_id, ""], judge,
        periodic=("all",), began=True,
    )  # fmt: skip


def consent(at: str, who: str, state: str) -> Event:
    return event(ConsentChanged, at, principal_ref=who, state=state)


def transfer(at: str, *who: str, **given: Any) -> Event:
    return event(
        TransferProvided, at, provision_id="prov-1", principal_refs=list(who),
        principals_count=len(who), **given,
    )  # fmt: skip


def asking() -> Case:
    """Nobody's data goes without consent."""

    def fact(one: Any) -> Fact:
        what = one.state if isinstance(one, ConsentChanged) else "transfer"
        return [one.occurred_at, one.event_id, one.corrects_event_id or "", what]

    def judge(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for moved in standing(facts, "transfer"):
            provision = view.event(moved[1])
            if provision is None:
                continue
            said = [f[3] for f in standing(facts) if f[0] <= moved[0] and f[3] != "transfer"]
            verdict = "pass" if said[-1:] == ["granted"] else "violation"
            yield Judgement(
                verdict, "NO_CONSENT" if verdict == "violation" else None,  # type: ignore[arg-type]
                provision.provision_id, moved[0], item=moved[1], events=(moved[1],),
            )  # fmt: skip

    return Case(
        "consent", ("NO_CONSENT",), (ConsentChanged,), one_key("principal_ref"), fact, judge,
        asks={TransferProvided: principals},
    )  # fmt: skip


def test_a_duty_without_any_event_falls_due_after_the_first_event_of_the_books() -> None:
    other = transfer("2026-11-02 09:00:00", "mem-1")
    run = Run(review()).feed([other], until="2026-11-13 00:00:01")
    assert run.found == {("OVERDUE", "2026-11-02", 0)}
    assert Run(review()).feed([other], until="2026-11-12 23:59:59").found == set()
    done = event(PmsActivity, "2026-11-12 10:00:00")
    assert Run(review()).feed([other, done], until="2026-11-20 00:00:00").found == set()


def test_what_came_late_moves_the_beginning() -> None:
    early = transfer("2026-11-01 09:00:00", "mem-1")
    later = transfer("2026-11-02 09:00:00", "mem-2")
    for order in ([later, early], [early, later]):
        run = Run(review()).feed(order, until="2026-11-20 00:00:00")
        assert run.found == {("OVERDUE", "2026-11-01", 0)}


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_transfer_is_compared_with_what_each_principal_said(partitions: int) -> None:
    events = [
        consent("2026-11-02 09:00:00", "mem-1", "granted"),
        consent("2026-11-02 09:00:00", "mem-2", "granted"),
        consent("2026-11-03 09:00:00", "mem-2", "withdrawn"),
        transfer("2026-11-04 09:00:00", "mem-1", "mem-2", "mem-3", "mem-3"),
    ]
    expected = {("NO_CONSENT", "prov-1", 2)}
    assert Run(asking(), partitions=partitions).feed(events).found == expected
    for order in permutations(events):
        assert Run(asking(), partitions=partitions).feed(order).found == expected


def test_a_correction_takes_its_principals_with_it() -> None:
    first = transfer("2026-11-04 09:00:00", "mem-1", "mem-2", "mem-3")
    corrected = transfer("2026-11-04 09:00:00", "mem-1", corrects_event_id=first.event_id)
    for order in ([first, corrected], [corrected, first]):
        assert Run(asking(), partitions=4).feed(order).found == {("NO_CONSENT", "prov-1", 1)}


def query(at: str, source: str = "db-01", **given: Any) -> Event:
    return event(AccessDatastoreQuery, at, source_id=source, **given)


def signs() -> Case:
    """When each source was first heard is an entry of a book."""

    def gather(events: Sequence[Any]) -> dict[str, list[Fact]]:
        firsts: dict[str, list[Fact]] = {}
        for one in events:
            firsts.setdefault(one.source_id, []).append([one.occurred_at, ""])
        return {source: [min(facts)] for source, facts in firsts.items()}

    def enters(source: str, facts: Sequence[Fact]) -> Iterator[SourceHeard]:
        for at, _ in facts:
            yield SourceHeard(
                event_id=f"heard|{source}|{at}", source=source, occurred_at=at, observed_at=at
            )

    return Case(
        "signs", (), (AccessDatastoreQuery,), one_key("source_id"), lambda one: [], lambda *_: (),
        across=True, gather=gather, merge=lambda facts, new: [min([*facts, *new])], enters=enters,
    )  # fmt: skip


def silent() -> Case:
    """A registered source has to be heard; the finding says since when it was."""

    def judge(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not facts:
            return  # nobody registered it
        sign = view.first(HEARD, key)
        at = view.now if sign is None else sign.occurred_at
        told = "never" if sign is None else f"{sign.occurred_at // HOUR % 24} h"
        yield Judgement("violation", "HEARD", f"{key} {told}", at, item="sign")

    return Case(
        "silent", ("HEARD",), (RegisterSource,), one_key("monitored_source_id"),
        lambda line: [line.occurred_at, line.event_id], judge,
        touches={SourceHeard: lambda sign, view: (sign.source,)},
    )  # fmt: skip


@pytest.mark.parametrize("partitions", [1, 4])
def test_what_a_case_enters_into_a_book_is_known_to_others_in_any_order(partitions: int) -> None:
    line = event(RegisterSource, "2026-11-02 09:00:00", monitored_source_id="db-01")
    early = query("2026-11-02 12:00:00", account_ref="a")  # 3 h UTC
    late = query("2026-11-02 14:00:00", account_ref="b")
    for order in permutations([line, early, late]):
        run = Run(signs(), silent(), partitions=partitions).feed(order)
        (found,) = [f for f in run.store.findings() if f["verdict"] == "violation"]
        assert found["subject"] == "db-01 3 h"
    never = Run(signs(), silent()).feed([line, query("2026-11-02 12:00:00", "db-02")])
    assert {subject for _, subject, _ in never.found} == {"db-01 never"}


def days_of_use() -> Case:
    """Uses within an hour of one another are one; none of them is a violation."""

    def merge(facts: Sequence[Fact], new: Any) -> list[Fact]:
        spans: list[Fact] = []
        for since, name, until in sorted([*facts, *new]):
            if spans and since - spans[-1][2] <= HOUR:
                spans[-1] = [spans[-1][0], name, max(spans[-1][2], until)]
            else:
                spans.append([since, name, until])
        return spans

    def gather(events: Sequence[Any]) -> dict[str, list[Fact]]:
        return {"all": merge((), [[one.occurred_at, "", one.occurred_at] for one in events])}

    return Case(
        "use", ("NEVER",), (AccessDatastoreQuery,), lambda one: "all", lambda one: [],
        lambda *_: (), keep=24 * HOUR, across=True, gather=gather, merge=merge,
    )  # fmt: skip


@pytest.mark.parametrize("partitions", [1, 4])
def test_packed_facts_are_counted_as_often_as_there_are_however_they_came(partitions: int) -> None:
    times = ("09:00:00", "09:40:00", "10:30:00", "13:00:00")  # three in a row, and one
    uses = [query(f"2026-11-02 {at}", account_ref=at) for at in times]
    for order in permutations(uses):
        run = Run(days_of_use(), partitions=partitions).feed(order)
        assert run.store.populations()["XXX-01"]["pass"] == 2


def crowd(name: str, within: int, given: list[tuple[str, int]]) -> Case:
    """Three queries of one person `within` so long (ms): judged is each that is the third."""

    def judge(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        given.append((name, len(facts)))
        times = [fact[0] for fact in facts]
        for at, event_id in (fact[:2] for fact in facts):
            count = sum(at - within < time <= at for time in times)
            if count >= 3:
                subject = f"{key} {name} {count}"
                yield Judgement("violation", name, subject, at, events=(event_id,))

    return Case(
        name, (name,), (AccessDatastoreQuery,), one_key("actor_ref"),
        lambda one: [one.occurred_at, one.event_id], judge,
        keep=within, span=lambda at: (at - within, at + within), margin=within,
        by={AccessDatastoreQuery: "actor_ref"},
    )  # fmt: skip


def test_a_block_asks_the_store_once_for_all_that_lies_below_the_floors_of_its_cases(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And each case takes of it what lies in its own span."""
    times = [f"2026-11-02 {hour:02d}:{minute}:00" for hour in (9, 12) for minute in (10, 20, 40)]
    times.append("2026-11-05 10:00:00")
    every = [query(at, actor_ref=who) for at in times for who in ("ann", "bob", "cid")]
    given: list[tuple[str, int]] = []
    checks = crowd("HOUR", HOUR, given), crowd("DAY", 24 * HOUR, given)
    on_time = Run(*checks).feed(every, "2026-11-06 00:00:00")
    early, late = every[:9] + every[15:], every[9:15]
    run = Run(*checks).feed(early, "2026-11-06 00:00:00")
    asked: list[int] = []
    recall = run.store.recall

    def counted(*args: Any) -> list[Event]:
        asked.append(len(args[-1]))
        return recall(*args)

    monkeypatch.setattr(run.store, "recall", counted)
    given.clear()
    for one in late:
        run.replay.feed(Plain().join(one))
    run.replay.tick(run.replay.now)
    assert len(asked) == 1
    assert {subject for _, subject, _ in run.found} >= {"ann HOUR 3", "ann DAY 6", "bob DAY 5"}
    assert set(given) == {("HOUR", 4), ("DAY", 7)}  # one above the floor, the rest around it
    assert run.found == on_time.found
