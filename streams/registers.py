"""Registers in every worker: what `books` remembers of them, and the reader that follows it.

`books` is judged by one worker, which fills its registers as it judges.  The others learn the same
from the changelog of its table, read without a group.  Both ways enter the same events at the same
offsets, and what is entered already changes nothing: a worker may gain or lose `books` at any time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from controls.events import Event
from controls.gaps import Derived, SourceGap, SourceHeard
from controls.registers import Registers
from streams import codec

log = logging.getLogger("shoseki.registers")

REGISTER = "register|"
"""Under this prefix `books` remembers the events that build the registers."""
OBSERVED = "observed|"
"""The same for what the registers hold for a time only, with the time at which to look again."""
DERIVED: dict[str, type[Derived]] = {"gap|": SourceGap, "heard|": SourceHeard}
"""The same for what no event tells, by its kind: every word of each, since blocks look back to when
it was said."""
REMEMBERED = (REGISTER, OBSERVED, *DERIVED)
"""All that builds the registers."""
REACHED = "reached"
"""The last thing that a block of `books` remembers: everything up to `applied` is remembered."""

GONE = "gone"
"""In place of a value that is forgotten: since when (seconds)."""

_decode = msgspec.json.Decoder().decode


def remembered(value: Mapping[str, Any]) -> list[Event]:
    """The events that were remembered as lines."""
    read = codec.decode(value["lines"].encode().split(b"\n"), lane=True)
    return [event for event in read if isinstance(event, Event)]


def derived(entry: Derived) -> str:
    """Under which key an entry is remembered that no event tells."""
    kind = next(kind for kind, entries in DERIVED.items() if isinstance(entry, entries))
    return f"{kind}{entry.event_id}"


def fill(registers: Registers, memory: Iterable[tuple[str, Any]]) -> None:
    """Enter what `books` remembers in the order in which it came to be known.

    First the events of a block, then what it derived, which is the next block's knowledge.
    What is not beyond `reached` is in, or was in and is forgotten.
    """
    known: list[tuple[int, str, int, list[Any]]] = []
    reached = registers.reached
    for key, value in memory:
        if key.startswith((REGISTER, OBSERVED)):
            kind, block, piece = key.split("|")
            if int(block) > registers.reached:
                known.append((int(block), kind, int(piece), remembered(value)))
        elif key.startswith(tuple(DERIVED)) and value["applied"] > registers.reached:
            entry = DERIVED[key[: key.index("|") + 1]](**value["entry"])
            known.append((value["applied"] + 1, "", 0, [entry]))
        elif key == REACHED:
            reached = max(reached, value["applied"])
    for offset, _, _, entries in sorted(known, key=lambda entry: entry[:3]):
        for entry in entries:
            registers.add(entry, offset)
    registers.reached = reached


class Follower:
    """Fills the registers from the changelog of `books`; `stop` is told why it could not go on.

    Nothing is entered before the end of the changelog is reached: a record that compaction has
    dropped stands again further on, so only what was read up to the end is whole and in order.
    """

    def __init__(
        self, registers: Registers, changelog: str, stop: Callable[[BaseException], None]
    ) -> None:
        self._registers, self._changelog, self._stop = registers, changelog, stop
        self._pending: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self.whole = False
        """Whether the changelog was once read to its end."""

    def start(self, connection: Mapping[str, Any]) -> None:
        """Read until `close`; `connection` says how aiokafka reaches the brokers."""
        self._task = asyncio.create_task(self._run(connection))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, connection: Mapping[str, Any]) -> None:
        from aiokafka import AIOKafkaConsumer, TopicPartition

        place = TopicPartition(self._changelog, 0)
        try:
            async with AIOKafkaConsumer(
                auto_offset_reset="earliest", enable_auto_commit=False, **connection
            ) as consumer:
                consumer.assign([place])
                await consumer.seek_to_beginning(place)
                while True:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        for record in records:
                            self.take(record.key, record.value)
                    end = consumer.highwater(place)
                    if end is not None and await consumer.position(place) >= end:
                        self.enter()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._stop(error)

    def take(self, key: bytes, value: bytes | None) -> None:
        """Keep one record until the end is reached: of each key what includes most."""
        name = key.partition(b"|")[2].decode()
        if value is None or not (name == REACHED or name.startswith(REMEMBERED)):
            return
        entry = _decode(value)
        held = self._pending.get(name)
        if held is None or entry["applied"] >= held["applied"]:
            self._pending[name] = entry

    def enter(self) -> None:
        """Enter everything kept: the end was reached."""
        if self._pending:
            fill(self._registers, ((k, v) for k, v in self._pending.items() if GONE not in v))
            self._pending = {}
        if not self.whole:
            log.info("registers.read reached=%d", self._registers.reached)
            self.whole = True
