"""Moments, days and coarse addresses."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from controls.events import rfc3339
from controls.events.coarse import coarse
from controls.events.fields import FIRST_INSTANT, LAST_INSTANT, day, instant


@given(st.integers(FIRST_INSTANT, LAST_INSTANT))
def test_a_written_instant_reads_back(ms: int) -> None:
    assert instant(rfc3339(ms)) == ms


@given(st.datetimes(datetime(2000, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()))
def test_an_instant_agrees_with_the_standard_library(moment: datetime) -> None:
    offset = moment.utcoffset()
    assert offset is not None
    if offset.total_seconds() % 60:
        return  # RFC 3339 cannot write it
    whole = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert instant(whole.isoformat()) == (whole - epoch) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-11T09:00:00+09:00", "2026-11-11T00:00:00.000Z"),
        ("2026-11-11t00:00:00z", "2026-11-11T00:00:00.000Z"),
        ("2026-11-11T00:00:00.1239Z", "2026-11-11T00:00:00.123Z"),
        ("2026-11-11T00:00:00-05:30", "2026-11-11T05:30:00.000Z"),
        ("2024-02-29T23:59:59.999+00:00", "2024-02-29T23:59:59.999Z"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00.000Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_milliseconds(text: str, same: str) -> None:
    assert rfc3339(instant(text)) == same


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-11T09:00:00",
        "2026-11-11 09:00:00+09:00",
        "2026-11-11",
        "2026-02-30T09:00:00Z",
        "2025-02-29T09:00:00Z",
        "2026-11-11T24:00:00Z",
        "2026-11-11T23:59:60Z",
        "2026-11-11T09:00:00+0900",
        "2026-11-11T09:00:00+24:00",
        "2026-11-11T09:00:00Z\n",
        " 2026-11-11T09:00:00Z",
        "２０２６-11-11T09:00:00Z",
        "٢٠٢٦-11-11T09:00:00Z",
        "2026-11-11T09:00:00.Z",
        "1999-12-31T23:59:59.999Z",
        "2000-01-01T08:59:59+09:00",
        "9999-12-31T23:59:59-01:00",
        "",
        1_790_000_000_000,
        None,
        True,
    ],
)
def test_what_is_no_instant_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError):
        instant(value)


def test_a_day_is_a_calendar_date_and_nothing_else() -> None:
    assert day("2026-11-11") == date(2026, 11, 11)
    for text in (
        "2026-02-30",
        "2026-11-11T00:00:00",
        "20261111",
        "2026-11-11\n",
        "２０２６-11-11",
        5,
    ):
        with pytest.raises(PydanticCustomError):
            day(text)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.0/24", "203.0.113.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("2001:db8:1::/48", "2001:db8:1::/48"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("Taro.Yamada@Example.co.jp", "example.co.jp"),
        ("自宅 山田太郎方", "other"),
        ("203.0.113.9/32", "other"),
        ("203.0.113.9:443", "other"),
        ("Yamada <yamada@example.com>", "other"),
        ("203.0.113.999", "other"),
        ("", ""),
        ("\u3000 ", ""),
    ],
)
def test_an_address_keeps_its_network_or_domain(address: str, kept: str) -> None:
    assert coarse(address) == kept
