"""The company's evidence in a real engine, seen as Grafana's user sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import clickhouse_connect
import pytest

from dashboards.sql import Scope
from streams.store.clickhouse import ClickHouse
from streams.store.client import DATABASE, SETTINGS, Engine, connect
from streams.store.grants import ROLES
from streams.store.migrate import migrate
from tests.company import Company, fill


@dataclass(frozen=True)
class Boards:
    """What Grafana's user sees: a database that holds the granted columns and nothing else."""

    store: ClickHouse
    company: Company
    scope: Scope
    """All of the six weeks."""

    def ask(self, sql: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self.store.query(sql, parameters)

    @property
    def labels(self) -> Sequence[Mapping[str, Any]]:
        return self.company.labels


@pytest.fixture(scope="module")
def boards(
    recorded_company: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Boards]:
    place = tmp_path_factory.mktemp("boards") / "store"
    engine = connect(f"chdb://{place}")
    migrate(engine.client)
    fill(ClickHouse(engine), recorded_company)
    engine.client.command("CREATE DATABASE granted")
    (role,) = (role for role in ROLES if role.name == "shoseki_dashboards")
    for grant in role.grants:
        columns = ", ".join(f"`{name}`" for name in grant.columns)
        engine.client.command(
            f"CREATE VIEW granted.{grant.table} AS SELECT {columns} FROM {DATABASE}.{grant.table}"
        )
    client = clickhouse_connect.get_client(
        interface="chdb", path=str(place / "engine"), database="granted", settings=SETTINGS
    )
    period = recorded_company.evidence.period
    scope = Scope(period.start, period.end)
    yield Boards(ClickHouse(Engine(client, client.close)), recorded_company, scope)
    client.close()
    engine.close()
