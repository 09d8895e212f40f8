"""What an event takes on the disk: as it was sent, packed in the log, and merged in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from controls.events import LANES
from streams.publish import topic
from streams.store.clickhouse import ClickHouse
from streams.store.sql import SCHEMAS


def measure(file: Path, log: Path, store: ClickHouse, events: int) -> dict[str, Any]:
    """Bytes an event: `raw` lines, lanes of the `log`, changelogs, compressed rows by table."""
    lanes = {topic(lane) for lane in LANES}
    written = {folder.name: weight(folder) for folder in (log / "topics").iterdir()}
    tables = {name: merged(store, name) / events for name in SCHEMAS}
    return {
        "raw": round(file.stat().st_size / events, 1),
        "log": round(sum(size for name, size in written.items() if name in lanes) / events, 1),
        "changelog": round(
            sum(size for name, size in written.items() if name.endswith("-changelog")) / events, 1
        ),
        "store": round(sum(tables.values()), 1),
        "tables": {name: round(size, 1) for name, size in tables.items()},
    }


def weight(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def merged(store: ClickHouse, table: str) -> int:
    """Bytes of a table once its parts are merged, as they are after some hours anyway."""
    store._client.command(f"OPTIMIZE TABLE {table} FINAL")
    found = store._client.command(
        "SELECT sum(bytes_on_disk) FROM system.parts "
        f"WHERE active AND database = currentDatabase() AND table = '{table}'"
    )
    return int(found)
