"""Publishing: events in join form, packed, to the partition that their key decides.

Only publish and intake write lanes.  `local://` is a log in this file system, written by any
number of processes; Kafka is written with kafka-python, acknowledged by all replicas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol

from controls.events import LANES, lane_value
from controls.kernel import Refusal
from streams import codec, messages, topics
from streams.connection import LARGEST, Connection
from streams.local.partitioner import partition_of
from streams.reading import Item
from streams.rejects import Reject
from streams.settings import Settings
from streams.topics import topic

CHUNK = 10_000
"""Items that are packed and acknowledged together."""
PATIENCE = 120.0
"""Seconds after which what Kafka has not acknowledged is given up: longer than a restart."""
ANSWER = 10.0
"""Seconds after which what a broker has not answered is sent again."""


class Log(Protocol):
    """Where messages are appended; `append` returns when they are on disk."""

    def append(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        """The offset of the last of `values`."""

    def close(self) -> None: ...


class LocalLog:
    """The embedded log, shared with the worker that reads it."""

    def __init__(self, path: str, partitions: int) -> None:
        from streams.local import Broker

        self._broker = Broker.shared(path)
        for lane in LANES:
            self._broker.create(topic(lane), 1 if lane == "books" else partitions)

    def append(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        from streams.local import Entry

        return self._broker.append_many(topic, partition, [Entry(v) for v in values])[-1]

    def close(self) -> None:
        """Nothing is held open."""


class KafkaLog:
    """Kafka, through kafka-python: acknowledged by all replicas that are in step, in order, each
    message once however often it had to be sent; partitions are chosen here, by murmur2."""

    def __init__(self, connection: Connection) -> None:
        from kafka import KafkaProducer

        self._producer: Any = connection.open(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            allow_auto_create_topics=False,
            max_request_size=LARGEST,
            batch_size=1 << 20,
            max_block_ms=int(PATIENCE * 1000),
            delivery_timeout_ms=int(PATIENCE * 1000),
            request_timeout_ms=int(ANSWER * 1000),
            reconnect_backoff_max_ms=1000,
        )

    def append(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        """The offset of the last; Refusal where the broker did not acknowledge all of them.

        Some may be in the log all the same: their ids make a repeat a duplicate.
        """
        with acknowledged(topic, partition):
            sent = [self._producer.send(topic, value=v, partition=partition) for v in values]
            return int([each.get() for each in sent][-1].offset)

    def close(self) -> None:
        self._producer.close()


@contextmanager
def acknowledged(topic: str, partition: int) -> Iterator[None]:
    """Turns what kafka-python raises while it sends into a Refusal."""
    from kafka import errors

    place = f"topic {topic}, partition {partition}"
    try:
        yield
    except errors.MessageSizeTooLargeError:
        raise Refusal(
            f"{place}: a message is larger than the topic admits; up to {LARGEST} bytes are "
            "expected: shoseki topics apply"
        ) from None
    except (errors.UnknownTopicOrPartitionError, errors.KafkaTimeoutError) as error:
        raise Refusal(
            f"{place}: nothing was acknowledged within {PATIENCE:.0f} s ({type(error).__name__}); "
            "once brokers and topic are there again, publish the same again: what had arrived "
            "counts as a duplicate"
        ) from None
    except errors.KafkaError as error:
        raise Refusal(f"{place}: the broker refuses the message ({type(error).__name__})") from None


def open_log(settings: Settings) -> Log:
    """The log of the settings' broker, its lanes as they must be; else Refusal."""
    scheme, _, rest = settings.broker.partition("://")
    if scheme == "local":
        return LocalLog(rest, settings.partitions)
    if scheme == "kafka":
        topics.demand(settings, topics.lanes(settings))
        return KafkaLog(Connection.of(settings))
    raise Refusal(f"broker = {settings.broker}: local://DIRECTORY or kafka://HOST:PORT is expected")


def packed(items: Iterable[Item], partitions: int) -> dict[tuple[str, int], list[bytes]]:
    """The messages that carry the items, by topic and partition, each partition's in order.

    Whoever writes lanes packs with this: a message is events of one partition, or rejects.
    """
    lines: dict[tuple[str, int], list[bytes]] = {}
    rejects = []
    for item in items:
        if isinstance(item, Reject):
            rejects.append(item)
            continue
        number = 0
        if item.lane != "books":
            number = partition_of(lane_value(item).encode(), partitions)
        lines.setdefault((item.lane, number), []).append(codec.encode(item))
    made = {
        (topic(lane), number): list(messages.packed(some)) for (lane, number), some in lines.items()
    }
    if rejects:
        made.setdefault((topic("books"), 0), []).extend(messages.refused(rejects))
    return made


class Publisher:
    """Sends items to their lanes in packed messages; rejects go to `books` as evidence."""

    def __init__(self, log: Log, partitions: int) -> None:
        self._log, self._partitions = log, partitions
        self.events = self.rejects = 0
        self.books_end = -1
        """The offset of the last message sent to `books`."""

    def publish(self, items: Iterable[Item]) -> None:
        """Everything is acknowledged when this returns."""
        source = iter(items)
        while chunk := list(islice(source, CHUNK)):
            self._send(chunk)

    def _send(self, chunk: Sequence[Item]) -> None:
        for (name, number), values in packed(chunk, self._partitions).items():
            end = self._log.append(name, number, values)
            if name == topic("books"):
                self.books_end = max(self.books_end, end)
        rejects = sum(isinstance(item, Reject) for item in chunk)
        self.events += len(chunk) - rejects
        self.rejects += rejects

    def tick(self, now: int) -> None:
        """Close the blocks of all partitions at `now` (ms): for logs that carry their own time."""
        self._log.append(topic("books"), 0, [messages.tick(now, -1)])
        upto = self.books_end
        for lane in LANES:
            if lane != "books":
                for number in range(self._partitions):
                    self._log.append(topic(lane), number, [messages.tick(now, upto)])
