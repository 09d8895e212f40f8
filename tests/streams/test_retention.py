"""When a class of evidence has expired, and what the daily chore makes of that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controls.events import Event
from controls.kernel import Refusal
from streams import chores
from streams.evidence.verify import verify
from streams.retention import expiry
from streams.settings import load
from streams.store.memory import Memory
from tests.streams.blocks import block, books, query


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "month"),
    [
        ("2026-11-30T23:59:59+09:00", "2023-11-01"),
        ("2026-12-01T00:00:00+09:00", "2023-11-01"),  # 1 December JST begins in November, UTC
        ("2026-12-02T00:00:00+09:00", "2023-12-01"),
        ("2028-02-29T12:00:00+09:00", "2025-02-01"),
    ],
)
def test_a_class_expires_by_months_and_never_before_its_years(now: str, month: str) -> None:
    assert expiry(ms(now), {})["log"] == ms(f"{month}T00:00:00+00:00")


def test_a_company_may_keep_a_class_longer_but_not_shorter(tmp_path: Path) -> None:
    file = tmp_path / "shoseki.toml"
    file.write_text("[retention]\nlog = 5\n")
    assert load(file).retention == {"log": 5}
    now = ms("2026-12-02T00:00:00+09:00")
    assert expiry(now, load(file).retention)["log"] == ms("2021-12-01T00:00:00+00:00")
    file.write_text("[retention]\nprovision = 2\n")
    with pytest.raises(Refusal, match=r"retention: .*provision = 2: is kept for 3 years"):
        load(file)


def kept(months: Sequence[str]) -> Memory:
    """A store with one chain, a block a month, in each an event of two classes."""
    store, head = Memory(), None
    for number, month in enumerate(months):
        at = ms(f"{month}-15T00:00:00+00:00")
        events: list[Event] = [query(number * 2, rows=1), books(number * 6 + 3)]
        assert {event.retention for event in events} == {"log", "register"}
        sealed = block(head, lane="books", events=events, recorded_at=at, now=at)
        store.write(sealed)
        head = sealed.head
    return store


def classes(store: Memory) -> list[tuple[str, str]]:
    return [
        (datetime.fromtimestamp(row["recorded_at"] / 1000, UTC).strftime("%Y-%m"), row["retention"])
        for row in store.rows("events", "books", 0)
    ]


def test_the_chore_deletes_what_has_expired_and_the_chain_still_holds() -> None:
    store = kept(["2022-01", "2023-10", "2023-12"])
    now = ms("2026-12-02T03:00:00+09:00")
    report = chores.recomputed(store, now)
    assert (report.fault, report.expired) == (None, 0)
    assert chores.expired(store, now, report) == {"log": 2}
    assert classes(store) == [
        ("2022-01", "register"), ("2023-10", "register"),
        ("2023-12", "log"), ("2023-12", "register"),
    ]  # fmt: skip
    report = chores.recomputed(store, now)
    assert (report.fault, report.classes) == (None, {"log": 2})
    later = ms("2027-02-02T03:00:00+09:00")
    assert chores.expired(store, later, chores.recomputed(store, later)) == {
        "log": 1, "register": 1,
    }  # fmt: skip
    report = chores.recomputed(store, later)
    assert (report.fault, report.classes) == (None, {"log": 3, "register": 1})
    assert report.blocks == 3


def test_rows_that_have_not_expired_are_missing_when_they_go() -> None:
    store = kept(["2022-01", "2023-10", "2023-12"])
    now = ms("2026-12-02T03:00:00+09:00")
    store.expire("log", now)
    fault = chores.recomputed(store, now).fault
    assert fault is not None
    assert (fault.number, fault.what) == (3, "its 1 rows of class log are missing")


def test_nothing_is_deleted_while_a_chain_does_not_hold() -> None:
    store = kept(["2022-01", "2023-12"])
    now = ms("2026-12-02T03:00:00+09:00")
    store.expire("register", ms("2023-01-01T00:00:00+00:00"))
    report = chores.recomputed(store, now, {"register": 99})
    assert report.fault is not None
    assert chores.expired(store, now, report) == {}
    assert ("2022-01", "log") in classes(store)
    assert verify(store).fault is not None
