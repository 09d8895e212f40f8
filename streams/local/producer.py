"""The producing half of the transport: many sends, one sync a partition."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from itertools import count
from typing import Any, cast

from faust.transport import base
from faust.types import TP, HeadersArg, RecordMetadata
from faust.types.transports import TransportT
from faust.types.tuples import FutureMessage

from .broker import Broker
from .log import Appended
from .partitioner import partition_of
from .records import Entry, Headers

BATCH_BYTES = 8 << 20
LOG_APPEND_TIME = 1
"""Kafka's number for a timestamp that the log assigned."""

Waiting = tuple[list[Entry], "asyncio.Future[RecordMetadata]"]
"""Records that go together, and what becomes of the last of them."""


class Producer(base.Producer):
    """Appends in worker threads; a send resolves once its record is on the disk.

    While a partition is being synced, further sends to it gather and go together. An
    append that fails crashes the app and stands in `failure`; the consumer commits
    nothing from then on, since table writes may not have reached the log.
    """

    def __init__(self, transport: TransportT, **options: Any) -> None:
        super().__init__(transport, **options)
        self.broker: Broker = cast(Any, transport).broker
        self.failure: Exception | None = None
        self._waiting: dict[TP, list[Waiting]] = {}
        self._flying: dict[TP, list[Waiting]] = {}
        self._appending: dict[TP, asyncio.Task[None]] = {}
        self._turn = count()
        # Faust holds the stream up and warns at 100 table writes under way; one block makes more
        self.buffer.max_messages = 10_000

    async def create_topic(
        self, topic: str, partitions: int, replication: int, **options: Any
    ) -> None:
        """Make a topic; replication and options mean nothing to a folder."""
        self.broker.create(topic, partitions)

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Take a record; what comes back resolves after the sync. The log gives the timestamp."""
        return self._take_up(
            self.partition_for(topic, key, partition), [Entry(value, key, plain(headers))]
        )

    async def send_many(
        self, topic: str, partition: int, records: Sequence[tuple[bytes, bytes | None]]
    ) -> RecordMetadata:
        """Append records (key, value) in this order and wait for the sync; where the last is."""
        entries = [Entry(value, key) for key, value in records]
        return await self._take_up(self.partition_for(topic, None, partition), entries)

    def _take_up(self, tp: TP, entries: list[Entry]) -> asyncio.Future[RecordMetadata]:
        # no await in here, so that flush() sees all that left Faust's buffer
        sent: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        if self.failure is not None:
            sent.set_exception(self.failure)
            return sent
        self._waiting.setdefault(tp, []).append((entries, sent))
        if tp not in self._appending:
            self._appending[tp] = asyncio.create_task(self._append(tp))
        return sent

    async def send_and_wait(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,
    ) -> RecordMetadata:
        """Append a record and wait for the sync."""
        return await (await self.send(topic, key, value, partition, timestamp, headers))

    async def flush(self) -> None:
        """Wait until all that was sent is on the disk, or has failed: see `failure`."""
        # the buffer's own flush gives up after 0.1 s without progress, and waits for ever
        # where a stream goes on writing; its queue is first in, first out
        queue = cast("asyncio.Queue[FutureMessage]", cast(Any, self.buffer).pending)._queue  # type: ignore[attr-defined]
        if queue:
            last = queue[-1]
            while not last.done():
                if self.buffer.state != "running" and self.failure is None:
                    self.failure = RuntimeError("the producer stopped before all was sent")
                if self.failure is not None:
                    break
                await asyncio.wait([last], timeout=0.1)
        sent = [waiting[-1][1] for waiting in (self._flying | self._waiting).values() if waiting]
        if sent:
            await asyncio.wait(sent)

    def partition_for(self, topic: str, key: bytes | None, partition: int | None) -> TP:
        """Where a record goes: the partition asked for, its key's, or the next in turn."""
        partitions = self.broker.partitions(topic)
        if not partitions:
            partitions = self.app.conf.topic_partitions
            self.broker.create(topic, partitions)
        if partition is not None:
            return TP(topic, partition)
        return TP(
            topic, next(self._turn) % partitions if key is None else partition_of(key, partitions)
        )

    def key_partition(self, topic: str, key: bytes) -> TP:
        """The partition of a key."""
        return self.partition_for(topic, key, None)

    def supports_headers(self) -> bool:
        """Headers are kept."""
        return True

    async def _append(self, tp: TP) -> None:
        try:
            while batch := self._take(tp):
                self._flying[tp] = batch
                try:
                    done = await asyncio.to_thread(self._write, tp, batch)
                except Exception as error:
                    self._fail(tp, batch, error)
                    await self.crash(error)
                    return
                last = done.first - 1
                for entries, sent in batch:
                    last += len(entries)
                    if not sent.done():
                        sent.set_result(
                            RecordMetadata(*tp, tp, last, done.timestamp / 1000, LOG_APPEND_TIME)
                        )
        finally:
            self._flying.pop(tp, None)
            del self._appending[tp]

    def _write(self, tp: TP, batch: list[Waiting]) -> Appended:
        entries = [entry for together, _ in batch for entry in together]
        return self.broker.append_entries(tp.topic, tp.partition, entries)

    def _take(self, tp: TP) -> list[Waiting]:
        waiting = self._waiting.pop(tp, [])
        size = 0
        for at, (entries, _) in enumerate(waiting):
            size += sum(len(entry.value or b"") + len(entry.key or b"") for entry in entries)
            if size > BATCH_BYTES and at:
                self._waiting[tp] = waiting[at:]
                return waiting[:at]
        return waiting

    def _fail(self, tp: TP, batch: list[Waiting], error: Exception) -> None:
        self.failure = error
        for _, sent in batch + self._waiting.pop(tp, []):
            if not sent.done():
                sent.set_exception(error)


def plain(headers: HeadersArg | None) -> Headers:
    """Headers as the log keeps them, from either form Faust allows."""
    if not headers:
        return ()
    return tuple(headers.items() if isinstance(headers, Mapping) else headers)
