"""The premises: visitors with their hosts, patrols of the zones, stocktakes of media."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import facts
from streams.simulate.company import Company, Person
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import MINUTE, add_months, at, text

_D = timedelta(days=1)
CONTROLLED = tuple(zone for zone, kind in facts.ZONE_CLASS.items() if kind != "general")
ITEMS = ("clear_desk", "locked_cabinet", "screen_lock", "anti_peep", "device_bring_in")
MEDIA = tuple(f"media-{number:02d}" for number in range(1, 25))
"""Disks and sticks that are counted twice a year."""


def visit(make: Maker, host: str, since: int, until: int | None, **given: Any) -> Fact:
    """The sheet of one visitor, filled in as he leaves."""
    name = make.short("visit-")
    return make(
        "visitor.registered",
        "reception-form",
        "stf-reception",
        "staff",
        **{
            "visit_id": name,
            "visitor_ref": f"guest-{name[6:]}",
            "host_ref": host,
            "purpose": "meeting",
            "zones": ["zone-office"],
            "escort_ref": None,
            "in_at": text(since),
            "out_at": None if until is None else text(until),
            "notice_given": True,
            **given,
        },
    )


def visits(present: Sequence[Person], today: date, day: Day, rng: Random) -> None:
    """The day's visitors come in the afternoon, to somebody who is there; some are shown the
    members' room."""
    for _ in range(int(rng.random() * 2.5)):
        host = rng.choice(present)
        since = at(today, 14 + int(rng.random() * 2), int(rng.random() * 59))
        until = since + (20 + int(rng.random() * 40)) * MINUTE
        zones = ["zone-office"] if rng.random() < 0.8 else ["zone-office", "zone-members"]
        day.add(until, visit(day.make, host.ref, since, until, zones=zones, escort_ref=host.ref))
    if today.weekday() == 1:
        parcel = {"purpose": "delivery", "zones": [], "notice_given": False}
        since = at(today, 11, 5)
        fact = visit(day.make, present[0].ref, since, since + 5 * MINUTE, **parcel)
        day.add(since + 5 * MINUTE, fact)


def weekend(company: Company, person: Person, dept: str, today: date, day: Day) -> None:
    """Leave to come to the office on a closed day."""
    boss = company.boss_of(dept, person.ref)
    day.add(at(today, 7, 30), offhours(day.make, boss, person.ref, at(today, 7, 30), at(today, 23)))


def offhours(make: Maker, approver: str, person: str, since: int, until: int) -> Fact:
    """An approval to be there out of hours."""
    return make(
        "approval.granted",
        "approval-form",
        approver,
        "staff",
        approval_id=make.short("apr-"),
        kind="offhours",
        for_ref=person,
        dataset_id=None,
        max_rows=None,
        valid_from=text(since),
        valid_to=text(until),
        approver_ref=approver,
    )


def inspection(make: Maker, zone: str, *wanting: str) -> Fact:
    """What a patrol saw in a zone."""
    return make(
        "area.inspected",
        "patrol-form",
        "stf-guard",
        "staff",
        zone_id=zone,
        inspector_ref="stf-guard",
        items={item: "ng" if item in wanting else "ok" for item in ITEMS},
        ng_count=len(wanting),
    )


def patrols(today: date, day: Day) -> None:
    """Every controlled zone once in four weeks."""
    for place, zone in enumerate(CONTROLLED):
        if today.toordinal() % 28 == place:
            day.add(at(today, 18, 30 + place), inspection(day.make, zone))


def counted(make: Maker, campaign: str, asset: str, found: bool = True) -> Fact:
    """One line of a stocktake."""
    return make(
        "asset.inventoried",
        "asset-form",
        "stf-it",
        "staff",
        campaign_id=campaign,
        asset_id=asset,
        found=found,
        custodian_ref="stf-it",
        locked_storage=True,
    )


def stocktake_days(company: Company, forgotten: Collection[str]) -> list[date]:
    """On which days a stocktake begins; none after the one of half a year ago, where the next was
    forgotten."""
    days = [company.start - 400 * _D]
    while days[-1] + 150 * _D < company.end:
        days.append(days[-1] + 150 * _D)
    if "stocktake" in forgotten:
        last = add_months(company.start + 5 * _D, -6)
        return [day for day in days if day < last - 30 * _D] + [last]
    return days


def stocktakes(
    company: Company, make: Maker, forgotten: Collection[str]
) -> Iterator[tuple[int, Fact]]:
    """All media are counted within two weeks."""
    for begins in stocktake_days(company, forgotten):
        for place, asset in enumerate(MEDIA):
            day = begins + (place // 2) * _D
            yield at(day, 16, place), counted(make, f"stock-{begins:%Y%m%d}", asset)
