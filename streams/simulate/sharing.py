"""Members' data for others: a partner they agreed to, authorities, and its records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import clients, vendors
from streams.simulate.company import Company
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import at, text

_D = timedelta(days=1)
PARTNER, COURT = "rcp-partner", "rcp-tax-office"
ITEMS = [
    "date",
    "recipient_name",
    "recipient_address",
    "recipient_representative",
    "principal_id",
    "data_items",
    "consent_fact",
]


def consent(make: Maker, member: str, to: str | None, **given: Any) -> Fact:
    """A member agrees that a recipient may have his address."""
    return make(
        "consent.changed",
        "consent-form",
        member,
        "principal",
        **{
            "consent_id": make.short("con-"),
            "principal_ref": member,
            "state": "granted",
            "kind": "third_party",
            "purpose_codes": ["member_service"],
            "recipient_id": to,
            "fields": ["email"],
            "info_items": ["purpose", "recipient", "items", "method", "contact", "withdrawal"],
            "notice_id": "notice-ds-members",
            "evidence_ref": make.short("ev-"),
            **given,
        },
    )


def opted_out(make: Maker, member: str, t: int) -> Fact:
    """A member stops every provision of his data."""
    return make(
        "optout.recorded",
        "consent-form",
        member,
        "principal",
        principal_ref=member,
        scope="third_party",
        effective_at=text(t),
    )


def recorded(make: Maker, provision: str, day: date, **given: Any) -> Fact:
    """The record of a provision."""
    return make(
        "transfer.record_created",
        "transfer-form",
        "stf-proc",
        "staff",
        **{
            "provision_id": provision,
            "record_id": make.short("rec-"),
            "side": "provider",
            "method": "each",
            "items_present": ITEMS,
            "last_provided_on": None,
            "retain_until": (day + 1_200 * _D).isoformat(),
            "period_from": None,
            **given,
        },
    )


def agreed(make: Maker, to: str, members: Sequence[str], **given: Any) -> Fact:
    """Data of members for a recipient in Japan, as they agreed."""
    return vendors.transferred(
        make, to,
        **{
            "recipient_country": "JP", "basis": "consent", "basis_doc_ref": None,
            "principal_refs": list(members), "principals_count": len(members),
            "xborder_basis": "na", **given,
        },
    )  # fmt: skip


def years(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """The ledger of recipients, and what the tax office asks for each quarter."""
    since = company.start - 400 * _D
    yield at(since, 9), vendors.recipient(make, PARTNER, "JP", kind="third_party")
    yield at(since, 9, 5), vendors.recipient(make, COURT, "JP", kind="public_body")
    day = company.start + 8 * _D
    while day < company.end:
        asked = vendors.transferred(
            make, COURT, recipient_country="JP", recipient_kind="public_body",
            basis_doc_ref=make.short("doc-"), fields=["name", "address"], principals_count=2,
            xborder_basis="na",
        )  # fmt: skip
        yield at(day, 15), asked
        day += 90 * _D
    yield from regular(company, make)
    yield from lists(company, make)
    yield from group(company, make)
    yield from cookies(company, make)
    yield from directory(company, make)


LEADS, BROKER = "ds-leads", "prv-lists"


def notice(make: Maker, company: Company, name: str) -> Fact:
    """The purposes of a dataset, published before anything comes in."""
    since = company.start - 300 * _D
    return make(
        "purpose.published",
        "register-form",
        company.boss["dept-legal"],
        "staff",
        notice_id=f"notice-{name}",
        dataset_ids=[name],
        purpose_codes=["delivery"],
        method="web",
        contact_included=True,
        effective_from=text(at(since, 10)),
        items_present=["purpose", "contact", "controller"],
    )


def received(make: Maker, name: str, provision: str, **given: Any) -> Fact:
    """Before a list comes in, who gives it and how they got it is looked into."""
    return make(
        "transfer.receipt_checked",
        "transfer-form",
        "stf-proc",
        "staff",
        **{
            "provision_id": provision,
            "dataset_id": name,
            "provider_id": BROKER,
            "provider_name_checked": True,
            "acquisition_history_checked": True,
            "check_method": "contract and consent forms",
            "own_purpose_notified": True,
            "art31_consent": None,
            **given,
        },
    )


def acquired(make: Maker, name: str, provision: str, **given: Any) -> Fact:
    """One person of a list that came from a third party."""
    return make(
        "data.acquired",
        "transfer-form",
        "svc-import",
        "service",
        **{
            "dataset_id": name,
            "principal_ref": make.short("lead-"),
            "channel": "third_party",
            "notice_id": f"notice-{name}",
            "notice_shown_at": None,
            "consent_id": None,
            "fields": ["name", "address"],
            "sensitive_categories": [],
            "by_principal": False,
            "source_id_ext": BROKER,
            "acquisition_id": make.short("acq-"),
            "provision_id": provision,
            "acquired_basis": None,
            **given,
        },
    )


def kept(make: Maker, provision: str, day: date) -> Fact:
    """The record of a receipt."""
    items = [
        "recipient_name", "recipient_address", "recipient_representative", "principal_id",
        "data_items", "acquisition_history", "date",
    ]  # fmt: skip
    return recorded(make, provision, day, side="recipient", items_present=items)


def lists(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Every month a list of leads from the broker, checked, taken in and recorded."""
    since = company.start - 300 * _D
    yield at(since, 9), clients.dataset(make, company, LEADS, None, since, channels=["third_party"])
    yield at(since, 10), notice(make, company, LEADS)
    for month in range(1 + (company.end - company.start).days // 30):
        day = company.start + (5 + 30 * month) * _D
        provision = f"in-{LEADS}-{day:%Y%m%d}"
        yield at(day, 9), received(make, LEADS, provision)
        for n in range(8):
            yield at(day, 11, n), acquired(make, LEADS, provision)
        yield at(day + _D, 14), kept(make, provision, day)


US, SISTER = "our-kk", "sister-kk"
SCHEME = "scheme-group"


def announced(make: Maker, scheme: str, on: date, **given: Any) -> Fact:
    """The five matters of a joint use, published."""
    return make(
        "jointuse.announced",
        "register-form",
        "stf-legal",
        "staff",
        **{
            "scheme_id": scheme,
            "items": ["name", "email"],
            "member_ids": [US, SISTER],
            "purpose_codes": ["member_service"],
            "responsible_name_addr_rep": True,
            "announced_at": text(at(on, 10)),
            "url": "https://www.example.co.jp/joint-use",
            "agreement_ref": "doc-joint-use",
            **given,
        },
    )


def shared(make: Maker, scheme: str, **given: Any) -> Fact:
    """Members' data for a sister company of the scheme."""
    return make(
        "jointuse.shared",
        "transfer-form",
        "svc-sync",
        "service",
        **{
            "scheme_id": scheme,
            "from_id": US,
            "to_id": SISTER,
            "dataset_id": "ds-members",
            "fields": ["email"],
            "purpose_code": "member_service",
            "to_country": "JP",
            "principals_count": 40,
            "provision_id": make.short("prov-"),
            "xborder_basis": "na",
            "principal_refs": None,
            **given,
        },
    )


def group(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """The group's joint use: announced long ago, synchronized every Wednesday."""
    since = company.start - 500 * _D
    yield at(since, 9), vendors.recipient(make, SISTER, "JP", kind="joint_user")
    yield at(since, 10), announced(make, SCHEME, since)
    for today in company.days:
        if today.weekday() == 2:
            yield at(today, 4, 30), shared(make, SCHEME)


AD_NET = "ad-net"


def related(make: Maker, to: str, **given: Any) -> Fact:
    """Visitors' cookies for (or from) an advertising network that knows its own members."""
    return make(
        "transfer.personal_related",
        "transfer-form",
        "svc-tags",
        "service",
        **{
            "provision_id": make.short("cookie-"),
            "direction": "provided",
            "counterparty_id": to,
            "items": ["cookie_id", "page_class"],
            "becomes_personal_data": True,
            "consent_confirmed": True,
            "confirm_method": "consent platform of the recipient",
            "foreign_info_confirmed": None,
            "country": "JP",
            "record_id": make.short("rec-"),
            "identification_banned": None,
            **given,
        },
    )


def linked(make: Maker, source: str, **given: Any) -> Fact:
    """A job that brings behaviour and members together."""
    return make(
        "link.executed",
        "transfer-form",
        "svc-link",
        "service",
        **{
            "job_id": make.short("job-"),
            "dataset_ids": ["ds-members"],
            "behaviour_source": source,
            "purpose_code": "member_service",
            "hashed": True,
            "vendor_id": None,
            "principals_count": 60,
            "identifiable_output": False,
            "principal_refs": None,
            "output_dataset_id": None,
            "login_based": True,
            **given,
        },
    )


def cookies(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Every other Friday cookies go to the network, its own come back; reports are linked so that
    nobody is identified."""
    for today in company.days:
        if today.weekday() != 4 or today.toordinal() // 7 % 2:
            continue
        sent = related(make, AD_NET, record_id=None)
        yield at(today, 3), sent
        yield at(today + _D, 10), recorded(make, sent["provision_id"], today)
        yield at(today, 3, 30), related(make, AD_NET, direction="received")
        yield at(today, 5), related(
            make, "metrics-net", becomes_personal_data=False, consent_confirmed=False,
            confirm_method=None, record_id=None, identification_banned=True,
        )  # fmt: skip
        yield at(today, 6), linked(make, AD_NET)


DIRECTORY, FILING, BUYER = "ds-directory", "filing-directory", "rcp-buyer"


def filed(make: Maker, scheme: str, on: date, **given: Any) -> Fact:
    """A filing with the commission."""
    return make(
        "optout.filed",
        "register-form",
        "stf-legal",
        "staff",
        **{
            "scheme_id": scheme,
            "filed_to_ppc_at": text(at(on, 10)),
            "announced_at": text(at(on, 10)),
            "items": ["name", "address"],
            "status": "active",
            **given,
        },
    )


def by_optout(make: Maker, name: str, scheme: str, persons: Sequence[str], **given: Any) -> Fact:
    """Entries of a directory for a buyer of it."""
    return agreed(
        make, BUYER, persons,
        **{
            "basis": "opt_out", "scheme_id": scheme, "dataset_id": name, "fields": ["name"],
            "purpose_code": "delivery", **given,
        },
    )  # fmt: skip


def directory(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """A directory of shops, filed long ago and sold by the month."""
    since = company.start - 400 * _D
    yield at(since, 9), clients.dataset(make, company, DIRECTORY, None, since)
    yield at(since, 9, 5), vendors.recipient(make, BUYER, "JP", kind="third_party")
    yield at(since, 10), filed(make, FILING, since)
    for month in range(1 + (company.end - company.start).days // 30):
        day = company.start + (9 + 30 * month) * _D
        fact = by_optout(make, DIRECTORY, FILING, [f"shop-{n:04d}" for n in range(9)])
        yield at(day, 13), fact
        yield at(day + _D, 10), recorded(make, fact["provision_id"], day)


REGULAR = "rcp-loyalty"
FRIENDS = tuple(f"mem-r{n:05d}" for n in range(12))


def regular(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Points for the loyalty scheme every Monday, recorded once every four weeks."""
    since = company.start - 100 * _D
    yield at(since, 9), vendors.recipient(make, REGULAR, "JP", kind="third_party")
    for n, member in enumerate(FRIENDS):
        yield at(since, 10, n), consent(make, member, REGULAR)
    first, number, last = company.start, 0, ""
    for today in company.days:
        if today.weekday() == 0:
            last, number = f"prov-{REGULAR}-{today:%Y%m%d}", number + 1
            yield (
                at(today, 9, 30),
                agreed(make, REGULAR, FRIENDS, provision_id=last, recurring=True),
            )
        if today.weekday() == 2 and last and number % 4 == 1:
            yield at(today, 16), recorded(
                make, last, today, method="batch", period_from=first.isoformat(),
                last_provided_on=today.isoformat(),
            )  # fmt: skip
            first = today + _D


def partner_day(today: date, day: Day, rng: Random) -> None:
    """On Thursdays members agree to the partner's offers, and it gets their addresses."""
    if today.weekday() != 3:
        return
    make = day.make
    members = [make.short("mem-p") for _ in range(3 + int(rng.random() * 4))]
    for n, member in enumerate(members):
        given = consent(make, member, PARTNER)
        day.add(at(today, 9, n), given)
        if rng.random() < 0.2:
            name = given["consent_id"]
            back = consent(make, member, PARTNER, state="withdrawn", consent_id=name)
            day.add(at(today, 20, n), back)
    fact = agreed(make, PARTNER, members)
    day.add(at(today, 14), fact)
    day.add(at(today, 17), recorded(make, fact["provision_id"], today))
