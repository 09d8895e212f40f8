"""Contractors badly supervised, given too much, not cleaned up after (OUT-04 to OUT-08)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import clients, contractors, desk, facts, vendors
from streams.simulate.plan import Plan
from streams.simulate.times import DAY, HOUR, MINUTE, add_months, at, midnight, text

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


def extra_fields(plan: Plan, planted: str) -> None:
    """A file with a column more than agreed."""
    day = plan.workday()
    name = _vendor(plan, day - 40 * _D)
    provision, t = _feed(plan, name, day, fields=["name", "address", "phone"])
    plan.label(planted, "OUT-05:EXTRA_FIELDS", f"{name}|{provision}", t)


def other_purpose(plan: Plan, planted: str) -> None:
    """Addresses for delivery, handed over for advertising."""
    day = plan.workday()
    name = _vendor(plan, day - 40 * _D)
    provision, t = _feed(plan, name, day, purpose_code="marketing")
    plan.label(planted, "OUT-05:PURPOSE", f"{name}|{provision}", t)


def too_many(plan: Plan, planted: str) -> None:
    """Three times as many persons as the contract speaks of."""
    day = plan.workday()
    name = _vendor(plan, day - 40 * _D, max_principals=100)
    provision, t = _feed(plan, name, day, principals_count=300)
    plan.label(planted, "OUT-05:COUNT", f"{name}|{provision}", t)


def no_certificate(plan: Plan, planted: str) -> None:
    """The contract ended a month ago and nobody asked for the data."""
    limit = plan.workday()
    ended = limit - 30 * _D
    name = _vendor(plan, ended - 80 * _D, effective_to=ended.isoformat())
    _feed(plan, name, ended - 30 * _D)
    plan.label(planted, "OUT-06:NO_CERT", f"con-{name}|ds-orders", midnight(limit + _D))


def partly_settled(plan: Plan, planted: str) -> None:
    """A certificate that says nothing of the subcontractor."""
    day = plan.workday()
    name = _vendor(plan, day - 80 * _D)
    sub, begun = plan.make.short("sub-"), day - 70 * _D
    plan.tell(at(begun, 9), vendors.decided(plan.make, name, sub, begun))
    plan.tell(at(begun, 11), vendors.reentrusted(plan.make, name, sub, begun))
    _feed(plan, name, day - 30 * _D)
    plan.tell(at(day - 5 * _D, 10), contractors.contract_ended(plan.make, name, day - 5 * _D))
    plan.tell(at(day, 14), contractors.settled(plan.make, name))
    plan.tell(at(day + _D, 14), vendors.audited(plan.make, name, day + _D, sub))
    plan.label(planted, "OUT-06:PARTIAL", f"con-{name}|ds-orders", at(day, 14))


def still_in(plan: Plan, planted: str) -> None:
    """An agent signs in a week after the last contract's end."""
    day = plan.workday()
    ended = day - 7 * _D
    name = _vendor(plan, ended - 80 * _D, effective_to=ended.isoformat())
    person = plan.make.short("ctr-agent-")
    plan.tell(at(ended - 60 * _D, 9), contractors.agent(plan.make, person, name, ended - 60 * _D))
    boss = plan.company.boss["dept-it"]
    account = facts.account(plan.make, f"acct-{person}", person, "sys-idp", boss)
    plan.tell(at(ended - 60 * _D, 9, 5), account)
    t = plan.office(day)
    plan.tell(t, contractors.login(plan.make, person))
    plan.tell(
        t + DAY, facts.account(plan.make, f"acct-{person}", person, "sys-idp", boss, "disabled")
    )
    plan.label(planted, "OUT-06:ACCESS_AFTER_END", f"{name}|{person}", t)


def told_late(plan: Plan, planted: str) -> None:
    """The contractor sat on its incident for two days."""
    day = plan.workday()
    name, contractor = plan.make.short("inc-"), _vendor(plan, day - 80 * _D)
    known = at(day, 10, plan.rng.randrange(60))
    desk.incident(
        plan.make, name, known, 5, plan.tell, final_after=None, cause="contractor",
        contractor_id=contractor, contractor_known_at=text(known - 50 * HOUR),
    )  # fmt: skip
    plan.label(planted, "OUT-07:LATE_NOTICE", name, known + 20 * MINUTE)


def finding_overdue(plan: Plan, planted: str) -> None:
    """What the audit found is never put right."""
    due, finding = plan.workday(), plan.make.short("find-")
    audit = due - 40 * _D
    name = _vendor(plan, due - 80 * _D)
    plan.tell(at(audit, 14), contractors.audit_with(plan.make, name, audit, finding, due))
    plan.label(planted, "OUT-07:FINDING_OVERDUE", f"{name}|{finding}", midnight(due + _D))


def goes_on(plan: Plan, planted: str) -> None:
    """Doors stood open at the auditors' visit; the next feed goes out all the same."""
    day, finding = plan.workday(), plan.make.short("find-")
    audit = day - 3 * _D
    name = _vendor(plan, day - 80 * _D)
    due = plan.company.end + 20 * _D
    serious = contractors.audit_with(plan.make, name, audit, finding, due, "serious")
    plan.tell(at(audit, 14), serious | {"next_due": due.isoformat()})
    provision, t = _feed(plan, name, day)
    plan.label(planted, "OUT-07:DATA_AFTER_SERIOUS", provision, t)


def _client(plan: Plan, day: date, due: date | None = None, **agreed: Any) -> tuple[str, str]:
    """A client of its own and its data, taken on some time before that day."""
    client = plan.make.short("cli-x")
    name, since = f"ds-{client}", day - 40 * _D
    plan.tell(at(since, 9), clients.dataset(plan.make, plan.company, name, client, since))
    plan.tell(at(since, 10), clients.received(plan.make, client, name, due, **agreed))
    return client, name


def own_use(plan: Plan, planted: str) -> None:
    """A client's addresses for our own advertising; every second time joined with our members."""
    day = plan.workday()
    _, name = _client(plan, day)
    joined = planted.endswith(("2", "4", "6"))
    given: dict[str, Any] = {"purpose_code": "marketing"}
    if joined:
        given = {"joins_dataset_ids": ["ds-members"]}
    t, fact = plan.office(day), clients.query(plan.make, name, **given)
    plan.tell(t, fact)
    plan.label(planted, "OUT-08:OWN_USE", fact["event_id"], t)


def passed_on(plan: Plan, planted: str) -> None:
    """A client forbids subcontractors, and its data goes to one."""
    day = plan.workday()
    _, dataset = _client(plan, day, reentrust_allowed="no")
    name = _vendor(plan, day - 30 * _D)
    provision, t = _feed(plan, name, day, dataset_id=dataset)
    plan.label(planted, "OUT-08:REENTRUSTED", provision, t)


def disclosed(plan: Plan, planted: str) -> None:
    """Somebody asks for his data and gets what is the client's to give."""
    day = plan.workday()
    _, dataset = _client(plan, day)
    member, provision = plan.make.short("mem-x"), plan.make.short("prov-")
    t = plan.office(day)
    given = {"dataset_id": dataset, "recipient_kind": "principal", "recipient_country": "JP"}
    fact = vendors.transferred(plan.make, member, provision_id=provision, **given)
    plan.tell(t, fact | {"principal_refs": [member], "xborder_basis": "na"})
    plan.label(planted, "OUT-08:DISCLOSED", provision, t)


def not_returned(plan: Plan, planted: str) -> None:
    """The project is over and the client's list still here."""
    due = plan.workday()
    client, dataset = _client(plan, due, due)
    plan.label(planted, "OUT-08:NOT_RETURNED", f"con-{client}|{dataset}", midnight(due + _D))


PLANTS = {
    "OUT-04:OVERDUE": audit_overdue,
    "OUT-04:NEVER": never_audited,
    "OUT-04:LIGHT": audited_lightly,
    "OUT-05:EXTRA_FIELDS": extra_fields,
    "OUT-05:PURPOSE": other_purpose,
    "OUT-05:COUNT": too_many,
    "OUT-06:NO_CERT": no_certificate,
    "OUT-06:PARTIAL": partly_settled,
    "OUT-06:ACCESS_AFTER_END": still_in,
    "OUT-07:LATE_NOTICE": told_late,
    "OUT-07:FINDING_OVERDUE": finding_overdue,
    "OUT-07:DATA_AFTER_SERIOUS": goes_on,
    "OUT-08:OWN_USE": own_use,
    "OUT-08:REENTRUSTED": passed_on,
    "OUT-08:DISCLOSED": disclosed,
    "OUT-08:NOT_RETURNED": not_returned,
}
