"""What is carried out of the house, sent and destroyed, and the checks of data quality."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate.company import DATASETS, Company
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import DAY, at, is_closed, text

_D = timedelta(days=1)


def takeout(make: Maker, asset: str, holder: str, approver: str, due: int, **given: Any) -> Fact:
    """A line of the ledger: a laptop goes out."""
    return make(
        "asset.taken_out",
        "asset-form",
        holder,
        "staff",
        **{
            "asset_id": asset,
            "asset_kind": "laptop",
            "holder_ref": holder,
            "has_pd": True,
            "principals_count": 120,
            "protection": ["encrypted", "remote_wipe"],
            "approval_id": None,
            "approver_ref": approver,
            "due_back": text(due),
            "destination": "Osaka",
            "takeout_id": make.short("out-"),
            **given,
        },
    )


def back(make: Maker, out: Fact) -> Fact:
    """It is returned."""
    return make(
        "asset.returned",
        "asset-form",
        out["holder_ref"],
        "staff",
        asset_id=out["asset_id"],
        takeout_id=out["takeout_id"],
        condition="ok",
    )


def shipment(make: Maker, name: str, expected: int, **given: Any) -> Fact:
    """A sealed and encrypted backup goes to the vault."""
    return make(
        "transport.dispatched",
        "asset-form",
        "stf-it",
        "staff",
        **{
            "shipment_id": name,
            "carrier": "ctr-delivery",
            "contents_kind": "media",
            "has_pd": True,
            "principals_count": 50_000,
            "protection": ["encrypted", "sealed", "tracked"],
            "recipient_party": "vault",
            "expected_at": text(expected),
            "internal_move": False,
            **given,
        },
    )


def arrival(make: Maker, name: str, intact: bool = True) -> Fact:
    """It is received."""
    return make(
        "transport.received",
        "asset-form",
        "stf-vault",
        "staff",
        shipment_id=name,
        receiver_ref="stf-vault",
        seal_intact=intact,
    )


def disposal(make: Maker, asset: str, **given: Any) -> Fact:
    """A disk is destroyed in the house, before a witness."""
    return make(
        "asset.disposed",
        "asset-form",
        "stf-it",
        "staff",
        **{
            "asset_id": asset,
            "has_pd": True,
            "method": "physical_destruction",
            "outsourced_to": None,
            "certificate_ref": None,
            "certificate_at": None,
            "witness_ref": "stf-it-2",
            **given,
        },
    )


def quality(make: Maker, dataset: str, **given: Any) -> Fact:
    """A sample of a dataset is compared with the truth."""
    return make(
        "data.quality",
        "register-form",
        "stf-data",
        "staff",
        **{
            "dataset_id": dataset,
            "check": "bounce",
            "sample": 400,
            "errors": 6,
            "copies_synced": True,
            "request_id": None,
            **given,
        },
    )


def checks_before(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """The check of every dataset in the year before the first day."""
    for place, entry in enumerate(DATASETS):
        yield at(company.start - 200 * _D, 15, place), quality(make, entry.id)


def ledger_day(company: Company, today: date, day: Day, rng: Random) -> None:
    """What the ledgers of a day say; everything is back, received and checked in time."""
    make = day.make
    for place, entry in enumerate(DATASETS):
        if today.toordinal() % 90 == 10 + place:
            day.add(at(today, 15, place), quality(make, entry.id))
    if is_closed(today):
        return
    for _ in range(1 + int(rng.random() * len(company.staff) / 40)):
        person = rng.choice(company.staff)
        dept = person.dept(today)
        if dept is None:
            continue
        out = takeout(
            make, person.device, person.ref, company.boss_of(dept, person.ref), at(today, 21)
        )
        day.add(at(today, 10, int(rng.random() * 59)), out)
        day.add(at(today, 17, int(rng.random() * 59)), back(make, out))
    if today.weekday() == 3:
        name = make.short("shp-")
        day.add(at(today, 16), shipment(make, name, at(today, 16) + DAY))
        day.add(at(today, 20), arrival(make, name))
    if today.day in (5, 6, 20, 21):
        day.add(at(today, 14, 30), disposal(make, make.short("hdd-")))
