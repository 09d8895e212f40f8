"""Cases that no event of their own begins: duties by the calendar, and principals asked about."""

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
from controls.events import ConsentChanged, Event, PmsActivity, TransferProvided
from controls.examples import event
from controls.kernel import Code, Control, Judgement, Params, Text
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

    def __init__(self, check: Case, partitions: int = 1) -> None:
        self.store, self.partitions, self.check = Memory(), partitions, check
        self.states: dict[tuple[str, int], MemoryState] = {}
        self.start()

    def start(self) -> None:
        registers = Registers((*BOOKS, *gaps.BOOKS))
        parts = Parts(Engine([control(self.check)]), registers, self.store, Plain(), "")
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
    assert Run(asking(), partitions).feed(events).found == expected
    for order in permutations(events):
        assert Run(asking(), partitions).feed(order).found == expected


def test_a_correction_takes_its_principals_with_it() -> None:
    first = transfer("2026-11-04 09:00:00", "mem-1", "mem-2", "mem-3")
    corrected = transfer("2026-11-04 09:00:00", "mem-1", corrects_event_id=first.event_id)
    for order in ([first, corrected], [corrected, first]):
        assert Run(asking(), 4).feed(order).found == {("NO_CONSENT", "prov-1", 1)}
