"""The Faust application: three lanes, their tables, their agents, and the leader's ticks."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from datetime import date
from pathlib import Path
from typing import Any

import faust

from controls.block import Tally
from controls.calendar import day_start, jst_day
from controls.events import LANES
from controls.kernel import HOUR, Refusal
from streams import chores, codec, local, messages
from streams.agents import MEASURE, Step, Worker, no_step
from streams.pipeline import Parts
from streams.publish import topic
from streams.settings import Settings
from streams.state import HighestTable

log = logging.getLogger("shoseki.app")

CHORES = 600.0
"""Seconds between two looks whether the day's chores are due."""
SESSION = 10.0
"""Seconds after which the group gives a silent worker's partitions to others."""


def partitions(settings: Settings, lane: str) -> int:
    return 1 if lane == "books" else settings.partitions


def lease(settings: Settings) -> float:
    """Seconds that a block may take: none else can take over what a `local://` log gives."""
    return math.inf if settings.broker.startswith("local://") else SESSION / 2


class Service:
    """One worker: started with `start`, stopped with `stop`; `failed` tells why it gave up."""

    def __init__(
        self, settings: Settings, parts: Parts, *, ticks: bool = True, step: Step = no_step
    ) -> None:
        self.settings, self.parts = settings, parts
        self.failed: BaseException | None = None
        self.over = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self.app = application(settings)
        self.topics = {lane: self._topic(lane) for lane in LANES}
        tables: dict[str, Any] = {
            lane: self.app.Table(
                f"state-{lane}",
                partitions=partitions(settings, lane),
                key_type=bytes,
                value_type=bytes,
            )
            for lane in LANES
        }
        self.worker = Worker(
            self.app, parts, tables, self._tell, self._fail, lease=lease(settings), step=step
        )
        for lane, lane_topic in self.topics.items():
            self.worker.lanes[topic(lane)] = lane
            self.app.agent(lane_topic, name=f"lane-{lane}")(self.worker.run)
        self.app.on_partitions_revoked.connect(self._revoked)
        self.app.on_rebalance_complete.connect(self._rebalanced)
        self.app.timer(MEASURE, name="lag")(self.worker.measure)
        if ticks:
            self.app.timer(settings.tick_ms / 1000, on_leader=True, name="ticks")(self._tick)
            self.app.timer(CHORES, on_leader=True, name="chores")(self._chores)
        self._verified: date | None = None

    async def start(self) -> None:
        """Start the worker; returns when it has its partitions, or has failed."""
        await self.app.start()
        self._watch = asyncio.create_task(self._watching())
        while not self.app.consumer.assignment() or self.app.rebalancing:
            if self.failed is not None:
                return
            await asyncio.sleep(0.01)

    def healthy(self) -> bool:
        """Whether the worker goes on; one that failed is of no more use."""
        return self.failed is None

    def ready(self) -> bool:
        """Whether this worker has its partitions and their state."""
        return (
            self.app.consumer is not None
            and bool(self.app.consumer.assignment())
            and not self.app.rebalancing
            and not self.app.tables.recovery.in_recovery
        )

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        await self.app.stop()

    async def _watching(self) -> None:
        """Give up where Faust did: what crashed it (a log that cannot be written) is no agent's."""
        await self.app.wait()
        if self.failed is None:
            self._fail(self.app.crash_reason or RuntimeError("Faust stopped by itself"))

    async def send_tick(self, now: int) -> None:
        """Close every partition's block at `now` (ms), traffic with what `books` know by then."""
        upto = self.parts.registers.reached
        for lane, lane_topic in self.topics.items():
            value = messages.tick(now, -1 if lane == "books" else upto)
            for number in range(partitions(self.settings, lane)):
                await lane_topic.send(value=value, partition=number)

    def judged(self) -> int:
        """The time (ms) up to which every partition of every lane has judged; 0 at the start."""
        wanted = sum(partitions(self.settings, lane) for lane in LANES)
        readers = self.worker.readers.values()
        if len(readers) < wanted:
            return 0
        return min(reader.now for reader in readers)

    async def _tick(self) -> None:
        if not self.app.rebalancing and self.failed is None:
            await self.send_tick(time.time_ns() // 1_000_000)

    async def _chores(self) -> None:
        """Once a day, after the hour that is set."""
        now = time.time_ns() // 1_000_000
        hour = (now - day_start(jst_day(now))) // HOUR
        due = self.settings.verify_hour
        if due is None or hour < due or self._verified == jst_day(now) or self.failed is not None:
            return
        self._verified = jst_day(now)
        trimmed = chores.trim(self.settings, LANES)
        if self.settings.store.startswith("chdb://"):
            event = chores.verified(self.parts, now)
            if event is not None:
                await self.topics["books"].send(value=codec.encode(event), partition=0)
        log.info("chores.done segments=%d", trimmed)

    async def _tell(self, value: Tally) -> None:
        sent = await self.topics["books"].send(value=messages.tally(value), partition=0)
        await sent

    def _fail(self, error: BaseException) -> None:
        self.failed = error
        log.error("worker.failed reason=%s: %s", type(error).__name__, error)
        self.over.set()

    async def _revoked(self, sender: Any, *args: Any, **kwargs: Any) -> None:
        self.worker.revoked()

    async def _rebalanced(self, sender: Any, *args: Any, **kwargs: Any) -> None:
        # closes the window of Faust issue 596: recovery itself resumes the flow after its seek
        if not self.settings.broker.startswith("local://"):
            self.app.flow_control.suspend()

    def _topic(self, lane: str) -> Any:
        return self.app.topic(
            topic(lane),
            partitions=partitions(self.settings, lane),
            internal=True,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )


def application(settings: Settings) -> Any:
    """Faust, with everything it does set to at-least-once and nothing on the network."""
    local.register()
    if not local.cython_streams_loaded():
        raise Refusal(
            "faust: its compiled stream extension is missing, and the other one acknowledges what "
            "it skips; install the wheel of faust-streaming for this platform"
        )
    return faust.App(
        "shoseki",
        broker=settings.broker,
        store=settings.state,
        Table=HighestTable,
        datadir=str(Path(settings.data) / "faust"),
        web_enabled=False,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=SESSION,
        broker_heartbeat_interval=1.0,
        broker_commit_interval=1.0,
        topic_partitions=settings.partitions,
        producer_acks=-1,
    )
