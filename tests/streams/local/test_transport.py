"""What holds for `local://` alone: its owner, other publishers, kill -9, a full disk."""

import asyncio
import logging
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import faust
import pytest
from yarl import URL

from controls.kernel import Refusal
from streams import local
from streams.local import Broker, Entry, cython_streams_loaded, register
from streams.local.transport import folder_of

ROOT = Path(__file__).parents[3]

WORKER = """
import asyncio, sys
import faust
from streams.local import register
register()

app = faust.App("w", broker="local://" + sys.argv[1], store="memory://", datadir=sys.argv[2],
                web_enabled=False, stream_wait_empty=False, topic_partitions=2,
                broker_commit_interval=0.05, key_serializer="raw", value_serializer="raw")
access = app.topic("access", partitions=2, key_type=bytes, value_type=bytes,
                   key_serializer="raw", value_serializer="raw")
# what the table holds of an entity: its sum, and the offset it includes
state = app.Table("state", partitions=2, key_type=bytes, value_type=bytes,
                  default=lambda: b"0 -1")

@app.agent(access)
async def add(stream):
    async for event in stream.noack().events():
        total, applied = map(int, state[event.key].split())
        if event.message.offset > applied:
            state[event.key] = b"%d %d" % (total + int(event.value), event.message.offset)
        event.ack()
        print(event.message.partition, event.message.offset, flush=True)

async def main():
    await app.start()
    while app.rebalancing or not app.consumer.assignment():
        await asyncio.sleep(0.01)
    print("state", sorted((k.decode(), v.decode()) for k, v in state.items()), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def new_app(folder: Path, **settings: Any) -> faust.App:
    register()
    return faust.App(
        "one",
        broker=f"local://{folder}/log",
        store="memory://",
        datadir=str(folder / "faust"),
        web_enabled=False,
        stream_wait_empty=False,
        topic_partitions=1,
        broker_commit_interval=0.05,
        **settings,
    )


def raw_topic(app: faust.App, name: str) -> Any:
    return app.topic(
        name,
        partitions=1,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )


async def until(condition: Any, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def test_the_compiled_extension_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    from faust import streams

    assert cython_streams_loaded()
    monkeypatch.setattr(streams, "_CStreamIterator", None)
    assert not cython_streams_loaded()


def test_a_url_names_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of(URL("local://./Data/log")) == f"{tmp_path}/Data/log"
    assert folder_of(URL("local:///srv/my%20log")) == "/srv/my log"
    with pytest.raises(Refusal, match="not a folder; write"):
        folder_of(URL("local://data/log"))
    with pytest.raises(Refusal, match="not a folder; write"):
        folder_of(URL("local://"))


def test_the_broker_comes_without_faust() -> None:
    code = "import sys; from streams.local import Broker; sys.exit('faust' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_killed_worker_has_its_table_and_its_place_again(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "log")
    broker.create("access", 2)
    counts = [0, 0]
    lines: list[str] = []
    for turn in range(2):
        for partition in range(2):
            broker.append_many(
                "access",
                partition,
                [Entry(b"1", b"p%d-%d" % (partition, at % 5)) for at in range(40)],
            )
            counts[partition] += 40
        worker = start(WORKER, tmp_path / "log", tmp_path / "faust")
        assert worker.stdout is not None
        lines = []
        for line in worker.stdout:
            lines.append(line)
            if turn == 0 and len(lines) == 25:  # in the middle, commits under way
                break
            if turn == 1 and {f"{p} {counts[p] - 1}\n" for p in range(2)} <= set(lines):
                while [broker.committed("access", p) for p in range(2)] != counts:
                    time.sleep(0.01)
                break
        worker.kill()
        worker.stdout.close()
        worker.wait()
    last = start(WORKER, tmp_path / "log", tmp_path / "faust")
    assert last.stdout is not None
    lines = [last.stdout.readline()]
    last.kill()
    last.stdout.close()
    last.wait()
    expected = sorted((f"p{p}-{k}", f"16 {counts[p] - 5 + k}") for p in range(2) for k in range(5))
    assert lines == [f"state {expected}\n"]


def test_other_processes_publish_while_the_worker_runs(tmp_path: Path) -> None:
    code = """
import sys, time
from streams.local import Broker
broker = Broker(sys.argv[1])
for at in range(50):
    broker.append("access", 0, b"%s %d %d" % (sys.argv[2].encode(), at, time.time_ns()))
    time.sleep(0.004)
"""

    async def run() -> tuple[list[bytes], list[float]]:
        app = new_app(tmp_path)
        seen: list[bytes] = []
        delays: list[float] = []

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                seen.append(event.value)
                delays.append((time.time_ns() - int(event.value.split()[2])) / 1e6)
                event.ack()

        app.agent(raw_topic(app, "access"))(take)
        await app.start()
        try:
            await until(lambda: app.consumer.assignment() and not app.rebalancing)
            others = [start(code, tmp_path / "log", name) for name in ("a", "b")]
            await until(lambda: len(seen) == 100)
            for other in others:
                other.communicate()
        finally:
            await app.stop()
        return seen, delays

    seen, delays = asyncio.run(run())
    for name in (b"a", b"b"):
        assert [int(v.split()[1]) for v in seen if v.startswith(name)] == list(range(50))
    assert sorted(delays)[50] < 1000  # the reader looks every 50 ms; the machine may be busy


def test_a_second_worker_is_refused(tmp_path: Path) -> None:
    code = "import sys, time; from streams.local import Broker; Broker(sys.argv[1]).own(); "
    other = start(code + "print(1, flush=True); time.sleep(60)", tmp_path / "log")
    assert other.stdout is not None
    other.stdout.readline()

    async def run() -> None:
        app = new_app(tmp_path)
        try:
            with pytest.raises(Refusal, match="is in use by another process"):
                await app.start()
        finally:
            await app.stop()

    try:
        asyncio.run(run())
    finally:
        other.kill()
        other.communicate()


def test_a_full_disk_stops_the_worker_before_it_commits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker.shared(tmp_path / "log")
    broker.create("access", 1)
    broker.append_many("access", 0, [Entry(b"%d" % at, b"k") for at in range(10)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def run() -> None:
        app = new_app(tmp_path)
        topic = raw_topic(app, "access")
        table = app.Table("state", partitions=1, key_type=bytes, value_type=str)

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                if event.value == b"9":
                    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
                    table[b"k"] = "x" * 100_000
                event.ack()

        app.agent(topic)(take)
        await app.start()
        try:
            await until(lambda: app.crashed)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            await app.stop()
        assert "make room on the disk" in str(app.crash_reason)

    with caplog.at_level(logging.CRITICAL):
        asyncio.run(run())
    assert (broker.committed("access", 0) or 0) < 10


@pytest.mark.parametrize("by", ["a call", "itself at the start"])
def test_a_changelog_that_was_compacted_is_recovered(tmp_path: Path, by: str) -> None:
    held = Broker.shared(tmp_path / "log")  # so that the app uses these small segments
    held._segment_bytes = 200 if by == "itself at the start" else 1 << 20

    async def run(amount: int) -> dict[bytes, int]:
        app = new_app(tmp_path)
        topic = raw_topic(app, "access")
        table = app.Table("state", partitions=1, key_type=bytes, value_type=int, default=int)
        seen: list[bytes] = []

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                table[event.key] += 1
                seen.append(event.key)
                event.ack()

        app.agent(topic)(take)
        await app.start()
        try:
            await until(lambda: app.consumer.assignment() and not app.rebalancing)
            for at in range(amount):
                await topic.send(key=b"k%d" % (at % 3), value=b"x", partition=0)
                await until(lambda at=at: len(seen) > at)
                await app.producer.flush()  # one append a record, so that there are segments
            await asyncio.sleep(0.2)
            return dict(table.items())
        finally:
            await app.stop()

    assert asyncio.run(run(30)) == {b"k0": 10, b"k1": 10, b"k2": 10}
    broker = Broker(tmp_path / "log")
    if by == "a call":
        assert broker.compact("one-state-changelog") == 27
    assert asyncio.run(run(0)) == {b"k0": 10, b"k1": 10, b"k2": 10}
    assert [r.offset for r in broker.read("one-state-changelog", 0, 0)] == [27, 28, 29]
    assert asyncio.run(run(3)) == {b"k0": 11, b"k1": 11, b"k2": 11}


def test_a_log_that_lost_what_was_consumed_is_refused(tmp_path: Path) -> None:
    broker = Broker.shared(tmp_path / "log")
    broker.create("access", 1)
    broker.append("access", 0, b"x", b"k")
    broker.commit({("access", 0): 7})

    async def run() -> BaseException | None:
        app = new_app(tmp_path)

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                event.ack()

        app.agent(raw_topic(app, "access"))(take)
        await app.start()
        try:
            await until(lambda: app.crashed)
        finally:
            await app.stop()
        return app.crash_reason

    assert "7 records were consumed but the log ends at 1" in str(asyncio.run(run()))


def test_nothing_is_lost_between_seek_and_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Faust resumes partitions, seeks, then empties the buffers (issue 596): with a slow
    # seek whatever was fetched in between would be gone
    broker = Broker.shared(tmp_path / "log")
    broker.create("access", 1)
    broker.append_many("access", 0, [Entry(b"%d" % at, b"k") for at in range(20)])

    async def run() -> list[int]:
        app = new_app(tmp_path)
        table = app.Table("state", partitions=1, key_type=bytes, value_type=int)
        seen: list[int] = []

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                seen.append(event.message.offset)
                table[event.key] = 1
                event.ack()

        app.agent(raw_topic(app, "access"))(take)
        consumer = app.consumer
        seek = consumer.perform_seek

        async def slow() -> None:
            await asyncio.sleep(0.2)
            await seek()
            await asyncio.sleep(0.2)

        monkeypatch.setattr(consumer, "perform_seek", slow)
        await app.start()
        try:
            await until(lambda: len(seen) >= 20)
            await asyncio.sleep(0.2)
        finally:
            await app.stop()
        return seen

    for _ in range(2):  # the second time there is a changelog, so the fetcher runs during recovery
        done = broker.committed("access", 0) or 0
        assert asyncio.run(run()) == list(range(done, broker.end("access", 0)))
        broker.append_many("access", 0, [Entry(b"more", b"k")] * 20)


def test_partitions_of_one_agent_come_in_turn(tmp_path: Path) -> None:
    broker = Broker.shared(tmp_path / "log")
    broker.create("access", 4)
    for partition in range(4):
        broker.append_many("access", partition, [Entry(b"x")] * 50)

    async def run() -> list[int]:
        app = new_app(tmp_path, stream_buffer_maxsize=4)
        seen: list[int] = []

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                seen.append(event.message.partition)
                await asyncio.sleep(0.001)
                event.ack()

        app.agent(raw_topic(app, "access"))(take)
        await app.start()
        try:
            await until(lambda: len(seen) >= 60)
        finally:
            await app.stop()
        return seen

    assert set(asyncio.run(run())[:40]) == {0, 1, 2, 3}


def test_a_new_subscription_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    broker = Broker.shared(tmp_path / "log")
    broker.create("access", 1)
    broker.append_many("access", 0, [Entry(b"%d" % at, b"k") for at in range(1500)])

    async def run() -> list[tuple[int, int]]:
        app = new_app(tmp_path, stream_buffer_maxsize=50)
        table = app.Table("state", partitions=1, key_type=bytes, value_type=int)
        seen: list[tuple[int, int]] = []

        async def take(stream: Any) -> None:
            async for event in stream.noack().events():
                seen.append((event.message.generation_id, event.message.offset))
                if event.message.offset % 10 == 0:
                    table[event.key] = event.message.offset
                event.ack()

        app.agent(raw_topic(app, "access"))(take)
        await app.start()
        try:
            for amount in (200, 600):
                await until(lambda amount=amount: len(seen) > amount)
                await app.consumer.subscribe({tp.topic for tp in app.consumer.assignment()})
            await until(lambda: seen[-1][1] == 1499)
        finally:
            await app.stop()
        return seen

    seen = asyncio.run(run())
    assert {offset for _, offset in seen} == set(range(1500))
    for generation in (1, 2, 3):
        offsets = [offset for each, offset in seen if each == generation]
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))


def test_the_entry_point_and_register_lead_to_the_same_class() -> None:
    register()
    from faust.transport.drivers import by_url

    assert by_url("local://./log") is local.Transport
    assert os.path.isfile(str(local.__file__))
