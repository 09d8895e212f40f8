"""An installation with raw topics on a broker, its intake in processes that can be killed, and
what is on the lanes afterwards, judged."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from controls.events import LANES
from streams import settings as configuration
from streams import topics, wiring
from streams.evidence.verify import verify
from streams.local import Broker
from streams.messages import Tick
from streams.pipeline import MemoryState
from streams.replay import Log
from streams.store.memory import Memory
from streams.topics import topic
from tests.streams.kafka.broker import Cluster
from tests.streams.service import CONTEXT

PATIENCE = 120.0
ORG = "example-kk"
WEB = """
source_id = "web-crm"
org_id = "example-kk"
system_id = "crm"
host = "crm.example.jp"
scheme = "https"
dataset = "customers"
[[path]]
match = '/customers/[0-9]+'
class = "/customers/{id}"
kind = "datastore"
operation = "read"
"""
ANEW = ("event_id", "payload_digest", "ingested_at")
"""What says by which way a line came, and not what it says."""


class House:
    """A configuration with the raw topics `raw-forms` (events) and `raw-web` (nginx)."""

    def __init__(
        self, folder: Path, broker: str, more: str = "", web: str = "", keys: Path | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.config = folder, folder / "shoseki.toml"
        (folder / "web.toml").write_text(WEB)
        keys = keys or folder / "keys"
        self.config.write_text(
            f'broker = "{broker}"\nstore = "chdb://{folder}/data/store"\n'
            f'keys = "{keys}"\ndata = "{folder}/data"\norg_id = "{ORG}"\n'
            f'partitions = 2\nintake_metrics = "127.0.0.1:0"\n{more}\n'
            '[intake.forms]\ntopic = "raw-forms"\n'
            '[intake.web]\ntopic = "raw-web"\nformat = "nginx"\n'
            f'source = "{folder}/web.toml"\n{web}\n'
        )
        self.settings = configuration.load(self.config)
        self.output = folder / "output"

    def start(self, fault: tuple[str, int] | None = None, slow: float = 0, **tuned: Any) -> Process:
        return Process(self, fault, slow, tuned)

    def follow(self, kafka: Cluster) -> None:
        """An undisturbed process, until everything in the raw topics is committed."""
        process = self.start()
        try:
            process.wait(lambda: not behind(kafka))
            process.stop()
        finally:
            process.kill()

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""


class Process:
    """`shoseki intake` in a process, in small batches; `fault` (step, nth time) kills it there,
    and it has every batch in hand `slow` seconds longer."""

    def __init__(
        self, house: House, fault: tuple[str, int] | None, slow: float, tuned: Mapping[str, Any]
    ) -> None:
        self.house = house
        values = {"BATCH": 40, "SESSION": 3.0} | tuned
        self.process = CONTEXT.Process(
            target=serve, args=(str(house.config), str(house.output), fault, slow, values)
        )
        self.process.start()

    def wait(self, condition: Any, seconds: float = PATIENCE) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert self.process.is_alive(), self.house.said()
            assert time.monotonic() < until, self.house.said()
            time.sleep(0.3)

    def end(self) -> int | None:
        self.process.join(PATIENCE)
        assert not self.process.is_alive(), self.house.said()
        return self.process.exitcode

    def signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)
        assert self.end() == 0, self.house.said()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def serve(
    config: str,
    output: str,
    fault: tuple[str, int] | None,
    slow: float,
    values: Mapping[str, Any],
) -> None:
    """The body of the process: the command itself, with a fault in it."""
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(handle, stream)
    said = io.FileIO(2, "w", closefd=False)
    sys.stdout = sys.stderr = io.TextIOWrapper(said, line_buffering=True)
    import streams.cli.intake as command
    import streams.intake as module
    from streams.cli import main

    seen: Counter[str] = Counter()

    def step(name: str) -> None:
        seen[name] += 1
        if (name, seen[name]) == fault:
            os.kill(os.getpid(), signal.SIGKILL)

    publish = module.Intake._publish

    async def slowly(self: module.Intake, messages: Any) -> None:
        await asyncio.sleep(slow)
        await publish(self, messages)

    module.Intake._publish = slowly  # type: ignore[method-assign]

    def intake(*args: Any) -> module.Intake:
        return module.Intake(*args, step=step)

    for name, value in values.items():
        setattr(module, name, value)
    command.Intake = intake  # type: ignore[assignment, misc]
    sys.exit(main(["intake", "--config", config]))


def produce(kafka: Cluster, name: str, values: Sequence[bytes | None], partitions: int = 2) -> None:
    """One record a value, in turn to each partition, every other one with a key."""
    from kafka import KafkaProducer

    options: dict[str, Any] = {"acks": "all", "max_request_size": 16 << 20}
    with closing(KafkaProducer(bootstrap_servers=kafka.bootstrap, **options)) as producer:
        sent = [
            producer.send(
                name, value, key=b"k%d" % at if at % 2 or value is None else None,
                partition=at % partitions,
            )
            for at, value in enumerate(values)
        ]  # fmt: skip
        for each in sent:
            each.get(60)


def configure(kafka: Cluster, name: str, **config: str | int) -> None:
    """Set a topic's settings; `_` stands for a dot."""
    from kafka.admin import ConfigResource

    settings = {key.replace("_", "."): str(value) for key, value in config.items()}
    with kafka.admin() as admin:
        admin.alter_configs([ConfigResource("TOPIC", name, configs=settings)])


def behind(kafka: Cluster) -> bool:
    """Whether intake has not committed all records of the raw topics."""
    from kafka import KafkaConsumer, TopicPartition

    from streams.intake import GROUP

    consumer = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap, group_id=GROUP, enable_auto_commit=False
    )
    with closing(consumer):
        for name in ("raw-forms", "raw-web"):
            for number, end in kafka.ends(name).items():
                if (consumer.committed(TopicPartition(name, number)) or 0) < end:
                    return True
    return False


def lanes_of(kafka: Cluster) -> dict[tuple[str, int], list[tuple[int, bytes]]]:
    """(append time, message) of every partition of the lanes."""
    found: dict[tuple[str, int], list[tuple[int, bytes]]] = {}
    for lane in LANES:
        for record in kafka.records(topic(lane)):
            assert record.timestamp_type == 1
            messages = found.setdefault((lane, record.partition), [])
            messages.append((record.timestamp, record.value))
    return found


def lanes_in(folder: Path) -> dict[tuple[str, int], list[tuple[int, bytes]]]:
    """The same of a log in a folder."""
    broker = Broker(folder)
    found = {}
    for lane in LANES:
        for number in range(broker.partitions(topic(lane))):
            end = broker.end(topic(lane), number)
            records = broker.read(topic(lane), number, 0, 1 << 30, 1 << 30) if end else []
            found[lane, number] = [(record.timestamp, record.value or b"") for record in records]
    broker.close()
    return found


class Judged:
    """The lanes as a worker judges them: what is new, what is a repeat, what is refused."""

    def __init__(
        self, house: House, lanes: Mapping[tuple[str, int], Iterable[tuple[int, bytes]]]
    ) -> None:
        store = Memory()
        parts = wiring.parts(house.settings, store, wiring.open_forms(house.settings))
        for lane in LANES:
            for number in range(topics.partitions(house.settings, lane)):
                log = Log(lane, number, parts, MemoryState())
                last = 0
                for moment, message in lanes.get((lane, number), ()):
                    last = max(last, moment)
                    log.append(moment, message)
                    log.append(last, Tick(last, -1 if lane == "books" else parts.registers.reached))
        assert verify(store).fault is None
        blocks = list(store.blocks())
        self.received = sum(row["received"] for row in blocks)
        self.duplicates = sum(row["duplicates"] for row in blocks)
        chains = [(lane, n) for lane in LANES for n in range(2)]
        rows = [row for chain in chains for row in store.rows("events", *chain)]
        self.ids = {row["event_id"] for row in rows}
        self.events = len(rows)
        self.rejects = sorted(
            (row["origin"], row["position"], row["reason"], row["digest"])
            for chain in chains
            for row in store.rows("rejects", *chain)
        )
        assert self.received == self.events + len(self.rejects) + self.duplicates
        assert len(self.ids) == self.events


def events_of(
    lanes: Mapping[tuple[str, int], Iterable[tuple[int, bytes]]],
) -> Counter[tuple[str, int, str]]:
    """(lane, partition, what the event says) of each event on the lanes, once an id."""
    found: dict[str, tuple[str, int, str]] = {}
    for (lane, number), messages in lanes.items():
        for _, message in messages:
            for line in message.split(b"\n"):
                event = msgspec.json.decode(line)
                if "rejects" in event:
                    continue
                said = {key: value for key, value in event.items() if key not in ANEW}
                told = msgspec.json.encode(said, order="sorted").decode()
                # an id with another payload is another event here: a conflict downstream
                found[event["event_id"] + event["payload_digest"]] = lane, number, told
    return Counter(found.values())
