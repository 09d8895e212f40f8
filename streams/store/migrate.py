"""Brings a database forward: numbered SQL files, each applied once, in order, never back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from controls.kernel import Refusal

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ENGINE = "MergeTree"
"""The engine clause; on a cluster it is the replicated one, and the window has another name."""
SETTINGS = (
    "non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1"
)

_REGISTER = """
CREATE TABLE IF NOT EXISTS migrations (
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

    def statements(self, engine: str, settings: str) -> list[str]:
        """The statements to send; `{engine}` and `{settings}` are filled in."""
        text = "\n".join(line for line in self.text.splitlines() if not line.startswith("--"))
        filled = text.replace("{engine}", engine).replace("{settings}", settings)
        return [part.strip() for part in re.split(r";\s*\n|;\s*\Z", filled) if part.strip()]


def migrations() -> list[Migration]:
    """Every migration of this version, in order."""
    folder = files("streams.store") / "migrations"
    found = [
        Migration(int(path.name[:4]), path.name, path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.number)


def migrate(client: Client, engine: str = ENGINE, settings: str = SETTINGS) -> list[str]:
    """Apply what is missing; return the names applied.

    Every statement can be repeated, so a migration that was cut off is simply run again.
    Refuses a database that a newer version has changed, and one whose applied migrations are
    not ours word for word.
    """
    client.command(_REGISTER.replace("{engine}", engine))
    rows = client.query("SELECT number, name, digest FROM migrations ORDER BY number").result_rows
    applied = {number: (name, digest) for number, name, digest in rows}
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
    for migration in fresh:
        for statement in migration.statements(engine, settings):
            client.command(statement)
        client.insert("migrations", [[migration.number, migration.name, migration.digest]])
    return [migration.name for migration in fresh]
