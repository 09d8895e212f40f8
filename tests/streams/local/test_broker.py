"""Topics, commits and ownership, also between processes."""

import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controls.kernel import Refusal
from streams.local import Broker, Entry, murmur2, partition_of

with warnings.catch_warnings():  # kafka-python reads its schemas with deprecated functions
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka.partitioner.default import murmur2 as kafka_murmur2

ROOT = Path(__file__).parents[3]


def process(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@given(st.binary(max_size=80))
def test_keys_hash_as_in_kafka(key: bytes) -> None:
    assert murmur2(key) == kafka_murmur2(key) & 0xFFFFFFFF
    assert partition_of(key, 7) == (kafka_murmur2(key) & 0x7FFFFFFF) % 7


def test_records_and_commits_survive_reopening(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "log")
    broker.create("access", 4)
    assert broker.append("access", 2, b"one", b"k", (("h", b"v"),)) == 0
    assert broker.append_many("access", 2, [Entry(b"two"), Entry(b"three")]) == range(1, 3)
    assert broker.committed("access", 2) is None
    broker.commit({("access", 2): 2})
    again = Broker(tmp_path / "log")
    assert again.topics() == ("access",)
    assert (again.partitions("access"), again.partitions("none")) == (4, 0)
    assert [r.value for r in again.read("access", 2, 1, 10)] == [b"two", b"three"]
    assert (again.end("access", 2), again.end("access", 0)) == (3, 0)
    assert again.committed("access", 2) == 2
    for folder, _, files in os.walk(tmp_path / "log"):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        for name in files:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o600


def test_the_number_of_partitions_is_fixed_by_the_first(tmp_path: Path) -> None:
    one, two = Broker(tmp_path), Broker(tmp_path)
    one.create("access", 4)
    two.create("access", 8)
    assert two.partitions("access") == 4


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a b", "会", "a" * 250])
def test_names_that_are_no_topics_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusal, match="a topic is named by"):
        Broker(tmp_path).create(name, 1)
    with pytest.raises(Refusal, match="has 0 partitions"):
        Broker(tmp_path).append(name, 0, b"x")


def test_retention_keeps_what_is_not_committed(tmp_path: Path) -> None:
    broker = Broker(tmp_path, segment_bytes=1, clock=lambda: 1000)
    broker.create("access", 1)
    for at in range(10):
        broker.append("access", 0, b"%d" % at)
    assert broker.retain("access", age=10, now=5000) == 0
    broker.commit({("access", 0): 4})
    assert broker.retain("access", age=4500, now=5000) == 0
    assert broker.retain("access", age=10, now=5000) == 4
    assert broker.read("access", 0, 0)[0].offset == 4


def test_a_second_consumer_is_told_who_has_the_folder(tmp_path: Path) -> None:
    code = """
import sys, time
from streams.local import Broker
broker = Broker(sys.argv[1])
broker.own()
print("mine", flush=True)
time.sleep(60)
"""
    other = process(code, tmp_path)
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "mine\n"
        broker = Broker(tmp_path)
        message = f"{tmp_path} is in use by another process .pid {other.pid}.: stop it or give"
        with pytest.raises(Refusal, match=message):
            broker.own()
        broker.create("access", 1)
        assert broker.append("access", 0, b"publishing goes on") == 0
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    broker.own()


WRITE = """
import random, sys
from streams.local import Broker, Entry
path, name, count, largest = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
chance = random.Random(name)
broker = Broker(path, segment_bytes=1 << 20)
broker.create("access", 1)
for at in range(count):
    entries = [
        Entry(b"%s %d " % (name.encode(), at) + b"x" * chance.randrange(largest))
        for _ in range(chance.choice((1, 1, 3)))
    ]
    offsets = broker.append_many("access", 0, entries)
    print(offsets[0], offsets[-1], at, flush=True)
"""


def all_values(broker: Broker) -> list[bytes]:
    found: list[bytes] = []
    while records := broker.read("access", 0, len(found), 500):
        assert [r.offset for r in records] == list(range(len(found), len(found) + len(records)))
        found += [r.value or b"" for r in records]
    return found


def test_processes_that_append_at_once_do_not_mix_and_a_reader_sees_all(tmp_path: Path) -> None:
    reader = Broker(tmp_path)
    reader.create("access", 1)
    writers = [process(WRITE, tmp_path, name, 150, 3000) for name in ("a", "b", "c")]
    found: list[bytes] = []
    while any(writer.poll() is None for writer in writers):
        found += [r.value or b"" for r in reader.read("access", 0, len(found), 500)]
        time.sleep(0.005)
    acknowledged = 0
    for writer in writers:
        assert writer.stdout is not None
        lines = writer.stdout.read().split("\n")[:-1]
        writer.stdout.close()
        assert (writer.returncode, len(lines)) == (0, 150)
        acknowledged += sum(int(last) - int(first) + 1 for first, last, _ in map(str.split, lines))
    whole = all_values(reader)
    assert len(whole) == acknowledged
    assert whole[: len(found)] == found
    for name in (b"a", b"b", b"c"):
        numbers = [int(v.split(b" ")[1]) for v in whole if v.startswith(name)]
        assert numbers == sorted(numbers)
        assert set(numbers) == set(range(150))


def test_a_writer_killed_at_any_moment_loses_nothing_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged: dict[int, bytes] = {}
    reader = Broker(tmp_path, segment_bytes=1 << 20)
    reader.create("access", 1)
    for turn in range(10):
        writer = process(WRITE, tmp_path, f"w{turn}", 10_000, 600_000)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(chance.random() * 0.06)
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read()
        writer.wait()
        writer.stdout.close()
        for line in (first + rest[: rest.rfind("\n") + 1]).splitlines():
            low, high, at = map(int, line.split())
            for offset in range(low, high + 1):
                acknowledged[offset] = b"w%d %d " % (turn, at)
        reopened = Broker(tmp_path, segment_bytes=1 << 20)
        whole = all_values(reopened)
        assert all(whole[at].startswith(head) for at, head in acknowledged.items())
        assert len(all_values(reader)) == len(whole)
    assert len(acknowledged) >= 10


def test_a_commit_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    code = """
import sys
from streams.local import Broker
broker = Broker(sys.argv[1])
start = (broker.committed("access", 0) or 0) + 1
for offset in range(start, start + 100_000):
    broker.commit({("access", 0): offset, ("books", 0): offset})
    print(offset, flush=True)
"""
    for turn in range(3):
        writer = process(code, tmp_path)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(0.01 + turn * 0.013)
        writer.kill()
        rest = writer.stdout.read()
        writer.wait()
        writer.stdout.close()
        last = int((first + rest[: rest.rfind("\n") + 1]).split()[-1])
        broker = Broker(tmp_path)
        assert broker.committed("access", 0) in (last, last + 1)
        assert broker.committed("access", 0) == broker.committed("books", 0)


def test_threads_of_one_process_append_at_once(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    broker.create("access", 1)
    heard: list[int] = []
    broker.listen(lambda: heard.append(1))

    def write() -> None:
        for _ in range(50):
            broker.append("access", 0, threading.current_thread().name.encode())

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(all_values(broker)) == len(heard) == 200
