"""What keeps state true over rebalances, each guard with the harm that comes without it.

The worker is the product's, in this process, on a real broker; the store is in memory.  Where a
harm needs a moment that does not come by itself, the moment is made: a late seek, a record that a
paused worker would have sent, a changelog that does not answer.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP
from kafka.admin import ConfigResource

from controls.events import LANES, AccessDatastoreQuery, Event
from controls.examples import event
from controls.kernel import Refusal
from controls.registers import Registers
from streams import app, state, topics, wiring
from streams import settings as configuration
from streams.agents import Worker
from streams.app import Service, application
from streams.blocks import Batch, Blocks, Message
from streams.connection import Connection
from streams.fetch import AT_A_TIME, RECOVERING
from streams.messages import Tick
from streams.pipeline import Partition, Work
from streams.pseudonyms import Plain
from streams.publish import Log, Publisher, open_log
from streams.registers import Follower
from streams.state import TableState
from streams.store.memory import Memory
from streams.topics import changelog, topic
from tests.streams.kafka.broker import Cluster
from tests.streams.kafka.guards import remove
from tests.streams.kafka.workers import (
    PARTITIONS,
    SESSION,
    State,
    configure,
    folded,
    partitions,
)
from tests.streams.service import history

Remove = Callable[[str], None]
FILLER = "filler"
"""A key whose only use is that the segments before it are closed."""
PATIENCE = 90.0
"""Seconds for which a worker is waited for; on a machine with other work a rebalance takes long."""
NOON = 1_794_279_600_000
"""2026-11-10 12:00 JST."""


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Remove:
    """Takes a guard away until the test ends."""
    return lambda name: remove(name, monkeypatch.setattr)


class Noted:
    """A log that knows where what was appended to each partition ends."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.ends: dict[tuple[str, int], int] = {}

    def append(self, name: str, partition: int, values: Sequence[bytes]) -> int:
        last = self._log.append(name, partition, values)
        lane = next(lane for lane in LANES if topic(lane) == name)
        self.ends[lane, partition] = last + 1
        return last

    def close(self) -> None:
        self._log.close()


class Bench:
    """Topics, a store in memory that outlives the worker, and one worker after another."""

    def __init__(self, kafka: Cluster, folder: Path, state: str) -> None:
        self.kafka, self.folder = kafka, folder
        (folder / "keys").mkdir(mode=0o700)  # where anchors are kept
        file = configure(folder, folder / "data", kafka.url, "chdb://none", state)
        self.settings = configuration.load(file)
        self.store = Memory()
        kafka.clear()
        topics.apply(self.settings)
        self.now = NOON
        self.wanted: dict[tuple[str, int], int] = {}
        """Where the last ticks end; tallies behind them wait for the next."""

    def publish(self, *blocks: list[Event]) -> None:
        """The events of each block, and a tick for every partition behind it; a block of none
        brings what the partition holds before the worker, and no time passes."""
        log = Noted(open_log(self.settings))
        publisher = Publisher(log, PARTITIONS)
        publisher.books_end = self.kafka.ends(topic("books"))[0] - 1
        for events in blocks:
            self.now += 60_000 if events else 0
            publisher.publish(map(Plain().join, events))
            publisher.tick(self.now)
        log.close()
        self.wanted |= log.ends

    def service(self, folder: str = "data", **options: Any) -> Service:
        settings = self.settings.model_copy(update={"data": str(self.folder / folder)})
        parts = wiring.parts(settings, self.store, Plain())
        service = Service(settings, parts, ticks=False, **options)
        service.app.conf.broker_commit_interval = 0.1
        return service

    @asynccontextmanager
    async def running(self, service: Service) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    @asynccontextmanager
    async def serving(self, folder: str = "data", **options: Any) -> AsyncIterator[Service]:
        service = self.service(folder, **options)
        async with self.running(service):
            yield service

    async def follow(self, service: Service, seconds: float = PATIENCE) -> None:
        """Until every message is acknowledged for good, or the worker gives up."""
        until = time.monotonic() + seconds
        while service.failed is None and await asyncio.to_thread(self.behind):
            assert time.monotonic() < until, (self.committed(), self.wanted)
            await asyncio.sleep(0.1)

    async def run(self, seconds: float = PATIENCE) -> State:
        """A worker from its start until nothing is left to do; what it then holds."""
        async with self.serving() as service:
            await self.follow(service, seconds)
            assert service.failed is None, service.failed
            return held(service)

    def behind(self) -> bool:
        committed = self.committed()
        return any(committed.get(place, 0) < end for place, end in self.wanted.items())

    def committed(self) -> dict[tuple[str, int], int]:
        with self.kafka.admin() as admin:
            found = admin.list_group_offsets({"shoseki": None})["shoseki"]
        lanes = {topic(lane): lane for lane in ("books", "access", "principals")}
        return {
            (lanes[tp.topic], tp.partition): o.offset
            for tp, o in found.items()
            if tp.topic in lanes and o.offset > 0
        }

    def records(self, lane: str) -> list[tuple[int, bytes, bytes | None]]:
        return [(r.partition, r.key, r.value) for r in self.kafka.records(changelog(lane))]

    def remembered(self) -> State:
        """What a worker that knows nothing reads."""
        return {
            place: state
            for lane in ("books", "access", "principals")
            for place, state in folded(lane, self.records(lane)).items()
        }

    def compact(self, lane: str) -> None:
        """Let the changelog be compacted, until it has one record a key."""
        eager = {
            "min.compaction.lag.ms": "0", "min.cleanable.dirty.ratio": "0.01", "segment.ms": "200"
        }  # fmt: skip
        with self.kafka.admin() as admin:
            admin.alter_configs([ConfigResource("topic", changelog(lane), eager)])
        until = time.monotonic() + 20
        while True:
            for number in range(partitions(lane)):
                filler = f"{number}|filler".encode()
                self.kafka.send(changelog(lane), b'{"applied":-1}', partition=number, key=filler)
            keys = [(n, key) for n, key, _ in self.records(lane) if not key.endswith(b"filler")]
            if len(keys) == len(set(keys)):
                return
            assert time.monotonic() < until, "nothing is compacted"
            time.sleep(0.3)


def held(service: Service) -> State:
    return {
        f"{r.partition.lane}/{r.partition.number}": dict(r.partition.state.items())
        for r in service.worker.readers.values()
    }


def queries(count: int, minute: int = 0) -> list[Event]:
    """So many queries of so many people, each an event of `access`."""
    return [
        event(
            AccessDatastoreQuery, f"2026-11-10 0{9 + n % 60 // 60}:{minute:02d}:{n % 60:02d}",
            actor_ref=f"p{n}", account_ref=f"a{n}", system_id="crm", dataset_id="members",
            rows=minute + 1,
        )
        for n in range(count)
    ]  # fmt: skip


@pytest.fixture(params=["memory://"])
def bench(request: pytest.FixtureRequest, kafka: Cluster, tmp_path: Path) -> Bench:
    return Bench(kafka, tmp_path, request.param)


# --- messages lost after recovery (Faust issue 596) -------------------------------------------


@pytest.mark.parametrize("guards", ["all", "only expected offsets", "only suspended flow", "none"])
def test_what_is_fetched_before_recovery_has_sought_is_not_lost(
    bench: Bench, without: Remove, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    """The moment is made: recovery's last step comes 1.5 s late."""
    without("slow seek")
    if guards in ("only expected offsets", "none"):
        without("suspended flow")
    if guards in ("only suspended flow", "none"):
        without("expected offsets")
    bench.publish(queries(8))
    asyncio.run(bench.run())
    bench.publish(*(queries(8, minute) for minute in range(1, 14)))

    async def read() -> BaseException | None:
        """Until the worker has judged what came last, or has given up."""
        async with bench.serving() as service:
            await asyncio.to_thread(bench.publish, queries(8, 14))
            last = {e.event_id for e in queries(8, 14)}
            until = time.monotonic() + 30
            while service.failed is None and not last <= bench.store._by_id.keys():
                assert time.monotonic() < until
                await asyncio.sleep(0.1)
            return service.failed

    failed = asyncio.run(read())
    assert (failed is not None) == (guards == "only expected offsets"), failed
    assert failed is None or "messages are missing" in str(failed)
    if guards == "none":
        assert len(bench.store._by_id) < 15 * 8  # judged what came last without what was before
        return
    monkeypatch.undo()
    asyncio.run(bench.run())
    assert len(bench.store._by_id) == 15 * 8


@pytest.mark.parametrize("guards", ["all", "only expected offsets", "none"])
def test_what_was_fetched_before_anything_was_ever_acknowledged_comes_again(
    bench: Bench, without: Remove, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    """The moment is made: the fetcher has handed out a partition's first messages, and they were
    dropped, when recovery begins to seek."""
    bench.publish(*(queries(8, minute) for minute in range(4)))
    rebalanced = Service._rebalanced

    async def ahead(self: Service, sender: Any, *args: Any, **kwargs: Any) -> None:
        for lane in ("books", "access", "principals"):
            for tp in self.app.consumer.assignment():
                if tp.topic == topic(lane):
                    await self.app.consumer.seek(tp, 2)
        await rebalanced(self, sender, *args, **kwargs)

    monkeypatch.setattr(Service, "_rebalanced", ahead)
    if guards != "all":
        without("beginning")
    if guards == "none":
        without("expected offsets")

    async def read() -> BaseException | None:
        async with bench.serving() as service:
            last = {e.event_id for e in queries(8, 3)}
            until = time.monotonic() + 30
            while service.failed is None and not last <= bench.store._by_id.keys():
                assert time.monotonic() < until
                await asyncio.sleep(0.1)
            return service.failed

    failed = asyncio.run(read())
    assert (failed is not None) == (guards == "only expected offsets"), failed
    assert failed is None or "messages are missing" in str(failed)
    if guards == "none":
        assert len(bench.store._by_id) < 4 * 8
        return
    monkeypatch.undo()
    asyncio.run(bench.run())
    assert len(bench.store._by_id) == 4 * 8


# --- a worker that was paused and wakes ---------------------------------------------------------


def stale(bench: Bench, lane: str) -> dict[str, set[str]]:
    """Send again what a paused worker would: of each key that changed, what it was first.

    But not the clock, which a worker comes to last: a stale one is seen by `standing`.
    """
    found: dict[str, set[str]] = {}
    first: dict[tuple[int, bytes], bytes | None] = {}
    last: dict[tuple[int, bytes], bytes | None] = {}
    for number, key, value in bench.records(lane):
        first.setdefault((number, key), value)
        last[number, key] = value
    for (number, key), value in first.items():
        if value is not None and value != last[number, key] and not key.endswith(b"|clock"):
            bench.kafka.send(changelog(lane), value, partition=number, key=key)
            name = key.decode().partition("|")[2]
            found.setdefault(f"{lane}/{number}", set()).add(name)
    return found


def differing(found: State, wanted: State) -> dict[str, set[str]]:
    """The keys of traffic of which two states hold different values, by partition."""
    return {
        place: keys
        for place in wanted
        if not place.startswith("books/")
        and (
            keys := {
                key
                for key in (found[place].keys() | wanted[place].keys()) - {FILLER}
                if found[place].get(key) != wanted[place].get(key)
            }
        )
    }


@pytest.mark.parametrize("guards", ["all", "not restored", "not the highest"])
def test_what_a_paused_worker_sends_late_is_no_news(
    bench: Bench, without: Remove, guards: str
) -> None:
    """Neither to the next worker nor, after compaction, to the one after that."""
    bench.publish(queries(8), queries(8, 1))
    wanted = asyncio.run(bench.run())
    sent = stale(bench, "access")
    assert len(sent) == PARTITIONS
    if guards == "not the highest":
        without("highest")
    if guards != "all":
        without("restore")
    bench.publish([])
    found = asyncio.run(bench.run())
    if guards == "not the highest":
        assert differing(found, wanted) == sent
        return
    assert not differing(found, wanted)
    bench.compact("access")
    bench.publish([])
    found = asyncio.run(bench.run())
    assert differing(found, wanted) == ({} if guards == "all" else sent)


@pytest.mark.parametrize("guards", ["all", "deleted at once"])
def test_what_is_forgotten_does_not_come_back(bench: Bench, without: Remove, guards: str) -> None:
    """A deletion says nothing of what it includes, so what is gone is kept as gone."""
    if guards != "all":
        without("gone")

    async def remember(*what: str) -> None:
        def step(name: str, lane: str, partition: int, offset: int) -> None:
            if (name, lane, partition) == ("remembered", "access", 0):
                state = service.worker.readers[TP(topic(lane), 0)].state
                if what:
                    state.put("probe", {"applied": offset, "what": what[0]})
                else:
                    state.drop("probe", offset)

        service = bench.service(step=step)  # known before its first block
        async with bench.running(service):
            await bench.follow(service)
            assert service.failed is None

    bench.publish(queries(8))
    asyncio.run(remember("here"))
    bench.publish(queries(8, 1))
    asyncio.run(remember())
    number, key, value = next(r for r in bench.records("access") if r[1] == b"0|probe")
    bench.kafka.send(changelog("access"), value or b"", partition=number, key=key)
    bench.publish([])
    found = asyncio.run(bench.run())
    assert ("probe" in found["access/0"]) == (guards != "all")


def test_a_block_that_takes_longer_than_the_session_is_judged_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeats go out while it is judged, so the group keeps the worker, and the lease holds."""
    judge = Partition.judge
    judged: list[int] = []

    def long(self: Partition, batch: Batch) -> Work | None:
        if self.lane == "access" and batch.contents:
            judged.append(batch.last_offset)
            if len(judged) == 1:
                time.sleep(1.5 * SESSION)  # in the thread of the agents, where judging is
        return judge(self, batch)

    monkeypatch.setattr(Partition, "judge", long)
    bench.publish(queries(8))

    async def read() -> tuple[int, int]:
        async with bench.serving() as service:
            before = service.app.consumer_generation_id
            await bench.follow(service)
            assert service.failed is None
            return before, service.app.consumer_generation_id

    before, after = asyncio.run(read())
    assert before == after
    assert len(judged) == PARTITIONS


# --- recovery ---------------------------------------------------------------------------------


def test_changelogs_are_read_in_large_pieces_and_lanes_in_small_ones(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 records at a time made recovery of 70,000 keys take two minutes."""
    bench.publish(queries(8))
    asyncio.run(bench.run())
    fetch = AIOKafkaConsumerThread._fetch_records
    taken: set[tuple[bool, int]] = set()

    async def noted(self: Any, consumer: Any, active: Any, **how: Any) -> Any:
        found = await fetch(self, consumer, active, **how)
        records = how["max_records"]
        taken.update((tp.topic.endswith("changelog"), records) for tp in found if found[tp])
        return found

    monkeypatch.setattr(AIOKafkaConsumerThread, "_fetch_records", noted)
    bench.publish(queries(8))
    asyncio.run(bench.run())
    assert taken == {(True, RECOVERING), (False, AT_A_TIME)}


@pytest.mark.parametrize("guards", ["all", "not given back"])
def test_what_is_fetched_across_a_rebalance_is_recovered_all_the_same(
    bench: Bench, without: Remove, guards: str
) -> None:
    bench.publish(queries(8))
    asyncio.run(bench.run())
    without("late fetch")
    if guards != "all":
        without("given back")

    async def recover() -> State:
        service = bench.service("another")
        async with bench.running(service):
            assert service.failed is None, service.failed
            return {
                place: dict(TableState(*at).items()) for place, at in places(service).items()
            }

    found, wanted = asyncio.run(recover()), bench.remembered()
    lost = {place for place in wanted if found[place] != wanted[place]}
    assert bool(lost) == (guards != "all"), lost


def test_a_recovery_that_stands_still_ends_the_worker(
    bench: Bench, without: Remove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All was taken across a rebalance and lost: Faust would wait for ever."""
    bench.publish(queries(8))
    asyncio.run(bench.run())
    without("late fetch of all")
    without("given back")
    monkeypatch.setattr(app, "STILL", 3.0)

    async def recover() -> BaseException | None:
        service = bench.service("another")
        async with bench.running(service):
            return service.failed

    assert "stands still" in str(asyncio.run(recover()))


# --- standbys -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bench", ["rocksdb://"], indirect=True)
@pytest.mark.parametrize("guards", ["all", "standbys"])
def test_who_takes_partitions_over_has_every_key_of_their_changelogs(
    bench: Bench, without: Remove, guards: str
) -> None:
    """The moment is made: the flow resumes while a standby has records queued.  What it reads later
    carries the offset that RocksDB stores over the hole."""
    without("slow standby")
    if guards == "standbys":
        without("no standbys")
    bench.publish(queries(8))

    async def move() -> tuple[set[str], set[str], BaseException | None]:
        """When the first of two workers has left: of which partitions the second lacks keys, which
        its standbys had followed to the end, and why it gave up judging, if it did."""
        async with AsyncExitStack() as stack:
            async with bench.serving() as first:
                await bench.follow(first)
                second = await stack.enter_async_context(bench.serving("second"))
                recovery: Any = second.app.tables.recovery
                standbys = set(recovery.standby_tps)
                await asyncio.to_thread(bench.publish, queries(8, 1))
                await bench.follow(second)
                ends = {
                    tp: (await asyncio.to_thread(bench.kafka.ends, tp.topic))[tp.partition]
                    for tp in standbys
                }
                await eventually(
                    lambda: all(recovery.standby_offsets[tp] >= ends[tp] - 1 for tp in ends)
                )
                assert first.failed is None, first.failed
            tables = places(second)
            await eventually(lambda: second.ready and len(recovery.active_tps) == len(tables))
            wanted = await asyncio.to_thread(bench.remembered)
            found = {place: dict(TableState(*at).items()) for place, at in tables.items()}
            lacking = {place for place in wanted if found[place] != wanted[place]}
            followed = {
                place
                for place, (table, tp) in tables.items()
                if tp in ends and table.data.persisted_offset(tp) == ends[tp] - 1
            }
            await asyncio.to_thread(bench.publish, [])
            await bench.follow(second)
            return lacking, followed, second.failed

    lacking, followed, failed = asyncio.run(move())
    if guards == "all":
        assert not lacking | followed
        assert failed is None, failed
        return
    assert lacking
    assert lacking <= followed
    assert "another version" in str(failed)  # a memory says which with its first record


async def eventually(done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


def places(service: Service) -> dict[str, tuple[Any, TP]]:
    """The table of every partition and its changelog, by lane/partition."""
    return {
        f"{lane}/{number}": (service.worker.tables[lane], TP(changelog(lane), number))
        for lane in LANES
        for number in range(partitions(lane))
    }


# --- the changelog first ------------------------------------------------------------------------


@pytest.mark.parametrize("guards", ["all", "not waiting"])
def test_nothing_is_acknowledged_before_its_change_is_in_the_changelog(
    bench: Bench, without: Remove, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    """Faust commits by the clock, whether or not the changelog has answered."""
    if guards != "all":
        without("delivery")
    bench.publish(queries(8))
    answers = asyncio.Event()
    sent = state.sent

    async def late(producer: Any, topic: str, *changes: Any) -> int:
        if topic == changelog("access"):
            await answers.wait()
        return await sent(producer, topic, *changes)

    monkeypatch.setattr(state, "sent", late)

    async def read() -> set[str]:
        told = asyncio.Event()

        def step(name: str, lane: str, partition: int, offset: int) -> None:
            if (name, lane) == ("remembered", "access"):
                told.set()

        async with bench.serving(step=step) as service:
            await asyncio.wait_for(told.wait(), PATIENCE)
            await asyncio.sleep(1)
            lanes = {lane for lane, _ in await asyncio.to_thread(bench.committed)}
            answers.set()
            await bench.follow(service)
            return lanes

    committed = asyncio.run(read())
    assert ("access" in committed) == (guards != "all")


LONG = ["not restored"] if "SHOSEKI_LONG" in os.environ else []


@pytest.mark.parametrize("bench", ["rocksdb://"], indirect=True)
@pytest.mark.parametrize("guards", ["all", *LONG])
def test_what_rocksdb_has_and_the_changelog_has_not_is_sent_again(
    bench: Bench, without: Remove, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    """A worker dies when its files are written and its changelog is not; then it starts again, and
    then its partitions move to one that has no files."""
    bench.publish(queries(8))

    async def die() -> None:
        """What is sent is lost, and so nothing is acknowledged."""
        told = asyncio.Event()

        def step(name: str, lane: str, partition: int, offset: int) -> None:
            if (name, lane) == ("remembered", "access"):
                told.set()

        async with bench.serving(step=step):
            await asyncio.wait_for(told.wait(), PATIENCE)

    async def lost(producer: Any, topic: str, *changes: Any) -> int:
        if topic == changelog("access"):
            await asyncio.Event().wait()
        return await sent(producer, topic, *changes)

    sent = state.sent
    with monkeypatch.context() as dying:
        dying.setattr(state, "sent", lost)
        asyncio.run(die())
    assert not bench.records("access")
    if guards != "all":
        without("restore")
    wanted = asyncio.run(bench.run())
    assert all(wanted[f"access/{number}"] for number in range(PARTITIONS))
    shutil.rmtree(bench.folder / "data")
    bench.publish([])
    if guards == "all":
        assert not differing(asyncio.run(bench.run()), wanted)
    else:
        with pytest.raises(AssertionError, match="do not fit"):
            asyncio.run(bench.run())


@pytest.mark.parametrize("session", [30, 90])
def test_nobody_gives_up_joining_before_the_group_has_waited(tmp_path: Path, session: int) -> None:
    conf = application(
        configuration.Settings(
            broker="kafka://127.0.0.1:9", store="chdb://none", data=str(tmp_path),
            keys=f"{tmp_path}.keys", session_seconds=session,
        )
    ).conf  # fmt: skip
    assert session <= conf.broker_rebalance_timeout < conf.broker_request_timeout


# --- twice, backwards, uncompiled ---------------------------------------------------------------


@pytest.mark.parametrize("guards", ["all", "none"])
def test_a_message_that_is_handed_out_twice_counts_once(
    bench: Bench, without: Remove, monkeypatch: pytest.MonkeyPatch, guards: str
) -> None:
    if guards == "none":
        without("expected offsets")
    take = Worker.take

    async def twice(self: Worker, event: Any) -> None:
        await take(self, event)
        await take(self, event)

    monkeypatch.setattr(Worker, "take", twice)
    bench.publish(queries(8))
    asyncio.run(bench.run())
    duplicates = sum(row["duplicates"] for row in bench.store.blocks())
    assert duplicates == (0 if guards == "all" else 8)


def test_ticks_of_two_leaders_never_turn_time_back() -> None:
    """Their clocks differ; what either says is a moment that has come."""
    blocks = Blocks(0, -1, 0)
    ticks = [Tick(1000, 5), Tick(400, 7), Tick(2000, 6), Tick(1400, 8)]
    batches = [blocks.add(Message(n, n, tick)) for n, tick in enumerate(ticks)]
    assert [batch.now for batch in batches if batch] == [1000, 1000, 2000, 2000]
    assert [batch.books_upto for batch in batches if batch] == [5, 7, 7, 8]


def test_without_the_compiled_streams_no_worker_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faust import streams

    file = configure(tmp_path, tmp_path / "data", "kafka://127.0.0.1:1", "chdb://none", "memory://")
    monkeypatch.setattr(streams, "_CStreamIterator", None)
    with pytest.raises(Refusal, match="compiled stream extension"):
        application(configuration.load(file))


# --- registers ----------------------------------------------------------------------------------


def test_a_worker_without_books_has_the_registers_that_books_has(bench: Bench) -> None:
    """While they grow, after a start from nothing, and after compaction."""
    events = history(60, seed=3)

    async def read() -> None:
        other = wiring.parts(bench.settings, Memory(), Plain()).registers
        failures: list[BaseException] = []
        follower = Follower(other, changelog("books"), failures.append)
        follower.start(Connection.of(bench.settings).options)
        behind = []
        async with bench.serving() as service:
            await asyncio.to_thread(bench.publish, events[:30], events[30:])
            await bench.follow(service)
            own = service.parts.registers
            began = time.monotonic()
            while other.reached < own.reached:
                await asyncio.sleep(0.005)
            behind.append(time.monotonic() - began)
            assert entered(other) == entered(own) != []
            await follower.close()
            again = wiring.parts(bench.settings, Memory(), Plain()).registers
            await asyncio.to_thread(bench.compact, "books")
            follower = Follower(again, changelog("books"), failures.append)
            follower.start(Connection.of(bench.settings).options)
            while not follower.whole:
                await asyncio.sleep(0.01)
            assert entered(again) == entered(own)
            assert again.reached == own.reached
            await follower.close()
        assert not failures

    asyncio.run(read())


@pytest.mark.parametrize("guards", ["all", "not whole"])
def test_registers_are_entered_in_order_whatever_order_compaction_leaves(
    bench: Bench, without: Remove, guards: str
) -> None:
    """A paused worker sends an early entry again; compaction keeps that one, behind the later."""
    if guards != "all":
        without("whole registers")
    events = history(60, seed=3)
    bench.publish(events[:30], events[30:])

    async def fill() -> list[tuple[int, str]]:
        async with bench.serving() as service:
            await bench.follow(service)
            return entered(service.parts.registers)

    wanted = asyncio.run(fill())
    early = next(r for r in bench.records("books") if r[1].startswith(b"0|register|"))
    bench.kafka.send(changelog("books"), early[2] or b"", key=early[1])
    bench.compact("books")

    async def read() -> list[tuple[int, str]]:
        registers = wiring.parts(bench.settings, Memory(), Plain()).registers
        failures: list[BaseException] = []
        follower = Follower(registers, changelog("books"), failures.append)
        follower.start(Connection.of(bench.settings).options)
        until = time.monotonic() + 10  # what comes out of order may never be entered
        while len(registers._log) < len(wanted) and time.monotonic() < until:
            await asyncio.sleep(0.05)
        await follower.close()
        assert not failures
        return entered(registers)

    assert (asyncio.run(read()) == wanted) == (guards == "all")


def entered(registers: Registers) -> list[tuple[int, str]]:
    """Every entry with the offset at which it came to be known, in the order of the offsets; of
    one offset in any order."""
    every = [(n, e.event_id) for n, e in zip(registers._known, registers._log, strict=True)]
    return [entry for _, known in groupby(every, lambda entry: entry[0]) for entry in sorted(known)]
