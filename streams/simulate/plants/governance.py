"""The management system not kept: policies, reviews, audits, actions, attestations, alerts
(GOV-01 to GOV-07, GOV-09, ORG-06)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from controls import policies
from streams.simulate import desk, duties
from streams.simulate.history import monitored_since
from streams.simulate.plan import Plan
from streams.simulate.plants.datasets import own_dataset
from streams.simulate.times import (
    DAY,
    HOUR,
    MINUTE,
    add_months,
    at,
    business_days,
    day_of,
    days_between,
    midnight,
)

_D = timedelta(days=1)


def _end(day: date, count: int) -> int:
    """The end of the count-th business day after a day."""
    return midnight(business_days(days_between(day + _D, day + 60 * _D))[count - 1] + _D)


def _policy(plan: Plan, step: str, t: int, name: str, **given: Any) -> None:
    since = duties.long_ago(plan.company)
    plan.tell(t, duties.policy(plan.make, name, step, since, **given))


def _published(plan: Plan) -> str:
    """A policy of its own, approved again last month."""
    name, since = plan.make.short("policy-"), duties.long_ago(plan.company)
    _policy(plan, "approved", at(since, 9), name)
    _policy(plan, "published", at(since, 10), name)
    day = since
    while day < plan.company.end:
        day += 300 * _D
        _policy(plan, "approved", at(day, 9), name)
    return name


def not_published(plan: Plan, planted: str) -> None:
    """Approved for a day that passes."""
    name, day = plan.make.short("policy-"), plan.workday()
    fact = duties.policy(plan.make, name, "approved", day)
    plan.tell(at(day - 5 * _D, 9), fact)
    plan.label(planted, "GOV-01:NOT_PUBLISHED", f"{name}|1", midnight(day + _D))


def hash_mismatch(plan: Plan, planted: str) -> None:
    """Somebody edits the page."""
    name, t = _published(plan), at(plan.workday(), 17)
    _policy(plan, "published", t, name, content_sha256="cd" * 32)
    plan.label(planted, "GOV-01:HASH_MISMATCH", f"{name}|1", t)


def items_missing(plan: Plan, planted: str) -> None:
    """A page that lost its date of revision."""
    name, t = _published(plan), at(plan.workday(), 17)
    items = [item for item in duties.POLICY if item != "revision_date"]
    _policy(plan, "published", t, name, required_items=items)
    plan.label(planted, "GOV-01:ITEMS_MISSING", f"{name}|1", t)


def stale(plan: Plan, planted: str) -> None:
    """A policy that nobody looked at for a year."""
    name, since = plan.make.short("policy-"), duties.long_ago(plan.company)
    last = add_months(plan.workday(), -12)
    _policy(plan, "approved", at(since, 9), name)
    _policy(plan, "published", at(since, 10), name)
    day = since + 200 * _D
    while day < last:
        _policy(plan, "approved", at(day, 9), name)
        day += 200 * _D
    _policy(plan, "approved", at(last, 9), name)
    end = midnight(add_months(last, 12) + _D)
    plan.label(planted, "GOV-01:STALE", f"{name}|{last}", end)


def _forgotten(plan: Plan, duty: str) -> tuple[date, int]:
    """A duty that nobody does again: its last day, and when it is overdue."""
    plan.forgotten.add(duty)
    last = list(duties.rounds(plan.company, True))[-1]
    return last, midnight(add_months(last, 12) + _D)


def law_review_overdue(plan: Plan, planted: str) -> None:
    """Nobody reads the law gazette."""
    last, end = _forgotten(plan, "law_register_review")
    plan.label(planted, "GOV-02:OVERDUE", f"law_register_review|{last}", end)


def risk_missing(plan: Plan, planted: str) -> None:
    """A new dataset without an assessment."""
    since = plan.company.end - plan.rng.randint(33, 45) * _D
    name = own_dataset(plan, "ds-orders", since, assessed=False, risk_assessed_on=None)
    plan.label(planted, "GOV-03:MISSING", name, midnight(since + 31 * _D))


def risk_outdated(plan: Plan, planted: str) -> None:
    """An assessment of a year ago."""
    last = add_months(plan.workday(), -12)
    on = last.isoformat()
    name = own_dataset(plan, "ds-orders", last, assessed=False, risk_assessed_on=on)
    end = midnight(add_months(last, 12) + _D)
    plan.label(planted, "GOV-03:OUTDATED", f"{name}|{last}", end)


def audit_overdue(plan: Plan, planted: str) -> None:
    """The developers were left out last year; nothing where no fiscal year ends in time."""
    year = plan.company.end.year - ((plan.company.end.month, plan.company.end.day) < (4, 2))
    end, begins = date(year, 4, 1), date(year - 1, 4, 1)
    if begins < monitored_since(plan.company):
        return
    plan.forgotten.add(f"audit {year}")
    plan.label(planted, "GOV-04:OVERDUE", f"{year - 1}", midnight(end))


def _audit(plan: Plan, scope: list[str], **given: Any) -> tuple[str, int]:
    day, period = plan.workday(before=34), plan.make.short("special-")
    by = plan.company.boss["dept-it"]
    plan.tell(at(day, 10), duties.audit(plan.make, day, by, scope, period=period, **given))
    return f"{period}|{','.join(scope)}", at(day, 10)


def not_independent(plan: Plan, planted: str) -> None:
    """The IT manager audits IT."""
    subject, t = _audit(plan, ["dept-it"], independent=None)
    plan.label(planted, "GOV-04:NOT_INDEPENDENT", subject, t)


def not_reported(plan: Plan, planted: str) -> None:
    """A report that stays in a drawer."""
    subject, t = _audit(plan, ["dept-hr"], reported_to_top=False)
    plan.label(planted, "GOV-04:NOT_REPORTED", subject, midnight(day_of(t) + 31 * _D))


def review_overdue(plan: Plan, planted: str) -> None:
    """No management review for a year."""
    last, end = _forgotten(plan, "management_review")
    plan.label(planted, "GOV-05:OVERDUE", f"{last}", end)


def _review(plan: Plan, t: int, **given: Any) -> str:
    """An extra review, with an audit an hour before."""
    day, boss = day_of(t), plan.company.boss
    period = plan.make.short("extra-")
    before = duties.audit(plan.make, day, boss["dept-it"], ["dept-general"], period=period)
    plan.tell(t - HOUR, before)
    fact = duties.review(plan.make, day, boss["dept-general"], period=period, **given)
    plan.tell(t, fact)
    return period


def review_inputs(plan: Plan, planted: str) -> None:
    """A review without a word on complaints."""
    t = at(plan.workday(after=8), 17, plan.rng.randrange(60))
    inputs = [name for name in duties.INPUTS if name != "complaints"]
    plan.label(planted, "GOV-05:INPUTS", _review(plan, t, inputs_covered=inputs), t)


def review_order(plan: Plan, planted: str) -> None:
    """Reviewed again an hour later, nothing having been audited."""
    t = at(plan.workday(after=8), 20, plan.rng.randrange(60))
    _review(plan, t - 20 * MINUTE)
    period = plan.make.short("extra-")
    top = plan.company.boss["dept-general"]
    plan.tell(t, duties.review(plan.make, day_of(t), top, period=period))
    plan.label(planted, "GOV-05:ORDER", period, t)


def review_not_top(plan: Plan, planted: str) -> None:
    """The head of sales reviews the system."""
    t = at(plan.workday(after=8), 18, plan.rng.randrange(60))
    by = plan.company.boss["dept-sales"]
    plan.label(planted, "GOV-05:NOT_TOP", _review(plan, t, performed_by_ref=by), t)


def _corrective(plan: Plan, day: date, *without: str) -> str:
    name = plan.make.short("nc-")
    for t, fact in duties.corrective(plan.make, name, day, without):
        plan.tell(t, fact)
    return name


def action_overdue(plan: Plan, planted: str) -> None:
    """An action that is never taken."""
    day = plan.company.end - plan.rng.randint(34, 50) * _D
    name = _corrective(plan, day, "done", "effectiveness_verified")
    plan.label(planted, "GOV-06:OVERDUE", name, midnight(day + 31 * _D))


def no_cause(plan: Plan, planted: str) -> None:
    """Repaired without asking why."""
    day = plan.workday(before=24)
    name = _corrective(plan, day, "cause_analysed")
    plan.label(planted, "GOV-06:NO_CAUSE", name, at(day + 20 * _D, 11))


def not_verified(plan: Plan, planted: str) -> None:
    """Done, and nobody looks whether it helped."""
    day = plan.company.end - plan.rng.randint(114, 130) * _D
    name = _corrective(plan, day, "effectiveness_verified")
    plan.label(planted, "GOV-06:NOT_VERIFIED", name, midnight(day + 111 * _D))


def ineffective(plan: Plan, planted: str) -> None:
    """It did not help, and that was that."""
    day = plan.company.end - plan.rng.randint(74, 90) * _D
    name = _corrective(plan, day, "effectiveness_verified")
    looked, due = day + 60 * _D, day + 30 * _D
    fact = duties.nonconformity(plan.make, name, "effectiveness_verified", due, effective=False)
    plan.tell(at(looked, 11), fact)
    plan.label(planted, "GOV-06:INEFFECTIVE", name, midnight(looked + 11 * _D))


def extended_twice(plan: Plan, planted: str) -> None:
    """Extended, and extended again."""
    day = plan.workday(before=24)
    name = _corrective(plan, day)
    for after in (7, 9):
        step = duties.nonconformity(plan.make, name, "extended", day + 40 * _D)
        plan.tell(at(day + after * _D, 11), step)
    plan.label(planted, "GOV-06:EXTENDED_TWICE", name, at(day + 9 * _D, 11))


def item_missing(plan: Plan, planted: str) -> None:
    """The page with the procedure is down for an hour."""
    t = at(plan.workday(), 20)
    more = {"required_items": duties.POLICY + duties.PROCEDURE, "published_fees": [1_000]}
    _policy(plan, "withdrawn", t, "requests", **more)
    _policy(plan, "published", t + HOUR, "requests", **more)
    plan.label(planted, "GOV-07:ITEM_MISSING", f"{plan.org}|procedure,fee", t)


def purpose_gap(plan: Plan, planted: str) -> None:
    """A purpose that no notice names."""
    since = plan.workday()
    purposes = ["delivery", "billing", "profiling"]
    name = own_dataset(plan, "ds-orders", since, purpose_codes=purposes)
    plan.label(planted, "GOV-07:PURPOSE_GAP", f"{name}|profiling", midnight(since + _D))


def fee_mismatch(plan: Plan, planted: str) -> None:
    """The page says five hundred yen for an evening, the desk takes a thousand."""
    t, name = at(plan.workday(before=20), 21), plan.make.short("policy-")
    more = {"required_items": duties.POLICY + duties.PROCEDURE}
    since = duties.long_ago(plan.company)
    day = since
    while day < plan.company.end:
        _policy(plan, "approved", at(day, 9), name, **more, published_fees=[500])
        day += 300 * _D
    _policy(plan, "published", at(since, 10), name, **more, published_fees=[500])
    _policy(plan, "withdrawn", at(since, 11), name, **more)
    _policy(plan, "published", t, name, **more, published_fees=[500])
    ours = {**more, "published_fees": [1_000]}
    _policy(plan, "withdrawn", t + 5 * MINUTE, "requests", **ours)
    _policy(plan, "published", t + 15 * MINUTE, "requests", **ours)
    _policy(plan, "withdrawn", t + 20 * MINUTE, name, **more)
    request, make = plan.make.short("req-"), plan.make
    today = day_of(t)
    plan.tell(t - 9 * HOUR, desk.receive(make, request, today, "disclosure"))
    plan.tell(t + 10 * MINUTE, desk.fee(make, request, "due", 0, today + 14 * _D))
    plan.tell(t + DAY, desk.fee(make, request, "received", 1_000, today + 14 * _D))
    plan.tell(t + DAY, desk.identity(make, request, "verified"))
    plan.tell(t + 4 * DAY, desk.decide(make, request))
    plan.tell(t + 5 * DAY, desk.respond(make, request))
    plan.label(planted, "GOV-07:FEE_MISMATCH", request, t + 10 * MINUTE)


def matters_overdue(plan: Plan, planted: str) -> None:
    """Nobody looks whether the page is still right."""
    last, end = _forgotten(plan, "art32_review")
    plan.label(planted, "GOV-07:REVIEW_OVERDUE", f"{last}", end)


def _clause(plan: Plan) -> str:
    """A clause that nothing else happens to."""
    taken = {name for kind, name in plan.neglected if kind in ("attest", "clause")}
    clause = next(c for c in policies.attested() if c not in taken)
    plan.neglected.add(("clause", clause))
    return clause


def attestation_missing(plan: Plan, planted: str) -> None:
    """One owner forgets."""
    clause = _clause(plan)
    plan.neglected.add(("attest", clause))
    last = list(duties.rounds(plan.company, True))[-1]
    end = midnight(add_months(last, 12) + _D)
    plan.label(planted, "GOV-09:MISSING", f"{clause}|{last}", end)


def attestation_denied(plan: Plan, planted: str) -> None:
    """An owner says that it is not so, and nothing follows."""
    clause, day = _clause(plan), plan.workday(before=12)
    period = plan.make.short("special-")
    fact = duties.attestation(plan.make, [clause], day, answer="false", period=period)
    plan.tell(at(day, 10), fact)
    plan.label(planted, "GOV-09:DENIED", f"{clause}|{period}", _end(day, 5))


def attestation_stale(plan: Plan, planted: str) -> None:
    """A new policy: every owner but one answers anew."""
    clause, day = _clause(plan), plan.company.end - 36 * _D
    while any(day <= answered <= day + 30 * _D for answered in duties.rounds(plan.company, False)):
        day -= _D
    name, others = plan.make.short("policy-"), [c for c in policies.attested() if c != clause]
    for step, t in (("approved", at(day - 3 * _D, 9)), ("published", at(day, 9))):
        plan.tell(t, duties.policy(plan.make, name, step, day, version="2"))
    plan.tell(at(day + 4 * _D, 10), duties.attestation(plan.make, others, day + 4 * _D))
    plan.label(planted, "GOV-09:STALE", f"{clause}|2", midnight(day + 31 * _D))


def _alert(plan: Plan, severity: str, *steps: tuple[str, int, dict[str, Any]]) -> tuple[str, int]:
    name, t = plan.make.short("alert-"), at(plan.workday(before=8), 13, plan.rng.randrange(60))
    for step, after, given in (("raised", 0, {}), *steps):
        plan.tell(t + after, duties.alert(plan.make, name, step, severity, **given))
    return name, t


CLOSED = {"by_ref": "stf-ciso", "approver_ref": "stf-ciso", "reason": "tested"}


def ack_late(plan: Plan, planted: str) -> None:
    """Nobody is at the desk for two hours."""
    resolved = ("resolved", 5 * HOUR, CLOSED)
    name, t = _alert(plan, "high", ("acknowledged", 2 * HOUR, {}), resolved)
    plan.label(planted, "ORG-06:ACK_LATE", name, t + HOUR)


def fix_late(plan: Plan, planted: str) -> None:
    """Acknowledged, and left."""
    name, t = _alert(plan, "high", ("acknowledged", 10 * MINUTE, {}))
    plan.label(planted, "ORG-06:FIX_LATE", name, _end(day_of(t), 3))


def self_closed(plan: Plan, planted: str) -> None:
    """Dismissed by who had it on the desk."""
    dismissed = ("false_positive", HOUR, {"reason": "nothing"})
    name, t = _alert(plan, "high", ("acknowledged", 10 * MINUTE, {}), dismissed)
    plan.label(planted, "ORG-06:SELF_CLOSED", name, t + HOUR)


PLANTS = {
    "GOV-01:NOT_PUBLISHED": not_published,
    "GOV-01:HASH_MISMATCH": hash_mismatch,
    "GOV-01:ITEMS_MISSING": items_missing,
    "GOV-01:STALE": stale,
    "GOV-02:OVERDUE": law_review_overdue,
    "GOV-03:MISSING": risk_missing,
    "GOV-03:OUTDATED": risk_outdated,
    "GOV-04:OVERDUE": audit_overdue,
    "GOV-04:NOT_INDEPENDENT": not_independent,
    "GOV-04:NOT_REPORTED": not_reported,
    "GOV-05:OVERDUE": review_overdue,
    "GOV-05:INPUTS": review_inputs,
    "GOV-05:ORDER": review_order,
    "GOV-05:NOT_TOP": review_not_top,
    "GOV-06:OVERDUE": action_overdue,
    "GOV-06:NO_CAUSE": no_cause,
    "GOV-06:NOT_VERIFIED": not_verified,
    "GOV-06:INEFFECTIVE": ineffective,
    "GOV-06:EXTENDED_TWICE": extended_twice,
    "GOV-07:ITEM_MISSING": item_missing,
    "GOV-07:PURPOSE_GAP": purpose_gap,
    "GOV-07:FEE_MISMATCH": fee_mismatch,
    "GOV-07:REVIEW_OVERDUE": matters_overdue,
    "GOV-09:MISSING": attestation_missing,
    "GOV-09:DENIED": attestation_denied,
    "GOV-09:STALE": attestation_stale,
    "ORG-06:ACK_LATE": ack_late,
    "ORG-06:FIX_LATE": fix_late,
    "ORG-06:SELF_CLOSED": self_closed,
}
ONCE = frozenset(
    {
        "GOV-02:OVERDUE",
        "GOV-04:OVERDUE",
        "GOV-05:OVERDUE",
        "GOV-07:ITEM_MISSING",
        "GOV-07:FEE_MISMATCH",
        "GOV-07:REVIEW_OVERDUE",
        "GOV-09:STALE",
    }
)
