"""Brings a database forward: numbered SQL files, each applied once, in order, never back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from controls.kernel import Refusal
from streams.store import StoreError
from streams.store.patience import named

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

WINDOW = 10_000
"""Inserts into a table after which the token of one is forgotten: at thirty a second some five
minutes, in which a writer that lost its connection has asked again."""
_DURABLE = "fsync_after_insert = 1, fsync_part_directory = 1"


@dataclass(frozen=True, slots=True)
class Layout:
    """What differs between one server and a cluster of replicas: the engine, the name of the
    window, and where a statement is carried out."""

    engine: str
    settings: str
    everywhere: str = ""

    def fill(self, statement: str) -> str:
        """The statement as it is sent."""
        statement = statement.replace("{engine}", self.engine).replace("{settings}", self.settings)
        return _CHANGES.sub(rf"\1{self.everywhere}", statement)


_CHANGES = re.compile(r"\A((?:CREATE TABLE IF NOT EXISTS|ALTER TABLE) \w+)")
SINGLE = Layout("MergeTree", f"non_replicated_deduplication_window = {WINDOW}, {_DURABLE}")


def replicated(cluster: str) -> Layout:
    """On a cluster, whose servers define the macros {shard} and {replica}."""
    return Layout(
        "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')",
        f"replicated_deduplication_window = {WINDOW}, {_DURABLE}",
        f" ON CLUSTER '{cluster}'",
    )


_REGISTER = """CREATE TABLE IF NOT EXISTS migrations (
    number UInt32 COMMENT 'Number of the file, e.g. 1',
    name   String COMMENT 'Name of the file, e.g. 0001_evidence.sql',
    digest String COMMENT 'sha256 of its text, e.g. 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
) ENGINE = {engine} ORDER BY number"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of SQL statements."""

    number: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    def statements(self, layout: Layout) -> list[str]:
        """The statements to send; engine, settings and place are filled in."""
        text = "\n".join(line for line in self.text.splitlines() if not line.startswith("--"))
        parts = re.split(r";\s*\n|;\s*\Z", text)
        return [layout.fill(part.strip()) for part in parts if part.strip()]


def migrations() -> list[Migration]:
    """Every migration of this version, in order."""
    folder = files("streams.store") / "migrations"
    found = [
        Migration(int(path.name[:4]), path.name, path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


def migrate(client: Client, cluster: str | None = None) -> list[str]:
    """Apply what is missing; return the names applied.

    Every statement can be repeated, so a migration that was cut off is simply run again.  A
    database that is up to date is only read.  Refuses one that a newer version has changed, one
    whose applied migrations are not ours word for word, and one that this user may not change.
    """
    layout = replicated(cluster) if cluster else SINGLE
    with named("reading which migrations were applied"):
        applied = _applied(client)
    known = {migration.number: migration for migration in migrations()}
    for number, (name, digest) in applied.items():
        if number not in known:
            raise Refusal(
                f"store: migration {name} was applied by a newer version; this one knows "
                f"up to {max(known)}: use the newer version"
            )
        if known[number].digest != digest:
            raise Refusal(
                f"store: migration {name} differs from the text that was applied; "
                "migrations never change: restore the file and add a new one"
            )
    fresh = [migration for number, migration in known.items() if number not in applied]
    try:
        if fresh:
            _send(client, layout.fill(_REGISTER))
        for migration in fresh:
            for statement in migration.statements(layout):
                _send(client, statement)
            with named("insert into migrations"):
                client.insert("migrations", [[migration.number, migration.name, migration.digest]])
    except StoreError as error:
        if "ACCESS_DENIED" not in str(error):
            raise
        raise StoreError(
            f"store: {fresh[0].name} is not applied yet and this user may not change tables; "
            "run `shoseki migrate` as a user with the role owner"
        ) from None
    return [migration.name for migration in fresh]


def _send(client: Client, statement: str) -> None:
    with named(" ".join(statement.split()[:6])):
        client.command(statement)


def _applied(client: Client) -> dict[int, tuple[str, str]]:
    if client.command("EXISTS TABLE migrations") != 1:
        return {}
    rows = client.query("SELECT number, name, digest FROM migrations ORDER BY number").result_rows
    return {number: (name, digest) for number, name, digest in rows}
