"""One agent a lane: messages in, blocks judged, written, told and remembered, then acknowledged.

Nothing is acknowledged before it is written and before what it changed is in the changelog, and
no message is skipped.  A partition may move at every `await`: after each it is asked whether it is
still ours, and where it is not, the block is dropped; its next owner makes the same one of the
same log.  Whatever goes wrong stops the worker: an exception that left an agent would acknowledge
its event (Faust issue 315).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from faust.types import TP

from controls.block import Tally
from streams.blocks import Batch, Blocks, Message
from streams.evidence.block import Sealed
from streams.lease import Lapsed, Lease
from streams.metrics import METRICS, Lag
from streams.pipeline import Partition, Parts, Work
from streams.standing import Log, Rewind, Rewound, compared
from streams.state import TableState

log = logging.getLogger("shoseki.agents")

STEPS = ("gathered", "judged", "written", "told", "remembered", "acknowledged")
"""What happens to a block, in this order."""

MEASURE = 5.0
"""Seconds between two questions where the logs end, and how long the broker may take to answer."""

Step = Callable[[str, str, int, int], None]
"""Told of every step: its name, lane, partition and the block's last offset."""


def no_step(name: str, lane: str, partition: int, offset: int) -> None:
    """Nobody watches."""


def unheard(block: Sealed) -> None:
    """Nobody wants to know what was sealed."""


@dataclass(slots=True)
class Reader:
    """One partition as long as this worker has it: one generation of the group."""

    generation: int
    partition: Partition
    state: TableState
    blocks: Blocks
    expected: int | None = None
    waiting: list[Any] = field(default_factory=list)
    now: int = 0
    """The time (ms) of the last tick whose block is done."""

    def lag(self, end: int) -> Lag:
        """How far it is behind a log that ends at `end`; asked from another thread."""
        waiting = self.waiting  # once: the agent replaces the list
        following = waiting[0].message.offset if waiting else self.expected or end
        judged = max(self.now, self.partition.now) / 1000
        if not judged:
            judged = waiting[0].message.timestamp if waiting else time.time()
        return Lag(
            self.partition.lane,
            self.partition.number,
            max(0, end - following),
            max(0.0, time.time() - judged),
        )


class Worker:
    """Carries the blocks of all partitions that Faust gives to this process."""

    def __init__(
        self,
        app: Any,
        parts: Parts,
        tables: dict[str, Any],
        tell: Callable[[Tally], Awaitable[None]],
        stop: Callable[[BaseException], None],
        *,
        lease: Lease,
        keep: float,
        step: Step = no_step,
        sealed: Callable[[Sealed], None] = unheard,
    ) -> None:
        self.app, self.parts, self.tables = app, parts, tables
        self.readers: dict[TP, Reader] = {}
        self.lanes: dict[str, str] = {}
        self._tell, self._stop = tell, stop
        self._ends: dict[TP, int] = {}
        self._lease, self._keep = lease, keep
        self._step, self._sealed = step, sealed

    def revoked(self) -> None:
        """All partitions go, also those that come back: Faust names them all."""
        self.readers.clear()

    def reads(self, topic: str, partition: int) -> bool:
        """Whether this worker judges a partition, and so writes its chain."""
        return TP(topic, partition) in self.readers

    async def measure(self) -> None:
        """Ask the broker where the logs end: nothing is fetched of a partition that is paused."""
        try:
            asked = self.app.consumer.highwaters(*list(self.readers))
            self._ends = dict(await asyncio.wait_for(asked, MEASURE))
        except Exception as error:  # the broker's own, or no answer in time
            log.warning("lag.unknown reason=%s", type(error).__name__)

    def lags(self) -> list[Lag]:
        """How far each partition is behind; asked by the thread that serves the metrics."""
        if not self.readers:  # while it starts: of two threads that ask Faust first, each makes one
            return []
        fetched = self.app.monitor.tp_end_offsets
        return [
            reader.lag(max(self._ends.get(tp, 0), fetched.get(tp) or 0))
            for tp, reader in list(self.readers.items())
        ]

    async def run(self, stream: Any) -> None:
        """The body of every agent."""
        async for event in stream.noack().events():
            try:
                await self.take(event)
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                self._stop(error)
                await asyncio.Event().wait()  # acknowledges nothing until the process ends

    async def take(self, event: Any) -> None:
        """Take one message, and carry out the block that it closes."""
        message = event.message
        while self._assigned(event) and self.app.rebalancing:
            await asyncio.sleep(0.01)  # messages flow a little before Faust says that it is over
        if not self._mine(event):
            return
        reader = await self._reader(event)
        if reader is None:
            return
        if reader.expected is not None and message.offset < reader.expected:
            return  # delivered twice within a generation
        if reader.expected is not None and message.offset > reader.expected:
            raise RuntimeError(
                f"{message.topic}/{message.partition}: offset {reader.expected} was expected, "
                f"{message.offset} came: messages are missing; the worker stops and reads anew"
            )
        reader.expected = message.offset + 1
        reader.waiting.append(event)
        batch = reader.blocks.add(
            Message(message.offset, round(message.timestamp * 1000), message.value)
        )
        if batch is not None:
            await self._carry(reader, batch, event)

    async def _carry(self, reader: Reader, batch: Batch, event: Any) -> None:
        partition = reader.partition
        place = partition.lane, partition.number, batch.last_offset
        self._step("gathered", *place)
        while self.parts.registers.reached < batch.books_upto:
            await asyncio.sleep(0.01)
            if not self._mine(event):
                return
        began = time.monotonic()
        work = partition.judge(batch)
        self._step("judged", *place)
        if work is not None:
            if not await self._write(partition, work, event):
                return
            self._step("written", *place)
            if work.outcome.tally is not None:
                await self._tell(work.outcome.tally)
            self._step("told", *place)
            if not await self._held(event):
                return
            partition.flush(work)  # no await between the question and the last key
            METRICS.block_seconds.labels(partition.lane).observe(time.monotonic() - began)
            self._step("remembered", *place)
            self._report(partition, work, began)
            if work.sealed is not None:
                self._sealed(work.sealed)
        await reader.state.delivered()
        if not self._mine(event):
            return
        for waiting in reader.waiting:  # no await before the last is acknowledged
            waiting.ack()
        reader.waiting = []
        reader.now = max(reader.now, batch.now)
        self._step("acknowledged", *place)
        self._tidy()

    def _tidy(self) -> None:
        """Let the registers forget what every partition of this worker is past."""
        assigned = sum(tp.topic in self.lanes for tp in self.app.consumer.assignment())
        if len(self.readers) >= assigned:
            past = min(reader.partition.now for reader in self.readers.values())
            self.parts.registers.forget(past)

    async def _write(self, partition: Partition, work: Work, event: Any) -> bool:
        """Write a block; False where the partition has moved."""

        def held() -> None:
            if not self._mine(event):
                raise Lapsed
            self._lease.check()

        while await self._held(event):
            try:
                if self._lease.unlimited:
                    await asyncio.to_thread(partition.write, work, held)  # others judge meanwhile
                else:  # nothing goes on between the question and the rows that it allows
                    partition.write(work, held)
            except Lapsed:
                continue  # it took long, or the process was stopped: ask the group, then go on
            return True
        return False

    async def _held(self, event: Any) -> bool:
        """Whether nobody else can own the partition at this moment; waits for a heartbeat."""
        while self._mine(event):
            if self._lease.holds:
                return True
            await asyncio.sleep(0.02)
        return False

    async def _reader(self, event: Any) -> Reader | None:
        """The reader of the event's partition; None where that has moved meanwhile."""
        message = event.message
        tp = TP(message.topic, message.partition)
        reader = self.readers.get(tp)
        if reader is None or reader.generation != message.generation_id:
            offered = await self._log(tp, message.offset)
            if not self._mine(event):
                return None
            lane = self.lanes[message.topic]
            state = TableState(self.tables[lane], tp, keep=self._keep)
            state.restore(message.offset)
            partition = Partition(lane, message.partition, self.parts, state)
            rewind = compared(partition, offered)
            if rewind is not None:
                await self._rewind(tp, rewind, state)
            if partition.renewal is not None:
                changed = ",".join(sorted(partition.renewal.before))
                log.info(
                    "memory.outdated lane=%s partition=%d controls=%s", lane, tp.partition, changed
                )
            blocks = Blocks(partition.now, partition.books_upto, message.offset)
            reader = self.readers[tp] = Reader(message.generation_id, partition, state, blocks)
        return reader

    async def _log(self, tp: TP, offset: int) -> Log:
        consumer = self.app.consumer
        earliest = await consumer.earliest_offsets(tp)
        return Log(earliest[tp], consumer._committed_offset.get(tp), offset)

    async def _rewind(self, tp: TP, rewind: Rewind, state: TableState) -> None:
        """Have the next start read from the offset; raises Rewound.

        Nothing is acknowledged after this, so that commit is the last one.
        """
        if rewind.forget:
            state.forget()
            await state.delivered()
        await self.app.consumer._commit({tp: rewind.offset})
        raise Rewound(
            f"{tp.topic}/{tp.partition}: memory, store and log do not fit; judging again from "
            f"offset {rewind.offset}" + (" with an empty memory" if rewind.forget else "")
        )

    def _assigned(self, event: Any) -> bool:
        message, app = event.message, self.app
        return (
            message.generation_id == app.consumer_generation_id
            and TP(message.topic, message.partition) in app.consumer.assignment()
        )

    def _mine(self, event: Any) -> bool:
        return self._assigned(event) and not self.app.rebalancing

    def _report(self, partition: Partition, work: Any, began: float) -> None:
        if work.sealed is not None:
            log.info(
                "block.written lane=%s partition=%d events=%d findings=%d offset=%d ms=%d",
                partition.lane,
                partition.number,
                len(work.sealed.events),
                len(work.sealed.findings),
                work.batch.last_offset,
                (time.monotonic() - began) * 1000,
            )
