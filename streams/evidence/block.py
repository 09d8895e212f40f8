"""What a block of one partition is, before and after it is sealed: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from controls.events import Event


@dataclass(frozen=True, slots=True)
class Header:
    """Where a block lies in its lane and what was looked at in it.

    `first_offset` is the offset after the last block's `last_offset` (ticks that made no block
    belong to the next one), so that blocks follow one another without a hole.  `recorded_at`
    and `now` are milliseconds: the broker's append time of the closing message, the time of the
    closing tick.  `received` counts the lines: evaluated + rejected + duplicates; `repeats` are the
    duplicates by source.
    `populations` maps a control to its judgements by verdict.
    """

    lane: str
    partition: int
    first_offset: int
    last_offset: int
    recorded_at: int
    now: int
    books_upto: int
    received: int
    repeats: Mapping[str, int]
    fingerprint: str
    populations: Mapping[str, Mapping[str, int]]

    @property
    def duplicates(self) -> int:
        return sum(self.repeats.values())


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a partition's chain: the last sealed block; `link` in hex."""

    number: int
    last_offset: int
    link: str
    now: int
    books_upto: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block with its proof, ready to be written.

    `tables` holds the rows of `events`, `findings` and `rejects` by column, in table order, as
    plain values (instants in milliseconds); `ledger` is the one ledger row, in table order.
    """

    header: Header
    number: int
    events: Sequence[Event]
    findings: Sequence[dict[str, Any]]
    rejects: Sequence[dict[str, Any]]
    ledger: dict[str, Any]
    tables: Mapping[str, Mapping[str, Sequence[Any]]]

    @property
    def head(self) -> Head:
        header = self.header
        return Head(
            self.number, header.last_offset, self.ledger["link"], header.now, header.books_upto
        )
