"""Raw topics to lanes on a real broker: the same as the same lines from a file, come what may."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streams.cli import main
from streams.codec import LINE_LIMIT
from streams.intake import STEPS
from streams.quarantine import Opened, make_keys
from tests.streams.kafka.broker import Cluster, Kafka
from tests.streams.kafka.intake import (
    ORG,
    House,
    Judged,
    behind,
    configure,
    events_of,
    lanes_in,
    lanes_of,
    produce,
)

# kafka-python's clients, of which many are made here, may leave a socket to the collector
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)

DEEP = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
POISON: dict[str, bytes | None] = {
    "encoding": '{"event_id":"東京"}'.encode("shift_jis"),
    "nul": b'{"event_id":"a\x00b"}',
    "deep": DEEP,
    "huge": b'{"event_id":"' + b"x" * (10 << 20) + b'"}',
    "list": b"[1,2]",
    "two lines": b'{"a":1}\n{"b":2}',
    "empty": b"",
    "tombstone": None,
}
"""By what is wrong with it; the last three cannot stand in a file."""
NOT_IN_FILES = ("two lines", "empty", "tombstone")


def form(number: int, **fields: Any) -> bytes:
    """A line of the vocabulary."""
    minute = f"2026-11-11T{9 + number // 60:02}:{number % 60:02}:00+09:00"
    return json.dumps(
        {
            "event_id": f"query-{number}",
            "event_type": "access.datastore_query",
            "schema_version": 1,
            "org_id": ORG,
            "source_id": "crm-audit",
            "occurred_at": minute,
            "observed_at": minute,
            "actor_ref": f"staff-{number % 7}",
            "actor_kind": "staff",
            "account_ref": f"staff-{number % 7}",
            "system_id": "crm",
            "dataset_id": "customers",
            "operation": "read",
            "rows": number,
            "fields": ["name"],
            "statement_digest": "",
            "joins_dataset_ids": [],
        }
        | fields
    ).encode()


def hit(number: int) -> bytes:
    """A line of a web server's log; two neighbours are the same request in the same second."""
    return (
        f"192.0.2.7 - staff{number // 2 % 9} [11/Nov/2026:10:{number // 2 % 60:02}:03 +0900] "
        f'"GET /customers/{number // 2} HTTP/1.1" 200 5 "-" "agent"'
    ).encode()


FORMS = [form(number) for number in range(200)]
TOLD = [
    *(line for line in FORMS for _ in range(1 + (FORMS.index(line) % 10 == 0))),  # some twice
    *(form(number, rows=10_000) for number in range(0, 200, 50)),  # their ids with other payloads
    *POISON.values(),
    b'{"event_type":"access.nothing"}',
    form(1, event_id="elsewhere", org_id="another-kk"),
]
HITS = [hit(number) for number in range(200)]
LOGGED: list[bytes | None] = [*HITS[:100], b"no log line", "漢字".encode(), *HITS[100:], None]


def mixed(lines: list[Any], kinds: int = 7) -> list[Any]:
    """The same lines in another order: poison stands between good ones."""
    return [line for first in range(kinds) for line in lines[first::kinds]]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys of the installation, whichever way its lines come."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def house(kafka: Cluster, tmp_path: Path, keys: Path) -> House:
    """Raw topics with everything in them, on a broker that had no other topics."""
    kafka.clear()
    return filled(House(tmp_path / "house", kafka.url, keys=keys), kafka)


def filled(house: House, kafka: Cluster) -> House:
    assert main(["topics", "apply", "--config", str(house.config)]) == 0
    configure(kafka, "raw-forms", max_message_bytes=16 << 20)
    produce(kafka, "raw-forms", mixed(TOLD))
    produce(kafka, "raw-web", mixed(LOGGED))
    return house


@pytest.fixture(scope="module")
def from_files(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Counter[Any], Judged]:
    """The same lines, published as files to a log in this file system."""
    folder = tmp_path_factory.mktemp("files")
    house = House(folder, f"local://{folder}/data/log", keys=keys)
    impossible = [POISON[name] for name in NOT_IN_FILES]
    forms = [line for line in mixed(TOLD) if line not in impossible]
    (folder / "forms.jsonl").write_bytes(b"\n".join(forms) + b"\n")
    (folder / "web.log").write_bytes(b"\n".join(filter(None, mixed(LOGGED))) + b"\n")
    config = ["--config", str(house.config)]
    assert main(["publish", *config, str(folder / "forms.jsonl")]) == 0
    web = ["--format", "nginx", "--source", str(folder / "web.toml"), str(folder / "web.log")]
    assert main(["publish", *config, *web]) == 0
    lanes = lanes_in(folder / "data" / "log")
    return events_of(lanes), Judged(house, lanes)


def told(reject: tuple[str, int, str, str]) -> tuple[str, str]:
    """Why, and which line; of two payloads of one id it is chance which one comes first."""
    origin, _, reason, digest = reject
    return reason, "" if origin.startswith("access/") else digest


def same(house: House, kafka: Cluster, from_files: tuple[Counter[Any], Judged]) -> Judged:
    """The lanes hold what files give: the same events, and a reject for each bad record."""
    expected, published = from_files
    lanes = lanes_of(kafka)
    found = events_of(lanes)
    assert not expected - found, house.said()
    assert not found - expected, house.said()
    judged = Judged(house, lanes)
    assert judged.events == published.events == 400
    more = len(NOT_IN_FILES) + 1  # the tombstone of the web's topic
    assert len(judged.rejects) == len(published.rejects) + more
    files, topics = Counter(map(told, published.rejects)), Counter(map(told, judged.rejects))
    assert not files - topics
    assert (topics - files).total() == more
    return judged


def test_a_raw_topic_gives_what_the_same_lines_give_as_a_file(
    house: House, kafka: Cluster, from_files: tuple[Counter[Any], Judged]
) -> None:
    house.follow(kafka)
    judged = same(house, kafka, from_files)
    assert judged.received == len(TOLD) + len(LOGGED)
    assert judged.duplicates == from_files[1].duplicates == 20
    # every bad record says where it stood
    places = {(origin, position) for origin, position, _, _ in judged.rejects}
    records = {
        (f"{name}/{record.partition}", record.offset): record.value
        for name in ("raw-forms", "raw-web")
        for record in kafka.records(name)
    }
    bad = {place for place, value in records.items() if value in POISON.values()}
    assert len(bad) == len(POISON) + 1
    assert bad <= places
    assert "東京" not in house.said()


def test_a_kill_at_any_step_makes_duplicates_and_nothing_else(
    house: House, kafka: Cluster, from_files: tuple[Counter[Any], Judged]
) -> None:
    for step in STEPS:
        assert house.start((step, 2)).end() == -9, house.said()
    assert behind(kafka)
    house.follow(kafka)
    judged = same(house, kafka, from_files)
    # what had been published and not committed came again
    assert judged.received > len(TOLD) + len(LOGGED)
    assert judged.duplicates == 20 + judged.received - len(TOLD) - len(LOGGED)


def test_several_processes_share_the_work_and_one_may_die(
    house: House, kafka: Cluster, from_files: tuple[Counter[Any], Judged]
) -> None:
    first = house.start(BATCH=10)
    first.wait(lambda: "batch.published" in house.said())
    second = house.start(BATCH=10)
    second.wait(lambda: house.said().count("partitions.assigned") >= 3)
    first.kill()
    second.wait(lambda: not behind(kafka))
    second.stop()
    same(house, kafka, from_files)


def test_a_handover_repeats_nothing(
    house: House, kafka: Cluster, from_files: tuple[Counter[Any], Judged]
) -> None:
    """Processes that come and go of their own will finish and commit what they have in hand."""
    processes = [house.start(slow=0.5)]
    processes[0].wait(lambda: "batch.published" in house.said())
    processes.append(house.start(slow=0.5))
    processes[1].wait(lambda: house.said().count("partitions.assigned") >= 3)
    processes[0].stop()
    processes[1].wait(lambda: not behind(kafka))
    processes[1].stop()
    assert same(house, kafka, from_files).received == len(TOLD) + len(LOGGED)


def test_a_process_that_wakes_after_the_group_gave_it_up_does_no_harm(
    house: House, kafka: Cluster, from_files: tuple[Counter[Any], Judged]
) -> None:
    sleeper = house.start(slow=0.5)
    sleeper.wait(lambda: "batch.published" in house.said())
    time.sleep(0.2)  # with a batch in hand
    sleeper.signal(signal.SIGSTOP)
    other = house.start(slow=0.5)
    other.wait(lambda: not behind(kafka))
    sleeper.signal(signal.SIGCONT)
    time.sleep(2)
    sleeper.stop()
    other.stop()
    same(house, kafka, from_files)


def test_a_broker_that_restarts_loses_and_repeats_nothing_that_counts(
    own_kafka: Kafka, tmp_path: Path, keys: Path, from_files: tuple[Counter[Any], Judged]
) -> None:
    house = filled(House(tmp_path / "house", own_kafka.url, keys=keys), own_kafka)
    process = house.start(BATCH=10)
    process.wait(lambda: "batch.published" in house.said())
    own_kafka.kill()
    time.sleep(2)
    own_kafka.start()
    process.wait(lambda: not behind(own_kafka))
    process.stop()
    same(house, own_kafka, from_files)


def test_a_producer_that_repeats_everything_three_times(kafka: Cluster, tmp_path: Path) -> None:
    """Events say who they are; of native lines the source's `repeats` says what they are."""
    for repeats, kept in (("events", 6), ("duplicates", 1)):
        kafka.clear()
        house = House(tmp_path / repeats, kafka.url, web=f'repeats = "{repeats}"')
        assert main(["topics", "apply", "--config", str(house.config)]) == 0
        for _ in range(3):
            produce(kafka, "raw-forms", FORMS[:20])
            produce(kafka, "raw-web", HITS[:2])
        house.follow(kafka)
        judged = Judged(house, lanes_of(kafka))
        assert judged.received == 66
        assert judged.events == 20 + kept
        assert judged.duplicates == 40 + 6 - kept


def test_arrival_is_what_the_broker_says(kafka: Cluster, tmp_path: Path) -> None:
    kafka.clear()
    house = House(tmp_path / "house", kafka.url)
    assert main(["topics", "apply", "--config", str(house.config)]) == 0
    produce(kafka, "raw-forms", [form(1, ingested_at="2026-11-11T09:02:00+09:00")])
    produce(kafka, "raw-web", HITS[:1])
    house.follow(kafka)
    arrived = {record.timestamp for name in ("raw-forms", "raw-web") for record in
               kafka.records(name)}  # fmt: skip
    said = {
        json.loads(line)["ingested_at"]
        for messages in lanes_of(kafka).values()
        for _, message in messages
        for line in message.split(b"\n")
    }
    from controls.events import rfc3339

    assert said == set(map(rfc3339, arrived))


def test_a_topic_with_its_producers_times_is_refused(
    kafka: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kafka.clear()
    house = House(tmp_path / "house", kafka.url)
    assert main(["topics", "apply", "--config", str(house.config)]) == 0
    configure(kafka, "raw-forms", message_timestamp_type="CreateTime")
    assert house.start().end() == 2
    assert "LogAppendTime is expected" in house.said()
    assert "batch.published" not in house.said()


def test_records_that_retention_took_are_on_record(kafka: Cluster, tmp_path: Path) -> None:
    kafka.clear()
    house = House(tmp_path / "house", kafka.url)
    assert main(["topics", "apply", "--config", str(house.config)]) == 0
    produce(kafka, "raw-forms", FORMS[:10], partitions=1)
    house.follow(kafka)
    produce(kafka, "raw-forms", FORMS[10:30], partitions=1)
    with kafka.admin() as admin:
        from kafka import TopicPartition

        admin.delete_records({TopicPartition("raw-forms", 0): 15})
    house.follow(kafka)
    (lost,) = Judged(house, lanes_of(kafka)).rejects
    assert lost[:2] == ("raw-forms/0", 10)
    assert "5 in all" in lost[2]


def test_refused_records_are_sealed_and_come_back_after_a_correction(
    kafka: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka.clear()
    private, public = make_keys(tmp_path / "rejects")
    more = f'[quarantine]\nkey = "{public}"\ndirectory = "{tmp_path}/sealed"\n'
    house = House(tmp_path / "house", kafka.url, more)
    config = ["--config", str(house.config)]
    assert main(["topics", "apply", *config]) == 0
    configure(kafka, "raw-forms", max_message_bytes=16 << 20)
    produce(kafka, "raw-forms", [*FORMS[:3], *POISON.values()], partitions=1)
    # the first process knows the log by another format: all of its lines are refused
    right = house.config.read_text()
    house.config.write_text(right.replace('format = "nginx"', 'format = "events"'))
    produce(kafka, "raw-web", HITS[:10])
    assert house.start(("committed", 1), BATCH=100).end() == -9  # sealed before that
    house.follow(kafka)
    assert len(Judged(house, lanes_of(kafka)).rejects) == 10 + len(POISON)

    opened = Opened(tmp_path / "sealed", private)
    lines = [refused.line for refused in opened.lines()]
    assert sorted(lines) == sorted(
        [*HITS[:10], *(line[: LINE_LIMIT + 2] for line in POISON.values() if line)]
    )
    for path in (tmp_path / "sealed").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"192.0.2" not in path.read_bytes()

    house.config.write_text(right)
    capsys.readouterr()
    assert main(["rejects", "replay", "--json", "--key", str(private), *config]) == 0
    bad = sum(1 for line in POISON.values() if line)
    assert json.loads(capsys.readouterr().out) == {"events": 10, "rejects": bad, "damaged": 0}
    judged = Judged(house, lanes_of(kafka))
    assert judged.events == 13
    assert len(judged.rejects) == 10 + len(POISON)
    # without the key the same is had from the topic, as long as it keeps its records
    replay = ["rejects", "replay", "--json", "--topic", "raw-web", *config]
    for partition in ("0", "1"):
        assert main([*replay, "--partition", partition, "--from", "0"]) == 0
    assert Judged(house, lanes_of(kafka)).ids == judged.ids
