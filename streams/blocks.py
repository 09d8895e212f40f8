"""Where one block of a partition ends and the next begins: a function of the log alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from controls.block import Tally
from streams import messages

LIMIT = 10_000
"""Events after which a block closes without waiting for the next tick."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a lane: its offset, the broker's append time (ms), and what it holds.

    `value` is the message as bytes, or, where there is no broker, what it would decode to.
    """

    offset: int
    timestamp: int
    value: bytes | Sequence[Any] | Tally | messages.Tick


@dataclass(slots=True)
class Batch:
    """The messages of one block, ticks apart."""

    first_offset: int
    last_offset: int
    recorded_at: int
    now: int
    books_upto: int
    contents: list[tuple[int, bytes | Sequence[Any]]] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)


class Blocks:
    """Gathers the messages of one partition and says when a block is whole."""

    def __init__(self, now: int, books_upto: int, next_offset: int, limit: int = LIMIT) -> None:
        self._limit = limit
        self._now, self._upto = now, books_upto
        self._first = next_offset
        self._contents: list[tuple[int, bytes | Sequence[Any]]] = []
        self._tallies: list[Tally] = []
        self._size = 0

    def add(self, message: Message) -> Batch | None:
        """The block that this message closes; None while it is open."""
        value = message.value
        if isinstance(value, bytes):
            value = messages.read(value) or value
        if isinstance(value, messages.Tick):
            self._now = max(self._now, value.now)
            self._upto = max(self._upto, value.books_upto)
            return self._close(message)
        if isinstance(value, Tally):
            self._tallies.append(value)
            return None
        self._contents.append((message.offset, value))
        self._size += value.count(b"\n") + 1 if isinstance(value, bytes) else len(value)
        return self._close(message) if self._size >= self._limit else None

    def _close(self, message: Message) -> Batch:
        batch = Batch(
            self._first,
            message.offset,
            message.timestamp,
            self._now,
            self._upto,
            self._contents,
            self._tallies,
        )
        self._contents, self._tallies, self._size = [], [], 0
        self._first = message.offset + 1
        return batch
