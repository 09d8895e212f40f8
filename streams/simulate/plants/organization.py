"""The organisation not kept: people in office, sources, the register, inspections, rules
(ORG-01 to ORG-05)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import duties, facts, history, people, upkeep
from streams.simulate.company import DATASET
from streams.simulate.plan import Plan
from streams.simulate.plants.datasets import own_dataset
from streams.simulate.plants.people import hire
from streams.simulate.plants.purpose import acquired
from streams.simulate.times import HOUR, add_months, at, business_days, days_between, midnight

_D = timedelta(days=1)


def _next(day: date, count: int = 1) -> date:
    """The count-th business day after a day."""
    return business_days(days_between(day + _D, day + 60 * _D))[count - 1]


def _office(plan: Plan, name: str, person: str, state: str, on: date, **given: Any) -> None:
    told = {"state": state, "publicly_named": False, **given}
    plan.tell(at(on, 8, 30), duties.role(plan.make, name, person, on, **told))


def vacant(plan: Plan, planted: str) -> None:
    """The desk has no manager for some days."""
    day, boss = plan.workday(before=12), plan.company.boss["dept-member"]
    _office(plan, "desk_manager", boss, "ended", day)
    _office(plan, "desk_manager", boss, "assigned", _next(day, 4))
    first = _next(day)
    plan.label(planted, "ORG-01:VACANT", f"desk_manager|{first}", midnight(first + _D))


def same_person(plan: Plan, planted: str) -> None:
    """The audit officer stands in for the representative, for a week of the first days."""
    day, boss = plan.company.workdays[2], plan.company.boss["dept-finance"]
    _office(plan, "representative", boss, "assigned", day)
    _office(plan, "representative", boss, "ended", day + 6 * _D)
    subject = f"{boss}|audit_officer|representative"
    plan.label(planted, "ORG-01:SAME_PERSON", subject, midnight(day))


def holder_left(plan: Plan, planted: str) -> None:
    """An audit officer of one month leaves before there is another."""
    boss, last = plan.company.boss["dept-finance"], plan.company.end - 9 * _D
    since = last - 9 * _D
    person = hire(plan, since - 90 * _D, last)
    _office(plan, "audit_officer", person, "assigned", since)
    _office(plan, "audit_officer", boss, "ended", since)
    _office(plan, "audit_officer", boss, "assigned", last + 4 * _D)
    plan.label(planted, "ORG-01:HOLDER_LEFT", f"audit_officer|{person}", midnight(last + _D))


def public_name_old(plan: Plan, planted: str) -> None:
    """The page names a second system manager whose term is over, since before the period."""
    day = plan.company.start - plan.rng.randint(70, 90) * _D
    person = hire(plan, day - 200 * _D)
    _office(plan, "system_manager", person, "assigned", day - 100 * _D, publicly_named=True)
    _office(plan, "system_manager", person, "ended", day, publicly_named=True)
    subject = f"system_manager|{person}|{day}"
    plan.label(planted, "ORG-01:PUBLIC_NAME_OLD", subject, midnight(day + 31 * _D))


def _own_system(plan: Plan, since: date) -> str:
    """A system with a dataset of its own."""
    system = plan.make.short("sys-x")
    own_dataset(plan, "ds-orders", since, storage_systems=[system])
    return system


def no_source(plan: Plan, planted: str) -> None:
    """Nothing records what is done on a new system."""
    since = plan.company.end - plan.rng.randint(17, 25) * _D
    system = _own_system(plan, since)
    plan.neglected.add(("source", system))
    plan.label(planted, "ORG-02:NO_SOURCE", system, midnight(since + 15 * _D))


def partial(plan: Plan, planted: str) -> None:
    """Exports of a system should be seen and never are."""
    since = plan.company.end - plan.rng.randint(93, 110) * _D
    system = _own_system(plan, since)
    plan.neglected.add(("source", system))
    upkeep.record(plan, system, since, "export")
    plan.label(planted, "ORG-02:PARTIAL", f"{system}|export", midnight(since + 91 * _D))


def unregistered(plan: Plan, planted: str) -> None:
    """Somebody keeps names in a folder of the file server that belongs to no dataset."""
    person, t = plan.company.keepers["ds-cards"], plan.office(plan.workday())
    folder, boss = plan.make.short("folder-"), plan.company.boss["dept-it"]
    right = facts.privilege(
        plan.make, person.account, person.ref, "sys-file", None, "folder_owner", boss
    )
    plan.tell(t - HOUR, right)
    fact = facts.file(plan.make, person, "read", 48_000, persons=12)
    plan.tell(t, fact | {"path_class": folder})
    plan.label(planted, "ORG-03:UNREGISTERED", f"sys-file|{folder}", t)


def retired_used(plan: Plan, planted: str) -> None:
    """Forms are still taken in for a dataset that was given up."""
    day, person = plan.workday(before=6), plan.company.boss["dept-member"]
    since = (day - 40 * _D).isoformat()
    name = own_dataset(plan, "ds-orders", day - 40 * _D, assessed=False, risk_assessed_on=since)
    line = history.dataset(plan.make, plan.company, DATASET["ds-orders"])
    gone = {"dataset_id": name, "name": name, "risk_assessed_on": since, "version": 2}
    plan.tell(at(day - 2 * _D, 9), line | gone | {"status": "retired"})
    acquired(plan, name, at(day, 14), person)
    plan.label(planted, "ORG-03:RETIRED_USED", f"{person}|{name}", at(day, 14))


def register_review_overdue(plan: Plan, planted: str) -> None:
    """A department that never went through its part of the register."""
    since, dept = add_months(plan.workday(), -12), plan.make.short("dept-x")
    own_dataset(plan, "ds-orders", since, owner_dept=dept)
    plan.neglected.add(("register", dept))
    end = midnight(add_months(since, 12) + _D)
    plan.label(planted, "ORG-03:REVIEW_OVERDUE", f"{dept}|{since}", end)


def inspection_missed(plan: Plan, planted: str) -> None:
    """A new department that is in nobody's plan."""
    since, dept = add_months(plan.workday(before=6), -3), plan.make.short("dept-y")
    hire(plan, since, dept=dept)
    plan.depts.append(dept)
    end = midnight(add_months(since, 3) + _D)
    plan.label(planted, "ORG-04:INSPECTION_MISSED", f"{dept}|{since}", end)


def log_review_missed(plan: Plan, planted: str) -> None:
    """A new system whose logs nobody goes through."""
    since = plan.company.end - plan.rng.randint(38, 60) * _D
    system = _own_system(plan, since)
    plan.neglected.add(("logs", system))
    plan.label(planted, "ORG-04:LOG_REVIEW_MISSED", f"{system}|{since}", midnight(since + 36 * _D))


def external_missed(plan: Plan, planted: str) -> None:
    """Nobody from outside comes any more."""
    plan.forgotten.add("external check")
    last = list(duties.rounds(plan.company, True))[-1]
    end = midnight(add_months(last, 12) + _D)
    plan.label(planted, "ORG-04:EXTERNAL_MISSED", f"external|{last}", end)


def findings_not_raised(plan: Plan, planted: str) -> None:
    """What an inspection found stays in its report."""
    day = plan.workday(before=22)
    period, scope = plan.make.short("extra-"), ["dept-hr"]
    by = plan.company.boss["dept-hr"]
    told = {"period": period, "findings": 2}
    plan.tell(at(day, 15), duties.inspection(plan.make, day, by, scope, **told))
    subject = f"self_inspection|{period}|dept-hr"
    plan.label(planted, "ORG-04:FINDINGS_NOT_RAISED", subject, midnight(_next(day, 10) + _D))


def no_rule(plan: Plan, planted: str) -> None:
    """The new version forgets disposal."""
    day = plan.company.end - plan.rng.randint(6, 20) * _D
    stages = ["acquisition", "use", "storage", "provision", "transport"]
    fact = people.rules(
        plan.make, "rule-pms", "pms_rule", "effective", day, version="2", stages=stages
    )
    plan.tell(at(day, 9), fact)
    plan.label(planted, "ORG-05:NO_RULE", "disposal", midnight(day + 2 * _D))


def _manual(plan: Plan, step: str, on: date, name: str) -> None:
    plan.tell(at(on, 9), people.rules(plan.make, name, "manual", step, on))


def rules_review_overdue(plan: Plan, planted: str) -> None:
    """A manual that nobody opened for ten months."""
    name, end = plan.make.short("rule-x"), plan.workday()
    last = end - 300 * _D
    _manual(plan, "effective", duties.long_ago(plan.company), name)
    day = duties.long_ago(plan.company) + 200 * _D
    while day < last:
        _manual(plan, "reviewed", day, name)
        day += 200 * _D
    _manual(plan, "reviewed", last, name)
    plan.label(planted, "ORG-05:REVIEW_OVERDUE", f"{name}|{last}", midnight(end + _D))


def ack_low(plan: Plan, planted: str) -> None:
    """A manual that only the legal department has read."""
    name, since = plan.make.short("rule-y"), plan.company.end - plan.rng.randint(33, 50) * _D
    _manual(plan, "effective", since, name)
    fact = people.acknowledged(
        plan.make, name, "manual", plan.company.boss["dept-legal"], since + 3 * _D
    )
    plan.tell(at(since + 3 * _D, 11), fact)
    plan.label(planted, "ORG-05:ACK_LOW", f"{name}|1", midnight(since + 31 * _D))


PLANTS = {
    "ORG-01:VACANT": vacant,
    "ORG-01:SAME_PERSON": same_person,
    "ORG-01:HOLDER_LEFT": holder_left,
    "ORG-01:PUBLIC_NAME_OLD": public_name_old,
    "ORG-02:NO_SOURCE": no_source,
    "ORG-02:PARTIAL": partial,
    "ORG-03:UNREGISTERED": unregistered,
    "ORG-03:RETIRED_USED": retired_used,
    "ORG-03:REVIEW_OVERDUE": register_review_overdue,
    "ORG-04:INSPECTION_MISSED": inspection_missed,
    "ORG-04:LOG_REVIEW_MISSED": log_review_missed,
    "ORG-04:EXTERNAL_MISSED": external_missed,
    "ORG-04:FINDINGS_NOT_RAISED": findings_not_raised,
    "ORG-05:NO_RULE": no_rule,
    "ORG-05:REVIEW_OVERDUE": rules_review_overdue,
    "ORG-05:ACK_LOW": ack_low,
}
ONCE = frozenset(
    {
        "ORG-01:VACANT",
        "ORG-01:SAME_PERSON",
        "ORG-01:HOLDER_LEFT",
        "ORG-04:EXTERNAL_MISSED",
        "ORG-05:NO_RULE",
    }
)
"""What the company as a whole can get wrong only once."""
