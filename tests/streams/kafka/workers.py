"""An installation on Kafka with any number of workers, each a process that can be killed or paused.

The same events are published to an embedded installation, whose undisturbed run is the truth: the
traffic lanes have the same offsets in both, so what their partitions remember is equal byte by
byte; `books` has the tallies of other partitions between its events, wherever they fell.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from controls.events import LANES, Event
from controls.kernel import HOUR
from streams import messages, topics, wiring
from streams import settings as configuration
from streams.local import Broker
from streams.publish import Publisher, open_log
from streams.registers import GONE
from streams.state import applied
from streams.topics import changelog, topic
from tests.clickhouse import Server
from tests.streams.kafka.broker import Cluster
from tests.streams.kafka.guards import remove
from tests.streams.service import Fault, Place, Service, tell

PARTITIONS = 4
SESSION = 4
"""Seconds after which the group misses a worker; short, so that tests are."""
State = dict[str, dict[str, Any]]
"""What every partition remembers: by lane/partition, by key."""


class Noted:
    """A log that notes the next offset of every partition after what was last appended here: beyond
    it stand only tallies of workers, which wait for the next tick."""

    def __init__(self, settings: configuration.Settings) -> None:
        self._log, self.now = open_log(settings), 0
        self.ends: dict[tuple[str, int], int] = {}

    def append(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        last = self._log.append(topic, partition, values)
        self.ends[topic, partition] = last + 1
        return last

    def close(self) -> None:
        self._log.close()


class Installation:
    """Topics, keys and a store that several workers share, in one folder."""

    def __init__(self, folder: Path, kafka: Cluster, server: Server, state: str = "memory://"):
        self.folder, self.kafka, self.server, self.state = folder, kafka, server, state
        folder.mkdir(mode=0o700, exist_ok=True)
        self.config = configure(folder, folder / "x", kafka.url, server.url("default"), state)
        self.settings = configuration.load(self.config)
        kafka.clear()
        topics.apply(self.settings)
        self.wanted: dict[tuple[str, int], int] = {}
        self.workers: list[Worker] = []
        self.wakes = 0

    def publish(self, events: Sequence[Event], until: int = 0, every: int = 2 * HOUR) -> None:
        """As `Place.publish`."""
        log = Noted(self.settings)
        books = self.kafka.ends(topic("books"))[0]
        forms = wiring.open_forms(self.settings)
        tell(log, books, forms, self.settings, events, until, every)
        log.close()
        self.wanted |= log.ends

    def send(self, events: Sequence[Event]) -> None:
        """Events alone; the leader of the workers says what time it is."""
        log = open_log(self.settings)
        publisher = Publisher(log, self.settings.partitions)
        publisher.publish(map(wiring.open_forms(self.settings).join, events))
        log.close()
        self.wanted = self.ends()

    def ends(self) -> dict[tuple[str, int], int]:
        """The next offset of every partition of the lanes."""
        return {
            (topic(lane), number): end
            for lane in LANES
            for number, end in self.kafka.ends(topic(lane)).items()
        }

    def committed(self) -> dict[tuple[str, int], int]:
        """Up to where every partition has been acknowledged for good."""
        with self.kafka.admin() as admin:
            found = admin.list_group_offsets({"shoseki": None})
        return {(tp.topic, tp.partition): o.offset for tp, o in found["shoseki"].items()}

    def behind(self) -> bool:
        """Whether anything that was published is not acknowledged for good."""
        done = self.committed()
        return any(done.get(part, 0) < end for part, end in self.wanted.items() if end)

    def worker(self, *faults: Fault, without: Sequence[str] = (), ticks: bool = False) -> Worker:
        """Start one more worker."""
        worker = Worker(self, len(self.workers), faults, without, ticks)
        self.workers.append(worker)
        return worker

    @property
    def running(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.ended is None]

    def follow(self, seconds: float = 60) -> None:
        """Wait until the workers have acknowledged what was published."""
        until = time.monotonic() + seconds
        while self.behind():
            assert self.running, self.said()
            assert time.monotonic() < until, (
                f"behind after {seconds} s: {self.committed()} of {self.wanted}\n{self.said()}"
            )
            time.sleep(0.1)

    def said(self) -> str:
        return "\n".join(f"-- {w.folder.name}\n{w.said()}" for w in self.workers)

    def end(self) -> None:
        """No worker outlives its test."""
        for worker in self.workers:
            worker.kill()

    def wake(self) -> None:
        """Have every partition read one message, so that its owner holds its state."""
        log = Noted(self.settings)
        for lane in LANES:
            for number in range(partitions(lane)):
                log.append(topic(lane), number, [messages.tick(0, -1)])
        log.close()
        self.wakes += 1
        self.wanted |= log.ends
        self.follow()

    def records(self, lane: str) -> list[tuple[int, bytes, bytes | None]]:
        """The changelog of a lane."""
        return [(r.partition, r.key, r.value) for r in self.kafka.records(changelog(lane))]

    def stale(self, lane: str) -> int:
        """How many records of a changelog include less than one before them of the same key."""
        best: dict[tuple[int, bytes], int] = {}
        count = 0
        for number, key, value in self.records(lane):
            includes = applied(value)
            count += includes < best.get((number, key), -1)
            best[number, key] = max(includes, best.get((number, key), -1))
        return count

    def changelog(self) -> State:
        """What a worker that knows nothing would read of every partition."""
        found: State = {}
        for lane in LANES:
            found |= folded(lane, self.records(lane))
        return found

    def held(self, seconds: float = 60) -> State:
        """What the running workers hold of all partitions, together, once each has its own."""
        until = time.monotonic() + seconds
        while True:
            self.wake()
            found: State = {}
            for worker in self.running:
                state = worker.dump()["state"]
                assert not found.keys() & state.keys(), "two workers hold the same partition"
                found |= state
            if len(found) == sum(map(partitions, LANES)):
                return found
            assert time.monotonic() < until, f"nobody holds the rest of {found.keys()}"


class Worker(Service):
    """`shoseki run` in a process of its own, with a data directory of its own."""

    def __init__(
        self, installation: Installation, number: int, faults: Sequence[Fault],
        without: Sequence[str], ticks: bool,
    ) -> None:  # fmt: skip
        self.folder = installation.folder / f"worker-{number}"
        self.folder.mkdir()
        settings = installation.settings
        self.config = configure(
            self.folder, self.folder, settings.broker, settings.store, installation.state,
            keys=settings.keys,
        )  # fmt: skip
        self.output = self.folder / "output"
        self._steps = self.folder / "steps"
        super().__init__(self, self._steps, faults, partial(prepare, tuple(without)), ticks=ticks)

    def said(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    @property
    def ready(self) -> bool:
        return "service.started" in self.said()

    def steps(self) -> list[list[str]]:
        return [line.split() for line in self._steps.read_text().splitlines()]

    def started(self) -> Worker:
        self.wait(lambda: self.ready)
        return self

    def signal(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def paused(self) -> bool:
        status = Path(f"/proc/{self.process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def registers(self) -> list[list[Any]]:
        """[offset, event_id] of every entry of its registers, in order."""
        found: list[list[Any]] = self.dump()["registers"]
        return found

    def dump(self) -> dict[str, Any]:
        """The state of its partitions, its registers, and what it is."""
        file = self.folder / "dump.json"
        file.unlink(missing_ok=True)
        self.signal(signal.SIGUSR1)
        self.wait(file.exists, 20)
        found: dict[str, Any] = json.loads(file.read_text())
        return found


def prepare(without: Sequence[str], service: Any) -> None:
    """In the worker's process: take guards away, and dump what it holds when it is told to."""
    if service is None:
        for guard in without:
            remove(guard)
        return
    file = Path(service.settings.data) / "dump.json"
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, dump, service, file)


def dump(service: Any, file: Path) -> None:
    state = {
        f"{r.partition.lane}/{r.partition.number}": dict(r.partition.state.items())
        for r in service.worker.readers.values()
    }
    registers = service.parts.registers
    known = [
        [offset, e.event_id] for offset, e in zip(registers._known, registers._log, strict=True)
    ]
    said = {"state": state, "registers": known, "reached": registers.reached,
            "ready": service.ready}  # fmt: skip
    file.with_suffix(".new").write_text(json.dumps(said))
    file.with_suffix(".new").rename(file)


# --- topics and states -----------------------------------------------------------------------


def partitions(lane: str) -> int:
    return 1 if lane == "books" else PARTITIONS


def configure(
    folder: Path, data: Path, broker: str, store: str, state: str, keys: str | None = None
) -> Path:
    file = folder / "shoseki.toml"
    file.write_text(
        f'broker = "{broker}"\nstore = "{store}"\nstate = "{state}"\n'
        f'keys = "{keys or folder / "keys"}"\ndata = "{data}"\n'
        f'partitions = {PARTITIONS}\nmetrics = "127.0.0.1:0"\nsession_seconds = {SESSION}\n'
        'console.address = ""\nalerts.raised = false\n'
    )
    return file


def folded(lane: str, records: Sequence[tuple[int, bytes, bytes | None]]) -> State:
    """What a changelog comes to, by the rule that recovery keeps: highest `applied`, then last."""
    best: dict[tuple[int, bytes], Any] = {}
    for number, key, value in records:
        found = json.loads(value) if value else None
        held = best.get((number, key))
        if found is None:
            best.pop((number, key), None)
        elif held is None or found["applied"] >= held["applied"]:
            best[number, key] = found
    state: State = {f"{lane}/{number}": {} for number in range(partitions(lane))}
    for (number, key), found in best.items():
        at, _, name = key.decode().partition("|")
        assert int(at) == number, f"{key!r} stands in partition {number} of {lane}"
        if GONE not in found:
            state[f"{lane}/{number}"][name] = found
    return state


def embedded(place: Place) -> State:
    """The same of an embedded installation."""
    broker = Broker(place.folder / "data" / "log")
    state: State = {}
    for lane in LANES:
        records: list[tuple[int, bytes, bytes | None]] = []
        for number in range(broker.partitions(changelog(lane))):
            at = broker.earliest(changelog(lane), number)
            while found := broker.read(changelog(lane), number, at):
                records += [(number, record.key or b"", record.value) for record in found]
                at = found[-1].offset + 1
        state |= folded(lane, records)
    broker.close()
    return state
