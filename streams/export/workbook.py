"""The tables of a pack as one Excel workbook: a sheet each, and a sheet of contents before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

import xlsxwriter  # type: ignore[import-untyped]

from streams.export.tables.table import Cell, Cells, Table
from streams.words import width

ROWS = 1_048_576
"""Rows that a sheet holds, its heading among them (Excel's limit)."""
TEXT = 32_767
"""Characters that a cell holds (Excel's limit)."""
DIGITS = 10**15
"""From here on Excel rounds a number, so that it goes in as a text."""
NAME = 31
CUT = "…（続きは CSV にある）"
CONTENTS = "目次"
HEADINGS = (
    ("表", "table"),
    ("名称", "title"),
    ("名称（英語）", "title (en)"),
    ("行数", "rows"),
    ("シート", "sheets"),
    ("抽出条件", "query"),
)
WIDTHS = (20, 32, 40, 12, 28, 110)
LEAST, MOST = 8, 60
"""Bounds of a column's width, in characters of a digit's width."""
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def workbook(out: BinaryIO, tables: Sequence[Table], at: int) -> None:
    """Write the workbook; `at` (ms) is the time that it states as its own, so that the same tables
    give the same bytes.

    A table that is too long for one sheet goes on in further ones; the contents say so.  Texts are
    only texts, whatever they begin with.
    """
    book = xlsxwriter.Workbook(out, OPTIONS)
    moment = datetime.fromtimestamp(at // 1000, UTC).replace(tzinfo=None)
    book.set_properties({"title": "運用証跡", "author": "Shoseki", "created": moment})
    base = {"font_name": "BIZ UDPゴシック", "font_size": 10, "valign": "top"}
    head = book.add_format(
        base
        | {"bold": True, "text_wrap": True, "bg_color": "#E9EDF3", "bottom": 1, "valign": "vcenter"}
    )
    plain, wrapped = book.add_format(base), book.add_format(base | {"text_wrap": True})
    link = book.add_format(base | {"font_color": "#1F3A5F", "underline": 1})
    contents = book.add_worksheet(CONTENTS)
    parts = {table.name: list(_parts(table)) for table in tables}
    _contents(contents, tables, parts, (head, wrapped, link))
    for table in tables:
        widths = _widths(table)
        headings = [(column.ja, column.en) for column in table.columns]
        for name, first, last in parts[table.name]:
            sheet = book.add_worksheet(name)
            _prepare(sheet, headings, widths, last - first, head, plain)
            for number, row in enumerate(table.rows[first:last], 1):
                _write(sheet, number, row, plain)
    book.close()


def _parts(table: Table) -> Iterator[tuple[str, int, int]]:
    """The sheets of a table: name, first row and the one after the last."""
    most = ROWS - 1
    for number, first in enumerate(range(0, max(len(table.rows), 1), most), 1):
        mark = f" ({number})" if number > 1 else ""
        yield (
            table.name[: NAME - len(mark)] + mark,
            first,
            min(first + most, len(table.rows)),
        )


def _contents(
    sheet: Any,
    tables: Sequence[Table],
    parts: dict[str, list[tuple[str, int, int]]],
    formats: tuple[Any, Any, Any],
) -> None:
    head, wrapped, link = formats
    _prepare(sheet, HEADINGS, WIDTHS, len(tables), head, wrapped)
    for number, table in enumerate(tables, 1):
        names = [name for name, _, _ in parts[table.name]]
        sheet.write_url(number, 0, f"internal:'{names[0]}'!A1", link, table.name)
        cells: Cells = (
            table.title.ja,
            table.title.en,
            len(table.rows),
            "\n".join(names),
            table.query,
        )
        for column, cell in enumerate(cells, 1):
            _cell(sheet, number, column, cell, wrapped)


def _prepare(
    sheet: Any,
    headings: Sequence[tuple[str, str]],
    widths: Sequence[int],
    rows: int,
    head: Any,
    plain: Any,
) -> None:
    """Widths, the frozen heading with its filter, and how the sheet is printed."""
    for column, points in enumerate(widths):
        sheet.set_column(column, column, points, plain)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, rows, len(headings) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")
    sheet.set_row(0, 32)
    for column, (ja, en) in enumerate(headings):
        sheet.write_string(0, column, f"{ja}\n{en}", head)


def _write(sheet: Any, number: int, row: Cells, plain: Any) -> None:
    for column, cell in enumerate(row):
        _cell(sheet, number, column, cell, plain)


def _cell(sheet: Any, row: int, column: int, cell: Cell, format: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, format)
    elif isinstance(cell, str) or abs(cell) >= DIGITS:
        sheet.write_string(row, column, _held(str(cell)), format)
    else:
        sheet.write_number(row, column, cell, format)


def _held(text: str) -> str:
    """A text as far as a cell holds it; Excel counts units of UTF-16."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * TEXT:
        return text
    return units[: 2 * (TEXT - len(CUT))].decode("utf-16-le", "ignore") + CUT


def _widths(table: Table) -> list[int]:
    """Room for the longest cell and both headings, within bounds."""
    widths = [max(width(column.ja), width(column.en)) + 4 for column in table.columns]
    for row in table.rows:
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                taken = len(cell) if cell.isascii() else width(cell[:MOST])
            else:
                taken = len(str(cell)) if cell is not None else 0
            if taken + 2 > widths[column]:
                widths[column] = taken + 2
    return [min(max(points, LEAST), MOST) for points in widths]
