"""Verifies evidence from its rows alone: leaves, sub-roots, block roots, chains, counts, gaps.

Shares no code with what writes evidence and needs only the standard library, so that an auditor
can read it in one sitting, or write it again.  What holds, by RFC 6962 (H = sha256):

    row       compact JSON array of the row's columns, in the order the ledger row states
    leaf      H(00 | row);  node = H(01 | left | right);  no rows at all: H("")
    sub-root  the tree over a class's leaves, by line; a class is the event's `retention`,
              or "finding", or "reject"
    root      the tree over the rows [class, rows, sub-root in hex], by class
    link      H(previous link | the ledger row but its link); the first block has no previous
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Any, Protocol

TABLES = ("events", "findings", "rejects")
CLASSES = {"findings": "finding", "rejects": "reject"}
_TABLE_OF = {name: table for table, name in CLASSES.items()}
Row = dict[str, Any]


class Unreadable(Exception):
    """A row or line that cannot be read; the message says which."""


class Rows(Protocol):
    """What is verified: a store, or a pack."""

    def blocks(self) -> Iterator[Row]:
        """Ledger rows by lane, partition, number."""

    def rows(self, table: str, lane: str, partition: int) -> Iterator[Row]:
        """Rows of one table and partition, by block and line.  Asked for in chain order."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first block that does not hold, and what about it differs."""

    lane: str
    partition: int
    number: int
    what: str

    def __str__(self) -> str:
        return f"block {self.number} of {self.lane}/{self.partition}: {self.what}"


@dataclass(slots=True)
class Report:
    """What was verified; `fault` is None when everything holds.

    `pending` counts rows after the end of a chain: the one block that is being written, or whose
    writer ended before it was sealed; rows of two such blocks are a fault.  `expired` counts
    rows that have expired, `classes` the same by their class.
    """

    blocks: int = 0
    rows: int = 0
    pending: int = 0
    expired: int = 0
    classes: dict[str, int] = field(default_factory=dict)
    heads: list[Row] = field(default_factory=list)
    fault: Fault | None = None


class _Broken(Exception):
    """Verification of one block stops here."""


def verify(
    source: Rows,
    starts: Mapping[tuple[str, int], tuple[int, str]] | None = None,
    expired: Mapping[str, int] | None = None,
    pending: bool = True,
    anchored: Mapping[tuple[str, int], Mapping[int, str]] | None = None,
) -> Report:
    """Recompute everything; stop at the first block that does not hold.

    `starts` gives number and previous link of the first block of a chain that does not begin
    at 1.  `expired` maps a class to the moment (ms) before which its rows may be gone, all of
    a block's or none.  Rows after the end of a chain are a fault unless `pending`.
    `anchored` gives links by number that were written down elsewhere (see `anchor`): a chain
    that has others, or ends before them, does not hold.
    """
    report = Report()
    left = {key: dict(links) for key, links in (anchored or {}).items() if links}
    last: _Chain | None = None
    block: Row = {}
    try:
        for block in source.blocks():
            key = (block["lane"], block["partition"])
            if last is None or last.key != key:
                if last is not None:
                    last.end(report, pending)
                start = (starts or {}).get(key, (1, ""))
                last = _Chain(source, key, start, expired or {}, left.pop(key, {}))
            last.block(block, report)
        if last is not None:
            last.end(report, pending)
    except _Broken as broken:
        report.fault = _fault(block, last, str(broken))
    except Unreadable as unreadable:
        report.fault = _fault(block, last, str(unreadable))
    except (KeyError, TypeError, ValueError) as odd:
        report.fault = _fault(block, last, f"a value of the wrong kind ({type(odd).__name__})")
    if report.fault is None and left:
        key = min(left)
        report.fault = Fault(*key, min(left[key]), "anchored, and the whole chain is gone")
    return report


def _fault(block: Row, chain: _Chain | None, what: str) -> Fault:
    number = block.get("number")
    if chain is not None and (block.get("lane"), block.get("partition")) == chain.key:
        return Fault(*chain.key, number if isinstance(number, int) else 0, what)
    if chain is not None:
        return Fault(*chain.key, chain.number, what)
    return Fault(str(block.get("lane", "?")), -1, 0, what)


class _Chain:
    """The chain of one partition while it is walked."""

    def __init__(
        self, source: Rows, key: tuple[str, int], start: tuple[int, str],
        expired: Mapping[str, int], anchored: Mapping[int, str],
    ) -> None:  # fmt: skip
        self.key = key
        self.anchored = dict(anchored)
        self.number, self.link = start[0] - 1, start[1]
        self.offset: int | None = None
        self.first = start[0]
        self.expired = expired
        self.tables = {table: _Ahead(table, source.rows(table, *key)) for table in TABLES}

    def block(self, block: Row, report: Report) -> None:
        """Everything that must hold of one block."""
        number = block["number"]
        _same("number", number, self.number + 1)
        _same("previous link", block["previous"], self.link)
        if self.offset is not None:
            _same("first_offset", block["first_offset"], self.offset + 1)
        if block["last_offset"] < block["first_offset"]:
            raise _Broken("its last_offset lies before its first_offset")
        self.number = number
        columns = _columns(block["columns"])
        stated = [tuple(entry) for entry in json.loads(block["classes"])]
        found, counts = self._classes(block, columns, stated, report)
        _same("classes", [name for name, _, _ in found], [name for name, _, _ in stated])
        for (name, rows, subroot), (_, said, expected) in zip(found, stated, strict=True):
            _same(f"rows of class {name}", rows, said)
            if subroot != expected:
                raise _Broken(f"the sub-root of class {name} differs: a row was changed")
        tree = _tree(_leaf(_compact(list(entry))) for entry in found)
        _same("root", tree.hex(), block["root"])
        self._counts(block, counts)
        row = _compact([block[name] for name in columns["ledger"] if name != "link"])
        link = sha256(bytes.fromhex(block["previous"]) + row).hexdigest()
        _same("link over the ledger row", link, block["link"])
        if number in self.anchored:
            _same("link", link, self.anchored.pop(number))
        self.link, self.offset = block["link"], block["last_offset"]
        report.blocks += 1
        report.rows += sum(counts.values())

    def _classes(
        self, block: Row, columns: Mapping[str, Sequence[str]],
        stated: Sequence[tuple[str, int, str]], report: Report,
    ) -> tuple[list[tuple[str, int, str]], dict[str, int]]:  # fmt: skip
        """(class, rows, sub-root) as recomputed from the rows, and rows by table."""
        leaves: dict[str, list[bytes]] = defaultdict(list)
        counts = dict.fromkeys(TABLES, 0)
        odd = ""
        gone = {name for name, _, _ in stated if block["recorded_at"] < self.expired.get(name, 0)}
        for table in TABLES:
            values = itemgetter(*columns[table])
            name = CLASSES.get(table)
            for line, row in enumerate(self.tables[table].of(block["last_offset"])):
                counts[table] += 1
                leaves[name or row["retention"]].append(_leaf(_compact(values(row))))
                if row["line"] != line and not gone:
                    odd = odd or f"{table}: line {row['line']} stands where {line} belongs"
        found = {name: (len(rows), _tree(rows).hex()) for name, rows in leaves.items()}
        for name, rows, subroot in stated:
            if name not in found:
                if name not in gone:
                    raise _Broken(f"its {rows} rows of class {name} are missing")
                found[name] = (rows, subroot)
                report.expired += rows
                report.classes[name] = report.classes.get(name, 0) + rows
                counts[_TABLE_OF.get(name, "events")] += rows
        if odd:
            raise _Broken(odd)
        return [(name, *found[name]) for name in sorted(found)], counts

    def _counts(self, block: Row, counts: Mapping[str, int]) -> None:
        _same("evaluated", block["evaluated"], counts["events"])
        _same("rejected", block["rejected"], counts["rejects"])
        _same("findings", block["findings"], counts["findings"])
        accounted = block["evaluated"] + block["rejected"] + block["duplicates"]
        _same("received", block["received"], accounted)

    def end(self, report: Report, pending: bool) -> None:
        """After the last block: what is left over, and where the chain stands."""
        unsealed: int | None = None
        for table in TABLES:
            for row in self.tables[table].rest():
                unsealed = row["block"] if unsealed is None else unsealed
                if not pending or row["block"] != unsealed or row["block"] <= (self.offset or 0):
                    raise _Broken(f"{table}: a row of block offset {row['block']} belongs nowhere")
                report.pending += 1
        if gone := [number for number in self.anchored if number > self.number]:
            raise _Broken(f"the chain ends here; block {min(gone)} after it is anchored")
        lane, partition = self.key
        report.heads.append(
            {
                "lane": lane,
                "partition": partition,
                "first": self.first,
                "number": self.number,
                "last_offset": self.offset,
                "link": self.link,
            }
        )


class _Ahead:
    """Rows of one table and partition, taken block by block."""

    def __init__(self, table: str, rows: Iterator[Row]) -> None:
        self._table, self._rows = table, rows
        self._next: Row | None = None
        self._begun = False

    def _peek(self) -> Row | None:
        if not self._begun:
            self._next, self._begun = next(self._rows, None), True
        return self._next

    def of(self, block: int) -> Iterator[Row]:
        """The rows of this block; a row of an earlier one belongs nowhere."""
        while (row := self._peek()) is not None and row["block"] <= block:
            if row["block"] < block:
                raise _Broken(
                    f"{self._table}: a row of block offset {row['block']} belongs nowhere"
                )
            yield row
            self._next = next(self._rows, None)

    def rest(self) -> Iterator[Row]:
        while (row := self._peek()) is not None:
            yield row
            self._next = next(self._rows, None)


@lru_cache(8)
def _columns(text: str) -> dict[str, list[str]]:
    columns = json.loads(text)
    if any(not isinstance(columns[table], list) for table in (*TABLES, "ledger")):
        raise _Broken("its columns are not stated")
    return dict(columns)


def _same(what: str, found: object, expected: object) -> None:
    if type(found) is not type(expected) or found != expected:
        raise _Broken(f"{what} is {found!r}, expected {expected!r}")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _compact(row: Sequence[Any]) -> bytes:
    return _encode(row).encode("utf-8", "surrogatepass")


def _leaf(row: bytes) -> bytes:
    return sha256(b"\x00" + row).digest()


def _tree(leaves: Iterable[bytes]) -> bytes:
    """The tree's root, from a stack of perfect subtrees: equal sizes join, the rest at the end."""
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        size, top = 1, leaf
        while stack and stack[-1][0] == size:
            size, top = size * 2, sha256(b"\x01" + stack.pop()[1] + top).digest()
        stack.append((size, top))
    if not stack:
        return sha256(b"").digest()
    top = stack.pop()[1]
    while stack:
        top = sha256(b"\x01" + stack.pop()[1] + top).digest()
    return top
