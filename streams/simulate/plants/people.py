"""People not trained, not sworn in, gone and still there (HUM-01 to HUM-05)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import assets, duties, facts, people
from streams.simulate.company import DATASET
from streams.simulate.history import monitored_since
from streams.simulate.plan import Plan
from streams.simulate.times import DAY, HOUR, at, day_of, midnight

_D = timedelta(days=1)


def hire(
    plan: Plan, joined: date, left: date | None = None, *, trained: bool = True,
    pledged: bool = True, sworn_off: bool = True, dept: str = "dept-sales",
) -> str:  # fmt: skip
    """Somebody of a department to whom nothing else happens."""
    name = plan.make.short("stf-x")
    plan.tell(at(joined, 8), people.staff(plan.make, name, "joined", dept, joined))
    if pledged:
        plan.tell(at(joined, 8, 1), people.pledge(plan.make, name, joined))
    if trained:
        plan.hired.append((name, joined, left))
    if left is not None:
        plan.tell(at(left, 17), people.staff(plan.make, name, "left", dept, left))
        if sworn_off:
            plan.tell(at(left, 17, 5), people.pledge(plan.make, name, left, "leaving"))
    return name


def reads(plan: Plan, person: str, dataset: str, role: str, t: int) -> None:
    """A read of a dataset under a right to it, on a machine of nobody."""
    right = facts.privilege(
        plan.make, f"acct-{person}", person, DATASET[dataset].system, dataset, role,
        plan.company.boss["dept-sales"],
    )  # fmt: skip
    plan.tell(t - HOUR, right)
    keeper = plan.company.keepers["ds-cards"]
    fact = facts.query(plan.make, keeper, dataset, "read", 2)
    ours = {"actor_ref": person, "account_ref": f"acct-{person}", "device_id": None}
    plan.tell(t, fact | ours)


def _course(plan: Plan, due: date) -> str:
    """A course for officers, of whom there is one."""
    name = plan.make.short("course-x")
    year = due.year - (due.month < 4)
    fact = people.planned(plan.make, name, year, due, "officer")
    plan.tell(at(due - 60 * _D, 9), fact)
    return name


def _takes(plan: Plan, course: str, on: date, score: int = 92) -> None:
    fact = people.completed(plan.make, people.OFFICER, course, on, score)
    plan.tell(at(on, 15), fact)


def _schooled(plan: Plan, person: str, joined: date) -> None:
    """Whoever is not trained at the beginning takes the yearly courses all the same."""
    for year in people.fiscal_years(plan.company):
        due = date(year, 9, 30)
        if joined <= due - 30 * _D:
            on = max(due - 25 * _D, joined + 10 * _D)
            plan.tell(at(on, 16), people.completed(plan.make, person, f"course-{year}", on))


def not_done(plan: Plan, planted: str) -> None:
    """The officer takes the course ten days late."""
    due = plan.workday(before=14)
    course = _course(plan, due)
    _takes(plan, course, due + 10 * _D)
    subject = f"{people.OFFICER}|{course}"
    plan.label(planted, "HUM-01:NOT_DONE", subject, midnight(due + _D))


def not_passed(plan: Plan, planted: str) -> None:
    """Failed, and taken again after five weeks."""
    due = plan.workday(before=20)
    course = _course(plan, due)
    _takes(plan, course, due - 20 * _D, 55)
    _takes(plan, course, due + 15 * _D)
    subject = f"{people.OFFICER}|{course}"
    plan.label(planted, "HUM-01:NOT_PASSED", subject, midnight(due + 11 * _D))


def coverage_low(plan: Plan, planted: str) -> None:
    """The officer never takes the course."""
    due = plan.company.end - plan.rng.randint(34, 50) * _D
    course = _course(plan, due)
    plan.label(planted, "HUM-01:COVERAGE_LOW", course, midnight(due + 31 * _D))
    subject = f"{people.OFFICER}|{course}"
    plan.follows(planted, "HUM-01:NOT_DONE", subject, midnight(due + _D))


def plan_missing(plan: Plan, planted: str) -> None:
    """The course of a year is planned in July."""
    year = next(
        y
        for y in people.fiscal_years(plan.company)
        if date(y, 4, 1) >= monitored_since(plan.company)
    )
    plan.forgotten.add(f"plan {year}")
    plan.label(planted, "HUM-01:PLAN_MISSING", f"{year}", midnight(date(year, 7, 1)))


def untrained(plan: Plan, planted: str) -> None:
    """Somebody new at the orders before any course."""
    day = plan.workday(before=6)
    person = hire(plan, day - 2 * _D, trained=False)
    _schooled(plan, person, day - 2 * _D)
    t = at(day, 14, plan.rng.randrange(50))
    reads(plan, person, "ds-orders", "order_clerk", t)
    course = people.completed(plan.make, person, "introduction", day + 2 * _D)
    plan.tell(at(day + 2 * _D, 9), course)
    plan.label(planted, "HUM-02:UNTRAINED_ACCESS", person, t + 72 * HOUR)


def no_pledge(plan: Plan, planted: str) -> None:
    """Somebody new at the orders before the pledge."""
    day = plan.workday(before=6)
    person = hire(plan, day - 2 * _D, pledged=False)
    t = at(day, 14, plan.rng.randrange(50))
    reads(plan, person, "ds-orders", "order_clerk", t)
    plan.tell(at(day + _D, 9), people.pledge(plan.make, person, day + _D))
    plan.label(planted, "HUM-03:NO_PLEDGE_ACCESS", person, t)


def not_signed(plan: Plan, planted: str) -> None:
    """Somebody new who signs after ten days."""
    day = plan.workday(before=14)
    person = hire(plan, day, pledged=False)
    plan.tell(at(day + 10 * _D, 9), people.pledge(plan.make, person, day + 10 * _D))
    plan.label(planted, "HUM-03:NOT_SIGNED", person, midnight(day + 8 * _D))


def clause_missing(plan: Plan, planted: str) -> None:
    """Work rules for trainees that forgot confidentiality."""
    day = plan.company.end - plan.rng.randint(5, 28) * _D  # nobody has to have read them yet
    name = plan.make.short("rule-x")
    fact = people.rules(plan.make, name, "work_rules", "effective", day, has_confidentiality=False)
    plan.tell(at(day, 9), fact)
    plan.label(planted, "HUM-03:RULE_CLAUSE_MISSING", f"{name}|1", at(day, 9))


def backdated(plan: Plan, planted: str) -> None:
    """A pledge that turns up after three weeks."""
    day = plan.workday(before=26)
    person = hire(plan, day, pledged=False)
    t = at(day + 20 * _D, 9)
    plan.tell(t, people.pledge(plan.make, person, day))
    plan.label(planted, "HUM-03:BACKDATED", person, t)


def _leaver(plan: Plan, **given: Any) -> tuple[str, date]:
    """Somebody who leaves in the period after long years."""
    last = plan.workday(after=6, before=12)
    return hire(plan, monitored_since(plan.company) - 90 * _D, last, **given), last


def _sign_in(plan: Plan, person: str, t: int, ok: bool) -> None:
    fact = facts.login(
        plan.make, "idp-01", person, "staff", f"acct-{person}", "sys-idp", ok, "10.20.9.9", False
    )
    plan.tell(t, fact)


def leaver_login(plan: Plan, planted: str) -> None:
    """Two days after leaving the password still works."""
    person, last = _leaver(plan)
    t = at(last + 2 * _D, 12, plan.rng.randrange(50))
    _sign_in(plan, person, t, True)
    plan.label(planted, "HUM-04:LEAVER_LOGIN", f"{person}|acct-{person}", t)


def leaver_attempt(plan: Plan, planted: str) -> None:
    """Two days after leaving somebody tries the door."""
    person, last = _leaver(plan)
    t = at(last + 2 * _D, 12, plan.rng.randrange(50))
    _sign_in(plan, person, t, False)
    plan.label(planted, "HUM-04:LEAVER_ATTEMPT", f"{person}|acct-{person}", t)


def not_revoked(plan: Plan, planted: str) -> None:
    """The account is closed two days after."""
    person, last = _leaver(plan)
    boss, name = plan.company.boss["dept-it"], f"acct-{person}"
    opened = facts.account(plan.make, name, person, "sys-lab", boss, kind="admin")
    plan.tell(at(last - 20 * _D, 9), opened)
    closed = facts.account(plan.make, name, person, "sys-lab", boss, "disabled", kind="admin")
    plan.tell(at(last + 2 * _D, 9), closed)
    plan.label(planted, "HUM-04:NOT_REVOKED", f"{person}|{name}|sys-lab", midnight(last + _D))


def badge_used(plan: Plan, planted: str) -> None:
    """Back in the office on the day after."""
    person, last = _leaver(plan)
    t = at(last + _D, 12, plan.rng.randrange(50))
    read = facts.badge(plan.make, plan.company.keepers["ds-cards"], "zone-office", "in")
    ours = {"actor_ref": person, "holder_ref": person, "badge_ref": f"bdg-{person}"}
    plan.tell(t, read | ours)
    out = {"direction": "out", "event_id": plan.make.event_id(), "read_id": plan.make.short("r-")}
    plan.tell(t + 600_000, read | ours | out)
    plan.label(planted, "HUM-04:BADGE_USED", f"{person}|zone-office", t)


def asset_out(plan: Plan, planted: str) -> None:
    """The laptop comes back after five days."""
    person, last = _leaver(plan)
    out = assets.takeout(
        plan.make, plan.make.short("pc-"), person, "stf-boss", at(last + 7 * _D, 12)
    )
    plan.tell(at(last - 3 * _D, 10), out)
    plan.tell(at(last + 5 * _D, 10), assets.back(plan.make, out))
    subject = f"{person}|{out['asset_id']}"
    plan.label(planted, "HUM-04:ASSET_OUT", subject, midnight(last + 4 * _D))


def mover_grant(plan: Plan, planted: str) -> None:
    """Moved to development, the right to the orders came along."""
    person = hire(plan, monitored_since(plan.company) - 90 * _D)
    day, entry = plan.workday(after=6, before=9), DATASET["ds-orders"]
    right = facts.privilege(
        plan.make, f"acct-{person}", person, entry.system, "ds-orders", "order_clerk",
        plan.company.boss["dept-sales"],
    )  # fmt: skip
    plan.tell(at(day - 20 * _D, 9), right)
    plan.tell(at(day, 8), people.staff(plan.make, person, "moved", "dept-dev", day))
    subject = f"{person}|acct-{person}|{entry.system}|ds-orders|order_clerk"
    plan.label(planted, "HUM-04:MOVER_GRANT", subject, midnight(day + 6 * _D))


def no_leaving_pledge(plan: Plan, planted: str) -> None:
    """Gone without a signature."""
    person, last = _leaver(plan, sworn_off=False)
    plan.label(planted, "HUM-04:NO_PLEDGE", person, midnight(last + 8 * _D))


def ignored(plan: Plan, planted: str) -> None:
    """Three alerts about one person, closed one by one, not in the weeks of the yearly course."""
    person = hire(plan, monitored_since(plan.company) - 90 * _D)
    first = at(plan.workday(before=30, but=(7, 8, 9)), 11)
    name = ""
    for days in (0, 5, 9):
        t, name = first + days * DAY, plan.make.short("alert-")
        for step, after in (("raised", 0), ("acknowledged", HOUR // 6), ("resolved", 2 * HOUR)):
            about = {"about_ref": person, "by_ref": "stf-soc" if after < HOUR else "stf-ciso"}
            plan.tell(t + after, duties.alert(plan.make, name, step, "medium", **about))
    end = midnight(day_of(first + 9 * DAY) + 11 * _D)
    plan.label(planted, "HUM-05:IGNORED", f"{person}|{name}", end)


PLANTS = {
    "HUM-01:NOT_DONE": not_done,
    "HUM-01:NOT_PASSED": not_passed,
    "HUM-01:COVERAGE_LOW": coverage_low,
    "HUM-01:PLAN_MISSING": plan_missing,
    "HUM-02:UNTRAINED_ACCESS": untrained,
    "HUM-03:NO_PLEDGE_ACCESS": no_pledge,
    "HUM-03:NOT_SIGNED": not_signed,
    "HUM-03:RULE_CLAUSE_MISSING": clause_missing,
    "HUM-03:BACKDATED": backdated,
    "HUM-04:LEAVER_LOGIN": leaver_login,
    "HUM-04:LEAVER_ATTEMPT": leaver_attempt,
    "HUM-04:NOT_REVOKED": not_revoked,
    "HUM-04:BADGE_USED": badge_used,
    "HUM-04:ASSET_OUT": asset_out,
    "HUM-04:MOVER_GRANT": mover_grant,
    "HUM-04:NO_PLEDGE": no_leaving_pledge,
    "HUM-05:IGNORED": ignored,
}
ONCE = frozenset({"HUM-01:PLAN_MISSING"})
