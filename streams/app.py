"""The Faust application: three lanes, their tables, their agents, and the leader's ticks."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import faust
from faust.types import TP

from controls import catalogue
from controls.block import Tally
from controls.calendar import day_start, jst_day
from controls.events import LANES, Event
from controls.kernel import HOUR, Refusal
from streams import chores, codec, local, messages
from streams.agents import MEASURE, Step, Worker, no_step, unheard
from streams.alerts.watch import Watch
from streams.checkpoints import Checkpoints
from streams.connection import LARGEST, Connection
from streams.evidence.anchor import Anchor
from streams.fetch import flow, refine
from streams.gauges import Figures, Gauges
from streams.lease import Lapsed, Lease, Unlimited
from streams.metrics import METRICS
from streams.pipeline import Parts
from streams.registers import Follower
from streams.settings import Settings
from streams.state import KEEP, HighestTable
from streams.store import StoreError
from streams.topics import APPLICATION, changelog, partitions, table, topic

log = logging.getLogger("shoseki.app")

CHORES = 600.0
"""Seconds between two looks whether the day's chores are due."""
ANCHOR = 60.0
"""Seconds between two anchors."""
READ = 30.0
"""Seconds between two readings of the store for metrics."""
BLOCK = 60.0
"""Seconds for which the group waits, at a rebalance, for a worker that is in the middle of a block;
one that takes longer is judged again by the next owner.  A broker that was killed may have it wait
for a member that is gone, too."""
ANSWER = 30.0
"""Seconds that the broker may take besides to answer: who waits to join must not give up before."""
ROCKSDB = {
    "block_cache_size": 32 << 20, "write_buffer_size": 8 << 20, "max_write_buffer_number": 2
}  # fmt: skip
"""Bytes of memory for the files of each partition; Faust's own default is 2 GiB of cache each."""
STILL = 120.0
"""Seconds for which recovery may read nothing of what is left; longer than any rebalance."""
DRAIN = 20.0
"""Seconds that a worker may take to leave; after that the group misses it soon enough."""


def wall() -> int:
    """The machine's clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def alone(settings: Settings) -> bool:
    """Whether this process is the only worker that there can be."""
    return settings.broker.startswith("local://")


class Service:
    """One worker: started with `start`, stopped with `stop`; `failed` tells why it gave up."""

    def __init__(
        self, settings: Settings, parts: Parts, *, ticks: bool = True, step: Step = no_step
    ) -> None:
        self.settings, self.parts = settings, parts
        self.failed: BaseException | None = None
        self.over = asyncio.Event()
        self._watches: list[asyncio.Task[None]] = []
        self.app = application(settings)
        self.topics = {lane: self._topic(lane) for lane in LANES}
        tables: dict[str, Any] = {
            lane: self.app.Table(
                table(lane),
                partitions=partitions(settings, lane),
                key_type=bytes,
                value_type=bytes,
                options=dict(ROCKSDB),
            )
            for lane in LANES
        }
        measures = {module.CONTROL.id: measure for measure, module in catalogue.modules()}
        self.watch = Watch(
            settings,
            parts,
            measures,
            owner=lambda: self.worker.readers.get(TP(topic("books"), 0)),
            tell=self._tell_own,
            clock=wall,
        )
        self._alerting: asyncio.Task[None] | None = None
        self.lease = Unlimited() if alone(settings) else Lease(settings.session_seconds / 2)
        self.worker = Worker(
            self.app,
            parts,
            tables,
            self._tell,
            self._fail,
            lease=self.lease,
            keep=0 if alone(settings) else KEEP,
            step=step,
            sealed=self.watch.sealed if ticks else unheard,
        )
        self.follower = Follower(parts.registers, changelog("books"), self._fail)
        for lane, lane_topic in self.topics.items():
            self.worker.lanes[topic(lane)] = lane
            self.app.agent(lane_topic, name=f"lane-{lane}")(self.worker.run)
        self.app.on_partitions_revoked.connect(self._revoked)
        self.app.on_partitions_assigned.connect(self._assigned)
        self.app.on_rebalance_complete.connect(self._rebalanced)
        self.checkpoints = Checkpoints(settings, parts.store)
        self.anchors = self.checkpoints.anchors
        self.app.timer(MEASURE, name="lag")(self.worker.measure)
        if ticks:  # else the log carries its own time, and so do its checkpoints
            self.app.timer(ANCHOR, name="anchor")(self._anchor)
            self.app.timer(MEASURE, name="gauges")(self._gauge)
            self.app.timer(settings.tick_ms / 1000, on_leader=True, name="ticks")(self._tick)
            self.app.timer(CHORES, on_leader=True, name="chores")(self._chores)
        self.gauges = Gauges(parts, wall)
        self._reading: asyncio.Task[None] | None = None
        self._figures: Figures | None = None
        self._ticks = ticks
        self._verified: date | None = None
        self._joined = self._refined = False
        self._owed: Anchor | None = None

    async def start(self) -> None:
        """Start the worker; returns when the group has given it its partitions, be it none, or
        when it has failed or is told to stop.

        Raises Refusal where the store is not the one that was anchored.
        """
        self._compare()
        anchor = self.anchors.last()
        if anchor is None and self.parts.store.heads():
            log.warning("anchor.none path=%s", self.anchors.path)
        self._owed = anchor if anchor and anchor.restored is not None else None
        if not alone(self.settings):
            self._watches.append(asyncio.create_task(self._recovering()))
        if not await self._started():
            return
        self._watches.append(asyncio.create_task(self._watching()))
        if not alone(self.settings):
            self.lease.follow(self.app.consumer._thread._consumer._coordinator)
            self.follower.start(Connection.of(self.settings).options)
        while not (self.ready or self.over.is_set()):
            await asyncio.sleep(0.01)
        if self.ready:
            await self._own_up()
            await self._anchor()
            if self._ticks:
                self._alerting = asyncio.create_task(self._alert())

    async def _started(self) -> bool:
        """Start Faust, which first recovers; false where it is over before."""
        starting = asyncio.create_task(self.app.start())
        over = asyncio.create_task(self.over.wait())
        await asyncio.wait({starting, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if not starting.done():
            starting.cancel()
            return False
        await starting
        return True

    async def stop(self) -> None:
        """Leave the group at once; the block that is open is its next owner's."""
        for watch in self._watches:
            watch.cancel()
        if self._alerting is not None:  # the store is closed and the log is let go after this
            self.watch.end()
            await asyncio.wait({self._alerting}, timeout=DRAIN)
            self._alerting.cancel()
        await self.follower.close()
        files = self._files()
        if not alone(self.settings) and self.ready:
            await self._anchor()  # while `books` may still be this worker's
        try:
            await asyncio.wait_for(self.app.stop(), DRAIN)
        except TimeoutError:
            log.warning("worker.left late=%d", DRAIN)
        except RuntimeError:
            if self.failed is None:  # else Faust stops what crashed with it a second time
                raise
        finally:
            for file in files:
                file.close()
            if self._reading is not None:  # the store is closed after this
                await asyncio.wait({self._reading}, timeout=DRAIN)
        if self.failed is None and alone(self.settings):
            await self._anchor()

    def _files(self) -> list[Any]:
        """RocksDB's open files; Faust only drops them, and what a task that hangs still holds would
        keep their locks."""
        stores = [held.data for held in self.app.tables.values()]
        return [file for store in stores for file in getattr(store, "_dbs", {}).values()]

    def _compare(self) -> None:
        """Refusal where the store lacks something that was anchored."""
        fault = self.anchors.fault(self.parts.store)
        if fault is not None:
            raise Refusal(
                f"store: {fault}: this store was set back or exchanged. Restore the newest backup "
                "(`shoseki restore BACKUP`); where the loss is known and nothing is left to "
                "restore, put that on record: `shoseki restore --accept REASON`"
            )

    async def _own_up(self) -> None:
        """Put on record that the store was restored, and what that lost."""
        event = chores.restored(self.parts, self._owed) if self._owed else None
        if event is not None:
            await self._tell_own(event)
        self._owed = None

    async def _anchor(self) -> None:
        """Write the heads into the log and down outside the store; a store that does not answer
        now is asked again in a minute."""
        if self._owed is not None:
            return
        self.parts.forms.forget()
        entry = None
        try:
            self._compare()
            if alone(self.settings) or self.worker.reads(topic("books"), 0):
                entry = self.checkpoints.write(wall(), self.lease.check)
            else:
                entry = self.parts.store.last_entry()
            if entry is not None:
                self.anchors.append(entry)
        except (StoreError, Lapsed) as error:
            log.warning("anchor.missed reason=%s", str(error) or "the lease has lapsed")
        except Refusal as fault:
            self._fail(fault)
        if entry is not None and self.failed is None:
            try:
                await asyncio.to_thread(self.checkpoints.send, entry)
            except Refusal as refused:
                METRICS.anchors_unsent.inc()
                log.warning("anchor.unsent reason=%s", refused)

    async def _gauge(self) -> None:
        """Have the store read beside the loop, where that is this worker's and it is time to."""
        last = self._figures
        due = last is None or wall() - last.at >= READ * 1000
        busy = self._reading is not None and not self._reading.done()
        if due and not busy and self.failed is None and self.worker.reads(topic("books"), 0):
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        sources = self.gauges.sources()
        try:
            self._figures = await asyncio.to_thread(self.gauges.read, sources)
        except Refusal as refused:
            log.warning("gauges.missed reason=%s", refused)
        except Exception as error:  # of use to nobody's judging; the heartbeat is told of no more
            log.error("gauges.failed reason=%s", type(error).__name__)

    def figures(self) -> list[Figures]:
        """What was last read of the store, for metrics; nothing where `books` are another's."""
        last = self._figures
        return [last] if last is not None and self.worker.reads(topic("books"), 0) else []

    @property
    def ready(self) -> bool:
        """Whether this worker judges: it has its partitions, their state and the registers."""
        return (
            self.healthy
            and self._joined
            and not self.app.rebalancing
            and (self.follower.whole or alone(self.settings))
        )

    @property
    def healthy(self) -> bool:
        """Whether this worker can still judge; false once it has given up."""
        return self.failed is None

    async def _watching(self) -> None:
        """Give up where Faust did: what crashed it (a log that cannot be written) is no agent's."""
        await self.app.wait()
        if self.failed is None:
            self._fail(self.app.crash_reason or RuntimeError("Faust stopped by itself"))

    async def _recovering(self) -> None:
        """Give up a recovery that stands still: what went astray comes at a new start."""
        recovery = self.app.tables.recovery
        before, since = 0, time.monotonic()
        while True:
            await asyncio.sleep(STILL / 4)
            left = recovery.active_remaining_total() if recovery.in_recovery else 0
            if not left or left != before:
                before, since = left, time.monotonic()
            elif time.monotonic() - since > STILL and self.failed is None:
                self._fail(
                    RuntimeError(
                        f"recovery stands still: {left} records of the changelogs did not come for "
                        f"{STILL:.0f} s; the worker stops and reads anew"
                    )
                )

    async def _alert(self) -> None:
        """Findings to Alertmanager and into the register of alerts, until the end."""
        try:
            await self.watch.run()
        except Exception as error:
            self._fail(error)

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
            await self.send_tick(wall())

    async def _chores(self) -> None:
        """Once a day, after the hour that is set."""
        now = wall()
        hour = (now - day_start(jst_day(now))) // HOUR
        due = self.settings.verify_hour
        if due is None or hour < due or self._verified == jst_day(now) or self.failed is not None:
            return
        try:
            await self._daily(now)
        except StoreError as error:
            log.warning("chores.postponed seconds=%d reason=%s", CHORES, error)
        else:
            self._verified = jst_day(now)

    async def _daily(self, now: int) -> None:
        """The store is read beside the loop, which goes on judging."""
        store, years = self.parts.store, self.settings.retention
        trimmed = chores.trim(self.settings, LANES)
        chores.purge(self.settings)
        report = await asyncio.to_thread(chores.recomputed, store, now, years, self.anchors)
        missing = await asyncio.to_thread(chores.unaccounted, store, now)
        event = chores.verified(self.parts, report, now, True, missing)
        if event is not None:
            await self._tell_own(event)
        gone = await asyncio.to_thread(chores.expired, store, now, report, years)
        log.info("chores.done segments=%d expired=%d", trimmed, sum(gone.values()))

    async def _tell_own(self, event: Event) -> None:
        await (await self.topics["books"].send(value=codec.encode(event), partition=0))

    async def _tell(self, value: Tally) -> None:
        sent = await self.topics["books"].send(value=messages.tally(value), partition=0)
        await sent

    def _fail(self, error: BaseException) -> None:
        self.failed = error
        log.error("worker.failed reason=%s: %s", type(error).__name__, error)
        self.over.set()

    async def _revoked(self, sender: Any, *args: Any, **kwargs: Any) -> None:
        self.worker.revoked()

    async def _assigned(self, sender: Any, *args: Any, **kwargs: Any) -> None:
        if not (self._refined or alone(self.settings)):
            refine(self.app)
            self._refined = True

    async def _rebalanced(self, sender: Any, *args: Any, **kwargs: Any) -> None:
        # closes the window of Faust issue 596: recovery itself resumes the flow after its seek
        if not alone(self.settings):
            self.app.flow_control.suspend()
            await self._begin()
        self._joined = True

    async def _begin(self) -> None:
        """Have partitions of which nothing was ever acknowledged read from their beginning.

        Recovery seeks only where something was; of others, what the fetcher had handed out before
        recovery dropped it would not come again.
        """
        consumer = self.app.consumer
        own = [tp for tp in consumer.assignment() if tp.topic in self.worker.lanes]
        thread = consumer._thread
        for tp in own:
            if not await thread.call_thread(thread._ensure_consumer().committed, tp):
                await consumer.seek(tp, (await consumer.earliest_offsets(tp))[tp])

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
    """Faust, with everything it does set to at-least-once and nothing served on the network."""
    local.register()
    embedded = alone(settings)
    if not local.cython_streams_loaded():
        raise Refusal(
            "faust: its compiled stream extension is missing, and the other one acknowledges what "
            "it skips; install the wheel of faust-streaming for this platform"
        )
    if settings.state.startswith("rocksdb://") and find_spec("rocksdict") is None:
        raise Refusal(
            f"state = {settings.state}: the package rocksdict is missing; install "
            "shoseki[production], or take memory://"
        )
    Path(settings.data).mkdir(mode=0o700, parents=True, exist_ok=True)
    wait = max(BLOCK, settings.session_seconds)
    return faust.App(
        APPLICATION,
        broker=settings.broker,
        broker_credentials=None if embedded else Connection.of(settings).credentials,
        store=settings.state,
        Table=HighestTable,
        datadir=str(Path(settings.data) / "faust"),
        web_enabled=False,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=settings.session_seconds / 10,
        broker_rebalance_timeout=wait,
        broker_request_timeout=wait + ANSWER,
        broker_commit_interval=1.0,
        # what a standby has read and not applied goes when the flow resumes (tables/recovery.py),
        # and the offset that RocksDB then remembers lies behind the hole
        table_standby_replicas=0,
        topic_partitions=settings.partitions,
        topic_allow_declare=embedded,  # on Kafka they are there: `shoseki topics apply`
        producer_acks=-1,
        producer_max_request_size=LARGEST,
        producer_max_batch_size=LARGEST // 2,
        **flow(settings.partitions),
    )
