"""Faults of access: without a right (TEC-01) and too much at once (TEC-05)."""

from __future__ import annotations

from datetime import timedelta

from streams.simulate import facts
from streams.simulate.company import DATASET, DEPARTMENTS, ORDINARY, Person
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.plants.people import hire, reads
from streams.simulate.times import MINUTE, at, day_of, is_closed, midnight


def no_grant(plan: Plan, planted: str) -> None:
    """Somebody opens data nobody ever let him open; every second time a file of it."""
    person, day = plan.person("quiet"), plan.workday()
    dataset = plan.rng.choice(ORDINARY)
    t = plan.office(day)
    if planted.endswith(("2", "4", "6")):
        plan.tell(t, facts.file(plan.make, person, "read", 40_000, dataset, 2))
        plan.label(planted, "TEC-01:NO_GRANT", f"{person.ref}|{dataset}", t)
        return
    for n in range(plan.rng.randint(1, 3)):
        plan.tell(
            t + n * 3 * MINUTE,
            facts.query(plan.make, person, dataset, "read", plan.rng.randint(1, 9)),
        )
    plan.label(planted, "TEC-01:NO_GRANT", f"{person.account}|{dataset}", t)


def expired_grant(plan: Plan, planted: str) -> None:
    """A right for a project is used some days after it ran out."""
    person, day = plan.person("quiet"), plan.workday()
    dataset = plan.rng.choice(ORDINARY)
    until = day - timedelta(days=plan.rng.randint(1, 5))
    plan.grant(person, dataset, until - timedelta(days=20), valid_until=until)
    if until > plan.company.start and not is_closed(until):  # on its last day it still holds
        plan.tell(at(until, 17, 50), facts.query(plan.make, person, dataset, "read", 3))
    t = plan.office(day)
    plan.tell(t, facts.query(plan.make, person, dataset, "read", plan.rng.randint(1, 9)))
    plan.label(planted, "TEC-01:EXPIRED_GRANT", f"{person.account}|{dataset}", t)
    entry = DATASET[dataset]
    right = f"{person.account}|{entry.system}|{dataset}|{entry.roles[0]}"
    end = midnight(until + timedelta(days=2))
    plan.follows(planted, "TEC-12:NOT_EXPIRED", right, end)


def wrong_role(plan: Plan, planted: str) -> None:
    """The right is there, its role is not one the register gives this data to."""
    day = plan.workday()
    person, dataset = hire(plan, day - timedelta(days=40)), plan.rng.choice(ORDINARY)
    t = plan.office(day)
    reads(plan, person, dataset, "viewer", t)
    plan.label(planted, "TEC-01:WRONG_ROLE", f"acct-{person}|{dataset}", t)


def _newcomer(plan: Plan) -> tuple[Person, int]:
    """Somebody with a fresh right and no habit of reading, and an instant to misuse it."""
    person, day = plan.person("quiet"), plan.workday()
    plan.no_files.add(person.ref)
    plan.grant(person, "ds-orders", day - timedelta(days=2))
    return person, plan.office(day, 10, 15)


def _habitual(plan: Plan) -> tuple[Person, str, int]:
    """Somebody who reads every working day of the weeks before, with the data he reads."""
    person = plan.person("reader")
    day = plan.workday(after=9)
    index = plan.company.workdays.index(day)
    plan.forced.update((person.ref, d) for d in plan.company.workdays[index - 8 : index + 1])
    dataset = DEPARTMENTS[person.depts[0][1]][1]
    assert dataset is not None
    return person, dataset, plan.office(day, 10, 15)


def _export(plan: Plan, person: Person, dataset: str, t: int, rows: int) -> Fact:
    fact = facts.query(plan.make, person, dataset, "export", rows)
    plan.tell(t, fact)
    return fact


def bulk_export(plan: Plan, planted: str) -> None:
    """An export nobody approved: first some 1,500 persons, then thousands, then by a reader."""
    turn = int(planted[-1]) % 3
    if turn == 0:
        person, dataset, t = _habitual(plan)
    else:
        (person, t), dataset = _newcomer(plan), "ds-orders"
    rows = plan.rng.randint(1_100, 2_600) if turn == 1 else plan.rng.randint(3_500, 6_000)
    fact = _export(plan, person, dataset, t, rows)
    plan.label(planted, "TEC-05:BULK_EXPORT", f"{person.ref}|{dataset}|{fact['event_id']}", t)
    if turn != 1:
        day = f"{person.ref}|{day_of(t)}"
        plan.follows(planted, "TEC-05:CUMULATIVE", day, t)
        if turn == 0:
            plan.follows(planted, "TEC-05:SPIKE", day, t)


def cumulative(plan: Plan, planted: str) -> None:
    """No single read is large; the day's sum is."""
    person, t = _newcomer(plan)
    total, reached = 0, 0
    for n in range(10):
        rows = plan.rng.randint(340, 480)
        moment = t + n * 7 * MINUTE
        plan.tell(moment, facts.query(plan.make, person, "ds-orders", "read", rows))
        if total < 3_000 <= total + rows:
            reached = moment
        total += rows
    plan.label(planted, "TEC-05:CUMULATIVE", f"{person.ref}|{day_of(t)}", reached)


def above_approved(plan: Plan, planted: str) -> None:
    """An approved export takes more rows than were approved."""
    person, t = _newcomer(plan)
    plan.approve(person, "ds-orders", t - 60 * MINUTE, 1_500)
    fact = _export(plan, person, "ds-orders", t, plan.rng.randint(1_900, 2_800))
    plan.label(planted, "TEC-05:ABOVE_APPROVED", f"{person.ref}|ds-orders|{fact['event_id']}", t)


def spike(plan: Plan, planted: str) -> None:
    """A reader of some fifty persons a day reads many hundreds, in two goes."""
    person, dataset, t = _habitual(plan)
    for n in range(2):
        plan.tell(
            t + n * 9 * MINUTE,
            facts.query(plan.make, person, dataset, "read", plan.rng.randint(600, 950)),
        )
    plan.label(planted, "TEC-05:SPIKE", f"{person.ref}|{day_of(t)}", t)


PLANTS = {
    "TEC-01:NO_GRANT": no_grant,
    "TEC-01:EXPIRED_GRANT": expired_grant,
    "TEC-01:WRONG_ROLE": wrong_role,
    "TEC-05:BULK_EXPORT": bulk_export,
    "TEC-05:CUMULATIVE": cumulative,
    "TEC-05:ABOVE_APPROVED": above_approved,
    "TEC-05:SPIKE": spike,
}
