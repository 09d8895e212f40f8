"""One embedded engine a module: a process admits one at a time, so each test has a database."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import clickhouse_connect
import pytest

from streams.store import Store
from streams.store.clickhouse import ClickHouse
from streams.store.client import SETTINGS, Engine, connect
from streams.store.memory import Memory
from streams.store.migrate import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = connect(f"chdb://{tmp_path_factory.mktemp('store') / 'data'}")
    yield opened
    opened.close()


@pytest.fixture
def database(engine: Engine) -> Iterator[Engine]:
    """A fresh database of the engine, migrated."""
    name = f"test_{next(_numbers)}"
    engine.client.command(f"CREATE DATABASE {name}")
    client = clickhouse_connect.get_client(
        interface="chdb",
        path=str(Path(os.environ["TMPDIR"]).with_name("engine")),
        database=name,
        settings=SETTINGS,
    )
    migrate(client)
    yield Engine(client, client.close)
    client.close()
    engine.client.command(f"DROP DATABASE {name}")


@pytest.fixture
def chdb(database: Engine) -> ClickHouse:
    return ClickHouse(database)


@pytest.fixture(params=["memory", "chdb"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return Memory()
    kept: Store = request.getfixturevalue("chdb")
    return kept
