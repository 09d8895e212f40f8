"""Whatever is done to a row, a block or a chain, verification names the first block it hit."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from streams.evidence.verify import Fault, Report, verify
from streams.store.columns import TABLES
from streams.store.memory import Memory
from tests.streams.blocks import block, company, finding

Row = dict[str, Any]
CHAIN = ("access", 0)
CASES = [(table, column.name) for table, columns in TABLES.items() for column in columns]


class Copy:
    """The rows of a store, free to be changed."""

    def __init__(self, store: Memory) -> None:
        self.ledger = list(store.blocks())
        keys = {(b["lane"], b["partition"]) for b in self.ledger}
        self.tables = {
            (table, *key): list(store.rows(table, *key))
            for key in keys
            for table in ("events", "findings", "rejects")
        }

    def blocks(self) -> Iterator[Row]:
        return iter(sorted(self.ledger, key=lambda b: (b["lane"], b["partition"], b["number"])))

    def rows(self, table: str, lane: str, partition: int) -> Iterator[Row]:
        return iter(self.tables.get((table, lane, partition), []))

    def of(self, table: str) -> list[Row]:
        return self.ledger if table == "ledger" else self.tables[table, *CHAIN]


@pytest.fixture
def copy() -> Copy:
    store = Memory()
    company(store)
    return Copy(store)


def _fault(copy: Copy) -> Fault:
    found = verify(copy).fault
    assert found is not None
    return found


def _number(copy: Copy, last_offset: int) -> int:
    """The number of the block of CHAIN that ends there."""
    chain = [b for b in copy.ledger if (b["lane"], b["partition"]) == CHAIN]
    return next(b["number"] for b in chain if b["last_offset"] == last_offset)


def _changed(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
    if value is None:
        return "x"
    return [*value, "x"]


def test_an_untouched_store_holds(copy: Copy) -> None:
    report = verify(copy)
    assert report.fault is None
    rows = sum(len(rows) for rows in copy.tables.values())
    assert (report.blocks, report.rows, report.pending) == (12, rows, 0)
    assert [head["number"] for head in report.heads] == [4, 4, 4]


@pytest.mark.parametrize(("table", "column"), CASES)
def test_a_changed_value_is_found_in_its_block(copy: Copy, table: str, column: str) -> None:
    """Every column of every table, in the first row and in the last of the chain."""
    for pick in (0, -1):
        changed = deepcopy(copy)
        rows = [r for r in changed.of(table) if (r["lane"], r["partition"]) == CHAIN]
        row = rows[pick]
        number = _number(copy, row["last_offset"] if table == "ledger" else row["block"])
        row[column] = _changed(row[column])
        fault = _fault(changed)
        if table == "ledger" and column in ("lane", "partition", "number"):
            continue  # the row has left its place: the fault is where it went or is missed
        assert (fault.lane, fault.partition) == CHAIN
        assert fault.number in (number, number + 1), fault


@pytest.mark.parametrize("table", ["events", "findings", "rejects"])
@pytest.mark.parametrize("deed", ["drop", "add", "swap", "duplicate", "move"])
def test_rows_dropped_added_swapped_doubled_or_moved_are_found(
    copy: Copy, table: str, deed: str
) -> None:
    rows = copy.of(table)
    at = next(i for i, row in enumerate(rows[1:], 1) if row["block"] == rows[i - 1]["block"])
    number = _number(copy, rows[at]["block"])
    if deed == "drop":
        del rows[at]
    elif deed == "add":
        rows.insert(at + 1, rows[at] | {"line": rows[at]["line"] + 1})
    elif deed == "swap":
        rows[at - 1], rows[at] = rows[at], rows[at - 1]
    elif deed == "duplicate":
        rows.insert(at, rows[at])
    else:
        copy.tables[table, "access", 1].insert(0, rows.pop(at))
    fault = _fault(copy)
    assert (fault.lane, fault.partition, fault.number) == (*CHAIN, number)


def test_two_rows_that_change_their_lines_are_found(copy: Copy) -> None:
    rows = copy.of("events")
    rows[1], rows[2] = rows[2] | {"line": 1}, rows[1] | {"line": 2}
    assert _fault(copy).number == 1


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("with_rows", [True, False])
def test_a_removed_block_is_found(copy: Copy, number: int, with_rows: bool) -> None:
    chain = [b for b in copy.ledger if (b["lane"], b["partition"]) == CHAIN]
    gone = chain[number - 1]
    copy.ledger.remove(gone)
    if with_rows:
        for table in ("events", "findings", "rejects"):
            rows = copy.tables[table, *CHAIN]
            rows[:] = [row for row in rows if row["block"] != gone["last_offset"]]
    if number < 4:
        assert _fault(copy).number == number + 1
        return
    # The end of a chain is known only to those who kept its head: rows without their ledger
    # row are told apart from a block being written by nothing but what comes after them.
    report = verify(copy)
    assert report.fault is None
    assert report.pending == (0 if with_rows else 12)
    assert report.heads[0]["link"] == chain[2]["link"]


def test_rows_of_two_unsealed_blocks_are_found(copy: Copy) -> None:
    rows = copy.of("events")
    rows += [rows[-1] | {"block": 900}, rows[-1] | {"block": 901}]
    assert "belongs nowhere" in _fault(copy).what


def test_a_block_sealed_anew_breaks_the_chain_behind_it(copy: Copy) -> None:
    first = next(b for b in copy.ledger if b["lane"] == "access")
    store = Memory()
    company(store)
    forged = block(size=3, findings=[finding(5), finding(1)], duplicates=2)
    assert forged.header.last_offset == first["last_offset"]
    copy.ledger[copy.ledger.index(first)] = dict(forged.ledger)
    other = Memory()
    other.write(forged)
    for table in ("events", "findings", "rejects"):
        rows = copy.tables[table, *CHAIN]
        rows[:] = [*other.rows(table, *CHAIN), *(r for r in rows if r["block"] != 3)]
        rows.sort(key=lambda row: (row["block"], row["line"]))
    fault = _fault(copy)
    assert fault.number == 2
    assert "previous link" in fault.what


def test_a_block_of_another_chain_does_not_fit(copy: Copy) -> None:
    others = [b for b in copy.ledger if (b["lane"], b["partition"]) == ("access", 1)]
    chain = [b for b in copy.ledger if (b["lane"], b["partition"]) == CHAIN]
    copy.ledger[copy.ledger.index(chain[2])] = others[2] | {"partition": 0}
    assert _fault(copy).number == 3


def test_a_class_that_expired_as_a_whole_still_verifies(copy: Copy) -> None:
    chain = [b for b in copy.ledger if (b["lane"], b["partition"]) == ("books", 0)]
    rows = copy.tables["events", "books", 0]
    end = chain[1]["recorded_at"] + 1
    early = [row for row in rows if row["retention"] == "log" and row["recorded_at"] < end]
    assert early
    for row in early:
        rows.remove(row)
    report = verify(copy, expired={"log": end})
    assert report.fault is None
    assert report.expired == len(early)
    assert report.classes == {"log": len(early)}
    assert "rows of class log are missing" in str(verify(copy).fault)


def test_a_part_of_an_expired_class_is_found(copy: Copy) -> None:
    rows = copy.tables["events", "books", 0]
    rows.remove(next(row for row in rows if row["retention"] == "log" and row["block"] > 10))
    assert verify(copy, expired={"log": 1 << 60}).fault is not None


@pytest.mark.parametrize("odd", [None, "", [], {}, 1.5, "{}", "[[1]]", "[1]", -1, 1 << 70])
@pytest.mark.parametrize("column", [column.name for column in TABLES["ledger"]])
def test_values_of_a_wrong_kind_are_a_fault_and_no_crash(copy: Copy, column: str, odd: Any) -> None:
    copy.ledger[1][column] = odd
    copy.blocks = lambda: iter(copy.ledger)  # type: ignore[method-assign]
    report: Report = verify(copy)
    assert report.fault is not None
