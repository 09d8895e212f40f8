"""Where evidence is kept: what every store can do.

Events arrive and leave in evidence form.  Instants are milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from controls.kernel import Refusal

if TYPE_CHECKING:
    from controls.events import Event
    from streams.evidence.block import Head, Sealed
    from streams.evidence.log import Entry


class StoreError(Refusal):
    """The store did not do what it was asked; nothing may be acknowledged after it."""


def unquestioned() -> None:
    """Nobody else writes: where one process has the store, or one worker all partitions."""


def misplaced(entry: Entry) -> StoreError:
    """What refuses an entry where the log has another one, or is not as long yet."""
    return StoreError(f"entry {entry.index} of the log does not follow its end: read it anew")


@dataclass(frozen=True, slots=True)
class Ask:
    """Past events of one type whose `field` has one of `values` (a list: any of its elements).

    A `field` of None asks for all.  `since` and `until` bound occurred_at, both inclusive.
    """

    type: str
    field: str | None
    values: frozenset[str]
    since: int
    until: int


def asked_by(event: Event, field: str) -> Iterable[str]:
    """The texts by which an event's field can be asked for: the value, each element of a list,
    nothing for null."""
    value = getattr(event, field)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple):
        return set(value)
    return (msgspec.json.encode(value).decode().strip('"'),)


class Store(Protocol):
    """Blocks in; rows, heads and sums out."""

    def write(self, sealed: Sealed, held: Callable[[], None] = unquestioned) -> None:
        """Keep a block: its rows first, the ledger row last.

        Writing the same block again changes nothing.  Raises StoreError.  `held` is asked before
        each change and raises where another may write this chain by now; then the rest is not
        written, and what was is what the other writes, too.
        """

    def head(self, lane: str, partition: int) -> Head | None:
        """The last sealed block of a partition, read anew."""

    def heads(self) -> dict[tuple[str, int], Head]:
        """The last sealed block of every chain, read anew, by lane and partition."""

    def block(self, lane: str, partition: int, number: int) -> Head | None:
        """The head that a chain had with its block of this number; None where there is none."""

    def ending(self, lane: str, partition: int, offset: int) -> Head | None:
        """The head that a chain had with its last block that ends at this offset or before."""

    def recall(
        self, lane: str, partition: int, below: int, asks: Sequence[Ask]
    ) -> Iterator[Event]:
        """Events of sealed rows with offset < `below` that any of `asks` wants, each once.

        In the order of the lane, and read as they are taken.
        """

    def history(
        self, lane: str, partition: int, types: Sequence[str], upto: int
    ) -> Iterator[list[Event]]:
        """The events of some types in blocks that end at `upto` or before, in the order of the
        lane, some thousands at a time."""

    def fingerprints(self, lane: str, partition: int) -> set[str]:
        """The catalogues by which the blocks of a chain were judged."""

    def ids(self, lane: str, partition: int, below: int, since: int) -> Iterator[tuple[str, str]]:
        """(event_id, payload_digest) of rows with offset < `below` and recorded_at ≥ `since`."""

    def digests(
        self, lane: str, partition: int, below: int, ids: Collection[str]
    ) -> dict[str, str]:
        """{event_id: payload_digest} of those of these ids that rows with offset < `below` have."""

    def rejected(
        self, lane: str, partition: int, below: int, rejects: Collection[tuple[str, int, str]]
    ) -> set[tuple[str, int, str]]:
        """Which of these (origin, position, digest) stand in reject rows with offset < `below`."""

    def reject_counts(self) -> list[dict[str, Any]]:
        """Rejects by day (JST, of recorded_at), source, origin and reason: `day, source_id, origin,
        reason, count`."""

    def latest(self, lane: str, partition: int) -> dict[str, int]:
        """The latest occurred_at of a partition's rows, by event type."""

    def findings(self, history: bool = False) -> list[dict[str, Any]]:
        """Findings of every verdict: the newest revision of each, or all of them."""

    def finding(self, finding_id: str) -> list[dict[str, Any]]:
        """Every revision of one finding, oldest first; empty when there is none."""

    def events(self, event_ids: Iterable[str]) -> list[Event]:
        """The events with these ids that the store has, in the order of the ids."""

    def populations(self) -> dict[str, dict[str, int]]:
        """Judgements by control and verdict, summed over all blocks."""

    def last_judged(self) -> dict[str, int]:
        """When each control last judged something: recorded_at (ms) of its latest block."""

    def blocks(self) -> Iterator[dict[str, Any]]:
        """Ledger rows by lane, partition, number."""

    def rows(
        self, table: str, lane: str, partition: int, first: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Rows of `events`, `findings` or `rejects` of one partition by block and line, from the
        block on that ends at `first` or later."""

    def log(self, first: int = 0) -> Iterator[Entry]:
        """The entries of the log from an index on, in order."""

    def last_entry(self) -> Entry | None:
        """The entry with which the log ends, read anew; None while it has none."""

    def append(self, entry: Entry, held: Callable[[], None] = unquestioned) -> None:
        """Keep an entry of the log.

        The same again changes nothing; StoreError where another stands at its index, or where it
        is not the next one.  `held`: see `write`.
        """

    def expire(self, retention: str, before: int) -> int:
        """Delete the events of a retention class in blocks recorded before `before` (ms).

        All of a block's or none; the ledger keeps their sub-roots and counts.  Returns how many
        rows have gone.  Raises StoreError.
        """

    def rejects(self, limit: int = 100) -> list[dict[str, Any]]:
        """The newest rejects, newest first."""

    def query(
        self, sql: str, parameters: Mapping[str, Any], seconds: float = 10.0, rows: int = 10_000
    ) -> list[dict[str, Any]]:
        """The first rows that one of our own queries gives, with server-side `{name:Type}`
        parameters.  Raises StoreError where that takes longer than `seconds`, and where the store
        knows no SQL.  Never with text from outside: only parameters come from there."""

    def close(self) -> None:
        """Let go of everything; the store is of no use afterwards."""
