"""Instants and days as the simulator counts them: milliseconds UTC, days in Japan.

An instant is an int, milliseconds since the epoch UTC. Nothing here reads a clock. The days on
which an office or an authority is closed are taken from the holiday package and not from
`controls`: labels must not share an error with what they are to measure.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays

SECOND = 1_000
MINUTE = 60_000
HOUR = 3_600_000
DAY = 86_400_000
_JST = 9 * HOUR
_EPOCH = date(1970, 1, 1).toordinal()


def midnight(day: date) -> int:
    """The instant at which a day begins in Japan."""
    return (day.toordinal() - _EPOCH) * DAY - _JST


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> int:
    """The instant of a clock time in Japan on a day."""
    return midnight(day) + hour * HOUR + minute * MINUTE + second * SECOND


def day_of(instant: int) -> date:
    """The day in Japan in which an instant falls."""
    return date.fromordinal((instant + _JST) // DAY + _EPOCH)


@lru_cache(maxsize=1)
def _clock() -> tuple[str, ...]:
    return tuple(f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}." for s in range(86_400))


@lru_cache(maxsize=4096)
def _day_text(number: int) -> str:
    return date.fromordinal(number + _EPOCH).isoformat()


def text(instant: int) -> str:
    """RFC 3339 in Japanese time with milliseconds, as sources of the company write it."""
    number, rest = divmod(instant + _JST, DAY)
    second, milli = divmod(rest, 1000)
    return f"{_day_text(number)}{_clock()[second]}{milli:03d}+09:00"


def utc_text(instant: int) -> str:
    """RFC 3339 in UTC with milliseconds, the form instants have in a finding's subject."""
    number, rest = divmod(instant, DAY)
    second, milli = divmod(rest, 1000)
    return f"{_day_text(number)}{_clock()[second]}{milli:03d}Z"


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months later, the last day where there is none."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def days_between(start: date, end: date) -> list[date]:
    """Every day from start up to, not including, end."""
    return [start + timedelta(days=n) for n in range((end - start).days)]


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year, expand=False))


def is_closed(day: date) -> bool:
    """Whether offices are closed: weekend, national holiday, 29 December to 3 January."""
    return (
        day.weekday() >= 5
        or day in _holidays(day.year)
        or (day.month, day.day) >= (12, 29)
        or (day.month, day.day) <= (1, 3)
    )


def business_days(days: list[date]) -> list[date]:
    """Those of the days on which the office works."""
    return [day for day in days if not is_closed(day)]
