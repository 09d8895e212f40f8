"""The broker of the tests itself: what is acknowledged survives, on the same port."""

import uuid
from pathlib import Path

import pytest

from tests.streams.kafka import broker
from tests.streams.kafka.broker import Cluster, Kafka, free_ports


def test_what_was_acknowledged_survives_a_kill(own_kafka: Kafka) -> None:
    own_kafka.create("kept", 2, message_timestamp_type="LogAppendTime")
    own_kafka.send("kept", *(b"%d" % at for at in range(50)), partition=1)
    address = own_kafka.bootstrap
    own_kafka.kill()
    own_kafka.start()
    assert own_kafka.bootstrap == address
    assert own_kafka.send("kept", b"50", partition=1) == 50
    assert own_kafka.ends("kept") == {0: 0, 1: 51}
    records = own_kafka.records("kept")
    assert [record.value for record in records] == [b"%d" % at for at in range(51)]
    assert {record.timestamp_type for record in records} == {1}


def test_topics_of_the_shared_broker_are_named_afresh(kafka: Cluster) -> None:
    prefix = uuid.uuid4().hex
    kafka.create(f"{prefix}-a")
    assert kafka.topics(prefix) == [f"{prefix}-a"]
    kafka.delete(f"{prefix}-a")
    assert kafka.topics(prefix) == []


def test_ports_are_none_that_the_system_hands_out() -> None:
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(port < low for port in free_ports(20))


def test_jars_lie_outside_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOSEKI_TEST_CACHE", raising=False)
    assert Path(__file__).parents[3] not in broker.cache().parents
