from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controls.calendar import (
    HOLIDAYS_KNOWN_TO,
    JST,
    add_business_days,
    add_months,
    day_end,
    day_start,
    is_admin_closed,
    is_business_day,
    is_holiday,
    jst_day,
    jst_text,
    pausable_due,
    roll_forward,
    stopped_days,
)

# The Cabinet Office's list, as in the domain catalogue.
OFFICIAL = {
    2026: "01-01 01-12 02-11 02-23 03-20 04-29 05-03 05-04 05-05 05-06 07-20 08-11 09-21 09-22 "
    "09-23 10-12 11-03 11-23",
    2027: "01-01 01-11 02-11 02-23 03-21 03-22 04-29 05-03 05-04 05-05 07-19 08-11 09-20 09-23 "
    "10-11 11-03 11-23",
}
DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
STOPS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 40)).map(
        lambda pair: (
            date(2026, 4, 1) + timedelta(pair[0]),
            date(2026, 4, 1) + timedelta(sum(pair)),
        )
    ),
    max_size=6,
)


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(n) for n in range(365)]


@pytest.mark.parametrize("year", OFFICIAL)
def test_holidays_are_the_cabinet_office_list(year: int) -> None:
    found = " ".join(f"{day:%m-%d}" for day in days_of(year) if is_holiday(day))
    assert found == OFFICIAL[year]
    assert date(year, 12, 31) <= HOLIDAYS_KNOWN_TO


def test_a_year_without_a_list_is_refused() -> None:
    with pytest.raises(ValueError, match="2100"):
        is_holiday(date(2100, 1, 1))


def test_the_day_changes_at_midnight_in_tokyo() -> None:
    midnight = int(datetime(2026, 3, 31, 15, tzinfo=UTC).timestamp()) * 1000
    assert jst_day(midnight) == date(2026, 4, 1)
    assert jst_day(midnight - 1) == date(2026, 3, 31)
    assert day_start(date(2026, 4, 1)) == midnight == day_end(date(2026, 3, 31))


def test_text_is_rfc3339_in_jst_and_exact_before_1970_too() -> None:
    assert jst_text(day_start(date(2026, 4, 1)) + 7) == "2026-04-01T00:00:00.007+09:00"
    assert jst_text(-1) == "1970-01-01T08:59:59.999+09:00"


@given(st.integers(-(10**12), 4 * 10**12))
def test_an_instant_lies_within_its_day_and_its_text_reads_back(ms: int) -> None:
    day = jst_day(ms)
    assert day_start(day) <= ms < day_end(day)
    read = datetime.fromisoformat(jst_text(ms))
    assert read.date() == day
    assert (read - datetime(1970, 1, 1, tzinfo=JST)) // timedelta(milliseconds=1) == ms + 32_400_000


@pytest.mark.parametrize("text", ["2026-12-29", "2026-12-31", "2027-01-03", "2026-05-06"])
def test_offices_are_closed_at_new_year_and_on_substitute_days(text: str) -> None:
    day = date.fromisoformat(text)
    assert is_admin_closed(day)
    assert not is_business_day(day)


@pytest.mark.parametrize("text", ["2026-12-28", "2027-01-04", "2026-05-07", "2026-09-24"])
def test_offices_are_open_on_the_days_beside(text: str) -> None:
    assert is_business_day(date.fromisoformat(text))


def test_rolling_forward_crosses_new_year_and_golden_week() -> None:
    assert roll_forward(date(2026, 12, 29)) == date(2027, 1, 4)
    assert roll_forward(date(2026, 5, 2)) == date(2026, 5, 7)
    assert roll_forward(date(2026, 5, 7)) == date(2026, 5, 7)


def test_business_days_are_counted_from_the_day_after() -> None:
    assert add_business_days(date(2026, 5, 1), 1) == date(2026, 5, 7)
    assert add_business_days(date(2026, 5, 3), 1) == date(2026, 5, 7)
    assert add_business_days(date(2026, 5, 3), 0) == date(2026, 5, 3)
    with pytest.raises(ValueError, match="forward"):
        add_business_days(date(2026, 5, 3), -1)


@given(DAYS, st.integers(0, 40))
def test_as_many_business_days_lie_between_as_were_added(day: date, count: int) -> None:
    end = add_business_days(day, count)
    between = [day + timedelta(n) for n in range(1, (end - day).days + 1)]
    assert sum(map(is_business_day, between)) == count
    assert not count or is_business_day(end)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-15", -1, "2025-12-15"),
    ],
)
def test_a_month_that_lacks_the_day_gives_its_last(start: str, count: int, end: str) -> None:
    assert add_months(date.fromisoformat(start), count) == date.fromisoformat(end)


@given(STOPS)
def test_overlapping_stops_count_once(stops: list[tuple[date, date]]) -> None:
    covered = {b + timedelta(n) for b, e in stops for n in range((e - b).days)}
    assert stopped_days(stops, date(2027, 1, 1)) == len(covered)


def test_an_open_stop_runs_until_the_moment_asked() -> None:
    stops = [(date(2026, 4, 3), None), (date(2026, 4, 1), date(2026, 4, 4))]
    assert stopped_days(stops, date(2026, 4, 10)) == 9
    assert stopped_days(stops, date(2026, 4, 2)) == 1
    assert stopped_days(stops, date(2026, 3, 1)) == 0


def test_a_term_is_moved_by_stops_within_it_and_by_no_other() -> None:
    start = date(2026, 4, 1)
    assert pausable_due(start, 14, []) == date(2026, 4, 15)
    assert pausable_due(start, 14, [(date(2026, 4, 15), date(2026, 4, 20))]) == date(2026, 4, 20)
    assert pausable_due(start, 14, [(date(2026, 4, 16), date(2026, 4, 20))]) == date(2026, 4, 15)
    assert pausable_due(start, 14, [(date(2026, 4, 16), None)]) == date(2026, 4, 15)
    assert pausable_due(start, 14, [(date(2026, 4, 2), None)]) is None
    overlapping = [(date(2026, 4, 2), date(2026, 4, 6)), (date(2026, 4, 4), date(2026, 4, 8))]
    assert pausable_due(start, 14, overlapping) == date(2026, 4, 21)
    assert pausable_due(start, 14, [(date(2026, 3, 20), date(2026, 4, 3))]) == date(2026, 4, 17)


@given(STOPS)
def test_a_moved_term_is_its_length_plus_the_stopped_days(stops: list[tuple[date, date]]) -> None:
    start = date(2026, 4, 1)
    due = pausable_due(start, 120, stops)
    assert due == start + timedelta(120 + stopped_days(stops, date(2027, 1, 1)))
