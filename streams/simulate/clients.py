"""The company as entrustee: a shop's orders all year, and a client's project each quarter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import facts, records
from streams.simulate.company import Company
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import at, text

_D = timedelta(days=1)
CLIENT, SHOP, SYSTEM, JOB = "cli-shop", "ds-client-shop", "sys-fulfil", "svc-fulfil"


def dataset(
    make: Maker, company: Company, name: str, client: str | None, since: date, **given: Any
) -> Fact:
    """A line of the register for data of a client's (or, without one, of our own), registered on
    a day."""
    return make(
        "register.dataset",
        "register-form",
        company.boss["dept-sales"],
        "staff",
        **{
            "dataset_id": name,
            "name": name,
            "items": ["name", "address"],
            "purpose_codes": ["delivery"],
            "owner_dept": "dept-sales",
            "responsible_ref": company.boss["dept-sales"],
            "storage_systems": [SYSTEM],
            "countries": ["JP"],
            "dataset_class": "general",
            "is_retained_data": client is None,
            "entrusted_by": client,
            "sensitive": False,
            "retention_rule": "P1Y@contract_end",
            "access_roles": ["batch"],
            "principals_estimate": 800,
            "status": "active",
            "risk_assessed_on": max(since, company.start - 60 * _D).isoformat(),
            "version": 1,
            "channels": None,
            **given,
        },
    )


def received(make: Maker, client: str, name: str, due: date | None, **given: Any) -> Fact:
    """A client's data comes in, under what it allows."""
    return make(
        "entrusted.received",
        "contract-form",
        "stf-proc",
        "staff",
        **{
            "client_id": client,
            "contract_id": f"con-{client}",
            "dataset_id": name,
            "allowed_purpose_codes": ["delivery"],
            "reentrust_allowed": "prior_permission",
            "return_due": due.isoformat() if due else None,
            "incident_notice_hours": 24,
            **given,
        },
    )


def query(make: Maker, name: str, **given: Any) -> Fact:
    """The fulfilment job looks up orders of a client's."""
    return make(
        "access.datastore_query",
        "db-01",
        JOB,
        "service",
        **{
            "account_ref": "acct-fulfil",
            "system_id": SYSTEM,
            "dataset_id": name,
            "operation": "read",
            "purpose_code": "delivery",
            "rows": 12,
            "principals_count": 12,
            "fields": ["name", "address"],
            "statement_digest": make.short("st-"),
            "ticket_id": None,
            "device_id": None,
            "region": "JP",
            "joins_dataset_ids": [],
            "query_id": make.short("q-"),
            **given,
        },
    )


def years(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Contracts, rights and permissions, and every quarter's project to its return."""
    since = company.start - 380 * _D
    boss, sales = company.boss["dept-it"], company.boss["dept-sales"]
    yield at(since, 9), dataset(make, company, SHOP, CLIENT, since)
    yield at(since, 10), received(make, CLIENT, SHOP, None)
    owner = company.senior.ref
    account = facts.account(make, "acct-fulfil", owner, SYSTEM, boss, kind="service")
    yield at(since, 11), account
    right = facts.privilege(make, "acct-fulfil", JOB, SYSTEM, None, "batch", boss)
    yield at(since, 11, 5), right
    permitted = make(
        "approval.granted",
        "approval-form",
        sales,
        "staff",
        approval_id="apr-shop",
        kind="transfer",
        for_ref=f"con-{CLIENT}",
        dataset_id=SHOP,
        max_rows=None,
        valid_from=text(at(since, 12)),
        valid_to=text(at(company.end + 365 * _D, 0)),
        approver_ref=sales,
        document_ref="doc-shop-permission",
    )
    yield at(since, 12), permitted
    day = since + 10 * _D
    while day < company.end:
        client = f"cli-proj-{day:%Y%m%d}"
        yield from project(make, company, client, day)
        day += 90 * _D


def project(make: Maker, company: Company, client: str, day: date) -> Iterator[tuple[int, Fact]]:
    """A client's list comes in, is worked on and goes back before its day."""
    name = f"ds-{client}"
    yield at(day, 9), dataset(make, company, name, client, day)
    yield at(day, 10), received(make, client, name, day + 60 * _D)
    for week in range(4):
        on = day + (3 + 7 * week) * _D
        if on >= company.start:  # logs of before were never collected
            yield at(on, 13), query(make, name)
    gone = day + 52 * _D
    yield at(gone, 11), returned(make, client, name, gone)
    retired = dataset(make, company, name, client, day, status="retired", version=2)
    yield at(gone, 16), retired


def returned(make: Maker, client: str, name: str, on: date) -> Fact:
    """The client's data is erased here, with a certificate for the client."""
    return records.disposed(
        make, f"rec-{name}", "dataset_row_group", on, certificate_ref=make.short("cert-"),
        dataset_id=name, contract_id=f"con-{client}",
    )  # fmt: skip


def day_of_work(today: date, day: Day, rng: Random) -> None:
    """Every day's look-ups, and on Mondays the labels for the carrier, as the client permits."""
    for hour in (8, 11, 15):
        day.add(at(today, hour, int(rng.random() * 50)), query(day.make, SHOP))
    if today.weekday() == 0:
        fact = facts.entrusted(
            day.make, "ctr-delivery", "con-ctr-delivery", f"prov-shop-{today:%Y%m%d}", 150
        )
        day.add(at(today, 12, 5), fact | {"dataset_id": SHOP})
