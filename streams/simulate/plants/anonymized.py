"""Tags, links, anonymized and pseudonymized data not as promised (WEB, ANO)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import abroad, anonymized, facts, sharing, vendors
from streams.simulate.company import DATASET
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.plants.datasets import own_dataset
from streams.simulate.times import DAY, at, day_of, is_closed, midnight

_D = timedelta(days=1)


def _day(plan: Plan) -> date:
    """A business day of the last weeks, so that nothing lies idle for half a year after it."""
    day = plan.company.end - plan.rng.randint(9, 60) * _D
    while is_closed(day):
        day -= _D
    return day


def _tag(plan: Plan, domain: str, day: date, **given: Any) -> tuple[Fact, int]:
    t = at(day, 5, plan.rng.randrange(50))
    fact = abroad.tag(plan.make, domain, **given)
    plan.tell(t, fact)
    return fact, t


def _vendor(plan: Plan, day: date, **given: Any) -> tuple[str, str]:
    """A vendor of its own and its domain, declared the day before."""
    name = plan.make.short("vnd-")
    domain, t = f"{name}.example", at(day - _D, 9)
    plan.tell(t, anonymized.declared(plan.make, name, domain, t, **given))
    return name, domain


def undeclared(plan: Plan, planted: str) -> None:
    """A tag that somebody put on the page."""
    day, domain = _day(plan), f"{plan.make.short('t')}.example"
    _tag(plan, domain, day, vendor_id=None)
    plan.label(planted, "WEB-01:UNDECLARED", domain, midnight(day + 4 * _D))


def items_exceed(plan: Plan, planted: str) -> None:
    """It sends the mail address too."""
    day = _day(plan)
    vendor, domain = _vendor(plan, day)
    _tag(plan, domain, day, vendor_id=vendor, data_items=["page", "language"])
    plan.label(planted, "WEB-01:ITEMS_EXCEED", domain, midnight(day + 4 * _D))


def no_optout(plan: Plan, planted: str) -> None:
    """Declared, and no way to refuse."""
    day = _day(plan)
    vendor, domain = _vendor(plan, day, opt_out_url="")
    _tag(plan, domain, day, vendor_id=vendor)
    plan.label(planted, "WEB-01:NO_OPTOUT", vendor, at(day - _D, 9))


def orphan(plan: Plan, planted: str) -> None:
    """A vendor in the list that no page uses."""
    day = plan.company.end - plan.rng.randint(184, 200) * _D
    vendor, _ = _vendor(plan, day)
    plan.label(planted, "WEB-01:ORPHAN", vendor, midnight(day + 180 * _D))


def pd_in_analytics(plan: Plan, planted: str) -> None:
    """A hashed mail address in the statistics."""
    day = _day(plan)
    vendor, domain = _vendor(plan, day)
    tag, t = _tag(plan, domain, day, vendor_id=vendor, contains_pd=True, hashed=True)
    subject = f"{tag['page_class']}|{domain}"
    plan.label(planted, "WEB-02:PD_IN_ANALYTICS", subject, t)


def unhashed(plan: Plan, planted: str) -> None:
    """Matched by the plain address."""
    day = _day(plan)
    vendor, domain = _vendor(plan, day, recipient_purpose="ad_matching")
    tag, t = _tag(plan, domain, day, vendor_id=vendor, contains_pd=True, hashed=False)
    plan.label(planted, "WEB-02:UNHASHED", f"{tag['page_class']}|{domain}", t)


def _link(plan: Plan, day: date, **given: Any) -> tuple[Fact, int]:
    t = at(day, 14, plan.rng.randrange(50))
    fact = sharing.linked(plan.make, "site", **given)
    plan.tell(t, fact)
    return fact, t


def no_vendor_contract(plan: Plan, planted: str) -> None:
    """Matched at a vendor nobody has a contract with."""
    day = _day(plan)
    vendor, domain = _vendor(plan, day, contract_ref=None, recipient_purpose="ad_matching")
    _tag(plan, domain, day, vendor_id=vendor)
    fact, t = _link(plan, day, vendor_id=vendor)
    plan.label(planted, "WEB-02:NO_VENDOR_CONTRACT", fact["job_id"], t)


def link_undeclared(plan: Plan, planted: str) -> None:
    """Profiles of persons who never signed in."""
    output = {"identifiable_output": True, "output_dataset_id": "ds-marketing"}
    fact, t = _link(plan, _day(plan), login_based=False, **output)
    plan.label(planted, "WEB-02:LINK_UNDECLARED", fact["job_id"], t)


def _set(plan: Plan, before: int = 24, **given: Any) -> tuple[str, date]:
    name, day = plan.make.short("anon-"), plan.workday(before=before)
    for t, fact in anonymized.life(plan.make, name, day, **given):
        plan.tell(t, fact)
    return name, day


def check_missing(plan: Plan, planted: str) -> None:
    """Nobody looked at item v."""
    checks = dict.fromkeys(("i", "ii", "iii", "iv"), True)
    name, day = _set(plan, rule_checks=checks)
    plan.label(planted, "ANO-01:CHECK_MISSING", name, at(day, 11))


def self_approved(plan: Plan, planted: str) -> None:
    """Made and approved by one."""
    name, day = _set(plan, approver_ref="stf-data")
    plan.label(planted, "ANO-01:SELF_APPROVED", name, at(day, 11))


def _clerk(plan: Plan) -> Any:
    ref = plan.company.boss["dept-sales"]
    return next(p for p in plan.company.staff if p.ref == ref)


def method_read(plan: Plan, planted: str) -> None:
    """Somebody looks into what was taken out."""
    since = plan.company.start - 60 * _D
    dataset = own_dataset(plan, "ds-orders", since, dataset_class="method_info")
    person, day = _clerk(plan), plan.workday()
    t = at(day, 15, plan.rng.randrange(50))
    fact = facts.query(plan.make, person, "ds-orders", "read", 1)
    plan.tell(t, fact | {"dataset_id": dataset})
    plan.label(planted, "ANO-01:METHOD_INFO_READ", f"{person.ref}|{dataset}|{day}", t)


def not_published(plan: Plan, planted: str) -> None:
    """Made, and the page says nothing."""
    day, name = plan.workday(before=18), plan.make.short("anon-")
    plan.tell(at(day, 11), anonymized.made(plan.make, name))
    plan.label(planted, "ANO-02:NOT_PUBLISHED", name, midnight(day + 15 * _D))


def provided_before(plan: Plan, planted: str) -> None:
    """The partner was faster than the page."""
    name, day = _set(plan)
    fact = anonymized.provided(plan.make, name)
    plan.tell(at(day + _D, 11), fact)
    code = "ANO-02:PROVIDED_BEFORE_PUBLICATION"
    plan.label(planted, code, fact["provision_id"], at(day + _D, 11))


def no_label(plan: Plan, planted: str) -> None:
    """The partner is not told what it is."""
    name, day = _set(plan)
    fact = anonymized.provided(plan.make, name, label_given=False)
    plan.tell(at(day + 6 * _D, 11), fact)
    plan.label(planted, "ANO-02:NO_LABEL", fact["provision_id"], at(day + 6 * _D, 11))


def items_differ(plan: Plan, planted: str) -> None:
    """An item more than the page names."""
    name, day = _set(plan)
    items = [*anonymized.ITEMS, "occupation"]
    plan.tell(at(day + 6 * _D, 11), anonymized.provided(plan.make, name, items=items))
    plan.label(planted, "ANO-02:ITEMS_DIFFER", name, at(day + 6 * _D, 11))


def _anonymous(plan: Plan) -> tuple[str, int]:
    """An anonymized dataset that the head of sales may read, and when."""
    since = plan.company.start - 60 * _D
    dataset = own_dataset(
        plan, "ds-orders", since, dataset_class="anonymized", principals_estimate=0,
        is_retained_data=False,
    )  # fmt: skip
    person, boss = _clerk(plan), plan.company.boss["dept-legal"]
    right = facts.privilege(
        plan.make, person.account, person.ref, DATASET["ds-orders"].system, "ds-orders",
        "order_clerk", boss,
    )  # fmt: skip
    plan.tell(at(since, 12), right | {"dataset_id": dataset})
    return dataset, at(plan.workday(), 15, plan.rng.randrange(50))


def joined(plan: Plan, planted: str) -> None:
    """Brought together with the orders again."""
    dataset, t = _anonymous(plan)
    fact = facts.query(plan.make, _clerk(plan), "ds-orders", "read", 1)
    plan.tell(t, fact | {"dataset_id": dataset, "joins_dataset_ids": ["ds-orders"]})
    plan.label(planted, "ANO-03:JOIN", fact["event_id"], t)


def exported(plan: Plan, planted: str) -> None:
    """Copied to where the members are."""
    dataset, t = _anonymous(plan)
    fact = facts.query(plan.make, _clerk(plan), "ds-orders", "export", 1)
    plan.tell(t, fact | {"dataset_id": dataset, "target_system_id": "sys-crm"})
    plan.label(planted, "ANO-03:EXPORT_TO_PD_ZONE", fact["event_id"], t)


def _pseudonyms(plan: Plan) -> str:
    since = plan.company.start - 60 * _D
    return own_dataset(plan, "ds-members", since, dataset_class="pseudonymized")


def pseudonyms_provided(plan: Plan, planted: str) -> None:
    """Pseudonyms for a partner, by consent."""
    dataset, t = _pseudonyms(plan), at(plan.workday(), 15, plan.rng.randrange(50))
    to = plan.make.short("rcp-")
    registered = vendors.recipient(plan.make, to, "JP", kind="third_party")
    plan.tell(t - 60 * DAY, registered)
    fact = vendors.transferred(
        plan.make, to, dataset_id=dataset, basis="consent", recipient_country="JP",
        xborder_basis="na", principal_refs=[], principals_count=5,
    )  # fmt: skip
    plan.tell(t, fact)
    plan.tell(t + 3_600_000, sharing.recorded(plan.make, fact["provision_id"], day_of(t)))
    plan.label(planted, "ANO-04:PROVIDED", fact["provision_id"], t)


def contacted(plan: Plan, planted: str) -> None:
    """A mailing by pseudonyms."""
    dataset, t = _pseudonyms(plan), at(plan.workday(), 8, plan.rng.randrange(50))
    campaign = plan.make.short("camp-")
    fact = plan.make(
        "marketing.sent",
        "campaign-form",
        "svc-campaign",
        "service",
        campaign_id=campaign,
        principal_ref=plan.make.short("mem-x"),
        channel="email",
        dataset_id=dataset,
        purpose_code="marketing",
    )
    plan.tell(t, fact)
    plan.label(planted, "ANO-04:CONTACT_USE", f"{campaign}|{dataset}", t)


def pseudonyms_unchecked(plan: Plan, planted: str) -> None:
    """Item iii was not met."""
    day, name = plan.workday(), plan.make.short("anon-")
    checks = {"i": True, "ii": True, "iii": False}
    given = {"kind": "pseudonymized", "rule_checks": checks}
    plan.tell(at(day, 11), anonymized.made(plan.make, name, **given))
    plan.label(planted, "ANO-04:CHECK_MISSING", name, at(day, 11))


def small_cell(plan: Plan, planted: str) -> None:
    """A table with a cell of four."""
    t = at(plan.workday(), 16, plan.rng.randrange(50))
    fact = anonymized.stats(plan.make, min_cell=4, suppression=False)
    plan.tell(t, fact)
    plan.label(planted, "ANO-05:SMALL_CELL", fact["stats_id"], t)


PLANTS = {
    "WEB-01:UNDECLARED": undeclared,
    "WEB-01:ITEMS_EXCEED": items_exceed,
    "WEB-01:NO_OPTOUT": no_optout,
    "WEB-01:ORPHAN": orphan,
    "WEB-02:PD_IN_ANALYTICS": pd_in_analytics,
    "WEB-02:UNHASHED": unhashed,
    "WEB-02:NO_VENDOR_CONTRACT": no_vendor_contract,
    "WEB-02:LINK_UNDECLARED": link_undeclared,
    "ANO-01:CHECK_MISSING": check_missing,
    "ANO-01:SELF_APPROVED": self_approved,
    "ANO-01:METHOD_INFO_READ": method_read,
    "ANO-02:NOT_PUBLISHED": not_published,
    "ANO-02:PROVIDED_BEFORE_PUBLICATION": provided_before,
    "ANO-02:NO_LABEL": no_label,
    "ANO-02:ITEMS_DIFFER": items_differ,
    "ANO-03:JOIN": joined,
    "ANO-03:EXPORT_TO_PD_ZONE": exported,
    "ANO-04:PROVIDED": pseudonyms_provided,
    "ANO-04:CONTACT_USE": contacted,
    "ANO-04:CHECK_MISSING": pseudonyms_unchecked,
    "ANO-05:SMALL_CELL": small_cell,
}
