"""What is kept for a time and then disposed of: papers of requests, logs of access."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from streams.simulate.company import Company
from streams.simulate.feed import Fact, Maker
from streams.simulate.times import add_months, at

_D = timedelta(days=1)
DATASET_OF = {"card": "ds-cards"}


def retention(
    make: Maker, record: str, record_class: str, trigger: str, on: date, **given: Any
) -> Fact:
    """A record and from when it is kept."""
    return make(
        "record.retention",
        "pms-form",
        "svc-ledger",
        "service",
        **{
            "record_id": record,
            "record_class": record_class,
            "dataset_id": DATASET_OF.get(record_class),
            "trigger": trigger,
            "trigger_on": on.isoformat(),
            "count": 12,
            **given,
        },
    )


def disposed(make: Maker, record: str, record_class: str, on: date, **given: Any) -> Fact:
    """A record that is no more."""
    return make(
        "record.disposed",
        "pms-form",
        "stf-records",
        "staff",
        **{
            "record_id": record,
            "record_class": record_class,
            "disposed_on": on.isoformat(),
            "method": "shred" if record_class == "request_docs" else "erase",
            "certificate_ref": None,
            "count": 12,
            "verified_by_ref": "stf-records-2",
            **given,
        },
    )


def lives(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Papers of each week's requests, kept two years; each month's logs, kept three, and cards,
    kept less than seven."""
    kinds = (
        ("request_docs", "request_completed", 24, 7, 12),
        ("access_log", "created", 36, 30, 20),
        ("card", "contract_end", 84, 30, -20),
    )
    for record_class, trigger, months, every, after in kinds:
        day = add_months(company.start, -months) - 20 * _D
        while day < company.end:
            record = f"rec-{record_class.replace('_', '-')}-{day:%Y%m%d}"
            yield at(day, 17), retention(make, record, record_class, trigger, day)
            gone = add_months(day, months) + after * _D
            yield at(gone, 11), disposed(make, record, record_class, gone)
            day += every * _D
