"""Topics on a real broker: made, compared and repaired by their declaration."""

from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from controls.events import LANES
from controls.kernel import Refusal
from streams import topics, wiring
from streams.app import Service
from streams.cli import main
from streams.connection import LARGEST
from streams.publish import Publisher
from streams.settings import Kafka as KafkaSettings
from streams.settings import Settings
from streams.topics import Difference
from tests.streams.kafka.broker import Cluster
from tests.streams.kafka.conftest import Install

APPEND_TIME = ("message.timestamp.type", "LogAppendTime")


def config(kafka: Cluster, name: str) -> dict[str, str]:
    from kafka.admin import ConfigResource

    with kafka.admin() as admin:
        found = admin.describe_configs([ConfigResource("TOPIC", name)], config_filter="all")
    return {key: setting["value"] for key, setting in found["topic"][name].items()}


def alter(kafka: Cluster, name: str, **values: str) -> None:
    from kafka.admin import ConfigResource

    settings = {key.replace("_", "."): value for key, value in values.items()}
    with kafka.admin() as admin:
        admin.alter_configs([ConfigResource("TOPIC", name, settings)])
    until = time.monotonic() + 20  # brokers learn of a change a moment after it
    while not settings.items() <= config(kafka, name).items():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_apply_makes_every_topic_and_check_then_finds_nothing(
    kafka: Cluster, install: Install
) -> None:
    settings = install(log_days=30)
    made = topics.apply(settings)
    assert {difference.topic for difference in made} == set(kafka.topics("shoseki"))
    assert {difference.setting for difference in made} == {"topic"}
    assert len(made) == 7
    assert topics.check(settings) == []
    assert {lane: len(kafka.ends(topics.topic(lane))) for lane in LANES} == {
        "books": 1, "access": 2, "principals": 2,
    }  # fmt: skip
    for lane in LANES:
        lane_config = config(kafka, topics.topic(lane))
        assert APPEND_TIME in lane_config.items()
        assert lane_config["cleanup.policy"] == "delete"
        assert lane_config["retention.ms"] == str(30 * 24 * 3600 * 1000)
        assert int(lane_config["max.message.bytes"]) == LARGEST
        changelog = topics.changelog(lane)
        assert len(kafka.ends(changelog)) == len(kafka.ends(topics.topic(lane)))
        assert config(kafka, changelog)["cleanup.policy"] == "compact"


def test_a_second_apply_changes_nothing(install: Install) -> None:
    settings = install()
    topics.apply(settings)
    assert topics.apply(settings) == []


def test_names_are_those_that_faust_uses(tmp_path: Path, install: Install) -> None:
    settings = install()
    parts = wiring.passing(settings)
    service = Service(settings, parts)
    app = service.app
    assert {table.changelog_topic_name for table in app.tables.values()} == {
        topics.changelog(lane) for lane in LANES
    }
    assert {t.get_topic_name() for t in service.topics.values()} == {
        topics.topic(lane) for lane in LANES
    }
    assert app.assignor  # its election has a topic of its own
    assert app._leader_assignor._leader_topic_name == topics.leader()
    assert not app.conf.topic_allow_declare
    assert app.conf.producer_max_request_size == LARGEST


def test_check_names_setting_what_is_and_what_is_expected(kafka: Cluster, install: Install) -> None:
    settings = install(log_days=30, kafka=KafkaSettings(min_insync=1))
    topics.apply(settings)
    access, memory = topics.topic("access"), topics.changelog("access")
    alter(kafka, access, message_timestamp_type="CreateTime", retention_ms="1000")
    alter(kafka, memory, cleanup_policy="delete", min_insync_replicas="2")
    kafka.delete(topics.leader())
    wanted = [
        Difference(access, *APPEND_TIME[:1], "CreateTime", "LogAppendTime"),
        Difference(access, "retention.ms", "1000", str(30 * 24 * 3600 * 1000)),
        Difference(memory, "cleanup.policy", "delete", "compact"),
        Difference(memory, "min.insync.replicas", "2", "1"),
        Difference(topics.leader(), "topic", None, "1 partitions"),
    ]
    assert topics.check(settings) == wanted
    assert topics.apply(settings) == wanted
    assert topics.check(settings) == []


def test_what_is_not_declared_is_left_as_it_is(kafka: Cluster, install: Install) -> None:
    settings = install()
    topics.apply(settings)
    alter(kafka, topics.topic("books"), segment_ms="3600000")
    alter(kafka, topics.topic("books"), retention_ms="1000")
    topics.apply(settings)
    assert config(kafka, topics.topic("books"))["segment.ms"] == "3600000"


def test_another_number_of_partitions_is_refused_before_anything_changes(
    kafka: Cluster, install: Install
) -> None:
    settings = install()
    topics.apply(settings)
    alter(kafka, topics.topic("books"), message_timestamp_type="CreateTime")
    before = topics.check(settings)
    wider = settings.model_copy(update={"partitions": 3})
    with pytest.raises(Refusal, match=r"shoseki-access: partitions = 2, 3 is expected; .*hashed"):
        topics.apply(wider)
    assert topics.check(settings) == before
    assert len(kafka.ends(topics.topic("access"))) == 2


def test_more_copies_than_brokers_are_refused_by_name(install: Install) -> None:
    settings = install(kafka=KafkaSettings(replication=3))
    with pytest.raises(Refusal, match=r"shoseki-books: cannot be created \(.*replication"):
        topics.apply(settings)


def test_copies_that_differ_are_told_and_not_moved(kafka: Cluster, install: Install) -> None:
    topics.apply(install())
    thrice = Settings(broker=kafka.url, partitions=2, kafka=KafkaSettings(replication=3))
    found = topics.check(thrice)
    assert {(d.setting, d.found, d.expected) for d in found} == {("replication", "1", "3")}
    assert "kafka-reassign-partitions" in found[0].remedy
    assert topics.apply(thrice) == []


class Raw(BaseModel):
    topic: str


class WithIntake(Settings):
    intake: dict[str, Raw]


def test_raw_topics_are_made_and_keep_their_owners_partitions(
    kafka: Cluster, install: Install
) -> None:
    install()
    kafka.create("raw-crm", 5, message_timestamp_type="CreateTime")
    intake = {"crm": Raw(topic="raw-crm"), "web": Raw(topic="raw-web")}
    settings = WithIntake(broker=kafka.url, partitions=2, intake=intake)
    topics.apply(settings)
    assert topics.check(settings) == []
    assert {name: len(kafka.ends(name)) for name in kafka.topics("raw")} == {
        "raw-crm": 5, "raw-web": 2,
    }  # fmt: skip
    assert APPEND_TIME in config(kafka, "raw-crm").items()


# --- the commands ----------------------------------------------------------------------------


def written(folder: Path, settings: Settings) -> Path:
    file = folder / "shoseki.toml"
    values = {
        name: getattr(settings, name) for name in ("broker", "store", "data", "keys", "partitions")
    }
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    assert tomllib.loads(file.read_text()) == values
    return file


def test_the_command_says_one_line_a_difference_and_ends_with_one(
    kafka: Cluster, install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config_file = ["--config", str(written(tmp_path, install()))]
    assert main(["topics", "check", *config_file]) == 1
    missing = capsys.readouterr().out.splitlines()
    assert missing[0] == "topic shoseki-books is missing; shoseki topics apply"
    assert len(missing) == 7
    assert main(["topics", "apply", *config_file]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "shoseki-books: topic: missing -> 1 partitions"
    assert said[-1] == "7 topics are as declared"
    alter(kafka, topics.topic("books"), message_timestamp_type="CreateTime")
    assert main(["topics", "check", "--json", *config_file]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        {
            "topic": "shoseki-books",
            "setting": "message.timestamp.type",
            "found": "CreateTime",
            "expected": "LogAppendTime",
            "remedy": "shoseki topics apply",
        }
    ]


def beyond(*args: Any, **kwargs: Any) -> None:
    """Instead of a service that would begin and never end."""
    pytest.fail("nothing was refused")


@pytest.mark.parametrize("command", [["run"], ["publish"]], ids=" ".join)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (None, "topic shoseki-books is missing (and 2 more"),
        ({"message_timestamp_type": "CreateTime"}, "LogAppendTime is expected"),
    ],
    ids=["missing", "no append times"],
)
def test_nothing_runs_on_topics_that_are_not_ready(
    command: list[str],
    spoil: dict[str, str] | None,
    said: str,
    kafka: Cluster,
    install: Install,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Service, "__init__", beyond)
    monkeypatch.setattr(Publisher, "__init__", beyond)
    settings = install()
    if spoil:
        topics.apply(settings)
        alter(kafka, topics.topic("access"), **spoil)
    if command == ["run"]:
        said = said.replace("2 more", "6 more")
    else:
        command = [*command, str(tmp_path / "shoseki.toml")]
    assert main([*command, "--config", str(written(tmp_path, settings))]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "shoseki topics apply" in told


def test_a_worker_wants_lanes_of_its_number_of_partitions(
    install: Install,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Service, "__init__", beyond)
    settings = install()
    topics.apply(settings)
    other: Any = settings.model_copy(update={"partitions": 3})
    assert main(["run", "--config", str(written(tmp_path, other))]) == 2
    assert "topic shoseki-access: partitions = 2, 3 is expected" in capsys.readouterr().err
