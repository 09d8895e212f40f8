"""Doors, visitors, patrols and stocktakes not kept (PHY-01, PHY-03, PHY-04, PHY-08)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from streams.simulate import facts, premises
from streams.simulate.company import DEPARTMENTS, Person
from streams.simulate.plan import Plan
from streams.simulate.times import HOUR, MINUTE, add_months, at, midnight

_D = timedelta(days=1)


def _of_zone(plan: Plan, zone: str | None, code: str) -> Person:
    """Somebody of whom no finding of that code stands yet, whose department has this zone and reads
    no data; readers may be given the right to a zone for a fault of their own."""
    blamed = plan.blamed(code)
    departments = {name for name, of in DEPARTMENTS.items() if of[1] is None and of[3] == zone}
    return plan.rng.choice(
        [
            p
            for p in plan.company.staff
            if p.settled
            and p.joined < plan.company.start
            and p.depts[0][1] in departments
            and p.ref not in blamed
        ]
    )


def unauthorised(plan: Plan, planted: str) -> None:
    """The door of the server room opens for somebody who has no right to it."""
    person = _of_zone(plan, None, "UNAUTHORISED_GRANT")
    t = at(plan.workday(), 16, plan.rng.randrange(30))
    for minutes, direction in ((0, "in"), (20, "out")):
        fact = facts.badge(plan.make, person, "zone-server", direction)
        plan.tell(t + minutes * MINUTE, fact)
    plan.label(planted, "PHY-01:UNAUTHORISED_GRANT", f"{person.ref}|zone-server", t + 24 * HOUR)


def denied(plan: Plan, planted: str) -> None:
    """Four times at a door that stays shut."""
    person = _of_zone(plan, None, "DENIED_BURST")
    t = at(plan.workday(), 15, plan.rng.randrange(30))
    first = ""
    for minutes in (0, 2, 3, 5):
        fact = facts.badge(plan.make, person, "zone-server", "in")
        first = first or fact["event_id"]
        plan.tell(t + minutes * MINUTE, fact | {"result": "denied", "reason": "no_right"})
    plan.label(planted, "PHY-01:DENIED_BURST", f"{person.ref}|{first}", t + 3 * MINUTE)


def _visit(plan: Plan, planted: str, code: str, out: bool = True, **given: Any) -> None:
    person, day = plan.anyone(), plan.workday()
    plan.forced.add((person.ref, day))
    t = at(day, 14, 30 + plan.rng.randrange(20))
    until = t + 40 * MINUTE if out else None
    sheet = premises.visit(plan.make, person.ref, t, until, **given)
    plan.tell(t + 40 * MINUTE, sheet)
    label = f"PHY-03:{code}"
    plan.label(planted, label, sheet["visit_id"], midnight(day + _D) if not out else t)


def no_out(plan: Plan, planted: str) -> None:
    """A visitor who never left, as the sheet says."""
    _visit(plan, planted, "NO_OUT", out=False)


def no_escort(plan: Plan, planted: str) -> None:
    """A visitor alone in the server room."""
    _visit(plan, planted, "NO_ESCORT", zones=["zone-server"])


def host_absent(plan: Plan, planted: str) -> None:
    """A visit to somebody who was not there."""
    _visit(plan, planted, "HOST_ABSENT", host_ref=plan.make.short("stf-away-"))


def no_notice(plan: Plan, planted: str) -> None:
    """Nobody spoke of the cameras."""
    _visit(plan, planted, "NO_NOTICE", notice_given=False)


def offhours(plan: Plan, planted: str) -> None:
    """Into the server room at night, and nobody had said so."""
    person, day = _of_zone(plan, "zone-server", "OFFHOURS_ENTRY"), plan.workday()
    t = at(day, 22, 30 + plan.rng.randrange(20))
    for minutes, direction in ((0, "in"), (15, "out")):
        fact = facts.badge(plan.make, person, "zone-server", direction)
        plan.tell(t + minutes * MINUTE, fact)
    plan.label(planted, "PHY-04:OFFHOURS_ENTRY", f"{person.ref}|zone-server|{day}", t)


def stocktake_overdue(plan: Plan, planted: str) -> None:
    """The stocktake after the one of half a year ago was forgotten."""
    plan.forgotten.add("stocktake")
    last = premises.stocktake_days(plan.company, plan.forgotten)[-1]
    end = midnight(add_months(last, 6) + _D)
    plan.label(planted, "PHY-08:CAMPAIGN_OVERDUE", f"{last}", end)


def not_found(plan: Plan, planted: str) -> None:
    """A disk that should be in the cupboard."""
    days = premises.stocktake_days(plan.company, plan.forgotten)
    day = max(d for d in days if d <= plan.company.end - 16 * _D)
    asset, campaign = plan.make.short("media-x"), f"stock-{day:%Y%m%d}"
    t = at(day + 3 * _D, 17)
    plan.tell(t, premises.counted(plan.make, campaign, asset, found=False))
    plan.label(planted, "PHY-08:NOT_FOUND", f"{campaign}|{asset}", t)


def _own_zone(plan: Plan, *wanting: str, days_left: tuple[int, int]) -> tuple[str, Any]:
    zone, day = plan.make.short("zone-x"), plan.company.end - plan.rng.randint(*days_left) * _D
    plan.tell(at(day, 18), premises.inspection(plan.make, zone, *wanting))
    return zone, day


def patrol_overdue(plan: Plan, planted: str) -> None:
    """A room that was patrolled once."""
    zone, day = _own_zone(plan, days_left=(34, 50))
    plan.label(planted, "PHY-08:PATROL_OVERDUE", f"{zone}|{day}", midnight(day + 32 * _D))


def wanting(plan: Plan, planted: str) -> None:
    """Papers on the desks."""
    zone, day = _own_zone(plan, "clear_desk", days_left=(4, 20))
    plan.label(planted, "PHY-08:NG", f"{zone}|clear_desk", at(day, 18))


PLANTS = {
    "PHY-01:UNAUTHORISED_GRANT": unauthorised,
    "PHY-01:DENIED_BURST": denied,
    "PHY-03:NO_OUT": no_out,
    "PHY-03:NO_ESCORT": no_escort,
    "PHY-03:HOST_ABSENT": host_absent,
    "PHY-03:NO_NOTICE": no_notice,
    "PHY-04:OFFHOURS_ENTRY": offhours,
    "PHY-08:CAMPAIGN_OVERDUE": stocktake_overdue,
    "PHY-08:NOT_FOUND": not_found,
    "PHY-08:PATROL_OVERDUE": patrol_overdue,
    "PHY-08:NG": wanting,
}
ONCE = frozenset({"PHY-08:CAMPAIGN_OVERDUE"})
