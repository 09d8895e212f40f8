"""Roles and the layout on a cluster: generated, parsed by the engine, and enough for the store.

Neither users nor replication exist in the embedded engine: whether a server grants and replicates
as it should is not run here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from streams.evidence.log import again
from streams.store import Ask
from streams.store.clickhouse import ClickHouse, catch_up
from streams.store.client import Engine
from streams.store.columns import EVERY, names
from streams.store.grants import ROLES, Role, statements, text
from streams.store.migrate import SINGLE, migrations, replicated
from tests.streams.blocks import block, finding, reject

DEPLOY = Path(__file__).parents[3] / "deploy" / "clickhouse"
CLUSTER = "{cluster}"
ROLE = {role.name.removeprefix("shoseki_"): role for role in ROLES}


@pytest.mark.parametrize(("file", "cluster"), [("roles", None), ("roles_cluster", CLUSTER)])
def test_the_statements_in_deploy_are_those_that_are_declared(
    file: str, cluster: str | None
) -> None:
    option = f" --cluster '{cluster}'" if cluster else ""
    assert (DEPLOY / f"{file}.sql").read_text() == text(cluster), (
        f"run: python -m streams.store.grants{option} > deploy/clickhouse/{file}.sql"
    )


def parsed(engine: Engine, statement: str) -> str:
    """The statement in one line, as the engine's own parser writes it again."""
    found = engine.client.query("SELECT formatQuerySingleLine({q:String})", {"q": statement})
    return str(found.result_rows[0][0])


@pytest.mark.parametrize("cluster", [None, CLUSTER])
def test_the_engine_can_parse_every_role_and_grant(engine: Engine, cluster: str | None) -> None:
    for statement in statements(cluster):
        again = parsed(engine, statement)
        assert (" ON CLUSTER " in again) == (cluster is not None), again


def test_the_engine_refuses_what_is_no_statement(engine: Engine) -> None:
    with pytest.raises(Exception, match="SYNTAX_ERROR"):
        parsed(engine, "GRANT SELECT(`a` ON shoseki.events TO x")


def test_on_a_cluster_only_engine_window_and_place_differ(engine: Engine) -> None:
    cluster = replicated(CLUSTER)
    for migration in migrations():
        ours, theirs = migration.statements(SINGLE), migration.statements(cluster)
        for single, everywhere in zip(ours, theirs, strict=True):
            again = parsed(engine, everywhere)
            assert "ON CLUSTER" in again
            if again.startswith("CREATE"):
                place = "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}'"
                assert place in again
                assert " replicated_deduplication_window = " in again
                rows = "ledger" not in again and "EXISTS log" not in again
                assert ("PARTITION BY toYYYYMM(recorded_at)" in again) == rows
            back = everywhere.replace(cluster.engine, SINGLE.engine)
            back = back.replace(cluster.settings, SINGLE.settings)
            assert back.replace(cluster.everywhere, "") == single


def test_the_engine_can_parse_how_a_replica_catches_up(engine: Engine) -> None:
    for table in EVERY:
        assert parsed(engine, catch_up(table)) == catch_up(table)


def test_dashboards_see_named_columns_only_and_no_digest() -> None:
    seen = {grant.table: grant.columns for grant in ROLE["dashboards"].grants}
    for table, columns in seen.items():
        assert columns
        assert set(columns) < set(names(EVERY[table])) or table == "ledger"
    assert not {"payload_digest", "document_sha256", "document_ref"} & set(seen["events"])
    assert "digest" not in seen["rejects"]
    assert "note" not in seen["log"]


# --- the rights are enough, and no more than enough ---------------------------------------------

DEEDS = (
    ("INSERT", re.compile(r"INSERT INTO (\w+)")),
    ("ALTER DELETE", re.compile(r"DELETE FROM (\w+)|ALTER TABLE (\w+) DELETE")),
    ("SELECT", re.compile(r"(?<!DELETE )FROM (events|findings|rejects|ledger|log|migrations)\b")),
)


def asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """(right, table) of everything that the client is asked for from now on."""
    done: set[tuple[str, str]] = set()

    def note(sql: str) -> None:
        for right, pattern in DEEDS:
            for match in pattern.finditer(sql):
                done.add((right, next(filter(None, match.groups()))))

    for name in ("command", "raw_query", "query", "insert_arrow"):
        call = getattr(engine.client, name)

        def noted(first: str, *args: Any, _name: str = name, _call: Any = call, **kw: Any) -> Any:
            note(f"INSERT INTO {first}" if _name == "insert_arrow" else first)
            return _call(first, *args, **kw)

        monkeypatch.setattr(engine.client, name, noted)
    return done


def granted(role: Role) -> set[tuple[str, str]]:
    return {(grant.right, grant.table) for grant in role.grants if not grant.replicated}


def look_at_everything(store: ClickHouse) -> None:
    store.head("access", 0)
    store.heads()
    store.last_entry()
    ask = Ask("access.datastore_query", None, frozenset(), 0, 1 << 40)
    store.recall("access", 0, 10, [ask])
    store.latest("access", 0)
    store.findings()
    store.finding("f001")
    store.events(["e000001"])
    store.populations()
    store.rejects()
    for read in (store.blocks(), store.log(), store.ids("access", 0, 10, 0)):
        list(read)
    for table in ("events", "findings", "rejects"):
        list(store.rows(table, "access", 0))


@pytest.mark.parametrize("database", ["clickhouse"], indirect=True)
def test_readers_and_writers_may_do_what_the_store_does(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.store.migrate import migrate

    store = ClickHouse(database)
    full = block(findings=[finding(1)], rejects=[reject(1)])
    rows = {name: list(values) for name, values in full.tables["events"].items()}
    store._insert("events", rows | {"line": [n + 9 for n in rows["line"]]}, "left by another")
    done = asked(database, monkeypatch)
    assert migrate(database.client) == []
    look_at_everything(store)
    assert done == granted(ROLE["exporter"])
    store.write(full)
    store.append(again(None, 1, [], "note"))
    assert store.expire("log", 1 << 45) == 6
    clears = {("ALTER DELETE", "findings"), ("ALTER DELETE", "rejects")}  # as it did events
    assert done | clears == granted(ROLE["writer"])
