"""The consuming half of the transport: the one member of its group, owner of the folder."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, cast

from faust.assignor.partition_assignor import PartitionAssignor
from faust.transport import base
from faust.types import TP, ConsumerMessage, Message
from faust.types.transports import TransportT

from controls.kernel import Refusal

from . import cython_streams_loaded
from .broker import Broker
from .fetch import POLL_SECONDS, Fetch
from .producer import LOG_APPEND_TIME
from .records import Record

SOON_SECONDS = 0.002
"""How soon to look again where an agent's buffer is full or another process is appending."""


class Unread(dict[TP, int | None]):
    """Faust's record of what it read, kept empty.

    Faust drops messages below it, which after a seek may be the very ones sought.
    This consumer alone decides what is read, by position.
    """

    def __getitem__(self, tp: TP) -> int | None:
        return None


class Sole:
    """What Faust's assignor asks of a Kafka cluster: the partitions of a topic."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def partitions_for_topic(self, topic: str) -> set[int]:
        """The partitions of a topic."""
        return set(range(self._broker.partitions(topic)))


class Consumer(base.Consumer):
    """Reads the partitions that Faust assigns to its only member: all.

    A partition is fetched only as far as its agents have room, so that a full buffer of
    one lane holds up no other and Faust never blocks or sleeps over it.
    """

    def __init__(self, transport: TransportT, *args: Any, **options: Any) -> None:
        super().__init__(transport, *args, **options)
        self.broker: Broker = cast(Any, transport).broker
        self._read_offset = Unread()
        self._assigned: set[TP] = set()
        self._position: dict[TP, int] = {}
        self._generation = 0
        self._epoch = 0  # changes with every seek: what was fetched before is void
        self._fetch = Fetch(self.broker, self._queues)
        self._sought = False
        self._open = False  # whether topics other than changelogs are read yet
        self._wake = asyncio.Event()
        self._loop_of_start: asyncio.AbstractEventLoop | None = None

    async def on_start(self) -> None:
        """Take the folder; a Refusal if another process has it."""
        if not cython_streams_loaded():
            raise Refusal(
                "faust: its compiled stream extension is missing, without it messages are lost "
                "at a restart: install faust-streaming from a wheel and unset NO_CYTHON"
            )
        self.broker.own()
        self._loop_of_start = asyncio.get_running_loop()
        self.broker.listen(self._rouse)
        await super().on_start()

    async def on_stop(self) -> None:
        """Commit, then let another process have the folder."""
        try:
            # Faust's commit does nothing while another is under way, and that one may have
            # started before the last acknowledgements
            await self.maybe_wait_for_commit_to_finish()
            await super().on_stop()
        finally:
            if self._loop_of_start is not None:
                self.broker.unlisten(self._rouse)
                self._loop_of_start = None
            self.broker.disown()

    # -- membership

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Take all partitions of these topics; missing topics are made."""
        wanted = set(topics)
        declared = {name: each.partitions for each in self.app.topics for name in each.topics}
        for topic in wanted:
            self.broker.create(topic, declared.get(topic) or self.app.conf.topic_partitions)
        cast(Any, self.app).on_rebalance_start()
        # not awaited: the callbacks wait until Faust's conductor has returned from this method
        self.add_future(self._rebalance(wanted))

    async def _rebalance(self, topics: set[str]) -> None:
        self._open = self._sought = False
        self._epoch += 1
        await self.on_partitions_revoked(set(self._assigned))
        assignor, member = cast(PartitionAssignor, self.app.assignor), self.app.conf.id
        members = {member: assignor.metadata(topics)}
        mine = assignor.assign(cast(Any, Sole(self.broker)), members)[member]
        assignor.on_assignment(mine)
        self._assigned = {TP(topic, each) for topic, those in mine.assignment for each in those}
        if not self._generation:
            await self._compact()
        for tp in self._assigned:
            self._position.setdefault(tp, self._committed(tp))
        self._generation += 1
        self.app.consumer_generation_id = self._generation
        await self.on_partitions_assigned(set(self._assigned), self._generation)

    async def _compact(self) -> None:
        # before anything reads them, and only changelogs that outgrew one segment
        for tp in sorted(self._assigned):
            log = self.broker.log(*tp)
            if self._is_changelog_tp(tp) and len(log.segments) > 1:
                gone = await asyncio.to_thread(log.compact)
                self.log.info("log.compacted topic=%s partition=%d records=%d", *tp, gone)

    def assignment(self) -> set[TP]:
        """The partitions being consumed."""
        return self._assigned

    # -- positions

    def _committed(self, tp: TP) -> int:
        offset, end = self.broker.committed(*tp) or 0, self.broker.end(*tp)
        if 0 < offset < self.broker.earliest(*tp):
            raise Refusal(
                f"{self.broker.log(*tp).folder}: the log begins at offset "
                f"{self.broker.earliest(*tp)}, and what comes from {offset} on was never judged: "
                "restore the folder from a copy"
            )
        if offset > end:
            raise Refusal(
                f"{self.broker.log(*tp).folder}: {offset} records were consumed but the log ends "
                f"at {end}: restore the folder from a copy"
            )
        return max(offset, self.broker.earliest(*tp))

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go back to what was committed, in all topics but changelogs: these have no commits."""
        self._epoch += 1
        self._sought = True
        found = {tp: self._committed(tp) for tp in self._assigned if not self._is_changelog_tp(tp)}
        self._position.update(found)
        return found

    def resume_flow(self) -> None:
        """Read again; the first time after a seek this opens all topics.

        Until then only changelogs are read. Faust resumes the partitions, seeks, and
        then empties the agents' buffers: what came in between would be gone (issue 596).
        """
        self._open = self._open or self._sought
        super().resume_flow()

    async def _seek(self, partition: TP, offset: int) -> None:
        await self.seek_wait({partition: offset})

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Go to these offsets."""
        self._epoch += 1
        self._position.update({tp: max(offset, 0) for tp, offset in partitions.items()})

    async def position(self, tp: TP) -> int | None:
        """The next offset to read."""
        return self._position.get(tp)

    def highwater(self, tp: TP) -> int:
        """The offset the next record gets."""
        return self.broker.log(*tp).end

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The offsets the next records get."""
        return {tp: self.broker.end(*tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """The first offsets that are still kept."""
        return {tp: self.broker.earliest(*tp) for tp in partitions}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        if cast(Any, self.app.producer).failure is not None:
            return False
        await asyncio.to_thread(self.broker.commit, {(*tp,): at for tp, at in offsets.items()})
        return True

    def _new_offset(self, tp: TP) -> int | None:
        # Faust's own version commits 12 when 11 is acknowledged and 10 is not, if 10 was
        # committed last or nothing was. Topics with acknowledgements have no gaps here.
        acked = self._acked_index[tp]
        start = self._committed_offset[tp] or self.broker.earliest(*tp)
        acked.difference_update([offset for offset in acked if offset < start])
        self._acked[tp].clear()
        offset = start
        while offset in acked:
            offset += 1
        return offset if offset > start else None

    # -- topics

    def topic_partitions(self, topic: str) -> int | None:
        """The number of partitions of a topic, None if there is no such topic."""
        return self.broker.partitions(topic) or None

    def key_partition(
        self, topic: str, key: bytes | None, partition: int | None = None
    ) -> int | None:
        """The partition of a key."""
        producer = cast(Any, self.app.producer)
        found: TP = producer.partition_for(topic, key, partition)
        return found.partition

    async def create_topic(
        self, topic: str, partitions: int, replication: int, **options: Any
    ) -> None:
        """Make a topic; replication and options mean nothing to a folder."""
        self.broker.create(topic, partitions)

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    # -- reading

    def on_buffer_full(self, tp: TP) -> None:
        """Nothing: only as much is fetched as the buffers take."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing, see `on_buffer_full`."""

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """The next messages, those of the topics in turn; ends early at a seek or a pause.

        Faust's own version seeks back to the commits when the flow stops, also in the
        middle of a recovery, and sleeps a second when no partition is active.
        """
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        epoch = self._epoch
        fetched = await self._getmany(self._get_active_partitions(), timeout)
        left_out: set[TP] = set()
        for tp, record in self.scheduler.iterate(fetched):
            if epoch != self._epoch or not self.flow_active or self.should_stop:
                return
            if tp in left_out or tp not in self._get_active_partitions():
                left_out.add(tp)
                continue
            self._position[tp] = record.offset + 1
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            yield tp, self._to_message(tp, record)

    async def _getmany(
        self, active_partitions: set[TP] | None, timeout: float
    ) -> dict[TP, list[Record]]:
        until = time.monotonic() + timeout
        while not self.should_stop and self.flow_active:
            self._wake.clear()
            active = self._assigned if active_partitions is None else set(active_partitions)
            readable = [tp for tp in active if self._open or self._is_changelog_tp(tp)]
            fetched, soon = self._fetch(sorted(readable), self._position)
            left = until - time.monotonic()
            if fetched or left <= 0:
                return fetched
            pause = SOON_SECONDS if soon else min(left, POLL_SECONDS)
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue
        return {}

    def _queues(self, tp: TP) -> list[Any]:
        # Faust's only account of which buffers a partition goes to
        return [each.queue for each in cast(Any, self.app.topics)._tp_index.get(tp, ())]

    def _rouse(self) -> None:
        if self._loop_of_start is not None and not self._loop_of_start.is_closed():
            self._loop_of_start.call_soon_threadsafe(self._wake.set)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        offset, timestamp, key, value, headers = record
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            offset,
            timestamp / 1000,
            LOG_APPEND_TIME,
            list(headers),
            key,
            value,
            None,
            len(key or b""),
            len(value or b""),
            tp,
            generation_id=self.app.consumer_generation_id,
        )
