"""Contractors and recipients abroad not treated as they should be (OUT-01, OUT-03, XBR)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import facts, sharing, vendors
from streams.simulate.plan import Plan
from streams.simulate.times import add_months, at, midnight

_D = timedelta(days=1)


def _contractor(plan: Plan, planted: str, assessed: date | None, **agreed: Any) -> tuple[str, date]:
    """A contractor of its own under a good contract, assessed on that day, and a day to use it."""
    name = f"ctr-{planted.lower().replace(':', '-').replace('#', '-').replace('_', '-')}"
    day = plan.workday(before=12)
    plan.tell(at(day - 60 * _D, 10), vendors.recipient(plan.make, name, "JP"))
    contract = facts.contract(plan.make, name, f"con-{name}", day - 40 * _D)
    plan.tell(at(day - 50 * _D, 10), contract | agreed)
    if assessed is not None:
        plan.tell(at(assessed, 10), facts.assessed(plan.make, name, assessed))
    return name, day


def _feed(plan: Plan, name: str, day: date, **given: Any) -> tuple[str, int]:
    provision, t = plan.make.short("prov-"), at(day, 11, plan.rng.randrange(60))
    plan.tell(t, facts.entrusted(plan.make, name, f"con-{name}", provision, 200) | given)
    return provision, t


def not_assessed(plan: Plan, planted: str) -> None:
    """Nobody ever assessed the contractor."""
    name, day = _contractor(plan, planted, None)
    provision, t = _feed(plan, name, day)
    plan.label(planted, "OUT-01:NOT_ASSESSED", f"{name}|{provision}", t)


def assessment_expired(plan: Plan, planted: str) -> None:
    """The assessment ran out three weeks ago."""
    name, day = _contractor(plan, planted, None)
    plan.tell(at(day - 386 * _D, 10), facts.assessed(plan.make, name, day - 386 * _D))
    provision, t = _feed(plan, name, day)
    plan.label(planted, "OUT-01:EXPIRED", f"{name}|{provision}", t)


def assessment_failed(plan: Plan, planted: str) -> None:
    """It failed and got data all the same."""
    name, day = _contractor(plan, planted, None)
    failed = facts.assessed(plan.make, name, day - 5 * _D) | {"result": "fail"}
    plan.tell(at(day - 5 * _D, 10), failed)
    provision, t = _feed(plan, name, day)
    plan.label(planted, "OUT-01:FAILED", f"{name}|{provision}", t)


def _sub(plan: Plan, planted: str, **agreed: Any) -> tuple[str, str, date]:
    name, day = _contractor(plan, planted, plan.company.start - 30 * _D, **agreed)
    return name, plan.make.short("sub-"), day


def no_permission(plan: Plan, planted: str) -> None:
    """A subcontractor begins without a word."""
    name, sub, day = _sub(plan, planted)
    plan.tell(at(day, 10), vendors.reentrusted(plan.make, name, sub, day))
    plan.label(planted, "OUT-03:NO_PERMISSION", f"con-{name}|{sub}", at(day, 10))


def prohibited(plan: Plan, planted: str) -> None:
    """The contract forbids subcontractors."""
    name, sub, day = _sub(plan, planted, reentrust_allowed="no")
    plan.tell(at(day, 10), vendors.reentrusted(plan.make, name, sub, day))
    plan.label(planted, "OUT-03:PROHIBITED", f"con-{name}|{sub}", at(day, 10))


def permitted_late(plan: Plan, planted: str) -> None:
    """The permission comes three days later."""
    name, sub, day = _sub(plan, planted)
    plan.tell(at(day, 10), vendors.reentrusted(plan.make, name, sub, day))
    plan.tell(at(day + 3 * _D, 10), vendors.decided(plan.make, name, sub, day + 3 * _D))
    plan.label(planted, "OUT-03:LATE", f"con-{name}|{sub}", at(day, 10))


def sub_abroad(plan: Plan, planted: str) -> None:
    """It sits in a country that the contract does not name."""
    name, sub, day = _sub(plan, planted)
    plan.tell(at(day - 2 * _D, 10), vendors.decided(plan.make, name, sub, day - 2 * _D))
    plan.tell(at(day, 10), vendors.reentrusted(plan.make, name, sub, day, "VN"))
    plan.label(planted, "OUT-03:FOREIGN", f"con-{name}|{sub}", at(day, 10))


def uncovered(plan: Plan, planted: str) -> None:
    """The next audit does not look at it."""
    name, sub, day = _sub(plan, planted)
    plan.tell(at(day - 2 * _D, 10), vendors.decided(plan.make, name, sub, day - 2 * _D))
    plan.tell(at(day, 10), vendors.reentrusted(plan.make, name, sub, day))
    plan.tell(at(day + 4 * _D, 14), vendors.audited(plan.make, name, day + 4 * _D))
    plan.label(planted, "OUT-03:UNCOVERED", f"con-{name}|{sub}", at(day + 4 * _D, 14))


def _abroad(plan: Plan, country: str = "US") -> tuple[str, date]:
    """A recipient abroad of its own."""
    name, day = plan.make.short("rcp-"), plan.workday(before=12)
    plan.tell(
        at(day - 60 * _D, 10), vendors.recipient(plan.make, name, country, kind="third_party")
    )
    return name, day


def _consent(plan: Plan, member: str, t: int, info: list[str]) -> str:
    fact = sharing.consent(plan.make, member, None, kind="foreign", info_items=info)
    plan.tell(t, fact)
    return str(fact["consent_id"])


def _provide(plan: Plan, to: str, day: date, **given: Any) -> tuple[str, int]:
    """A recorded provision in the afternoon: its id, and when."""
    fact = vendors.transferred(plan.make, to, **given)
    provision: str = fact["provision_id"]
    plan.tell(at(day, 15), fact)
    plan.tell(at(day, 17), sharing.recorded(plan.make, provision, day))
    return provision, at(day, 15)


def _by_system(plan: Plan, to: str, day: date) -> tuple[str, int]:
    """One that its member agreed to, and that rests on the recipient's system abroad."""
    member = plan.make.short("mem-x")
    plan.tell(at(day - 3 * _D, 12), sharing.consent(plan.make, member, to))
    return _provide(
        plan, to, day, basis="consent", xborder_basis="equiv_system", principal_refs=[member]
    )


TOLD = ["country", "country_regime", "recipient_measures"]


def no_basis(plan: Plan, planted: str) -> None:
    """One of three members never consented to it."""
    name, day = _abroad(plan)
    members = [plan.make.short("mem-x") for _ in range(3)]
    for member in members[1:]:
        _consent(plan, member, at(day - 3 * _D, 12), TOLD)
    sent = {"basis": "consent", "xborder_basis": "consent", "principal_refs": members}
    provision, t = _provide(plan, name, day, principals_count=3, **sent)
    plan.label(planted, "XBR-01:NO_BASIS", provision, t)
    plan.follows(planted, "TRF-01:CONSENT_MISSING", provision, t)


def info_missing(plan: Plan, planted: str) -> None:
    """He consented, and was not told of the country's law."""
    name, day = _abroad(plan)
    member = plan.make.short("mem-x")
    agreed = at(day - 3 * _D, 12)
    consent = _consent(plan, member, agreed, ["country", "recipient_measures"])
    sent = {"basis": "consent", "xborder_basis": "consent", "principal_refs": [member]}
    provision, t = _provide(plan, name, day, **sent)
    plan.label(planted, "XBR-01:INFO_MISSING", provision, t)
    plan.follows(planted, "CON-05:INFO_MISSING", consent, agreed)


def system_unchecked(plan: Plan, planted: str) -> None:
    """The recipient's system was to carry it, and nobody looked at that."""
    name, day = _abroad(plan)
    provision, t = _by_system(plan, name, day)
    plan.label(planted, "XBR-01:SYSTEM_UNCHECKED", provision, t)


def not_stopped(plan: Plan, planted: str) -> None:
    """A new law there makes the contract worthless; the feed goes on."""
    name, day = _abroad(plan)
    check = vendors.checked(plan.make, name, "US", day - 2 * _D)
    plan.tell(
        at(day - 2 * _D, 10),
        check | {"obstruction": "continuing", "action_taken": "to be stopped"},
    )
    provision, t = _by_system(plan, name, day)
    code, other = "XBR-01:STOPPED_RECIPIENT", "XBR-02:NOT_STOPPED"
    if planted.startswith("XBR-02"):
        code, other = other, code
    plan.label(planted, code, provision, t)
    plan.follows(planted, other, provision, t)


def recheck_overdue(plan: Plan, planted: str) -> None:
    """Last checked a year ago; data went there meanwhile."""
    name, day = _abroad(plan)
    last = add_months(day, -12)
    check = vendors.checked(plan.make, name, "US", last)
    plan.tell(at(last, 10), check | {"next_due": (day + 90 * _D).isoformat()})
    _by_system(plan, name, day - 40 * _D)
    plan.label(planted, "XBR-02:OVERDUE", name, midnight(day + _D))


def no_action(plan: Plan, planted: str) -> None:
    """An obstruction that could be remedied, and nobody does."""
    name, _ = _abroad(plan)
    known = plan.company.end - plan.rng.randint(33, 50) * _D
    check = vendors.checked(plan.make, name, "US", known) | {"obstruction": "remediable"}
    plan.tell(at(known, 10), check)
    plan.label(planted, "XBR-02:NO_ACTION", name, midnight(known + 31 * _D))


PLANTS = {
    "OUT-01:NOT_ASSESSED": not_assessed,
    "OUT-01:EXPIRED": assessment_expired,
    "OUT-01:FAILED": assessment_failed,
    "OUT-03:NO_PERMISSION": no_permission,
    "OUT-03:PROHIBITED": prohibited,
    "OUT-03:LATE": permitted_late,
    "OUT-03:FOREIGN": sub_abroad,
    "OUT-03:UNCOVERED": uncovered,
    "XBR-01:NO_BASIS": no_basis,
    "XBR-01:INFO_MISSING": info_missing,
    "XBR-01:SYSTEM_UNCHECKED": system_unchecked,
    "XBR-01:STOPPED_RECIPIENT": not_stopped,
    "XBR-02:OVERDUE": recheck_overdue,
    "XBR-02:NO_ACTION": no_action,
    "XBR-02:NOT_STOPPED": not_stopped,
}
