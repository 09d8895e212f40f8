"""Contractors through the year: assessed, audited, one abroad whose system is checked, one that
re-entrusts with permission."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import facts
from streams.simulate.company import Company
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.history import CONTRACTORS
from streams.simulate.times import at, is_closed

_D = timedelta(days=1)
ABROAD = "ctr-cloud-us"
NIGHT = "sub-nightcall"


def recipient(make: Maker, name: str, country: str, **given: Any) -> Fact:
    """A recipient as the ledger has it."""
    return make(
        "recipient.registered",
        "vendor-form",
        "stf-proc",
        "staff",
        **{
            "recipient_id": name,
            "legal_entity_country": country,
            "kind": "contractor",
            "non_identifying_only": False,
            "fields_allowed": ["name", "address", "email"],
            "purpose_codes": ["delivery", "member_service"],
            "valid_to": None,
            **given,
        },
    )


def checked(make: Maker, name: str, country: str, on: date, **given: Any) -> Fact:
    """The yearly check of a recipient's system abroad."""
    return make(
        "foreign.recipient_checked",
        "vendor-form",
        "stf-proc",
        "staff",
        **{
            "recipient_id": name,
            "country": country,
            "system_basis": "contract",
            "measures_ok": True,
            "regime_concern": "none",
            "obstruction": "none",
            "action_taken": None,
            "next_due": (on + 365 * _D).isoformat(),
            **given,
        },
    )


def decided(make: Maker, contractor: str, sub: str, on: date, decision: str = "permitted") -> Fact:
    """What was decided on a subcontractor."""
    return make(
        "contractor.reentrust_decided",
        "vendor-form",
        "stf-proc",
        "staff",
        contractor_id=contractor,
        contract_id=f"con-{contractor}",
        subcontractor_id=sub,
        decision=decision,
        scope="calls at night",
        decided_on=on.isoformat(),
        subcontractor_country="JP",
    )


def reentrusted(make: Maker, contractor: str, sub: str, on: date, country: str = "JP") -> Fact:
    """A subcontractor begins."""
    return make(
        "contractor.reentrusted",
        "vendor-form",
        "stf-proc",
        "staff",
        contractor_id=contractor,
        contract_id=f"con-{contractor}",
        subcontractor_id=sub,
        started_on=on.isoformat(),
        known_by="report",
        subcontractor_country=country,
    )


def audited(make: Maker, contractor: str, on: date, *covered: str) -> Fact:
    """The yearly audit of a contractor."""
    return make(
        "contractor.audited",
        "vendor-form",
        "stf-proc",
        "staff",
        contractor_id=contractor,
        method="onsite",
        result="ok",
        findings=0,
        next_due=(on + 360 * _D).isoformat(),
        subcontractors_covered=list(covered),
        finding_ids=[],
        finding_due=None,
    )


def transferred(make: Maker, to: str, **given: Any) -> Fact:
    """Members' data for a partner abroad."""
    return make(
        "transfer.provided",
        "transfer-form",
        "stf-proc",
        "staff",
        **{
            "provision_id": make.short("prov-"),
            "dataset_id": "ds-members",
            "recipient_id": to,
            "recipient_kind": "third_party",
            "recipient_country": "US",
            "basis": "law",
            "basis_doc_ref": "doc-law",
            "fields": ["email"],
            "principal_refs": [],
            "principals_count": 1,
            "purpose_code": "member_service",
            "approver_ref": "stf-boss",
            "recurring": False,
            "xborder_basis": "none",
            "scheme_id": None,
            **given,
        },
    )


def years(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """What comes round: assessments, audits and checks, from a year before the first day on."""
    begun = company.start - 500 * _D
    yield at(begun - 40 * _D, 10), recipient(make, ABROAD, "US")
    agreed = facts.contract(make, ABROAD, f"con-{ABROAD}", begun - 10 * _D)
    yield at(begun - 20 * _D, 10), agreed | {"storage_countries": ["US"]}
    yield at(begun, 9), decided(make, "ctr-callcenter", NIGHT, begun)
    yield at(begun + 5 * _D, 9), reentrusted(make, "ctr-callcenter", NIGHT, begun + 5 * _D)
    for place, contractor in enumerate((*CONTRACTORS, ABROAD)):
        day = begun + place * _D
        while day < company.end:
            yield at(day, 11, place), facts.assessed(make, contractor, day)
            covered = [NIGHT] if contractor == "ctr-callcenter" else []
            audit = day + 20 * _D
            yield at(audit, 14, place), audited(make, contractor, audit, *covered)
            day += 165 * _D
    day = begun + 2 * _D
    while day < company.end:
        yield at(day, 15), checked(make, ABROAD, "US", day)
        day += 300 * _D


def feed_day(today: date, day: Day, rng: Random) -> None:
    """The cloud abroad gets its week's data on Fridays."""
    if today.weekday() == 4 and not is_closed(today):
        fact = facts.entrusted(
            day.make, ABROAD, f"con-{ABROAD}", f"prov-{ABROAD}-{today:%Y%m%d}",
            300 + int(rng.random() * 300),
        )  # fmt: skip
        day.add(at(today, 10, 40), fact | {"country": "US", "xborder_basis": "equiv_system"})
