"""Contractors badly supervised, given too much, not cleaned up after (OUT-04 to OUT-08)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import facts, vendors
from streams.simulate.plan import Plan
from streams.simulate.times import add_months, at, midnight

_D = timedelta(days=1)


def _vendor(plan: Plan, since: date, **agreed: Any) -> str:
    """A contractor of its own, assessed and under contract from that day on."""
    name = plan.make.short("ctr-x")
    plan.tell(at(since - 20 * _D, 10), vendors.recipient(plan.make, name, "JP"))
    plan.tell(at(since - 10 * _D, 10), facts.assessed(plan.make, name, since - 10 * _D))
    contract = facts.contract(plan.make, name, f"con-{name}", since)
    plan.tell(at(since - 5 * _D, 10), contract | agreed)
    return name


def _feed(plan: Plan, name: str, day: date, **given: Any) -> tuple[str, int]:
    provision, t = plan.make.short("prov-"), at(day, 11, plan.rng.randrange(60))
    plan.tell(t, facts.entrusted(plan.make, name, f"con-{name}", provision, 200) | given)
    return provision, t


def audit_overdue(plan: Plan, planted: str) -> None:
    """Last audited a year ago, with data all the while."""
    day = plan.workday()
    last = add_months(day, -12)
    name = _vendor(plan, last - 30 * _D)
    audit = vendors.audited(plan.make, name, last) | {"next_due": (day + 60 * _D).isoformat()}
    plan.tell(at(last, 14), audit)
    _feed(plan, name, last + 20 * _D)
    plan.label(planted, "OUT-04:OVERDUE", f"{name}|{last}", midnight(day + _D))


def never_audited(plan: Plan, planted: str) -> None:
    """A year of data and no audit at all."""
    day = plan.workday()
    first = add_months(day, -12)
    name = _vendor(plan, first - 5 * _D)
    _feed(plan, name, first)
    plan.label(planted, "OUT-04:NEVER", name, midnight(day + _D))


def audited_lightly(plan: Plan, planted: str) -> None:
    """Ten thousand persons, and three years of questionnaires."""
    day = plan.workday()
    first = add_months(day, -36) - 10 * _D
    name = _vendor(plan, first - 5 * _D)
    _feed(plan, name, first, principals_count=10_000)
    audit = day - 1050 * _D
    while audit < plan.company.end:
        fact = vendors.audited(plan.make, name, audit) | {"method": "questionnaire"}
        plan.tell(at(audit, 14), fact)
        audit += 150 * _D
    plan.label(planted, "OUT-04:LIGHT", name, at(day, 14))


PLANTS = {
    "OUT-04:OVERDUE": audit_overdue,
    "OUT-04:NEVER": never_audited,
    "OUT-04:LIGHT": audited_lightly,
}
