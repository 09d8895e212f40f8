"""Named queries on the embedded engine: parameters are bound, time and rows are bounded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.store import StoreError
from streams.store.clickhouse import ClickHouse


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    opened = ClickHouse.open(f"chdb://{tmp_path_factory.mktemp('query')}")
    yield opened
    opened.close()


def test_a_parameter_is_a_value_whatever_it_says(store: ClickHouse) -> None:
    hostile = "x' UNION ALL SELECT 1 --\n\\' {a:String}"
    (row,) = store.query("SELECT {said:String} AS said", {"said": hostile})
    assert row == {"said": hostile}


def test_only_so_many_rows_come_back(store: ClickHouse) -> None:
    assert len(store.query("SELECT number FROM numbers(100000)", {}, rows=7)) == 7


def test_a_query_that_takes_too_long_is_given_up(store: ClickHouse) -> None:
    slow = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
    with pytest.raises(StoreError, match="TIMEOUT_EXCEEDED"):
        store.query(slow, {}, seconds=0.2)
    assert store.query("SELECT 1 AS one", {}) == [{"one": 1}]
