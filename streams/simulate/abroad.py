"""What is kept and sent abroad as the register says: a support desk's data in the US."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import clients, facts
from streams.simulate.company import Company, Person
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import at, is_closed

_D = timedelta(days=1)
SUPPORT = "ds-support"


def assessed(make: Maker, country: str, on: date, **given: Any) -> Fact:
    """A country's regime was looked into, and measures decided."""
    return make(
        "country.assessed",
        "register-form",
        "stf-legal",
        "staff",
        **{
            "country": country,
            "assessed_on": on.isoformat(),
            "sources": ["PPC country report"],
            "measures": ["encryption", "contract"],
            "valid_until": (on + 360 * _D).isoformat(),
            **given,
        },
    )


def uploaded(make: Maker, person: Person, name: str, to: str, country: str, **given: Any) -> Fact:
    """The agent on somebody's machine saw an upload."""
    return make(
        "dlp.egress_detected",
        "endpoint-01",
        person.ref,
        "staff",
        **{
            "channel": "cloud_upload",
            "destination": to,
            "sanctioned": True,
            "dataset_id": name,
            "principals_count": 2,
            "encrypted": True,
            "approval_id": None,
            "blocked": False,
            "country": country,
            "device_id": person.device,
            "detection_id": make.short("dlp-"),
            **given,
        },
    )


def tag(make: Maker, domain: str, **given: Any) -> Fact:
    """What the crawler saw a page send."""
    return make(
        "tag.observed",
        "crawler-01",
        "svc-crawler",
        "service",
        **{
            "page_class": "/items/{id}",
            "third_party_domain": domain,
            "vendor_id": "vnd-metrics",
            "data_items": ["page"],
            "contains_pd": False,
            "hashed": False,
            "consent_state": "allowed",
            "subject_ref": None,
            "country": "JP",
            **given,
        },
    )


def years(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """The line of the register, and what is known of the country, renewed before it runs out."""
    day = company.start - 400 * _D
    yield at(day, 12), clients.dataset(make, company, SUPPORT, None, day, countries=["JP", "US"])
    while day < company.end:
        yield at(day, 10), assessed(make, "US", day)
        day += 300 * _D


def day_abroad(company: Company, today: date, day: Day, rng: Random) -> None:
    """Tickets go to the desk in the US and are looked at there; the crawler's daily round."""
    make = day.make
    day.add(at(today, 5, int(rng.random() * 50)), tag(make, "metrics.example"))
    day.add(at(today, 6, 5), clients.query(make, SUPPORT, region="US"))
    if is_closed(today) or today.weekday() != 2:
        return
    people = [p for p in company.staff if p.settled and p.joined < company.start]
    person = people[int(rng.random() * len(people))]
    t = at(today, 10 + int(rng.random() * 6), int(rng.random() * 59))
    day.add(t, uploaded(make, person, SUPPORT, "support.example", "US"))
    sent = facts.mail(make, person, 1, 1) | {
        "attachment_dataset_id": SUPPORT,
        "dlp_principals": 1,
        "attachment_encrypted": True,
        "recipient_countries": ["US"],
    }
    day.add(t + 600_000, sent)
