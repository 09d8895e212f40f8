"""Contractors that come and go: a campaign's agency each quarter, and the call centre's agents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import desk, facts, vendors
from streams.simulate.company import DATASET, Company
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import HOUR, at, is_closed, text

_D = timedelta(days=1)
AGENTS = ("ctr-agent-1", "ctr-agent-2")
EMPLOYER = "ctr-callcenter"


def agent(make: Maker, person: str, contractor: str, on: date, change: str = "joined") -> Fact:
    """Somebody of a contractor's who works with our systems."""
    return make(
        "staff.changed",
        "hr-form",
        "svc-hr",
        "service",
        person_ref=person,
        kind="contractor_staff",
        change=change,
        dept_id="dept-member",
        contractor_id=contractor,
        effective_on=on.isoformat(),
    )


def settled(make: Maker, contractor: str, **given: Any) -> Fact:
    """Data that was deleted at a contractor's, with certificate."""
    return make(
        "contractor.data_settled",
        "vendor-form",
        "stf-proc",
        "staff",
        **{
            "contractor_id": contractor,
            "contract_id": f"con-{contractor}",
            "dataset_id": "ds-orders",
            "kind": "deleted",
            "certificate_ref": make.short("cert-"),
            "principals_count": 200,
            "includes_subcontractors": False,
            **given,
        },
    )


def contract_ended(make: Maker, contractor: str, on: date) -> Fact:
    """A contract that was ended by notice."""
    return make(
        "contractor.contract_ended",
        "contract-form",
        "stf-legal",
        "staff",
        contractor_id=contractor,
        contract_id=f"con-{contractor}",
        ended_on=on.isoformat(),
        reason="work done",
    )


def login(make: Maker, person: str) -> Fact:
    """A contractor's user signs in from afar."""
    fact = facts.login(
        make, "idp-01", person, "contractor", f"acct-{person}", "sys-idp", True, "192.0.2.60", True
    )
    return fact | {"mfa": True}


def years(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """The agents' papers, and the agencies of the quarters from a year before the first day."""
    since = company.start - 300 * _D
    desk, boss = DATASET["ds-inquiries"], company.boss["dept-member"]
    for person in AGENTS:
        yield at(since, 9), agent(make, person, EMPLOYER, since)
        yield at(since, 9, 5), facts.account(make, f"acct-{person}", person, "sys-idp", boss)
        right = facts.privilege(
            make, f"acct-{person}", person, desk.system, desk.id, "desk_agent", boss
        )
        yield at(since, 9, 10), right
    day = company.start - 370 * _D
    while day < company.end:
        yield from campaign(make, f"ctr-camp-{day:%Y%m%d}", day)
        day += 90 * _D
    yield from found(company, make)
    yield from incidents(company, make)


def found(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Each half year an audit of the printer's finds something that is put right in a month."""
    day = company.start - 200 * _D
    while day < company.end:
        finding = f"find-{day:%Y%m%d}"
        due = day + 45 * _D
        yield at(day, 15), audit_with(make, "ctr-print", day, finding, due)
        yield at(day + 30 * _D, 11), closed(make, "ctr-print", finding, due)
        day += 170 * _D


def audit_with(
    make: Maker, contractor: str, on: date, finding: str, due: date, result: str = "findings"
) -> Fact:
    """An audit with one finding."""
    return vendors.audited(make, contractor, on) | {
        "result": result,
        "findings": 1,
        "finding_ids": [finding],
        "finding_due": due.isoformat(),
    }


def closed(make: Maker, contractor: str, finding: str, due: date) -> Fact:
    """A finding that was verified as put right."""
    return make(
        "contractor.finding_closed",
        "vendor-form",
        "stf-proc",
        "staff",
        contractor_id=contractor,
        finding_id=finding,
        due=due.isoformat(),
        verified_by_ref="stf-proc",
    )


def incidents(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Every few months something goes astray at the carrier's, who tells us the same day."""
    told: list[tuple[int, Fact]] = []
    day = company.start - 250 * _D
    while day < company.end:
        if not is_closed(day):
            known, name = at(day, 15, 20), make.short("inc-")
            desk.incident(
                make, name, known, 3, lambda t, fact: told.append((t, fact)), final_after=None,
                cause="contractor", contractor_id="ctr-delivery",
                contractor_known_at=text(known - 5 * HOUR),
            )  # fmt: skip
        day += 75 * _D
    yield from told


def campaign(make: Maker, name: str, day: date) -> Iterator[tuple[int, Fact]]:
    """An agency from its assessment to its certificate of deletion."""
    yield at(day, 9), vendors.recipient(make, name, "JP")
    yield at(day, 10), facts.assessed(make, name, day)
    yield at(day + 3 * _D, 10), facts.contract(make, name, f"con-{name}", day + 5 * _D)
    for week in range(4):
        on = day + (10 + 7 * week) * _D
        provision = f"prov-{name}-{on:%Y%m%d}"
        yield at(on, 10, 30), facts.entrusted(make, name, f"con-{name}", provision, 200)
    yield at(day + 50 * _D, 10), contract_ended(make, name, day + 50 * _D)
    yield at(day + 62 * _D, 14), settled(make, name)


def agents_day(today: date, day: Day, rng: Random) -> None:
    """The call centre's agents sign in and answer inquiries."""
    if is_closed(today):
        return
    for person in AGENTS:
        begins = at(today, 9, 5 + int(rng.random() * 20))
        day.add(begins, login(day.make, person))
        for _ in range(3 + int(rng.random() * 5)):
            day.add(begins + int(rng.random() * 28_000_000), _inquiry(day.make, person))


def _inquiry(make: Maker, person: str) -> Fact:
    entry = DATASET["ds-inquiries"]
    return make(
        "access.datastore_query",
        "db-01",
        person,
        "contractor",
        account_ref=f"acct-{person}",
        system_id=entry.system,
        dataset_id=entry.id,
        operation="read",
        purpose_code="inquiry",
        rows=1,
        principals_count=1,
        fields=["name", "body"],
        statement_digest=make.short("st-"),
        ticket_id=None,
        device_id=None,
        region="JP",
        joins_dataset_ids=[],
        query_id=make.short("q-"),
    )
