"""The workbook: what Excel shows is what the tables hold, and nothing in it is carried out."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from controls.kernel import Text
from streams.export import workbook as module
from streams.export.tables import Column, Table
from streams.export.workbook import CONTENTS, workbook

AT = 1_778_597_147_042
"""2026-05-12 14:45:47 UTC."""
TABLE = Table(
    "01_example",
    Text("例", "Example"),
    (
        Column("date", "日付", "date"),
        Column("finding", "内容", "finding"),
        Column("n", "件数", "count"),
        Column("ok", "適否", "ok"),
    ),
    [
        ("2026-05-12", "=HYPERLINK(\"http://x\",\"y\")", -3, True),
        ("2026-05-13", "https://example.jp/", 2.5, False),
        ("2026-05-14", "棚卸しで見つからない媒体がある。" * 3, None, None),
        ("2026-05-15", "@SUM(A1)\x07\n二行目", 10**18, None),
    ],
    "nothing, but 言葉 too",
)  # fmt: skip
EMPTY = Table("02_empty", Text("空", "Empty"), TABLE.columns, [], "nothing")


def made(*tables: Table) -> bytes:
    out = io.BytesIO()
    workbook(out, tables, AT)
    return out.getvalue()


def read(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def test_a_sheet_a_table_after_the_contents_with_frozen_filtered_headings() -> None:
    book = read(made(TABLE, EMPTY))
    assert book.sheetnames == [CONTENTS, "01_example", "02_empty"]
    lines = list(book[CONTENTS].iter_rows(min_row=2, values_only=True))
    assert lines[0] == ("01_example", "例", "Example", 4, "01_example", TABLE.query)
    assert lines[1][3] == 0
    sheet = book["01_example"]
    assert [cell.value for cell in sheet[1]] == [
        "日付\ndate", "内容\nfinding", "件数\ncount", "適否\nok",
    ]  # fmt: skip
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D5"
    assert sheet.column_dimensions["B"].width > 50 > sheet.column_dimensions["A"].width > 11


def test_cells_keep_their_kind_and_nothing_is_carried_out() -> None:
    data = made(TABLE)
    sheet = read(data)["01_example"]
    shown = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert shown[0] == ["2026-05-12", TABLE.rows[0][1], -3, True]
    assert shown[1] == ["2026-05-13", "https://example.jp/", 2.5, False]
    assert shown[2][2:] == [None, None]
    assert shown[3][2] == "1000000000000000000"
    assert {cell.data_type for cell in sheet["B"]} <= {"s", "inlineStr"}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        for name in book.namelist():
            assert b"<f>" not in book.read(name)
        assert b"Hyperlink" not in book.read("xl/worksheets/sheet2.xml")


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 3)
    long = Table(
        "n" * 40, TABLE.title, TABLE.columns, [(str(n), "", n, None) for n in range(5)], ""
    )
    book = read(made(long))
    names = book.sheetnames[1:]
    assert [len(name) for name in names] == [31, 31, 31]
    assert names[1].endswith(" (2)")
    assert book[CONTENTS]["E2"].value == "\n".join(names)
    assert book[CONTENTS]["D2"].value == 5
    rows = [row for name in names for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert [row[2] for row in rows] == [0, 1, 2, 3, 4]
    assert {book[name].freeze_panes for name in names} == {"A2"}


def test_a_text_that_no_cell_holds_says_that_it_is_cut() -> None:
    long = Table(
        "t", TABLE.title, TABLE.columns, [("x" * 40_000, "\U00020b9f" * 20_000, 1, None)], ""
    )
    row = next(read(made(long))["t"].iter_rows(min_row=2, values_only=True))
    for text in row[:2]:
        assert text.endswith(module.CUT)
        assert len(text.encode("utf-16-le")) // 2 <= module.TEXT + len(module.CUT)


def test_the_same_tables_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(TABLE, EMPTY)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    before = os.umask(0o077)
    try:
        assert made(TABLE, EMPTY) == first
    finally:
        os.umask(before)
    properties = read(first).properties
    assert properties.created == properties.modified == datetime(2026, 5, 12, 14, 45, 47)
