"""What is abroad and nobody said so (XBR-03, EXT-01)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import abroad, clients, facts
from streams.simulate.plan import Plan
from streams.simulate.plants.people import hire
from streams.simulate.times import HOUR, at, day_of, midnight

_D = timedelta(days=1)


def _dataset(plan: Plan, since: date, **given: Any) -> str:
    """A dataset of its own."""
    name = plan.make.short("ds-x")
    plan.tell(at(since, 9), clients.dataset(plan.make, plan.company, name, None, since, **given))
    return name


def undeclared(plan: Plan, planted: str) -> None:
    """A list in a store abroad; every second time a page that tells somebody abroad who calls."""
    t = plan.office(plan.workday(before=6))
    if planted.endswith(("2", "4", "6")):
        domain = f"{plan.make.short('tags-')}.example"
        plan.tell(t, abroad.tag(plan.make, domain, country="SG", contains_pd=True))
        plan.label(planted, "XBR-03:UNDECLARED", f"/items/{{id}}|SG|{domain}", t)
        plan.follows(planted, "WEB-01:UNDECLARED", domain, midnight(day_of(t) + 4 * _D))
        plan.follows(planted, "WEB-02:PD_IN_ANALYTICS", f"/items/{{id}}|{domain}", t)
        return
    name = _dataset(plan, plan.company.start - 90 * _D)
    store = f"{plan.make.short('files-')}.example"
    plan.tell(t, abroad.uploaded(plan.make, plan.anyone(), name, store, "SG"))
    plan.label(planted, "XBR-03:UNDECLARED", f"{name}|SG|{store}", t)


def read_abroad(plan: Plan, planted: str) -> None:
    """Somebody on holiday signs in and looks something up."""
    name = _dataset(plan, plan.company.start - 90 * _D)
    actor = hire(plan, plan.company.start - 90 * _D)
    boss = plan.company.boss["dept-it"]
    account = f"acct-{actor}"
    since = plan.company.start - 50 * _D
    owner = plan.company.boss["dept-sales"]
    opened = facts.account(plan.make, account, owner, clients.SYSTEM, boss, kind="service")
    plan.tell(at(since, 9), opened)
    right = facts.privilege(plan.make, account, actor, clients.SYSTEM, None, "batch", boss)
    plan.tell(at(since, 9, 5), right | {"dataset_id": name})
    t = plan.office(plan.workday())
    login = facts.login(
        plan.make, "idp-01", actor, "staff", account, "sys-idp", True, "198.51.100.7", True
    )
    plan.tell(t, login | {"country": "VN"})
    fact = clients.query(plan.make, name, account_ref=account)
    plan.tell(t + HOUR, fact | {"actor_ref": actor, "actor_kind": "staff"})
    subject = f"{actor}|{name}|VN|{day_of(t + HOUR)}"
    plan.label(planted, "XBR-03:FOREIGN_LOGIN_PD", subject, t + HOUR)


def not_assessed(plan: Plan, planted: str) -> None:
    """A new store in a country nobody looked into."""
    day, country = plan.workday(), ("VN", "IN", "BR", "TR", "MX", "ZA")[int(planted[-1]) - 1]
    name = _dataset(plan, day, countries=["JP", country])
    plan.label(planted, "EXT-01:NOT_ASSESSED", f"{name}|{country}", at(day, 9))


def expired(plan: Plan, planted: str) -> None:
    """What was known of a country is a year old."""
    last = plan.workday()
    country = ("TH", "PH", "ID", "MY", "KR", "TW")[int(planted[-1]) - 1]
    on = last - 360 * _D
    plan.tell(at(on, 10), abroad.assessed(plan.make, country, on))
    _dataset(plan, on + 20 * _D, countries=["JP", country])
    plan.label(planted, "EXT-01:EXPIRED", country, midnight(last + _D))


def drifted(plan: Plan, planted: str) -> None:
    """The provider moved a store to another region."""
    name = _dataset(plan, plan.company.start - 90 * _D)
    t = plan.office(plan.workday())
    plan.tell(t, clients.query(plan.make, name, region="SG"))
    plan.label(planted, "EXT-01:DRIFT", f"{name}|SG", t)


PLANTS = {
    "XBR-03:UNDECLARED": undeclared,
    "XBR-03:FOREIGN_LOGIN_PD": read_abroad,
    "EXT-01:NOT_ASSESSED": not_assessed,
    "EXT-01:EXPIRED": expired,
    "EXT-01:DRIFT": drifted,
}
