"""A table of a pack: what its columns are called, its rows, and the two forms they leave in."""

from __future__ import annotations

import csv as writer
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO

import msgspec

from controls.calendar import jst_text
from controls.kernel import Text

Cell = str | int | float | bool | None
"""Moments stand as ISO 8601 in JST to the second, days as YYYY-MM-DD, lists joined by `; `."""
Cells = tuple[Cell, ...]
"""A row, or a part of one."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name for programs and its heading in both languages."""

    key: str
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table; `name` is that of its files, `query` says in words what it is drawn from."""

    name: str
    title: Text
    columns: tuple[Column, ...]
    rows: list[Cells]
    query: str


def columns(*lines: str) -> tuple[Column, ...]:
    """Columns from lines `key | 見出し | heading`; without a heading the key is it."""
    found = []
    for line in lines:
        key, ja, *en = (part.strip() for part in line.split("|"))
        found.append(Column(key, ja, en[0] if en else key))
    return tuple(found)


def moment(at: int | None) -> str | None:
    """An instant (ms) as a cell: `2026-11-11T09:00:00+09:00`."""
    return None if at is None else jst_text(at)[:19] + "+09:00"


def day(of: date | None) -> str | None:
    return None if of is None else of.isoformat()


def listed(parts: Iterable[str | int | None]) -> str:
    """Parts as one cell, in the order given, each once, nothings left out."""
    return "; ".join(dict.fromkeys(str(part) for part in parts if part not in (None, "")))


HARMFUL = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that Excel would carry out (OWASP, CSV injection)."""


def csv(table: Table) -> Iterator[bytes]:
    """The lines as Excel reads them: UTF-8 with BOM, CRLF, `日付 / date` over each column.

    A text that Excel would carry out gets a `'` before it; numbers stay numbers.
    """
    yield b"\xef\xbb\xbf"
    line = StringIO()
    write = writer.writer(line, lineterminator="\r\n").writerow
    headings = [f"{column.ja} / {column.en}" for column in table.columns]
    for row in (headings, *table.rows):
        write([_shown(cell) for cell in row])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _shown(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and cell.startswith(HARMFUL):
        return f"'{cell}"
    return cell


def jsonl(table: Table) -> Iterator[bytes]:
    """One JSON object a row, its keys those of the columns, in their order."""
    keys = [column.key for column in table.columns]
    encode = msgspec.json.Encoder().encode
    for row in table.rows:
        yield encode(dict(zip(keys, row, strict=True))) + b"\n"
