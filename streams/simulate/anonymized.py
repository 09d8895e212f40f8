"""Anonymized sets, statistics, and the declaration of what pages send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from streams.simulate.company import Company
from streams.simulate.feed import Fact, Maker
from streams.simulate.times import at, text

_D = timedelta(days=1)
ITEMS = ["age_band", "prefecture", "purchases"]


def made(make: Maker, name: str, **given: Any) -> Fact:
    """A set is made and approved."""
    return make(
        "anon.created",
        "register-form",
        "stf-data",
        "staff",
        **{
            "anon_id": name,
            "kind": "anonymized",
            "source_dataset_id": "ds-orders",
            "rule_checks": dict.fromkeys(("i", "ii", "iii", "iv", "v"), True),
            "method_info_dataset_id": f"method-{name}",
            "approver_ref": "stf-privacy",
            "items": ITEMS,
            "on_behalf_of": None,
            "dataset_id": None,
            "series_id": None,
            **given,
        },
    )


def published(make: Maker, name: str, what: str, **given: Any) -> Fact:
    """Its items, or how it is provided, stand on the website."""
    return make(
        "anon.published",
        "register-form",
        "stf-legal",
        "staff",
        **{
            "anon_id": name,
            "what": what,
            "items": ITEMS,
            "method": "secure download" if what == "provision_items_method" else None,
            "url": "https://www.example.co.jp/anonymized",
            "series": False,
            **given,
        },
    )


def provided(make: Maker, name: str, **given: Any) -> Fact:
    """It goes to a partner, who is told what it is."""
    return make(
        "anon.provided",
        "transfer-form",
        "stf-proc",
        "staff",
        **{
            "anon_id": name,
            "recipient_id": "rcp-lab",
            "label_given": True,
            "label_method": "document",
            "items": ITEMS,
            "provision_id": make.short("aprov-"),
            **given,
        },
    )


def stats(make: Maker, **given: Any) -> Fact:
    """A table of numbers."""
    return make(
        "stats.created",
        "register-form",
        "stf-data",
        "staff",
        **{
            "stats_id": make.short("stats-"),
            "source_dataset_id": "ds-orders",
            "min_cell": 25,
            "suppression": True,
            "external": False,
            **given,
        },
    )


def declared(make: Maker, vendor: str, domain: str, published_at: int, **given: Any) -> Fact:
    """A recipient of what pages send, in the list on the website."""
    return make(
        "tag.declared",
        "register-form",
        "stf-legal",
        "staff",
        **{
            "vendor_id": vendor,
            "domains": [domain],
            "data_items": ["page"],
            "recipient_purpose": "analytics",
            "opt_out_url": f"https://{domain}/opt-out",
            "published_at": text(published_at),
            "contract_ref": f"con-{vendor}",
            **given,
        },
    )


def years(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """A set and a table every month; the declaration of the one tag."""
    since = at(company.start - 100 * _D, 9)
    yield since, declared(make, "vnd-metrics", "metrics.example", since)
    day = company.start - 20 * _D
    while day < company.end:
        name = f"anon-{day:%Y%m%d}"
        yield from life(make, name, day)
        yield at(day, 16), stats(make)
        day += 30 * _D


def life(make: Maker, name: str, day: date, **given: Any) -> Iterator[tuple[int, Fact]]:
    """A set from its making to its provision."""
    yield at(day, 11), made(make, name, **given)
    yield at(day + 2 * _D, 11), published(make, name, "created_items")
    yield at(day + 3 * _D, 11), published(make, name, "provision_items_method")
    yield at(day + 5 * _D, 11), provided(make, name)
