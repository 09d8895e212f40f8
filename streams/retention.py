"""How long evidence is kept: the moment before which each class has expired.

Years count from the day (JST) on which a block was recorded, which no event in it comes after; and
a class goes by whole months (UTC, as the store is partitioned), so a row stays up to a month
longer than its years, never shorter.  Findings, rejects and the ledger are of no such class.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from controls.calendar import add_months, day_start, jst_day
from controls.events.retention import RETENTION, RetentionClass

Years = Mapping[RetentionClass, int]
"""Classes that are kept for longer than the house rule says."""


def expiry(now: int, years: Years) -> dict[str, int]:
    """By class: rows recorded before this moment (ms) have expired at `now` (ms)."""
    return {name: _month(now, years.get(name, kept.years)) for name, kept in RETENTION.items()}


def _month(now: int, years: int) -> int:
    since = day_start(add_months(jst_day(now), -12 * years))
    day = datetime.fromtimestamp(since / 1000, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * 1000
