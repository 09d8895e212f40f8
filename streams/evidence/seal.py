"""Seals a block: leaves over its rows, a root a retention class, a block root, a chained link.

Row bytes are the canonical compact JSON array of the row's columns in table order, so that
anyone who has the columns can make them again.  A class can expire as a whole: its sub-root
and count stay in the ledger, and the block root still proves the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from controls.events import Event
from streams.evidence import merkle
from streams.evidence.block import Head, Header, Sealed
from streams.store.columns import LEDGER, TABLES, event_columns, finding_columns, names, place

_encoder = msgspec.json.Encoder()

COLUMNS = _encoder.encode({table: names(columns) for table, columns in TABLES.items()}).decode()
"""What every ledger row says about its columns: who verifies an old block needs no old code."""

FINDING, REJECT = "finding", "reject"
"""The classes of rows that are not events."""


def seal(
    header: Header,
    events: Sequence[Event],
    findings: Sequence[dict[str, Any]],
    rejects: Sequence[dict[str, Any]],
    head: Head | None,
    offsets: Sequence[int] | None = None,
) -> Sealed:
    """The block with its proof, chained to `head` (None: the partition's first block).

    `offsets` gives the lane offset of each event; without it, all have the block's last one.
    Raises ValueError for a block that does not add up or does not follow its predecessor: that
    is a fault of the program, and such a block must never be written.
    """
    _follows(header, head)
    rows = len(events) + len(rejects) + header.duplicates
    if rows != header.received:
        raise ValueError(f"{_name(header)}: {header.received} lines received, {rows} accounted for")
    tables = _tables(header, events, findings, rejects, offsets)
    classes = _classes(tables)
    number = head.number + 1 if head else 1
    ledger: dict[str, Any] = {
        "lane": header.lane,
        "partition": header.partition,
        "number": number,
        "first_offset": header.first_offset,
        "last_offset": header.last_offset,
        "recorded_at": header.recorded_at,
        "now": header.now,
        "books_upto": header.books_upto,
        "received": header.received,
        "evaluated": len(events),
        "rejected": len(rejects),
        "duplicates": header.duplicates,
        "findings": len(findings),
        "repeats": msgspec.json.encode(header.repeats, order="sorted").decode(),
        "fingerprint": header.fingerprint,
        "populations": msgspec.json.encode(header.populations, order="sorted").decode(),
        "classes": _encoder.encode(classes).decode(),
        "columns": COLUMNS,
        "root": merkle.root(merkle.leaves(map(_encoder.encode, classes))).hex(),
        "previous": head.link if head else "",
    }
    row = _encoder.encode([ledger[column.name] for column in LEDGER[:-1]])
    ledger["link"] = sha256(bytes.fromhex(ledger["previous"]) + row).hexdigest()
    return Sealed(header, number, events, findings, rejects, ledger, tables)


def _name(header: Header) -> str:
    return f"block {header.lane}/{header.partition} ending at {header.last_offset}"


def _follows(header: Header, head: Head | None) -> None:
    if header.last_offset < header.first_offset:
        raise ValueError(f"{_name(header)} begins after its end, at {header.first_offset}")
    if head is not None and header.first_offset != head.last_offset + 1:
        raise ValueError(
            f"{_name(header)} begins at {header.first_offset}; "
            f"block {head.number} ended at {head.last_offset}"
        )


def _tables(
    header: Header,
    events: Sequence[Event],
    findings: Sequence[dict[str, Any]],
    rejects: Sequence[dict[str, Any]],
    offsets: Sequence[int] | None,
) -> dict[str, dict[str, Sequence[Any]]]:
    """The rows by column; whatever a row does not say itself comes from the header."""

    def table(name: str, size: int, own: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        known = place(header.lane, header.partition, header.last_offset, size)
        known |= {"offset": [header.last_offset] * size, "recorded_at": [header.recorded_at] * size}
        known |= own
        return {column.name: known[column.name] for column in TABLES[name]}

    of_events = event_columns(events)
    if offsets is not None:
        of_events["offset"] = offsets
    # columns of the reject's own, absent ones empty; `recorded_at` is the header's
    of_rejects = {
        name: [reject[name] for reject in rejects]
        for name in ("offset", "origin", "position", "source_id", "reason", "digest")
    }
    return {
        "events": table("events", len(events), of_events),
        "findings": table("findings", len(findings), finding_columns(findings)),
        "rejects": table("rejects", len(rejects), of_rejects),
    }


def _lines(columns: Mapping[str, Sequence[Any]]) -> list[bytes]:
    """The row bytes of a table: one encoding for all rows, then cut at the line ends."""
    return _encoder.encode_lines(list(zip(*columns.values(), strict=True))).split(b"\n")[:-1]


def _classes(
    tables: Mapping[str, Mapping[str, Sequence[Any]]],
) -> list[tuple[str, int, str]]:
    """(class, rows, sub-root in hex) of each class that has rows, by name."""
    leaves: dict[str, list[bytes]] = {}
    hashes = merkle.leaves(_lines(tables["events"]))
    for name, leaf in zip(tables["events"]["retention"], hashes, strict=True):
        if name in leaves:
            leaves[name].append(leaf)
        else:
            leaves[name] = [leaf]
    for name, table in ((FINDING, "findings"), (REJECT, "rejects")):
        if hashes := merkle.leaves(_lines(tables[table])):
            leaves[name] = hashes
    return [(name, len(leaves[name]), merkle.root(leaves[name]).hex()) for name in sorted(leaves)]
