"""What a partition remembers, in a Faust table that is recovered from its changelog.

A worker that was paused and wakes may still send what it had judged, after another has taken its
partitions over.  Such a stale record says itself what it includes (`applied`), so recovery keeps
the value that includes most, and the owner writes that value again before compaction could leave
the stale one alone.  For the same reason a value that is forgotten stays for a day as one that is
gone: a deletion says nothing of what it includes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import faust
import msgspec
from faust.types import TP

from controls.block import CLOCK
from controls.events.fields import Memo
from streams.local.producer import Producer
from streams.registers import GONE

CACHED = 20_000
"""Values of a partition that are kept decoded at most."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

KEEP = 86_400.0
"""Seconds for which it is remembered that a value is gone; longer than any process is paused."""


def applied(value: bytes | None) -> int:
    """The last offset that a value includes; -1 for none."""
    return -1 if value is None else int(_decode(value).get("applied", -1))


Change = tuple[bytes, bytes | None]
"""A key and its value; None where it is deleted."""


async def sent(producer: Any, topic: str, partition: int, changes: Sequence[Change]) -> int:
    """Write changes to a partition, in this order; the offset of the last when all are there."""
    if isinstance(producer, Producer):
        return int((await producer.send_many(topic, partition, changes)).offset)
    kafka = producer._ensure_producer()
    left = deque(changes)
    answers = []
    while left:
        batch = kafka.create_batch()
        while left and batch.append(key=left[0][0], value=left[0][1], timestamp=None) is not None:
            left.popleft()
        answers.append((await kafka.send_batch(batch, topic, partition=partition), batch))
    last = -1
    for first, batch in answers:
        last = int((await first).offset + batch.record_count()) - 1
    return last


class HighestTable(faust.Table[bytes, bytes]):
    """A table that keeps, while it recovers, the value of each key that includes most.

    `stale` are the keys of which something older was read after that; `changes` are those that
    have not been sent to the changelog, by partition.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stale: set[bytes] = set()
        self.changes: dict[int, list[Change]] = {}

    def on_key_set(self, key: bytes, value: bytes) -> None:
        """Faust would send each change by itself: a block makes thousands."""
        self._change(key, value)

    def on_key_del(self, key: bytes) -> None:
        self._change(key, None)

    def _change(self, key: bytes, value: bytes | None) -> None:
        partition = self.partition_for_key(key)
        assert partition is not None
        self.changes.setdefault(partition, []).append((key, value))

    async def delivered(self) -> None:
        """Wait until every change is in the changelog; an error of the broker is raised here."""
        changes, self.changes = self.changes, {}
        producer = await self.app.maybe_start_producer()
        name = self.changelog_topic.get_topic_name()
        for partition, pairs in changes.items():
            last = await sent(producer, name, partition, pairs)
            self.data.set_persisted_offset(TP(name, partition), last)

    def apply_changelog_batch(self, batch: Any) -> None:
        best: dict[bytes, int] = {}
        kept = []
        for event in batch:
            value = event.message.value
            if value is not None:
                key = event.message.key
                includes = applied(value)
                highest = best.get(key)
                if highest is None:
                    highest = applied(self.data.get(event.key))
                if includes < highest:
                    self.stale.add(key)
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

    `keep` is for how many seconds it is remembered that a value is gone: 0 where no other worker
    can ever write.
    """

    def __init__(
        self, table: Any, tp: TP, *, keep: float = KEEP, clock: Callable[[], float] = time.time
    ) -> None:
        self._table = table
        self._prefix = b"%d|" % tp.partition
        self._read = Memo(self._stored, CACHED)
        self._keep, self._clock = keep, clock
        self._gone: deque[tuple[float, str]] = deque()

    def _stored(self, key: str) -> Any | None:
        value = self._table.data.get(self._prefix + key.encode())  # past Faust's sensors
        found = None if value is None else _decode(value)
        return None if found is None or GONE in found else found

    def get(self, key: str) -> Any | None:
        return self._read[key]

    def put(self, key: str, value: Any) -> None:
        self._read.pop(key, None)  # most are not looked at again for long
        self._table[self._prefix + key.encode()] = _encode(value)

    def drop(self, key: str, applied: int) -> None:
        """Forget a value with the block that ends at `applied`; and for good what was forgotten
        long ago."""
        name = self._prefix + key.encode()
        if self._table.get(name) is None:
            return
        self._read.pop(key, None)
        if not self._keep:
            del self._table[name]
            return
        now = self._clock()
        self._table[name] = _encode({"applied": applied, GONE: now})
        self._gone.append((now, key))
        while self._gone[0][0] < now - self._keep:
            since, old = self._gone.popleft()
            name = self._prefix + old.encode()
            value = self._table.get(name)
            if value is not None and _decode(value).get(GONE) == since:
                del self._table[name]

    def forget(self) -> None:
        """Empty the memory; the clock goes last, so that half an emptied memory is none to use.

        Here a key is deleted for good: what is judged anew includes less than what is forgotten.
        """
        clock = self._prefix + CLOCK.encode()
        for name in sorted(self._names(), key=lambda name: name == clock):
            del self._table[name]
        self._read.clear()
        self._gone.clear()

    def items(self) -> Iterator[tuple[str, Any]]:
        for name in self._names():
            value = _decode(self._table[name])
            if GONE not in value:
                yield name[len(self._prefix) :].decode(), value

    def restore(self, since: int) -> None:
        """Before the first block after a rebalance, which begins at offset `since`: write again
        what the changelog may lack or hold out of order.

        What blocks from `since` on changed was never acknowledged: it may stand here (RocksDB is
        written first) and not there.  What recovery found stale may outlive the better value.
        """
        gone = []
        for name in self._names():
            value = self._table[name]
            if applied(value) >= since or name in self._table.stale:
                self._table[name] = value
            held = _decode(value)
            if GONE in held:
                gone.append((float(held[GONE]), name[len(self._prefix) :].decode()))
        self._table.stale -= {name for name in self._table.stale if name.startswith(self._prefix)}
        self._gone = deque(sorted(gone))

    async def delivered(self) -> None:
        """Wait until every change is in the changelog; an error of the broker is raised here."""
        await self._table.delivered()

    def _names(self) -> list[bytes]:
        return [name for name in self._table if name.startswith(self._prefix)]
