"""Publishing: events in join form, packed, to the partition that their key decides.

Only publish and intake write lanes.  `local://` is a log in this file system, written by any
number of processes; Kafka is written with kafka-python, acknowledged by all replicas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Protocol

from controls.events import LANES, lane_value
from controls.kernel import Refusal
from streams import codec, messages
from streams.local.partitioner import partition_of
from streams.reading import Item
from streams.rejects import Reject

CHUNK = 10_000
"""Items that are packed and acknowledged together."""


def topic(lane: str) -> str:
    """The topic of a lane."""
    return f"shoseki-{lane}"


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
    """Kafka, through kafka-python: murmur2 partitions are chosen here, not by the client."""

    def __init__(self, servers: str) -> None:
        from kafka import KafkaProducer

        self._producer: Any = KafkaProducer(
            bootstrap_servers=servers.split(","),
            acks="all",
            retries=10,
            max_in_flight_requests_per_connection=1,
            max_request_size=2 << 20,
        )

    def append(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        sent = [self._producer.send(topic, value=v, partition=partition) for v in values]
        self._producer.flush()
        return int(sent[-1].get(timeout=60).offset)

    def close(self) -> None:
        self._producer.close()


def open_log(broker: str, partitions: int) -> Log:
    """The log of a broker URL: `local://DIRECTORY` or `kafka://HOST:PORT`; else Refusal."""
    scheme, _, rest = broker.partition("://")
    if scheme == "local":
        return LocalLog(rest, partitions)
    if scheme == "kafka":
        return KafkaLog(rest)
    raise Refusal(f"broker = {broker}: local://DIRECTORY or kafka://HOST:PORT is expected")


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
        lines: dict[tuple[str, int], list[bytes]] = {}
        rejects = []
        for item in chunk:
            if isinstance(item, Reject):
                rejects.append(item)
                continue
            number = 0
            if item.lane != "books":
                number = partition_of(lane_value(item).encode(), self._partitions)
            lines.setdefault((item.lane, number), []).append(codec.encode(item))
        for (lane, number), packed in lines.items():
            end = self._log.append(topic(lane), number, list(messages.packed(packed)))
            self._note(lane, end)
        for at in range(0, len(rejects), 500):
            value = messages.rejects(rejects[at : at + 500])
            self._note("books", self._log.append(topic("books"), 0, [value]))
        self.events += len(chunk) - len(rejects)
        self.rejects += len(rejects)

    def tick(self, now: int) -> None:
        """Close the blocks of all partitions at `now` (ms): for logs that carry their own time."""
        self._log.append(topic("books"), 0, [messages.tick(now, -1)])
        upto = self.books_end
        for lane in LANES:
            if lane != "books":
                for number in range(self._partitions):
                    self._log.append(topic(lane), number, [messages.tick(now, upto)])

    def _note(self, lane: str, end: int) -> None:
        if lane == "books":
            self.books_end = max(self.books_end, end)
