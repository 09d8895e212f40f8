"""Intake: what third parties write to raw topics, in bulk, to the lanes.

Processes of one consumer group share the partitions of all raw topics.  A batch is read, its
refused lines are sealed and on the disk, its events are packed and acknowledged by all replicas,
and only then are its offsets committed: whoever is killed in between is followed by one who does
the same again, under the same ids, and downstream that is a duplicate.

aiokafka on both ends: `getmany` reads many times what kafka-python's `poll` does, and what is
produced is few large messages in the loop that waits for them anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from controls.kernel import Refusal
from streams.codec import LINE_LIMIT
from streams.connection import LARGEST, Connection
from streams.metrics import METRICS
from streams.pseudonyms import Forms
from streams.publish import packed
from streams.reading import Item, Lines, Reader, ignore
from streams.rejects import Reject
from streams.settings import Intake as Raw
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.quarantine import Quarantine

log = logging.getLogger("shoseki.intake")

GROUP = "shoseki-intake"
BATCH = 5_000
"""Records that are read, published and committed together."""
FETCH = 16 << 20
"""Bytes that the broker may send at once; one larger record still comes, alone."""
SESSION = 10.0
"""Seconds after which the group gives a silent process's partitions to others."""
HANDOVER = 30.0
"""Seconds that a rebalance waits for the batch in hand."""
PURGE = 3600.0
"""Seconds between two looks for quarantine files that are old enough to go."""
CLOSING = 5.0
"""Seconds that a client may take to say good-bye to the broker."""
PAUSE = 1.0
"""Seconds before a batch that was not acknowledged is sent again."""

STEPS = ("fetched", "quarantined", "publishing", "published", "committed")
"""What happens to a batch, in this order; `publishing`: its first message is acknowledged."""

Step = Callable[[str], None]
"""Told of every step."""

LOG_APPEND_TIME = 1
REFUSED = (MessageSizeTooLargeError, TopicAuthorizationFailedError)
"""Answers that do not change by asking again."""


def no_step(name: str) -> None:
    """Nobody watches."""


def taken(records: Sequence[Any], raw: Raw) -> Lines:
    """Records of one partition as lines: a tombstone is an empty one, of one that is too long only
    so much is kept as shows that it is.

    The mark that tells equal native lines apart is their place, unless the source repeats itself.
    """
    first = records[0]
    origin = f"{first.topic}/{first.partition}"
    if any(record.timestamp_type != LOG_APPEND_TIME for record in records):
        raise Refusal(
            f"{first.topic}: message.timestamp.type = LogAppendTime is expected, or records would "
            "arrive when their producer says; `shoseki topics apply` sets it"
        )
    positions = [record.offset for record in records]
    marks: list[str | int] = [0] * len(records)
    if raw.repeats == "events":
        marks = [f"{origin}/{position}" for position in positions]
    return Lines(
        [(record.value or b"")[: LINE_LIMIT + 2] for record in records],
        positions,
        marks,
        [record.timestamp for record in records],
        origin,
    )


def reader(
    forms: Forms, raw: Raw, org_id: str | None, quarantine: Quarantine | None = None
) -> Reader:
    """The reader of a raw topic; Refusal for a source that is not as it should be."""
    source = Path(raw.source) if raw.source else None
    return Reader(forms, raw.format, source, org_id, quarantine.keep if quarantine else ignore)


class Intake:
    """One process of the group; `run` returns after `stop`, or raises what it cannot mend.

    At most one batch is in hand and one answer of each broker waits behind it; while lanes take
    nothing, nothing is fetched.
    """

    def __init__(
        self,
        settings: Settings,
        forms: Forms,
        quarantine: Quarantine | None = None,
        *,
        step: Step = no_step,
    ) -> None:
        if settings.org_id is None:
            raise Refusal("org_id: name the one organisation whose lines intake may take")
        if not settings.intake:
            raise Refusal('intake: no raw topic is named; [intake.NAME] topic = "…" names one')
        self._settings, self._step = settings, step
        self._options = Connection.of(settings).options
        self._quarantine = quarantine
        self._names = {raw.topic: name for name, raw in settings.intake.items()}
        self._raw = {raw.topic: raw for raw in settings.intake.values()}
        for name in settings.intake:
            METRICS.reading(name)
        if len(self._raw) < len(settings.intake):
            raise Refusal("intake: every raw topic may be named once")
        self._readers = {
            name: reader(forms, raw, settings.org_id, quarantine) for name, raw in self._raw.items()
        }
        self._digest = forms.digest
        self._over = asyncio.Event()
        self.ready = asyncio.Event()
        """Set when raw topics are being read."""
        self._busy = asyncio.Lock()
        self._next: dict[TopicPartition, int] = {}
        self._purged = float("-inf")

    def stop(self) -> None:
        """Finish the batch in hand and end."""
        self._over.set()

    async def run(self) -> None:
        self._consumer = AIOKafkaConsumer(
            **self._options,
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=int(SESSION * 1000),
            heartbeat_interval_ms=1000,
            fetch_max_bytes=FETCH,
            max_poll_records=BATCH,
        )
        self._producer = self._new_producer()
        try:
            await self._producer.start()
            self._consumer.subscribe(list(self._raw), listener=_Listener(self))
            await self._consumer.start()
            self.ready.set()
            while not self._over.is_set():
                self._purge()
                async with self._busy:  # a rebalance comes before a fetch or after its commit
                    fetched = await self._consumer.getmany(timeout_ms=200, max_records=BATCH)
                    if fetched:
                        await self._carry(fetched)
        finally:
            await _close(self._consumer)
            await _close(self._producer)

    async def _carry(self, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """One batch, from what was fetched to what is committed."""
        began = time.monotonic()
        self._step("fetched")
        items: list[Item] = []
        refused: dict[TopicPartition, int] = {}
        for place, records in fetched.items():
            items += await self._missing(place, records[0].offset)
            read = self._readers[place.topic].read(taken(records, self._raw[place.topic]))
            refused[place] = sum(isinstance(item, Reject) for item in read)
            items += read
        if self._quarantine is not None:
            self._quarantine.sync()
        self._step("quarantined")
        await self._publish(packed(items, self._settings.partitions))
        self._step("published")
        self._next |= {place: records[-1].offset + 1 for place, records in fetched.items()}
        await self._commit({place: self._next[place] for place in fetched})
        self._step("committed")
        self._report(fetched, refused, began)

    async def _missing(self, place: TopicPartition, offset: int) -> list[Item]:
        """A reject for records that retention deleted before they were read: they are evidence
        that was lost.  Gaps of other kinds are none: compaction, markers of transactions."""
        expected = self._next.get(place)
        if expected is None:
            expected = await self._consumer.committed(place)
        if expected is None or offset <= expected:
            return []
        begin = (await self._consumer.beginning_offsets([place]))[place]
        lost = min(begin, offset) - expected
        if lost <= 0:
            return []
        METRICS.intake_missing.labels(self._names[place.topic]).inc(lost)
        log.error("records.missing origin=%s/%d from=%d records=%d", *place, expected, lost)
        reason = f"record: it and those after it, {lost} in all, were deleted before they were read"
        origin = f"{place.topic}/{place.partition}"
        return [Reject(expected, reason, None, self._digest(b""), origin)]

    async def _publish(self, messages: Mapping[tuple[str, int], Iterable[bytes]]) -> None:
        """All messages acknowledged by all replicas, however long the broker is away."""
        while True:
            try:
                sent = [
                    await self._producer.send(name, value, partition=number)
                    for (name, number), values in messages.items()
                    for value in values
                ]
                for acknowledged in sent:
                    await acknowledged
                    if acknowledged is sent[0]:
                        self._step("publishing")
                return
            except REFUSED as error:
                raise Refusal(
                    f"lanes: the broker refuses a message ({type(error).__name__}); "
                    "`shoseki topics check` compares the lanes with what they should be"
                ) from None
            except KafkaError as error:
                METRICS.intake_retries.inc()
                log.warning("batch.unacknowledged reason=%s", type(error).__name__)
                await self._renew()

    async def _renew(self) -> None:
        """Another producer: one whose numbered messages went missing cannot go on."""
        while True:
            await _close(self._producer)
            await asyncio.sleep(PAUSE)
            self._producer = self._new_producer()
            try:
                await self._producer.start()
                return
            except KafkaError as error:
                log.warning("broker.away reason=%s", type(error).__name__)

    async def _commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            # the partitions went to another process, for which all this will be duplicates
            log.warning("offsets.not_committed partitions=%d", len(offsets))

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            max_batch_size=LARGEST // 2,
            max_request_size=LARGEST,
        )

    def _purge(self) -> None:
        if self._quarantine is not None and time.monotonic() - self._purged > PURGE:
            self._purged = time.monotonic()
            if gone := self._quarantine.purge():
                log.info("quarantine.purged days=%d", gone)

    def _report(
        self,
        fetched: Mapping[TopicPartition, Sequence[Any]],
        refused: Mapping[TopicPartition, int],
        began: float,
    ) -> None:
        for place, records in fetched.items():
            name = self._names[place.topic]
            METRICS.intake.labels(name, "event").inc(len(records) - refused[place])
            METRICS.intake.labels(name, "reject").inc(refused[place])
            behind = (self._consumer.highwater(place) or 0) - self._next[place]
            METRICS.intake_lag.labels(name, str(place.partition)).set(max(behind, 0))
        log.info(
            "batch.published records=%d rejects=%d ms=%d",
            sum(map(len, fetched.values())),
            sum(refused.values()),
            (time.monotonic() - began) * 1000,
        )


async def _close(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Close a client; one that waits for a broker that is away is left to itself."""
    with contextlib.suppress(TimeoutError, KafkaError):
        await asyncio.wait_for(client.stop(), CLOSING)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """A partition goes when the batch in hand is committed, so that only deaths repeat records."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        intake = self._intake
        try:
            await asyncio.wait_for(intake._busy.acquire(), HANDOVER)
        except TimeoutError:
            log.warning("handover.late seconds=%d", HANDOVER)
        else:
            intake._busy.release()
        intake._next.clear()
        for place in revoked:
            name = intake._names[place.topic]
            METRICS.intake_lag.remove(name, str(place.partition))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        places = ",".join(sorted(f"{place.topic}/{place.partition}" for place in assigned))
        for place in assigned:
            name = self._intake._names[place.topic]
            METRICS.intake_lag.labels(name, str(place.partition)).set(0)
        log.info("partitions.assigned %s", places or "none")


async def reread(
    settings: Settings, raw: Raw, partition: int, first: int, last: int | None
) -> AsyncIterator[Lines]:
    """Lines of a raw topic's partition from offset `first` to `last` (None: all there are now)."""
    place = TopicPartition(raw.topic, partition)
    async with AIOKafkaConsumer(
        **Connection.of(settings).options,
        enable_auto_commit=False,
        isolation_level="read_committed",
        request_timeout_ms=15_000,
    ) as consumer:
        consumer.assign([place])
        try:
            end = (await consumer.end_offsets([place]))[place]
            begin = (await consumer.beginning_offsets([place]))[place]
        except KafkaError as error:
            raise Refusal(
                f"{raw.topic}/{partition}: cannot be read ({type(error).__name__}); "
                "is there such a partition?"
            ) from None
        if first < begin:
            raise Refusal(f"{raw.topic}/{partition}: records before offset {begin} are gone")
        if last is not None:
            end = min(end, last + 1)
        consumer.seek(place, first)
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=200, max_records=BATCH)).values():
                wanted = [record for record in records if record.offset < end]
                if wanted:
                    yield taken(wanted, raw)
