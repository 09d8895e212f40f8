"""Writes an evidence pack: a zip of rows, blocks, catalogue and manifest that verifies itself.

Rows are JSON Lines, one object a line, in chain order; the same store gives the same bytes.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from streams.store import Store, StoreError
from streams.store.columns import TABLES, names

FORMAT = "shoseki-pack/1"
TIMEZONE = "Asia/Tokyo"
FILES = {"events": "events.jsonl", "findings": "findings.jsonl", "rejects": "rejects.jsonl"}
Period = tuple[date, date]

_encode = msgspec.json.Encoder().encode


def write_pack(
    store: Store, out: Path, catalogue: Mapping[str, Any], period: Period | None = None
) -> dict[str, Any]:
    """Write the pack to `out` and return its manifest.

    `period` is the first and the last day (JST) of the ticks whose blocks go in, from the first
    such block of a partition to the last, without holes; None packs everything.  Memory is
    bounded by a page of rows.  The file appears whole or not at all.
    """
    chains = _chains(store, period)
    partial = out.with_name(out.name + ".partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as pack:
            manifest = _fill(pack, store, chains, catalogue, period)
        with open(partial, "rb") as written:
            os.fsync(written.fileno())
        os.replace(partial, out)
    except OSError as error:
        raise StoreError(f"{out}: the pack cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return manifest


class _Chain:
    """What of one partition goes into the pack."""

    def __init__(self, block: Mapping[str, Any]) -> None:
        self.first = self.last = block
        self.fingerprints: set[str] = set()


def _chains(store: Store, period: Period | None) -> dict[tuple[str, int], _Chain]:
    if period is None:
        low, high = -1, 1 << 62
    else:
        zone = ZoneInfo(TIMEZONE)
        midnights = (period[0], period[1] + timedelta(days=1))
        low, high = (
            int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
            for day in midnights
        )
    chains: dict[tuple[str, int], _Chain] = {}
    for block in store.blocks():
        if low <= block["now"] < high:
            key = (block["lane"], block["partition"])
            chain = chains.setdefault(key, _Chain(block))
            chain.last = block
            chain.fingerprints.add(block["fingerprint"])
    return chains


def _fill(
    pack: zipfile.ZipFile,
    store: Store,
    chains: Mapping[tuple[str, int], _Chain],
    catalogue: Mapping[str, Any],
    period: Period | None,
) -> dict[str, Any]:
    blocks = (
        block
        for block in store.blocks()
        if (chain := chains.get((block["lane"], block["partition"]))) is not None
        and chain.first["number"] <= block["number"] <= chain.last["number"]
    )
    written = {"blocks.jsonl": _lines(pack, "blocks.jsonl", blocks)}
    for table, name in FILES.items():
        written[name] = _lines(pack, name, _rows(store, table, chains))
    text = msgspec.json.format(_encode(catalogue), indent=2)
    written["catalogue.json"] = _lines(pack, "catalogue.json", [text])
    del written["catalogue.json"]["rows"]
    prints = {name for chain in chains.values() for name in chain.fingerprints}
    manifest = {
        "format": FORMAT,
        "generator": f"shoseki {_version()}",
        "timezone": TIMEZONE,
        "period": [day.isoformat() for day in period] if period else None,
        "fingerprints": sorted(prints),
        "files": written,
        "columns": {table: names(columns) for table, columns in TABLES.items()},
        "chains": [
            {
                "lane": lane,
                "partition": partition,
                "first": chain.first["number"],
                "previous": chain.first["previous"],
                "number": chain.last["number"],
                "last_offset": chain.last["last_offset"],
                "link": chain.last["link"],
            }
            for (lane, partition), chain in sorted(chains.items())
        ],
    }
    _lines(pack, "manifest.json", [msgspec.json.format(_encode(manifest), indent=2)])
    return manifest


def _version() -> str:
    try:
        return metadata.version("shoseki")
    except metadata.PackageNotFoundError:
        return "0"


def _rows(
    store: Store, table: str, chains: Mapping[tuple[str, int], _Chain]
) -> Iterator[dict[str, Any]]:
    """Sealed rows only, in chain order."""
    for (lane, partition), chain in sorted(chains.items()):
        low, high = chain.first["first_offset"], chain.last["last_offset"]
        for row in store.rows(table, lane, partition):
            if low <= row["block"] <= high:
                yield row


def _lines(
    pack: zipfile.ZipFile, name: str, rows: Iterable[Mapping[str, Any] | bytes]
) -> dict[str, Any]:
    """Write one member, a line a row, and say what it is."""
    member = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system, member.external_attr = 3, 0o644 << 16
    digest, size, count = sha256(), 0, 0
    with pack.open(member, "w", force_zip64=True) as file:
        buffer = bytearray()
        for row in rows:
            buffer += row if isinstance(row, bytes) else _encode(row)
            buffer += b"\n"
            count += 1
            if len(buffer) > 1 << 18:
                digest.update(buffer)
                size += file.write(buffer)
                buffer = bytearray()
        digest.update(buffer)
        size += file.write(buffer)
    return {"rows": count, "bytes": size, "sha256": digest.hexdigest()}
