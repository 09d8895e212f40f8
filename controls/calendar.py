"""Days as Japanese law counts them: JST, public holidays, business days, clocks that pause.

Instants are milliseconds since the epoch (UTC); days are `datetime.date` in JST. A deadline that
is a date holds to the end of that day: compare with `day_end(date)`, which still keeps the limit.
"""

import calendar
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import holidays

__all__ = [
    "HOLIDAYS_KNOWN_TO",
    "JST",
    "add_business_days",
    "add_months",
    "day_end",
    "day_start",
    "in_hours",
    "is_admin_closed",
    "is_business_day",
    "is_holiday",
    "jst_day",
    "jst_text",
    "pausable_due",
    "roll_forward",
    "stopped_days",
    "terms",
]

JST = timezone(timedelta(hours=9), "JST")
"""Asia/Tokyo. Fixed: Japan has kept no summer time since 1951."""

HOLIDAYS_KNOWN_TO = date(2027, 12, 31)
"""Last day whose holidays the Cabinet Office has announced (each February, the next year's).

Later equinox days are the package's astronomical forecast and the law may change: a due date that
is counted past this day is provisional.
"""

_DAY_MS = 86_400_000
_JST_MS = 9 * 3_600_000
_EPOCH = date(1970, 1, 1).toordinal()
_YEARS = range(1949, 2100)
_ONE = timedelta(days=1)


def jst_day(ms: int) -> date:
    """The calendar day in JST on which this instant lies."""
    return date.fromordinal(_EPOCH + (ms + _JST_MS) // _DAY_MS)


def day_start(day: date) -> int:
    """00:00 JST of the day, in milliseconds."""
    return (day.toordinal() - _EPOCH) * _DAY_MS - _JST_MS


def day_end(day: date) -> int:
    """24:00 JST of the day, 00:00 of the next: the last instant that keeps its deadline."""
    return day_start(day) + _DAY_MS


def jst_text(ms: int) -> str:
    """The instant as RFC 3339 in JST, to the millisecond: `2026-04-01T09:00:00.000+09:00`."""
    moment = datetime.fromtimestamp(ms // 1000, JST) + timedelta(milliseconds=ms % 1000)
    return moment.isoformat(timespec="milliseconds")


@lru_cache(maxsize=256)
def _holidays(year: int) -> frozenset[date]:
    if year not in _YEARS:
        raise ValueError(f"no Japanese holidays for {year}; known: {_YEARS[0]} to {_YEARS[-1]}")
    return frozenset(holidays.country_holidays("JP", years=year, expand=False))


def is_holiday(day: date) -> bool:
    """A national holiday, substitute (振替休日) and sandwiched days (国民の休日) included.

    From the pinned `holidays` package; official to HOLIDAYS_KNOWN_TO, a forecast to 2099.
    ValueError before 1949 and after 2099. Act on National Holidays, Art. 2 and 3.
    """
    return day in _holidays(day.year)


@lru_cache(maxsize=4096)
def is_admin_closed(day: date) -> bool:
    """A day on which government offices are closed: Sat, Sun, holiday, 12-29 to 01-03.

    Act on Holidays of Administrative Organs, Art. 1(1); guideline 3-5-3-4 rolls terms over it.
    """
    month_day = (day.month, day.day)
    return day.weekday() >= 5 or month_day >= (12, 29) or month_day <= (1, 3) or is_holiday(day)


def is_business_day(day: date) -> bool:
    """A day on which offices work: the complement of `is_admin_closed`."""
    return not is_admin_closed(day)


@lru_cache(maxsize=64)
def _clock_times(hours: str) -> tuple[int, int]:
    opens, closes = ((int(t[:2]) * 60 + int(t[3:])) * 60_000 for t in hours.split("-"))
    return opens, closes


def in_hours(at: int, hours: str, business_days_only: bool = True) -> bool:
    """Whether an instant lies within `HH:MM-HH:MM` (JST, end exclusive), on a business day."""
    day = jst_day(at)
    opens, closes = _clock_times(hours)
    open_day = is_business_day(day) or not business_days_only
    return open_day and opens <= at - day_start(day) < closes


def add_business_days(day: date, count: int) -> date:
    """The count-th business day after the day (day 0), whatever kind of day that is itself.

    Zero gives the day unchanged; ValueError for a negative count.
    """
    if count < 0:
        raise ValueError(f"business days are counted forward, not {count}")
    while count:
        day += _ONE
        count -= is_business_day(day)
    return day


def roll_forward(day: date) -> date:
    """The day, or the next one that is not closed: a term that ends on a closed day ends there."""
    while is_admin_closed(day):
        day += _ONE
    return day


def add_months(day: date, count: int) -> date:
    """The same day of the month `count` months on; the last day of a month that lacks it."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


def stopped_days(stops: Sequence[tuple[date, date | None]], until: date) -> int:
    """Days a clock stood still before `until`; a stop is (notice, made good or None = still open).

    A stop's length is the day difference; days in two stops count once, days from `until` on not
    at all, and a stop that ends before it begins has no length.
    """
    total, reached = 0, date.min
    for begin, end in sorted((begin, until if end is None else end) for begin, end in stops):
        end, begin = min(end, until), max(begin, reached)
        if end > begin:
            total += (end - begin).days
            reached = end
    return total


def pausable_due(start: date, days: int, stops: Sequence[tuple[date, date | None]]) -> date | None:
    """The last day of a term of `days` from `start` (day 0), moved on by the stops within it.

    None while a stop is open: no timer runs. A stop counts if it begins on or before the last day
    as moved so far (a stop after the term has run out mends nothing) and only from `start` on.
    """
    due, reached = start + timedelta(days=days), start
    for begin, end in sorted(stops, key=lambda stop: (stop[0], stop[1] or date.max)):
        if begin > due:
            break
        if end is None:
            return None
        begin = max(begin, reached)
        if end > begin:
            due += end - begin
            reached = end
    return due


def terms(
    began: date, done: Iterable[date], due: Callable[[date], date]
) -> Iterator[tuple[date, date, date | None]]:
    """The terms of a duty that comes round: (first day, last day, day on which it was done next).

    A term begins with the day on which the duty was last done, the very first one with `began`,
    and ends with `due` of that day; terms that were over before `began` are nobody's business.
    """
    days = sorted(set(done))
    starts = days if days and days[0] <= began else [began, *days]
    for place, start in enumerate(starts):
        last = due(start)
        if last >= began:
            yield start, last, starts[place + 1] if place + 1 < len(starts) else None
