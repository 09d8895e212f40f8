"""The Kafka log on a real broker: in order, once, through a broker that is killed, or refused."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controls.kernel import Refusal
from streams import connection, publish, topics
from streams.connection import LARGEST, Connection
from streams.publish import KafkaLog, open_log
from streams.settings import Settings
from tests.streams.kafka.broker import Cluster, Kafka, free_ports
from tests.streams.kafka.conftest import Install, places

BOOKS, ACCESS = topics.topic("books"), topics.topic("access")


def numbered(count: int, start: int = 0, size: int = 0) -> list[bytes]:
    return [b"%d" % at + b"." * size for at in range(start, start + count)]


def test_values_stand_in_order_in_the_partition_that_was_named(
    kafka: Cluster, install: Install
) -> None:
    settings = install()
    topics.apply(settings)
    log = open_log(settings)
    before = time.time_ns() // 1_000_000
    assert log.append(ACCESS, 1, numbered(500)) == 499
    assert log.append(ACCESS, 0, [b"other"]) == 0
    assert log.append(ACCESS, 1, [b"last"]) == 500
    log.close()
    records = kafka.records(ACCESS)
    assert [r.value for r in records] == [b"other", *numbered(500), b"last"]
    assert [r.offset for r in records if r.partition == 1] == list(range(501))
    assert all(r.timestamp_type == 1 and r.timestamp >= before for r in records)


def test_a_message_as_large_as_lanes_admit_passes(kafka: Cluster, install: Install) -> None:
    settings = install()
    topics.apply(settings)
    log = open_log(settings)
    value = b"x" * (LARGEST - 200)
    log.append(BOOKS, 0, [value, b"next"])
    log.close()
    assert [len(r.value) for r in kafka.records(BOOKS)] == [len(value), 4]


@pytest.fixture(scope="module")
def mortal(
    needs: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kafka]:
    """A broker that the tests here stop, kill and leave running."""
    needs("java")
    needs("kafka")
    with Kafka(tmp_path_factory.mktemp("mortal")).started() as broker:
        yield broker


@pytest.fixture
def own(mortal: Kafka, tmp_path: Path) -> Settings:
    """An installation on it."""
    mortal.clear()
    settings = Settings(broker=mortal.url, **places(tmp_path))
    topics.apply(settings)
    return settings


def test_a_killed_broker_loses_nothing(mortal: Kafka, own: Settings) -> None:
    """Killed and started again twice while a publisher goes on."""
    log = open_log(own)
    offsets: list[int] = []
    failed: list[BaseException] = []
    over = threading.Event()

    def keep_publishing() -> None:
        try:
            while not over.is_set():
                offsets.append(log.append(BOOKS, 0, numbered(20, 20 * len(offsets), 5000)))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=keep_publishing)
    thread.start()
    for _ in range(2):
        reached = len(offsets)
        until(lambda reached=reached: len(offsets) > reached + 20 or failed)  # type: ignore[misc]
        mortal.kill()
        mortal.start()
    reached = len(offsets)
    until(lambda: len(offsets) > reached + 5 or failed)
    over.set()
    thread.join()
    log.close()
    assert not failed, failed
    assert offsets == list(range(19, 20 * len(offsets), 20))
    values = [record.value for record in mortal.records(BOOKS)]
    assert values == numbered(20 * len(offsets), size=5000)


def test_what_is_not_acknowledged_in_time_is_refused_with_what_to_do(
    mortal: Kafka, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "PATIENCE", 3.0)
    monkeypatch.setattr(publish, "ANSWER", 1.0)
    log = open_log(own)
    log.append(BOOKS, 0, [b"first"])
    mortal.kill()
    try:
        with pytest.raises(Refusal, match=r"-books, partition 0: nothing was ack.*publish the"):
            log.append(BOOKS, 0, [b"second"])
    finally:
        mortal.start()


def test_what_had_to_be_sent_again_stands_once(
    mortal: Kafka, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker gets the first request and, its answer being late, the same once more."""
    monkeypatch.setattr(publish, "ANSWER", 1.0)
    log = open_log(own)
    log.append(BOOKS, 0, [b"first"])
    sent = threading.Thread(target=log.append, args=(BOOKS, 0, [b"second"]))
    mortal.process.send_signal(signal.SIGSTOP)
    try:
        sent.start()
        time.sleep(2)
    finally:
        mortal.process.send_signal(signal.SIGCONT)
    sent.join()
    log.append(BOOKS, 0, [b"third"])
    log.close()
    assert [r.value for r in mortal.records(BOOKS)] == [b"first", b"second", b"third"]


def test_a_broker_that_is_away_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 1.0)
    port = free_ports(1)[0]
    settings = Settings(broker=f"kafka://127.0.0.1:{port}", **places(tmp_path))
    with pytest.raises(Refusal, match=rf"127.0.0.1:{port}: no broker answers .* within 1 s"):
        open_log(settings)
    assert capfd.readouterr() == ("", "")


def test_a_topic_that_is_deleted_meanwhile_is_named(
    kafka: Cluster, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "PATIENCE", 3.0)
    monkeypatch.setattr(publish, "ANSWER", 1.0)
    settings = install()
    topics.apply(settings)
    log = open_log(settings)
    kafka.delete(ACCESS)
    until(lambda: ACCESS not in kafka.topics())
    with pytest.raises(Refusal, match="shoseki-access"):
        log.append(ACCESS, 0, [b"x"])


@pytest.mark.parametrize("most", [None, 1000], ids=["as the client has it", "as the topic has it"])
def test_a_message_too_large_is_refused_by_topic(
    most: int | None, kafka: Cluster, install: Install
) -> None:
    settings = install()
    name = f"small-{most}"
    kafka.create(name, **({"max_message_bytes": most} if most else {}))
    log = KafkaLog(Connection.of(settings))
    with pytest.raises(Refusal, match=f"topic {name}, partition 0: a message is larger .* apply"):
        log.append(name, 0, [b"x" * (2000 if most else LARGEST + 1)])
    log.close()


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
