"""What a partition remembers, in a Faust table that is recovered from its changelog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import faust
import msgspec
from faust.types import TP
from faust.types.tuples import FutureMessage, PendingMessage

from controls.block import CLOCK
from controls.events.fields import Memo

CACHED = 20_000
"""Values of a partition that are kept decoded at most."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def applied(value: bytes | None) -> int:
    """The last offset that a value includes; -1 for none."""
    return -1 if value is None else int(_decode(value).get("applied", -1))


class HighestTable(faust.Table[bytes, bytes]):
    """A table that keeps, while it recovers, the value of each key that includes most.

    A worker that was paused and wakes may write once more after another has taken over; plain
    recovery would take that stale value for the newest (facts: 40 of 40 wrong, this 0).
    """

    def send_changelog(
        self, partition: int | None, key: Any, value: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Keys and values are bytes, so they go as they are; for 10,000 of them that matters."""
        message = PendingMessage(
            self.changelog_topic, key, value, partition, None, {}, None, None,
            callback=self._on_changelog_sent, topic=None, offset=None,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip
        sent = FutureMessage(message)
        self.app.producer.send_soon(sent)
        return sent

    def apply_changelog_batch(self, batch: Any) -> None:
        best: dict[bytes, int] = {}
        kept = []
        for event in batch:
            value = event.message.value
            if value is not None:
                key = event.message.key
                includes = applied(value)
                if includes < best.get(key, applied(self.data.get(event.key))):
                    continue
                best[key] = includes
            else:
                best[event.message.key] = -1  # what comes after a memory was emptied begins anew
            kept.append(event)
        super().apply_changelog_batch(kept)


class TableState:
    """The state of one partition within the table of its lane.

    The memory store keeps the keys of partitions that have moved away, hence the number in
    front of every key.  Write only while a message of the partition is the current event: then
    Faust sends the change to the same partition of the changelog.
    """

    def __init__(self, table: Any, tp: TP) -> None:
        self._table = table
        self._prefix = b"%d|" % tp.partition
        self._read = Memo(self._stored, CACHED)

    def _stored(self, key: str) -> Any | None:
        value = self._table.get(self._prefix + key.encode())
        return None if value is None else _decode(value)

    def get(self, key: str) -> Any | None:
        return self._read[key]

    def put(self, key: str, value: Any | None) -> None:
        self._read.pop(key, None)  # most are not looked at again for long
        name = self._prefix + key.encode()
        if value is not None:
            self._table[name] = _encode(value)
        elif name in self._table:
            del self._table[name]

    def forget(self) -> None:
        """Empty the memory; the clock goes last, so that half an emptied memory is none to use."""
        for key, _ in sorted(self.items(), key=lambda item: item[0] == CLOCK):
            self.put(key, None)

    def items(self) -> Iterator[tuple[str, Any]]:
        for name in list(self._table.keys()):
            if name.startswith(self._prefix):
                yield name[len(self._prefix) :].decode(), _decode(self._table[name])
