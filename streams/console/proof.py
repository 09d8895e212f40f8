"""That a row is in its block, and the block under a signed checkpoint: recomputed when shown."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter
from typing import Any

import msgspec

from streams.console import queries
from streams.console.sight import Row, Sight
from streams.evidence.merkle import included, inclusion, leaves, root
from streams.evidence.seal import FINDING
from streams.store.columns import LEDGER, names

Place = tuple[str, int, int]
"""A block: lane, partition, last offset."""
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Proof:
    """A row's way up (RFC 6962): `leaf` at `index` of `size` leaves of its class, the nodes beside
    the way, the class's root, the block's; hashes in hex.

    What was recomputed: `included`, the leaf leads to the class's root; `sealed`, the classes lead
    to the block's root; `linked`, the ledger row and the link before it give the block's link.
    `checkpoint` is the first that vouches for the block, None until one was made.
    """

    lane: str
    partition: int
    line: int
    kind: str
    block: Row
    index: int
    size: int
    leaf: str
    path: tuple[str, ...]
    top: str
    included: bool
    sealed: bool
    linked: bool
    checkpoint: Row | None

    @property
    def holds(self) -> bool:
        return self.included and self.sealed and self.linked


class Proofs:
    """Makes proofs; where the store does not change meanwhile, the leaves of the `most` blocks that
    were asked for last are kept."""

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str, int, int], _Leaves] = OrderedDict()

    def of(
        self, sight: Sight, table: str, lane: str, partition: int, block: int, line: int
    ) -> Proof | None:
        """The proof of one row; None where the row or its block is not in the store (any more)."""
        found = sight.ask(queries.BLOCK, lane=lane, partition=partition, block=block)
        if not found:
            return None
        ledger = dict(zip(names(LEDGER), found[0].values(), strict=True))
        held = self._leaves(sight, table, lane, partition, block, ledger)
        if line not in held.places:
            return None
        kind, index = held.places[line]
        level = held.levels[kind]
        classes = msgspec.json.decode(ledger["classes"])
        top = next((top for name, _, top in classes if name == kind), "")
        path = inclusion(index, level)
        return Proof(
            lane=lane,
            partition=partition,
            line=line,
            kind=kind,
            block=ledger,
            index=index,
            size=len(level),
            leaf=level[index].hex(),
            path=tuple(node.hex() for node in path),
            top=top,
            included=included(index, len(level), level[index], path, bytes.fromhex(top)),
            sealed=root(leaves(map(_encode, classes))).hex() == ledger["root"],
            linked=_link(ledger) == ledger["link"],
            checkpoint=_checkpoint(sight, lane, partition, ledger["number"]),
        )

    def learn(self, sight: Sight, table: str, blocks: Mapping[Place, Row]) -> None:
        """Read the leaves of these blocks (by lane, partition, last offset) in one passing."""
        for lane, partition in sorted({place[:2] for place in blocks}):
            known: dict[int, tuple[_Leaves, Any]] = {}
            for row in sight.store.rows(table, lane, partition):
                block = row["block"]
                if (lane, partition, block) not in blocks:
                    continue
                if block not in known:
                    columns = msgspec.json.decode(blocks[lane, partition, block]["columns"])
                    known[block] = _Leaves(), itemgetter(*columns[table])
                found, values = known[block]
                found.add(row["line"], row.get("retention", FINDING), _encode(values(row)))
            for block, (found, _) in known.items():
                self._kept[table, lane, partition, block] = found

    def _leaves(
        self, sight: Sight, table: str, lane: str, partition: int, block: int, ledger: Row
    ) -> _Leaves:
        key = table, lane, partition, block
        if key not in self._kept:
            values = itemgetter(*msgspec.json.decode(ledger["columns"])[table])
            found = _Leaves()
            for row in sight.store.rows(table, lane, partition, block):
                if row["block"] != block:
                    break
                found.add(row["line"], row.get("retention", FINDING), _encode(values(row)))
            self._kept[key] = found
        self._kept.move_to_end(key)
        found = self._kept[key]
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return found


class _Leaves:
    """The leaf hashes of a block's table by class, and where each line stands among them."""

    def __init__(self) -> None:
        self.levels: dict[str, list[bytes]] = defaultdict(list)
        self.places: dict[int, tuple[str, int]] = {}

    def add(self, line: int, kind: str, row: bytes) -> None:
        self.places[line] = kind, len(self.levels[kind])
        self.levels[kind] += leaves([row])


def _link(ledger: Row) -> str:
    """The link of a block, recomputed from its ledger row and the link before it."""
    row = _encode([ledger[column.name] for column in LEDGER[:-1]])
    return sha256(bytes.fromhex(ledger["previous"]) + row).hexdigest()


def _checkpoint(sight: Sight, lane: str, partition: int, number: int) -> Row | None:
    found = sight.ask(queries.COVERING, lane=lane, partition=partition, number=number)
    return found[0] if found else None
