"""One engine a module, embedded or behind HTTP: each test has a database of its own.

A process admits one embedded engine at a time; the server is the bridge in another process.
"""

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
from tests.clickhouse import Server

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = connect(f"chdb://{tmp_path_factory.mktemp('store') / 'data'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("clickhouse")) as started:
        yield started


@pytest.fixture(params=["chdb", "clickhouse"])
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A fresh database, migrated, of the embedded engine and of the server."""
    opened: Engine = request.getfixturevalue(f"{request.param}_database")
    migrate(opened.client)
    yield opened


@pytest.fixture
def chdb_database(engine: Engine) -> Iterator[Engine]:
    name = f"test_{next(_numbers)}"
    engine.client.command(f"CREATE DATABASE {name}")
    client = clickhouse_connect.get_client(
        interface="chdb",
        path=str(Path(os.environ["TMPDIR"]).with_name("engine")),
        database=name,
        settings=SETTINGS,
    )
    yield Engine(client, client.close)
    client.close()
    engine.client.command(f"DROP DATABASE {name}")


@pytest.fixture
def clickhouse_database(server: Server) -> Iterator[Engine]:
    name = f"test_{next(_numbers)}"
    opened = connect(server.url(name))
    yield opened
    opened.client.command(f"DROP DATABASE {name}")
    opened.close()


@pytest.fixture
def kept(database: Engine) -> ClickHouse:
    return ClickHouse(database)


@pytest.fixture(params=["memory", "chdb", "clickhouse"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return Memory()
    opened: Engine = request.getfixturevalue(f"{request.param}_database")
    migrate(opened.client)
    return ClickHouse(opened)
