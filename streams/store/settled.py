"""What of a store is sealed at one moment, for reading while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from streams.store import Store


class Settled:
    """The blocks and rows up to the heads that the chains had when this was made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._heads = store.heads()

    def blocks(self) -> Iterator[dict[str, Any]]:
        """Ledger rows by lane, partition, number."""
        for block in self._store.blocks():
            head = self._heads.get((block["lane"], block["partition"]))
            if head is not None and block["number"] <= head.number:
                yield block

    def rows(self, table: str, lane: str, partition: int) -> Iterator[dict[str, Any]]:
        """Rows of one table and partition, by block and line."""
        last = self._heads[lane, partition].last_offset
        return takewhile(lambda row: row["block"] <= last, self._store.rows(table, lane, partition))
