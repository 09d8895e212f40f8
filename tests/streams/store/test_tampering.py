"""The verifier on a real store: any column of any table, changed by SQL, is found."""

from __future__ import annotations

import argparse

import pytest

from streams import wiring
from streams.cli import verify as command
from streams.evidence.verify import verify
from streams.store.clickhouse import ClickHouse
from streams.store.client import Engine
from streams.store.columns import TABLES, Column
from tests.streams.blocks import company

OTHER = {
    "text": "concat(ifNull(`{c}`, ''), 'x')",
    "number": "ifNull(`{c}`, 0) + 1000",
    "instant": "addMilliseconds(ifNull(`{c}`, now64(3)), 1)",
    "flag": "NOT `{c}`",
    "texts": "arrayPushBack(`{c}`, 'x')",
}
PICK = {
    "ledger": "lane = 'access' AND partition = 0 AND number = 2",
    "events": "lane = 'access' AND partition = 0 AND block BETWEEN 5 AND 11 AND line = 1",
    "findings": "lane = 'access' AND partition = 0 AND block < 5 AND line = 1",
    "rejects": "lane = 'access' AND partition = 0 AND line = 1",
}


def _tamper(database: Engine, table: str, column: Column) -> None:
    """Fill the table from its copy, with this column of one row another."""
    other = OTHER[column.kind].format(c=column.name)
    changed = f"if({PICK[table]}, {other}, `{column.name}`) AS `{column.name}`"
    database.client.command(f"TRUNCATE TABLE {table}")
    database.client.command(
        f"INSERT INTO {table} SETTINGS insert_deduplicate = 0 "
        f"SELECT * REPLACE ({changed}) FROM whole"
    )


@pytest.mark.parametrize("database", ["chdb"], indirect=True)  # the slow one: a mutation a column
@pytest.mark.parametrize("table", TABLES)
def test_a_value_changed_in_any_column_is_found(
    kept: ClickHouse, database: Engine, table: str
) -> None:
    company(kept)
    database.client.command(f"CREATE TABLE whole ENGINE = Memory AS SELECT * FROM {table}")
    picked = database.client.command(f"SELECT count() FROM {table} WHERE {PICK[table]}")
    assert int(picked) == 1
    assert verify(kept).fault is None
    for column in TABLES[table]:
        _tamper(database, table, column)
        assert verify(kept).fault is not None, f"{table}.{column.name}"


@pytest.mark.parametrize("table", ["events", "findings", "rejects", "ledger"])
@pytest.mark.parametrize(
    "deed",
    [
        "DELETE FROM {table} WHERE {pick}",
        "INSERT INTO {table} SETTINGS insert_deduplicate = 0 SELECT * FROM {table} WHERE {pick}",
    ],
    ids=["dropped", "doubled"],
)
def test_a_row_dropped_or_doubled_is_found(
    kept: ClickHouse, database: Engine, table: str, deed: str
) -> None:
    company(kept)
    database.client.command(deed.format(table=table, pick=PICK[table]))
    assert verify(kept).fault is not None


def test_the_command_verifies_a_store_that_is_held(
    kept: ClickHouse,
    database: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(wiring._held, "chdb://held", kept)
    parser = argparse.ArgumentParser()
    command.options(parser)
    args = parser.parse_args(["chdb://held"])
    company(kept)
    assert command.run(args) == 0
    database.client.command(f"DELETE FROM rejects WHERE {PICK['rejects']}")
    assert command.run(args) == 1
    assert "first block 2 of access/0: " in capsys.readouterr().out
