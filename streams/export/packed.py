"""Reads back from a pack what is judged again; a pack is verified before (`verify_pack`)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from controls.kernel import Refusal
from streams.evidence.verify import MANIFEST
from streams.export.cut import Place, Row
from streams.export.rejudge import Material

EVENTS = "evidence/events.jsonl"


class _Head(msgspec.Struct):
    lane: str
    partition: int


@contextmanager
def material(path: Path) -> Iterator[Material]:
    """What a pack says, while it is open; event rows are read as they are asked for.

    Refusal where it cannot be read, or lacks what is needed.
    """
    try:
        with zipfile.ZipFile(path) as pack:
            manifest = msgspec.json.decode(pack.read(MANIFEST))
            starts = {} if manifest["auditor"] else _starts(pack)
            yield Material(
                msgspec.json.decode(pack.read("catalogue.json")),
                list(_lines(pack, "evidence/blocks.jsonl")),
                lambda place: _chain(pack, place, starts),
                list(_lines(pack, "evidence/findings.jsonl")),
                [row for row in _lines(pack, "samples.jsonl") if "sample" in row],
                _links(pack),
                manifest["auditor"],
            )
    except OSError as error:
        raise Refusal(f"{path}: cannot be read ({error.strerror})") from None
    except (zipfile.BadZipFile, msgspec.DecodeError, KeyError, ValueError) as odd:
        raise Refusal(
            f"{path}: is no pack that can be judged again ({odd}); export it anew"
        ) from odd


def _lines(pack: zipfile.ZipFile, name: str, start: int = 0) -> Iterator[Row]:
    decode = msgspec.json.Decoder().decode
    with pack.open(name) as file:
        file.seek(start)
        for line in file:
            yield decode(line)


def _starts(pack: zipfile.ZipFile) -> dict[Place, int]:
    """Where in the file the rows of each chain begin, in bytes."""
    found: dict[Place, int] = {}
    decode, start = msgspec.json.Decoder(_Head).decode, 0
    with pack.open(EVENTS) as file:
        for line in file:
            head = decode(line)
            found.setdefault((head.lane, head.partition), start)
            start += len(line)
    return found


def _chain(pack: zipfile.ZipFile, place: Place, starts: dict[Place, int]) -> Iterator[Row]:
    """The event rows of a chain; each has its own place in the file, for all are read at once."""
    if place not in starts:
        return
    for row in _lines(pack, EVENTS, starts[place]):
        if (row["lane"], row["partition"]) != place:
            return
        yield row


def _links(pack: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Pairs of pseudonyms, from rows year, pseudonym, year, pseudonym under one heading."""
    text = pack.read("links.csv").decode("utf-8-sig")
    rows: Any = csv.reader(io.StringIO(text, newline=""))
    next(rows, None)
    return [(one, other) for _, one, _, other in rows]
