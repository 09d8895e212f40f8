"""The management system through the years: policies, people in office, reviews, audits,
nonconformities, attestations and alerts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from controls import policies
from streams.simulate.company import DEPARTMENTS, Company
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.history import monitored_since
from streams.simulate.times import HOUR, MINUTE, add_months, at, is_closed

_D = timedelta(days=1)
POLICY = [
    "operator_name",
    "representative",
    "law_compliance",
    "security_measures",
    "complaint_desk",
    "revision_date",
    "continual_improvement",
]
MATTERS = ["name", "address", "all_purposes", "complaint_contact", "authorized_org_or_none"]
PROCEDURE = ["procedure", "fee"]
INPUTS = [
    "audit_results",
    "self_inspection",
    "incidents",
    "complaints",
    "law_changes",
    "risk_changes",
    "nonconformities",
    "improvement_proposals",
]


def policy(make: Maker, name: str, step: str, since: date, **given: Any) -> Fact:
    """A step of a policy in its one version."""
    return make(
        "policy.changed",
        "pms-form",
        "stf-legal",
        "staff",
        **{
            "policy_id": name,
            "version": "1",
            "step": step,
            "representative": "Example Taro",
            "approver_ref": "stf-president",
            "effective_on": since.isoformat(),
            "content_sha256": "ab" * 32,
            "required_items": POLICY,
            "notice_channels": ["web"],
            "published_fees": None,
            **given,
        },
    )


def long_ago(company: Company) -> date:
    """A day from which what is published has been so since before the monitoring."""
    return monitored_since(company) - 80 * _D


def policies_of(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Two policies, published long ago and approved again every ten months."""
    since = long_ago(company)
    for name, more in (
        ("privacy", {"required_items": POLICY + MATTERS}),
        ("requests", {"required_items": POLICY + PROCEDURE, "published_fees": [1_000]}),
    ):
        day = since
        yield at(day, 9), policy(make, name, "approved", since, **more)
        yield at(day, 10), policy(make, name, "published", since, **more)
        while day < company.end:
            day += 300 * _D
            yield at(day, 9), policy(make, name, "approved", since, **more)


def role(make: Maker, name: str, person: str, on: date, **given: Any) -> Fact:
    """Somebody is given a role."""
    return make(
        "role.changed",
        "hr-form",
        "svc-hr",
        "service",
        **{
            "role": name,
            "person_ref": person,
            "state": "assigned",
            "effective_on": on.isoformat(),
            "dept_id": None,
            "publicly_named": name in ("representative", "protection_manager"),
            **given,
        },
    )


def roles(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Everybody in office since before the monitoring."""
    since = long_ago(company)
    boss = company.boss
    offices = {
        "representative": boss["dept-general"],
        "protection_manager": boss["dept-legal"],
        "audit_officer": boss["dept-finance"],
        "desk_manager": boss["dept-member"],
        "system_manager": boss["dept-it"],
    }
    for name, person in offices.items():
        yield at(since, 9), role(make, name, person, since)
    for dept, person in boss.items():
        yield at(since, 9, 5), role(make, "dept_manager", person, since, dept_id=dept)


def activity(make: Maker, name: str, day: date, by: str, **given: Any) -> Fact:
    """Something that was done for the management system."""
    return make(
        "pms.activity",
        "pms-form",
        by,
        "staff",
        **{
            "activity": name,
            "scope": [],
            "period": f"{day}",
            "performed_by_ref": by,
            "independent": None,
            "findings": 0,
            "reported_to_top": True,
            "inputs_covered": [],
            "decisions": [],
            "next_due": (day + 300 * _D).isoformat(),
            **given,
        },
    )


def inspection(make: Maker, day: date, by: str, scope: list[str], **given: Any) -> Fact:
    """Departments look at what they do."""
    return activity(make, "self_inspection", day, by, scope=scope, **given)


def register_review(make: Maker, dept: str, day: date) -> Fact:
    """A department goes through its part of the register."""
    return make(
        "register.reviewed",
        "register-form",
        "stf-legal",
        "staff",
        dept_id=dept,
        period=f"{day}",
        datasets_reviewed=3,
        added=0,
        retired=0,
        reviewer_ref="stf-legal",
    )


def audit(make: Maker, day: date, by: str, scope: list[str], **given: Any) -> Fact:
    """An internal audit of some departments."""
    told = {"scope": scope, "independent": True, "audit_kind": "both", **given}
    return activity(make, "internal_audit", day, by, **told)


def review(make: Maker, day: date, top: str, **given: Any) -> Fact:
    """The top reviews the system."""
    told = {"inputs_covered": INPUTS, "decisions": ["train anew"], **given}
    return activity(make, "management_review", day, top, **told)


def rounds(company: Company, forgotten: bool, every: int = 300) -> Iterator[date]:
    """The days on which a yearly duty is done; where it is forgotten, the last one lies a year
    before the third day of the period."""
    day = monitored_since(company) - 5 * _D
    last = add_months(company.start + 3 * _D, -12)
    while day < company.end:
        if forgotten and day > last - 20 * _D:
            yield last
            return
        yield day
        day += every * _D


def years(
    company: Company, make: Maker, forgotten: Collection[str], depts: Sequence[str]
) -> Iterator[tuple[int, Fact]]:
    """All that comes round; `depts` are departments that exist for a fault only."""
    boss = company.boss
    yield from policies_of(company, make)
    yield from roles(company, make)
    for name, by in (("law_register_review", "dept-legal"), ("art32_review", "dept-member")):
        for day in rounds(company, name in forgotten):
            yield at(day, 15), activity(make, name, day, boss[by])
    for performer, by in (("info_mgmt", "dept-it"), ("external", "dept-legal")):
        for day in rounds(company, f"{performer} check" in forgotten):
            told = {"performer_kind": performer, "period": f"{performer} {day}"}
            yield at(day, 15, 30), activity(make, "external_check", day, boss[by], **told)
    for day in rounds(company, False, 80):
        yield at(day, 10), inspection(make, day, boss["dept-legal"], list(DEPARTMENTS))
    for year in range(monitored_since(company).year - 1, company.end.year + 1):
        yield from audits(company, make, date(year, 2, 10), f"audit {year}" in forgotten, depts)
    for day in rounds(company, "management_review" in forgotten):
        yield at(day, 13), audit(make, day, boss["dept-it"], ["dept-general"], period=f"pre {day}")
        yield at(day, 16), review(make, day, boss["dept-general"])
    for day in rounds(company, False, 95):
        yield from corrective(make, f"nc-{day:%Y%m%d}", day)


def audits(
    company: Company, make: Maker, day: date, forgotten: bool, depts: Sequence[str]
) -> Iterator[tuple[int, Fact]]:
    """Every department in February, the auditors' own by others; without the developers where
    they were forgotten."""
    if not company.start - 800 * _D < day < company.end:
        return
    others = [dept for dept in (*DEPARTMENTS, *depts) if dept != "dept-it"]
    if forgotten:
        others.remove("dept-dev")
    yield at(day, 11), audit(make, day, company.boss["dept-it"], others)
    yield at(day, 12), audit(make, day, company.boss["dept-finance"], ["dept-it"])


def nonconformity(make: Maker, name: str, step: str, due: date, **given: Any) -> Fact:
    """A step in a corrective action."""
    return make(
        "nonconformity.changed",
        "pms-form",
        "stf-legal",
        "staff",
        **{
            "nc_id": name,
            "step": step,
            "source": "inspection",
            "due": due.isoformat(),
            "severity": "minor",
            "effective": None,
            **given,
        },
    )


STEPS = ("raised", "cause_analysed", "plan_approved", "done", "effectiveness_verified")


def corrective(
    make: Maker, name: str, day: date, without: Collection[str] = ()
) -> Iterator[tuple[int, Fact]]:
    """A corrective action from its raising to the check of its effect."""
    for step, after in zip(STEPS, (0, 3, 5, 20, 60), strict=True):
        if step not in without:
            effective = True if step == "effectiveness_verified" else None
            fact = nonconformity(make, name, step, day + 30 * _D, effective=effective)
            yield at(day + after * _D, 11), fact


def attestation(make: Maker, clauses: list[str], day: date, **given: Any) -> Fact:
    """Owners answer for what no event shows."""
    return make(
        "attestation.recorded",
        "pms-form",
        "stf-legal",
        "staff",
        **{
            "statement_ids": clauses,
            "period": f"{day}",
            "answer": "true",
            "by_ref": "stf-legal",
            "role": "protection_manager",
            "basis": "walked through",
            "valid_until": None,
            **given,
        },
    )


def attested(
    company: Company, make: Maker, neglected: Collection[tuple[str, str]]
) -> Iterator[tuple[int, Fact]]:
    """All clauses every ten months, but for those that somebody forgets."""
    every = list(policies.attested())
    skipped = [clause for clause in every if ("attest", clause) in neglected]
    kept = [clause for clause in every if clause not in skipped]
    for day in rounds(company, False):
        yield at(day, 14), attestation(make, kept, day)
    for day in rounds(company, True):
        if skipped:
            yield at(day, 14, 5), attestation(make, skipped, day)


def alert(make: Maker, name: str, step: str, severity: str = "medium", **given: Any) -> Fact:
    """A step of an alert."""
    return make(
        "alert.changed",
        "soc-form",
        "stf-soc",
        "staff",
        **{
            "alert_id": name,
            "control_id": "TEC-01",
            "severity": severity,
            "step": step,
            "by_ref": "stf-soc",
            "about_ref": None,
            "incident_candidate": False,
            "reason": None,
            "approver_ref": None,
            **given,
        },
    )


def alerts_day(today: date, day: Day, rng: Random) -> None:
    """Now and then an alert: acknowledged in minutes, closed on the next day."""
    if is_closed(today) or rng.random() > 0.4:
        return
    make, name = day.make, day.make.short("alert-")
    severity = rng.choice(("critical", "high", "medium", "low"))
    t = at(today, 10 + int(rng.random() * 5), int(rng.random() * 59))
    day.add(t, alert(make, name, "raised", severity))
    day.add(t + 5 * MINUTE, alert(make, name, "acknowledged", severity))
    closed = {"reason": "tested by the team", "approver_ref": "stf-ciso"}
    step = "false_positive" if rng.random() < 0.3 else "resolved"
    done = t + 5 * HOUR
    day.add(done, alert(make, name, step, severity, by_ref="stf-ciso", **closed))
