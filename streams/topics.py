"""The one declaration of every topic on Kafka: applied by `shoseki topics`, asked for at start.

Lanes carry what is judged, changelogs what workers remember, raw topics what third parties send.
Messages of lanes bear the time at which the broker appended them: blocks and `recorded_at` are so
functions of the log.  Nothing here deletes a topic or takes anything away from one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from controls.events import LANES
from controls.kernel import DAY, HOUR, Refusal
from streams.connection import LARGEST, Connection
from streams.settings import Settings

APPLICATION = "shoseki"
"""Faust's name: the consumer group of the workers, and what its topics begin with."""

SEGMENT = 64 << 20
"""Bytes of a changelog that are not compacted, at most."""
SEEN = 15.0
"""Seconds in which brokers come to know of a change that was made."""
MISSING, UNSEEN = 3, 29  # of Kafka's error codes: unknown topic, not authorized for it
VITAL = ("topic", "partitions", "message.timestamp.type", "cleanup.policy")
"""What must be as declared before anything is read or written."""


def topic(lane: str) -> str:
    """The topic of a lane."""
    return f"{APPLICATION}-{lane}"


def table(lane: str) -> str:
    """The Faust table in which a lane's partitions remember."""
    return f"state-{lane}"


def changelog(lane: str) -> str:
    """The topic from which Faust recovers a lane's table, as Faust names it."""
    return f"{APPLICATION}-{table(lane)}-changelog"


def leader() -> str:
    """The topic whose only partition makes a worker the leader, as Faust names it."""
    return f"{APPLICATION}-__assignor-__leader"


def partitions(settings: Settings, lane: str) -> int:
    """The number of a lane's partitions: books have one."""
    return 1 if lane == "books" else settings.partitions


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is wanted; what is None or not named is the cluster's to decide."""

    name: str
    partitions: int
    config: dict[str, str]
    replication: int | None = None
    fixed: bool = True
    """Whether its number of partitions must be as declared, once it is there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a topic is not as declared: `setting` is topic, partitions, replication, or Kafka's
    name of a setting; `found` is None for what is not there."""

    topic: str
    setting: str
    found: str | None
    expected: str

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.setting == "partitions":
            return (
                "keys stay where they were hashed, so a lane keeps its number of partitions: set "
                "`partitions` to what is there, or begin a new installation on topics of its own"
            )
        if self.setting == "replication":
            return "copies are moved with Kafka's own kafka-reassign-partitions"
        return "shoseki topics apply"

    def __str__(self) -> str:
        if self.setting == "topic":
            return f"topic {self.topic} is missing"
        return f"topic {self.topic}: {self.setting} = {self.found}, {self.expected} is expected"


def declared(settings: Settings) -> list[Topic]:
    """Every topic of an installation."""
    return [*lanes(settings), *memory(settings), *raw(settings)]


def lanes(settings: Settings) -> list[Topic]:
    """The topics of the lanes."""
    days = settings.log_days
    config = {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "retention.bytes": "-1",
        "retention.ms": "-1" if days is None else str(days * DAY),
    }
    return [_topic(settings, topic(lane), partitions(settings, lane), config) for lane in LANES]


def memory(settings: Settings) -> list[Topic]:
    """The topics with which Faust remembers and chooses a leader; each key's last value stays.

    The last value need not be the newest: a worker that was paused may send an older one behind
    it.  For an hour both stay, so that the next owner sees it and writes the newer one again.
    Kafka compacts no segment that it still writes, by itself a week or a GiB; whoever takes a
    partition over reads all of that.
    """
    config = {
        "cleanup.policy": "compact",
        "message.timestamp.type": "LogAppendTime",  # a worker whose clock is wrong is no reason
        "min.compaction.lag.ms": str(HOUR),
        "segment.ms": str(HOUR),
        "segment.bytes": str(SEGMENT),
    }
    return [
        *(
            _topic(settings, changelog(lane), partitions(settings, lane), config)
            for lane in LANES
        ),
        _topic(settings, leader(), 1, {"cleanup.policy": "delete"}),
    ]  # fmt: skip


def raw(settings: Settings) -> list[Topic]:
    """The topics that third parties write; how many partitions one has and how long it keeps what
    it has is their owner's to decide."""
    names = {intake.topic for intake in settings.intake.values()}
    config = {"message.timestamp.type": "LogAppendTime", "cleanup.policy": "delete"}
    return [
        Topic(name, settings.partitions, config, settings.kafka.replication, fixed=False)
        for name in sorted(names)
    ]


def _topic(settings: Settings, name: str, partitions: int, config: dict[str, str]) -> Topic:
    kept = {
        "max.message.bytes": str(LARGEST),
        "unclean.leader.election.enable": "false",  # a copy that lags would lose messages
    }
    if settings.kafka.min_insync is not None:
        kept["min.insync.replicas"] = str(settings.kafka.min_insync)
    return Topic(name, partitions, config | kept, settings.kafka.replication)


def apply(settings: Settings) -> list[Difference]:
    """Create what is missing and set what differs; the differences that were there and are gone.

    Refusal before anything is changed where a lane has another number of partitions, and where
    the cluster does not do what it is asked.
    """
    wanted = declared(settings)
    with administration(settings) as admin:
        found = differences(admin, wanted)
        for difference in found:
            if difference.setting == "partitions":
                raise Refusal(f"{difference}; {difference.remedy}")
        _create(admin, [t for t in wanted if (t.name, "topic") in _places(found)])
        _alter(admin, [d for d in found if d.setting not in ("topic", "replication")])
        return _gone(admin, wanted, found)


def check(settings: Settings) -> list[Difference]:
    """Where the topics are not as declared."""
    with administration(settings) as admin:
        return differences(admin, declared(settings))


def demand(settings: Settings, wanted: Sequence[Topic]) -> None:
    """Refusal that says what to do, unless these topics are there and as they must be."""
    with administration(settings) as admin:
        found = differences(admin, wanted)
    for difference in found:
        if difference.setting in VITAL:
            more = f" (and {len(found) - 1} more: shoseki topics check)" if len(found) > 1 else ""
            raise Refusal(f"{difference}{more}; {difference.remedy}")


def differences(admin: Any, wanted: Sequence[Topic]) -> list[Difference]:
    """Where topics of the cluster are not as wanted, in the order of `wanted`."""
    there = _there(admin, [topic.name for topic in wanted])
    config = _config(admin, list(there))
    return [
        difference
        for topic in wanted
        for difference in _differences(topic, there.get(topic.name), config.get(topic.name, {}))
    ]


def _differences(
    topic: Topic, there: dict[str, Any] | None, config: dict[str, str]
) -> Iterator[Difference]:
    if there is None:
        yield Difference(topic.name, "topic", None, f"{topic.partitions} partitions")
        return
    numbers = there["partitions"]
    if topic.fixed and len(numbers) != topic.partitions:
        yield Difference(topic.name, "partitions", str(len(numbers)), str(topic.partitions))
    copies = min((len(number["replica_nodes"]) for number in numbers), default=0)
    if topic.replication is not None and copies != topic.replication:
        yield Difference(topic.name, "replication", str(copies), str(topic.replication))
    for name, expected in sorted(topic.config.items()):
        if config.get(name) != expected:
            yield Difference(topic.name, name, config.get(name), expected)


def _there(admin: Any, names: list[str]) -> dict[str, dict[str, Any]]:
    """What the cluster says of those of the topics that it has."""
    found = {}
    for topic in admin.describe_topics(names):
        if topic["error_code"] == UNSEEN:
            raise Refusal(f"topic {topic['name']}: this user may not see it; grant it Describe")
        if topic["error_code"] != MISSING:
            found[topic["name"]] = topic
    return found


def _config(admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
    from kafka.admin import ConfigResource

    if not names:
        return {}
    resources = [ConfigResource("TOPIC", name) for name in names]
    found = admin.describe_configs(resources, config_filter="all")["topic"]
    for name in names:
        if not found.get(name):
            raise Refusal(
                f"topic {name}: this user may not see its settings; grant it DescribeConfigs"
            )
    return {name: {key: value["value"] for key, value in found[name].items()} for name in names}


def _create(admin: Any, topics: Sequence[Topic]) -> None:
    from kafka.errors import TopicAlreadyExistsError, for_code

    if not topics:
        return
    wanted = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication or -1,
            "configs": topic.config,
        }
        for topic in topics
    }
    for answer in admin.create_topics(wanted, raise_errors=False)["topics"]:
        error = for_code(answer["error_code"])
        if answer["error_code"] and error is not TopicAlreadyExistsError:  # by somebody meanwhile
            raise Refusal(
                f"topic {answer['name']}: cannot be created "
                f"({answer.get('error_message') or error.__name__})"
            )
    admin.wait_for_topics([topic.name for topic in topics])


def _alter(admin: Any, found: Iterable[Difference]) -> None:
    from kafka.admin import ConfigResource

    settings: dict[str, dict[str, str]] = {}
    for difference in found:
        settings.setdefault(difference.topic, {})[difference.setting] = difference.expected
    if not settings:
        return
    resources = [ConfigResource("TOPIC", name, config) for name, config in settings.items()]
    for name, answer in admin.alter_configs(resources)["topic"].items():
        if answer != "OK":
            raise Refusal(f"topic {name}: {', '.join(settings[name])} cannot be set ({answer})")


def _gone(admin: Any, wanted: Sequence[Topic], found: list[Difference]) -> list[Difference]:
    """Those of the differences that are no more; brokers learn of a change a moment after it."""
    until = time.monotonic() + SEEN
    while True:
        left = differences(admin, wanted)
        gone = [difference for difference in found if difference not in left]
        if not [d for d in left if d.setting != "replication"] or time.monotonic() > until:
            return gone
        time.sleep(0.1)


def _places(found: Iterable[Difference]) -> set[tuple[str, str]]:
    return {(difference.topic, difference.setting) for difference in found}


@contextmanager
def administration(settings: Settings) -> Iterator[Any]:
    """kafka-python's administration client; what the cluster refuses becomes a Refusal."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    admin = Connection.of(settings).open(KafkaAdminClient)
    try:
        yield admin
    except KafkaError as error:
        raise Refusal(f"broker = {settings.broker}: {type(error).__name__}") from None
    finally:
        admin.close()
