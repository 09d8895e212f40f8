"""An installation in a folder, its service in a process that can be killed, what it left.

Processes come from a fork server that has imported the service, so a start costs half a second.
Phases of events are published beforehand with their ticks; a block is so a function of the log,
and two runs over copies of one folder can be compared however often one of them was killed.
"""

from __future__ import annotations

import ctypes
import io
import logging
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

from controls import catalogue
from controls.events import LANES, Event
from controls.kernel import HOUR, arrival
from streams import messages, wiring
from streams import settings as configuration
from streams.agents import STEPS
from streams.evidence.verify import Report, verify
from streams.local import Broker, Entry
from streams.pseudonyms import Forms
from streams.publish import Publisher
from streams.topics import topic
from tests.controls.days import DATA, MAKERS, PEOPLE, SPAN, Happening, arriving

catalogue.load()  # what the fork server has read and digested, no process reads again
PARTITIONS = 2
Prepare = Callable[[Any], None]
ROWS = "rows"
"""The point within the store's write: the rows are in, the ledger row is not."""
TORN = "torn"
"""A point within remembering: half of what goes to the changelog at one go is on the disk."""
POINTS = (*STEPS[:2], ROWS, *STEPS[2:])

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(  # but not chdb: its threads would not survive the fork
    ["clickhouse_connect", "streams.cli.run", "streams.local.transport",
     "streams.store.clickhouse", "tests.streams.service"]
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """The `block`-th time (from 1) that a process comes to a step in a lane."""

    step: str
    lane: str
    block: int = 1


@dataclass(frozen=True)
class Fault:
    """What happens at a point: kill, pause, full (files may not grow), fill (the disk is full)."""

    at: Point
    what: str = "kill"


# --- the company -----------------------------------------------------------------------------


def history(size: int, seed: int) -> list[Event]:
    """Raw events of three days in order of arrival: all lanes and controls, late and repeated."""
    chance = Random(seed)
    return arriving(
        [
            Happening(
                what=chance.randrange(len(MAKERS)),
                minute=chance.randrange(SPAN),
                who=chance.randrange(len(PEOPLE)),
                which=chance.randrange(len(DATA)),
                flag=chance.random() < 0.5,
                late=chance.choice((0, 0, 0, 1, 7, 45, 300, 1500, 72 * 60)),
                again=chance.random() < 0.25,
            )
            for _ in range(size)
        ]
    )


# --- the installation ------------------------------------------------------------------------


class TimedLog:
    """The log of an installation, whose append times are those of the events."""

    def __init__(self, path: Path, partitions: int) -> None:
        self.now = 0
        self.broker = Broker(path, clock=lambda: self.now)
        for lane in LANES:
            self.broker.create(topic(lane), 1 if lane == "books" else partitions)

    def append(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        return self.broker.append_many(topic, partition, [Entry(v) for v in values])[-1]

    def close(self) -> None:
        self.broker.close()


def tell(
    log: Any, books: int, forms: Forms, settings: configuration.Settings,
    events: Sequence[Event], until: int, every: int,
) -> None:  # fmt: skip
    """Append events to a log at their arrival, with a tick whenever `every` ms have passed, and
    at `until`.  `log.now` is what time it is; `books` is the next offset of that lane."""
    publisher = Publisher(log, settings.partitions)
    log.now = edge = (arrival(events[0]) if events else until) // every * every
    publisher.books_end = books - 1
    for event in events:
        while arrival(event) >= edge + every:
            edge = log.now = edge + every
            publisher.tick(edge)
        log.now = arrival(event)
        joined = forms.join(event)
        forms.evidence(joined)  # makes the keys of its year, so that copies share them
        publisher.publish([joined])
    log.now = max(edge + every, until)
    publisher.tick(log.now)


class Place:
    """An installation: configuration, keys, log and store in one folder."""

    def __init__(
        self, folder: Path, partitions: int = PARTITIONS, keys: str | None = None
    ) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self.config = folder / "shoseki.toml"
        self.config.write_text(
            f'broker = "local://{folder}/data/log"\nstore = "chdb://{folder}/data/store"\n'
            f'keys = "{keys or folder / "keys"}"\ndata = "{folder}/data"\n'
            f'partitions = {partitions}\nmetrics = "127.0.0.1:0"\n'
            'console.address = ""\n'
            + (f'anchor = "{folder}/anchors.jsonl"\n' if keys else "")  # keys are shared, it is not
        )
        self.settings = configuration.load(self.config)
        self.output = folder.with_name(f"{folder.name}.output")
        self.runs = 0
        self.wanted: dict[tuple[str, int], int] = {}
        """Where the ticks of the last phase end; tallies behind them wait for the next."""

    def copy(self, folder: Path) -> Place:
        """The same log and keys in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        place = Place(folder, self.settings.partitions)
        place.wanted = self.wanted
        return place

    def publish(self, events: Sequence[Event], until: int = 0, every: int = 2 * HOUR) -> None:
        """Events at their arrival with a tick whenever `every` ms have passed, and at `until`."""
        log = TimedLog(self.folder / "data" / "log", self.settings.partitions)
        forms = wiring.open_forms(self.settings)
        tell(log, log.broker.end(topic("books"), 0), forms, self.settings, events, until, every)
        log.close()
        self.wanted = self.ends()

    def wake(self, times: int) -> None:
        """Append to every partition so many ticks at which no time has passed."""
        log = TimedLog(self.folder / "data" / "log", self.settings.partitions)
        for lane in LANES:
            for number in range(log.broker.partitions(topic(lane))):
                log.append(topic(lane), number, [messages.tick(0, -1)] * times)
        log.close()

    def ends(self) -> dict[tuple[str, int], int]:
        """The next offset of every partition of the lanes."""
        broker = Broker(self.folder / "data" / "log")
        parts = [(topic(lane), n) for lane in LANES for n in range(broker.partitions(topic(lane)))]
        ends = {part: broker.end(*part) for part in parts}
        broker.close()
        return ends

    def committed(self) -> dict[tuple[str, int], int]:
        """Up to where every partition has been acknowledged for good."""
        broker = Broker(self.folder / "data" / "log")
        ends = {part: broker.committed(*part) or 0 for part in self.ends()}
        broker.close()
        return ends

    def behind(self) -> bool:
        """Whether anything that was published is not acknowledged for good."""
        done = self.committed()
        return any(done[part] < end for part, end in self.wanted.items())

    def steps(self, run: int) -> list[list[str]]:
        """[step, lane, partition, last offset] of a run, counted from 1, as they happened."""
        path = self._steps(run)
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def start(self, *faults: Fault) -> Service:
        self.runs += 1
        return Service(self, self._steps(self.runs), faults)

    def _steps(self, run: int) -> Path:
        return self.folder.with_name(f"{self.folder.name}.steps-{run}")

    @contextmanager
    def served(self) -> Iterator[Service]:
        """A service that listens, for as long as the block lasts."""
        starts = self.starts()
        service = self.start()
        try:
            service.wait(lambda: self.starts() > starts)
            yield service
            service.stop()
        finally:
            service.kill()

    def said(self) -> str:
        """What the service wrote to its output."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def starts(self) -> int:
        """How often the service said that it is ready."""
        return self.said().count("service.started")

    def follow(self) -> None:
        """Run an undisturbed service until it has acknowledged what was published."""
        starts = self.starts()
        service = self.start()
        try:
            service.wait(lambda: self.starts() > starts and not self.behind())
            service.stop()
        finally:
            service.kill()


# --- the process -----------------------------------------------------------------------------


class Service:
    """`shoseki run` in a process of its own, where nothing else is said without ticks of its own.

    `prepare` is called in the process before anything else, and then with the service it makes.
    """

    def __init__(
        self, place: Any, steps: Path, faults: Sequence[Fault], prepare: Prepare | None = None,
        *, ticks: bool = False,
    ) -> None:  # fmt: skip
        self.place = place
        pipes = [CONTEXT.Pipe(duplex=False) for _ in range(2)]
        self.process = CONTEXT.Process(
            target=serve,
            args=(str(place.config), *(into for _, into in pipes), tuple(faults), prepare, ticks),
        )
        self.process.start()
        self.threads = []
        for (out, into), file in zip(pipes, (place.output, steps), strict=True):
            into.close()
            self.threads.append(Thread(target=keep, args=(out, file)))
            self.threads[-1].start()

    @property
    def ended(self) -> int | None:
        """The exit status, minus the signal's number after a kill; None while it runs."""
        return self.process.exitcode

    def wait(self, condition: Any, seconds: float = 60) -> None:
        """Wait for a condition; an end of the process before that is an error."""
        until = time.monotonic() + seconds
        while not condition():
            assert self.ended is None, f"ended with {self.ended}:\n{self.place.said()}"
            assert time.monotonic() < until, f"nothing in {seconds} s:\n{self.place.said()}"
            time.sleep(0.1)

    def end(self, seconds: float = 60) -> int | None:
        """Wait until the process ends by itself; its exit status."""
        self.process.join(seconds)
        if self.ended is not None:
            self._read()
        assert self.ended is not None, f"still running after {seconds} s:\n{self.place.said()}"
        return self.ended

    def stop(self) -> None:
        """SIGTERM, and the end that is expected after it."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGTERM)
        assert self.end() == 0, self.place.said()

    def kill(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self._read()

    def _read(self) -> None:
        for thread in self.threads:
            thread.join()


def keep(out: Connection, file: Path) -> None:
    """Write down what a process says until it has ended: it may not be able to write itself."""
    with open(file, "ab", buffering=0) as kept, out:
        while said := os.read(out.fileno(), 1 << 16):
            kept.write(said)


def serve(
    config: str, output: Connection, steps: Connection, faults: Sequence[Fault],
    prepare: Prepare | None, ticks: bool,
) -> None:  # fmt: skip
    """The body of the process: the command itself, with its steps on record and faults in it."""
    os.umask(0o077)
    obey()
    for stream in (1, 2):
        os.dup2(output.fileno(), stream)
    said = io.FileIO(2, "w", closefd=False)
    sys.stdout = sys.stderr = io.TextIOWrapper(said, line_buffering=True)
    import streams.cli.run as command
    from streams.app import Service as App
    from streams.cli import main
    from streams.store.clickhouse import ClickHouse

    seen: Counter[tuple[str, str]] = Counter()

    def step(name: str, lane: str, partition: int, offset: int) -> None:
        os.write(steps.fileno(), f"{name} {lane} {partition} {offset}\n".encode())
        seen[name, lane] += 1
        for fault in faults:
            if fault.at == Point(name, lane, seen[name, lane]):
                break_down(fault.what, Path(config).parent)

    insert = ClickHouse._insert

    def inserted(self: ClickHouse, table: str, columns: Any, token: str, *held: Any) -> None:
        if table == "ledger":
            lane, partition, offset = token.split("/")
            step(ROWS, lane, int(partition), int(offset))
        insert(self, table, columns, token, *held)

    append = Broker.append_entries

    def appended(self: Broker, topic: str, partition: int, entries: Sequence[Entry]) -> Any:
        lane = topic.removeprefix("shoseki-state-").removesuffix("-changelog")
        if lane in LANES:
            seen[TORN, lane] += 1
            if any(fault.at == Point(TORN, lane, seen[TORN, lane]) for fault in faults):
                append(self, topic, partition, entries[: -(-len(entries) // 2)])
                break_down("kill", Path(config).parent)
        return append(self, topic, partition, entries)

    def service(settings: configuration.Settings, parts: Any) -> App:
        made = App(settings, parts, ticks=ticks, step=step)
        made.app.conf.broker_commit_interval = 0.1
        if prepare is not None:
            prepare(made)
        return made

    ClickHouse._insert = inserted  # type: ignore[method-assign]
    Broker.append_entries = appended  # type: ignore[method-assign]
    command.Service = service  # type: ignore[attr-defined, assignment]
    if prepare is not None:
        prepare(None)
    status = main(["run", "--config", config])
    logging.shutdown()
    sys.exit(status)


def obey() -> None:
    """Where this is root, let modes of files hold for it as for everybody else."""
    libc = ctypes.CDLL(None)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) == 0:
        sets[0] &= ~0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, as far as in force
        libc.capset(header, sets)


def break_down(what: str, folder: Path) -> None:
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "pause":
        # to this thread: it is stopped before it goes on, and all others with it
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    elif what == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    elif what == "fill":
        fill(folder)


def fill(folder: Path) -> None:
    """Leave no byte of the file system of `folder`."""
    with open(folder / "ballast", "ab", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    ballast.write(b"x" * size)
            except OSError:
                continue


# --- what is left ----------------------------------------------------------------------------

ANEW = {"offset", "block", "line", "recorded_at"}
"""Where a row stands and when it was written: tallies told twice move these in `books`."""


@dataclass(frozen=True)
class Left:
    """Everything that an installation holds, in an order of its own."""

    events: list[str]
    findings: list[str]
    rejects: list[str]
    populations: dict[str, dict[str, int]]
    blocks: list[tuple[Any, ...]]
    report: Report

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Left) and all(
            getattr(self, name) == getattr(other, name)
            for name in ("events", "findings", "rejects", "populations", "blocks")
        )


def left(place: Place) -> Left:
    with ExitStack() as stack:
        store = wiring.open_store(place.settings.store)
        stack.callback(store.close)
        blocks = list(store.blocks())
        chains = sorted({(row["lane"], row["partition"]) for row in blocks})
        rows = {
            table: sorted(
                repr({name: value for name, value in row.items() if name not in ANEW})
                for lane, partition in chains
                for row in store.rows(table, lane, partition)
            )
            for table in ("events", "findings", "rejects")
        }
        return Left(
            rows["events"],
            rows["findings"],
            rows["rejects"],
            store.populations(),
            [
                (row["lane"], row["partition"], row["number"], row["last_offset"])
                for row in blocks
                if row["lane"] != "books"
            ],
            verify(store),
        )
