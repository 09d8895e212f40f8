"""Data acquired, used and linked as it should not be (CON-01 to CON-07)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import abroad, facts, history, sharing
from streams.simulate.company import DATASET, Person
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.plants.datasets import own_dataset
from streams.simulate.times import DAY, HOUR, at, text

_D = timedelta(days=1)


def acquired(plan: Plan, dataset: str, t: int, by: str | None = None, **given: Any) -> str:
    """Data of somebody who filled in a form, the notice shown a minute before; `by` a member of
    staff who typed it in."""
    member, name = plan.make.short("mem-x"), plan.make.short("acq-")
    plan.tell(
        t,
        plan.make(
            "data.acquired",
            "consent-form",
            by or member,
            "staff" if by else "principal",
            **{
                "dataset_id": dataset,
                "principal_ref": member,
                "channel": "web_form",
                "notice_id": f"notice-{dataset}",
                "notice_shown_at": text(t - 60_000),
                "consent_id": None,
                "fields": ["name"],
                "sensitive_categories": [],
                "by_principal": True,
                "acquisition_id": name,
                **given,
            },
        ),
    )
    return name


def _dataset(plan: Plan, since: date, **given: Any) -> str:
    return own_dataset(plan, "ds-members", since, **given)


def _moment(plan: Plan) -> int:
    return at(plan.workday(), 14, plan.rng.randrange(60))


def no_notice(plan: Plan, planted: str) -> None:
    """A form without a word of what for."""
    t = _moment(plan)
    name = acquired(plan, "ds-members", t, notice_id=None, notice_shown_at=None)
    plan.label(planted, "CON-01:NO_NOTICE", name, t)


def old_notice(plan: Plan, planted: str) -> None:
    """A cached form shows last month's notice."""
    t = _moment(plan)
    since = plan.company.start - 200 * _D
    dataset = _dataset(plan, since)
    entry = DATASET["ds-members"]
    changed = history.notice(plan.make, plan.company, entry, plan.company.start - 90 * _D)
    ours = {"notice_id": f"notice-{dataset}", "dataset_ids": [dataset]}
    plan.tell(at(plan.company.start - 90 * _D, 9), changed | ours)
    first = text(at(since, 10))
    name = acquired(plan, dataset, t, notice_effective_from=first)
    plan.label(planted, "CON-01:OLD_NOTICE", name, t)


def no_contact(plan: Plan, planted: str) -> None:
    """A notice that names nobody to turn to."""
    t, since = _moment(plan), plan.company.start - 90 * _D
    dataset = _dataset(plan, since, published=False)
    entry = DATASET["ds-members"]
    notice = history.notice(plan.make, plan.company, entry, since)
    ours = {"notice_id": f"notice-{dataset}", "dataset_ids": [dataset]}
    plan.tell(at(since, 8), notice | ours | {"contact_included": False})
    name = acquired(plan, dataset, t)
    plan.label(planted, "CON-01:NO_CONTACT", name, t)


def no_purpose(plan: Plan, planted: str) -> None:
    """A dataset for nobody knows what."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D, purpose_codes=[])
    acquired(plan, dataset, t)
    plan.label(planted, "CON-01:PURPOSE_UNSPECIFIED", dataset, t)


def _clerk(plan: Plan) -> Person:
    """The head of sales, who may read orders."""
    ref = plan.company.boss["dept-sales"]
    return next(p for p in plan.company.staff if p.ref == ref)


def out_of_purpose(plan: Plan, planted: str) -> None:
    """Orders read to profile customers."""
    t = _moment(plan)
    fact = facts.query(plan.make, _clerk(plan), "ds-orders", "read", 4)
    plan.tell(t, fact | {"purpose_code": "profiling"})
    plan.label(planted, "CON-02:OUT_OF_PURPOSE", fact["event_id"], t)


def no_code(plan: Plan, planted: str) -> None:
    """An export that says not what for."""
    t = _moment(plan)
    fact = facts.query(plan.make, _clerk(plan), "ds-orders", "export", 4)
    plan.tell(t, fact | {"purpose_code": None})
    plan.label(planted, "CON-02:NO_CODE", fact["event_id"], t)


def undocumented(plan: Plan, planted: str) -> None:
    """Another purpose, on somebody's word."""
    t, ticket = _moment(plan), plan.make.short("TCK-")
    boss = plan.company.boss["dept-legal"]
    plan.tell(
        t - HOUR,
        plan.make(
            "approval.granted",
            "approval-form",
            boss,
            "staff",
            approval_id=plan.make.short("apr-"),
            kind="purpose_exception",
            for_ref=ticket,
            dataset_id="ds-orders",
            max_rows=None,
            valid_from=text(t - HOUR),
            valid_to=text(t + HOUR),
            approver_ref=boss,
        ),
    )
    fact = facts.query(plan.make, _clerk(plan), "ds-orders", "read", 4, ticket)
    plan.tell(t, fact | {"purpose_code": "profiling"})
    plan.label(planted, "CON-02:EXCEPTION_UNDOCUMENTED", fact["event_id"], t)


def _changed(plan: Plan, dataset: str, day: date, relatedness: str) -> None:
    plan.tell(
        at(day, 9),
        plan.make(
            "purpose.changed",
            "register-form",
            "stf-legal",
            "staff",
            dataset_id=dataset,
            old_codes=["member_service"],
            new_codes=["member_service", "survey"],
            relatedness=relatedness,
            judged_by_ref="stf-legal",
            announced_at=None,
            consent_required=relatedness == "unrelated",
        ),
    )


def _mailing(plan: Plan, member: str, t: int, **given: Any) -> Fact:
    fact = plan.make(
        "marketing.sent",
        "campaign-form",
        "svc-campaign",
        "service",
        **{
            "campaign_id": plan.make.short("camp-"),
            "principal_ref": member,
            "channel": "email",
            "dataset_id": "ds-marketing",
            "purpose_code": "marketing",
            **given,
        },
    )
    plan.tell(t, fact)
    return fact


def before_notice(plan: Plan, planted: str) -> None:
    """A related purpose, used before anybody was told."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D)
    _changed(plan, dataset, plan.company.start - 30 * _D, "related")
    member = plan.make.short("mem-x")
    _mailing(plan, member, t, dataset_id=dataset, purpose_code="survey")
    plan.label(planted, "CON-03:USED_BEFORE_NOTICE", f"{dataset}|survey", t)


def without_consent(plan: Plan, planted: str) -> None:
    """An unrelated purpose, and nobody was asked."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D)
    _changed(plan, dataset, plan.company.start - 30 * _D, "unrelated")
    member = plan.make.short("mem-x")
    _mailing(plan, member, t, dataset_id=dataset, purpose_code="survey")
    plan.label(planted, "CON-03:UNRELATED_NO_CONSENT", f"{dataset}|survey", t)


def no_judgement(plan: Plan, planted: str) -> None:
    """A purpose more in the register."""
    day = plan.workday()
    codes, on = ["member_service", "survey"], day.isoformat()
    since = day - 200 * _D
    entry = DATASET["ds-members"]
    dataset = _dataset(plan, since, assessed=False, risk_assessed_on=since.isoformat())
    notice = history.notice(plan.make, plan.company, entry, since)
    ours = {"notice_id": f"wide-{dataset}", "dataset_ids": [dataset], "purpose_codes": codes}
    plan.tell(at(since, 8, 5), notice | ours)
    line = history.dataset(plan.make, plan.company, entry)
    second = {"dataset_id": dataset, "name": dataset, "purpose_codes": codes}
    plan.tell(at(day, 9), line | second | {"risk_assessed_on": on, "version": 2})
    plan.label(planted, "CON-03:NO_JUDGEMENT", f"{dataset}|2", at(day, 9))


def sensitive(plan: Plan, planted: str) -> None:
    """Illnesses copied from the web."""
    t, since = _moment(plan), plan.company.start - 90 * _D
    dataset = _dataset(plan, since, channels=["public_source"], sensitive=True)
    name = acquired(
        plan, dataset, t, channel="public_source", by_principal=False, source_id_ext="web",
        sensitive_categories=["health"],
    )  # fmt: skip
    plan.label(planted, "CON-04:NO_CONSENT", name, t)


def undeclared(plan: Plan, planted: str) -> None:
    """A form that asks for illnesses, into a register that knows of none."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D)
    acquired(plan, dataset, t, sensitive_categories=["health"])
    plan.label(planted, "CON-04:UNDECLARED", f"{dataset}|health", t)


def _consent(plan: Plan, member: str, t: int, **given: Any) -> str:
    name = plan.make.short("con-")
    fact = plan.make(
        "consent.changed",
        "consent-form",
        member,
        "principal",
        **{
            "consent_id": name,
            "principal_ref": member,
            "state": "granted",
            "kind": "marketing",
            "purpose_codes": ["marketing"],
            "recipient_id": None,
            "fields": ["email"],
            "info_items": ["purpose", "items", "withdrawal"],
            "notice_id": "notice-ds-marketing",
            "evidence_ref": plan.make.short("ev-"),
            **given,
        },
    )
    plan.tell(t, fact)
    return str(fact["consent_id"])


def no_evidence(plan: Plan, planted: str) -> None:
    """Agreed to a notice that there never was."""
    t = _moment(plan)
    name = _consent(plan, plan.make.short("mem-x"), t, notice_id="notice-none")
    plan.label(planted, "CON-05:NO_EVIDENCE", name, t)


def info_missing(plan: Plan, planted: str) -> None:
    """Agreed, without being told to whom it goes."""
    t = _moment(plan)
    given = {"kind": "third_party", "info_items": ["items", "purpose", "method"]}
    name = _consent(plan, plan.make.short("mem-x"), t, **given)
    plan.label(planted, "CON-05:INFO_MISSING", name, t)


def after_withdrawal(plan: Plan, planted: str) -> None:
    """Withdrawn, and three days later another letter."""
    t, member = _moment(plan), plan.make.short("mem-x")
    name = _consent(plan, member, t - 30 * DAY)
    _consent(plan, member, t - 3 * DAY, consent_id=name, state="withdrawn")
    fact = _mailing(plan, member, t)
    plan.label(planted, "CON-05:USED_AFTER_WITHDRAWAL", f"{name}|{fact['event_id']}", t)


def located(plan: Plan, planted: str) -> None:
    """The app sends where somebody is."""
    t = _moment(plan)
    since = plan.company.start - 90 * _D
    dataset = _dataset(plan, since, items=["name", "email", "gps"])
    name = acquired(plan, dataset, t, fields=["gps"])
    plan.label(planted, "CON-05:LOCATION_NO_CONSENT", name, t)


def _optout(plan: Plan, member: str, t: int, scope: str) -> None:
    plan.tell(
        t,
        plan.make(
            "optout.recorded",
            "consent-form",
            member,
            "principal",
            principal_ref=member,
            scope=scope,
            effective_at=text(t),
        ),
    )


def sent_after(plan: Plan, planted: str) -> None:
    """Ten days after the opt-out another mail."""
    t, member = _moment(plan), plan.make.short("mem-x")
    _optout(plan, member, t - 10 * DAY, "marketing_email")
    fact = _mailing(plan, member, t)
    plan.label(planted, "CON-06:SENT_AFTER", fact["campaign_id"], t)


def tag_after(plan: Plan, planted: str) -> None:
    """The banner said no, the tag fires."""
    t, page = _moment(plan), plan.make.short("/page-")
    tag = abroad.tag(plan.make, "metrics.example", page_class=page, consent_state="refused")
    plan.tell(t, tag)
    subject = f"{page}|{tag['third_party_domain']}"
    plan.label(planted, "CON-06:TAG_AFTER_REFUSAL", subject, t)


def linked_after(plan: Plan, planted: str) -> None:
    """Linked a week after saying no to it."""
    t, member = _moment(plan), plan.make.short("mem-x")
    _optout(plan, member, t - 7 * DAY, "linking")
    fact = sharing.linked(plan.make, "site", principal_refs=[member], principals_count=1)
    plan.tell(t, fact)
    plan.label(planted, "CON-06:LINKED_AFTER", fact["job_id"], t)


def extra_fields(plan: Plan, planted: str) -> None:
    """A form asks for the blood type."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D)
    acquired(plan, dataset, t, fields=["name", "blood_type"])
    plan.label(planted, "CON-07:EXTRA_FIELDS", f"{dataset}|blood_type", t)


def no_source(plan: Plan, planted: str) -> None:
    """A list that somebody found."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D, channels=["public_source"])
    acquired(plan, dataset, t, channel="public_source", by_principal=False)
    day = text(t)[:10]
    plan.label(planted, "CON-07:NO_SOURCE", f"{dataset}|{day}", t)


def unregistered_channel(plan: Plan, planted: str) -> None:
    """Taken down on the telephone."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D)
    acquired(plan, dataset, t, channel="oral")
    plan.label(planted, "CON-07:UNREGISTERED_CHANNEL", f"{dataset}|oral", t)


def my_number(plan: Plan, planted: str) -> None:
    """A My Number in the members' form."""
    t = _moment(plan)
    dataset = _dataset(plan, plan.company.start - 90 * _D)
    name = acquired(plan, dataset, t, fields=["name", "my_number"])
    plan.label(planted, "CON-07:MY_NUMBER", name, t)


PLANTS = {
    "CON-01:NO_NOTICE": no_notice,
    "CON-01:OLD_NOTICE": old_notice,
    "CON-01:NO_CONTACT": no_contact,
    "CON-01:PURPOSE_UNSPECIFIED": no_purpose,
    "CON-02:OUT_OF_PURPOSE": out_of_purpose,
    "CON-02:NO_CODE": no_code,
    "CON-02:EXCEPTION_UNDOCUMENTED": undocumented,
    "CON-03:USED_BEFORE_NOTICE": before_notice,
    "CON-03:UNRELATED_NO_CONSENT": without_consent,
    "CON-03:NO_JUDGEMENT": no_judgement,
    "CON-04:NO_CONSENT": sensitive,
    "CON-04:UNDECLARED": undeclared,
    "CON-05:NO_EVIDENCE": no_evidence,
    "CON-05:INFO_MISSING": info_missing,
    "CON-05:USED_AFTER_WITHDRAWAL": after_withdrawal,
    "CON-05:LOCATION_NO_CONSENT": located,
    "CON-06:SENT_AFTER": sent_after,
    "CON-06:TAG_AFTER_REFUSAL": tag_after,
    "CON-06:LINKED_AFTER": linked_after,
    "CON-07:EXTRA_FIELDS": extra_fields,
    "CON-07:NO_SOURCE": no_source,
    "CON-07:UNREGISTERED_CHANNEL": unregistered_channel,
    "CON-07:MY_NUMBER": my_number,
}
