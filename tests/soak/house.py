"""An installation as production has it, on this machine: a broker, a store behind HTTP, intake and
workers, each a process of its own on loopback, started again whenever it ends.  Between the broker
and each worker there is a line that can be cut.

Everything lies in one folder.  No process outlives the one that made the house.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

from controls.events import LANES
from streams import settings as configuration
from streams.intake import GROUP
from streams.topics import APPLICATION, topic
from tests.clickhouse import ROOT, Server
from tests.soak.company import ORG, RAW, sources
from tests.streams.kafka.broker import Kafka, free_ports, leash

PARTITIONS = 4
SESSION = 4
"""Seconds after which the group misses a worker; short, so that campaigns are."""
PATIENCE = 180.0
"""Seconds after which what should happen does not."""
TOO_OFTEN = 50
"""Ends of processes by themselves after which it is no use."""
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
LAG = re.compile(r'^shoseki_lag_seconds{lane="(.+)",partition="(.+)"} (.+)$', re.MULTILINE)
COORDINATOR = "org.apache.kafka.coordinator.group.GroupMetadataManager"
GENERATION = "Stabilized group shoseki generation"
"""What the broker says of every rebalance of the workers."""


def faketime() -> Path | None:
    """The library of Debian's `faketime`, with which a process sees another wall clock."""
    return next(iter(Path("/").glob(FAKETIME[1:])), None)


class Late(Exception):
    """Something that should happen did not in time, or ended that should run."""


@dataclass(frozen=True, slots=True)
class End:
    """A process that ended by itself: its name, status, and the last line it said."""

    name: str
    status: int
    said: str


class Process:
    """A command of shoseki in its own folder, which can be killed, paused and started again."""

    def __init__(self, name: str, folder: Path, command: str, clock: bool = False) -> None:
        self.name, self.folder = name, folder
        self.config, self.log = folder / "shoseki.toml", folder / "log"
        self.address = f"127.0.0.1:{free_ports(1)[0]}"
        self.starts = 0
        self.peak = 0
        """The most memory that it ever held (kB)."""
        self._command = command
        self._clock = folder / "clock" if clock else None
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        if self._clock is not None:
            self._clock.write_text("+0\n")

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [*leash(), sys.executable, "-m", "streams.cli", self._command,
                 "--config", str(self.config)],
                cwd=self.folder, env=environment() | self._faked(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.starts += 1

    @property
    def ended(self) -> int | None:
        """Its exit status where it ended by itself."""
        return None if self._process is None else self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, also while it is paused."""
        if self._process is not None:
            self._weigh()
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self._process is not None
        self._weigh()
        self._process.terminate()
        status = self._process.wait(PATIENCE)
        self._process = None
        return status

    def set_clock(self, seconds: int) -> None:
        """Have its wall clock go wrong by so much, from the next second on."""
        assert self._clock is not None
        new = self._clock.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self._clock)

    def ready(self) -> bool:
        try:
            with urlopen(f"http://{self.address}/-/ready", timeout=2) as answer:
                return int(answer.status) == 200
        except (URLError, OSError):
            return False

    def lag(self) -> dict[tuple[str, str], float]:
        """Seconds that each partition it judges is behind, as it tells whoever watches it; nothing
        while it is down."""
        try:
            with urlopen(f"http://{self.address}/metrics", timeout=2) as answer:
                text = answer.read().decode()
        except URLError:
            return {}
        return {(lane, number): float(seconds) for lane, number, seconds in LAG.findall(text)}

    def said(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else ""

    def _faked(self) -> dict[str, str]:
        library = faketime()
        if self._clock is None or library is None:
            return {}
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def _weigh(self) -> None:
        assert self._process is not None
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak = max(self.peak, int(line.split()[1]))


class House:
    """The installation; it runs for as long as the `with` block lasts."""

    def __init__(self, folder: Path, workers: int, state: str = "memory://") -> None:
        self.folder, self.state = folder, state
        folder.mkdir(parents=True, mode=0o700)
        for name, text in sources().items():
            (folder / name).write_text(text)
        names = [f"WORKER{n}" for n in range(workers)]
        self.kafka = Kafka(folder / "kafka", lines=names, told=(COORDINATOR,))
        self.lines = list(self.kafka.lines.values())
        self.server = Server(folder / "clickhouse")
        self.intake = Process("intake", folder / "intake", "intake")
        clock = faketime() is not None
        self.workers = [
            Process(f"worker-{n}", folder / f"worker-{n}", "run", clock) for n in range(workers)
        ]
        self.ends: list[End] = []
        self._paused: set[str] = set()
        self._stack = ExitStack()

    @property
    def processes(self) -> list[Process]:
        return [self.intake, *self.workers]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._killed)
            stack.enter_context(self.server)
            for line in self.lines:
                stack.enter_context(line)
            self.kafka.start()
            brokers = [self.kafka.url, *(f"kafka://{line.address}" for line in self.lines)]
            for process, broker in zip(self.processes, brokers, strict=True):
                write(process.config, broker, self.server.url("default"), self.folder,
                      process.folder, process.address, self.state)  # fmt: skip
            self.settings = configuration.load(self.intake.config)
            self.command("topics", "apply")
            for process in self.processes:
                process.start()
            self.settle()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._stack.close()

    def _killed(self) -> None:
        for process in self.processes:
            process.kill()
        if self.kafka.running:
            self.kafka.kill()

    def command(self, *words: str, status: tuple[int, ...] = (0,)) -> str:
        """What a command of shoseki prints, run beside the service as a person would."""
        return command(self.intake.config, *words, status=status)

    def look(self) -> None:
        """Start again whoever ended by itself, as a supervisor does."""
        for process in self.processes:
            if process.ended is not None:
                self.ends.append(End(process.name, process.ended, process.said()))
                if len(self.ends) > TOO_OFTEN:
                    raise Late(f"{process.name} ends again and again: {process.said()}")
                process.start()

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        until = time.monotonic() + seconds
        while not condition():
            self.look()
            if time.monotonic() > until:
                raise Late(f"{what}: not in {seconds:.0f} s\n{self.said()}")
            time.sleep(0.2)

    def settle(self) -> None:
        """Until everybody has joined and recovered."""
        for process in self.processes:
            self.wait(process.ready, f"{process.name} ready")

    def drain(self) -> None:
        """Until everything in the raw topics is in the lanes, and everything there now, with what
        that told `books`, is judged and acknowledged for good."""
        ends = {raw.topic: self.kafka.ends(raw.topic) for raw in RAW}
        self.follow(lambda: self._left(GROUP, ends), "intake")
        self.caught_up()

    def caught_up(self, rounds: int = 2) -> None:
        """Twice: what the first round judged has told `books` something."""
        for _ in range(rounds):
            ends = {name: self.kafka.ends(name) for name in map(topic, LANES)}
            self.follow(lambda ends=ends: self._left(APPLICATION, ends), "workers")  # type: ignore[misc]

    def follow(self, left: Callable[[], int], who: str) -> None:
        """Until nothing is left; Late where for long it does not become less."""
        least, until = left(), time.monotonic() + PATIENCE
        while least:
            self.look()
            time.sleep(0.3)
            now = left()
            if now < least:
                least, until = now, time.monotonic() + PATIENCE
            if time.monotonic() > until:
                raise Late(f"{who}: {least} messages for {PATIENCE:.0f} s\n{self.said()}")

    def _left(self, group: str, ends: dict[str, dict[int, int]]) -> int:
        """How many messages before these ends a group has not acknowledged for good."""
        with self.kafka.admin() as admin:
            found = admin.list_group_offsets({group: None})[group]
        done = {(tp.topic, tp.partition): each.offset for tp, each in found.items()}
        return sum(
            max(end - done.get((name, number), 0), 0)
            for name, numbers in ends.items()
            for number, end in numbers.items()
        )

    def said(self) -> str:
        """The last line of everybody."""
        return "\n".join(f"  {each.name}: {each.said()}" for each in self.processes)

    def rebalances(self) -> int:
        """How often the group of the workers was put together anew."""
        return self.kafka.said().count(GENERATION)


def write(
    file: Path, broker: str, store: str, house: Path, folder: Path, address: str, state: str
) -> None:
    """A configuration as every process of the installation has it."""
    file.write_text(
        f'broker = "{broker}"\nstore = "{store}"\nstate = "{state}"\norg_id = "{ORG}"\n'
        f'keys = "{house}/keys"\nanchor = "{folder}/anchors.jsonl"\ndata = "{folder}/data"\n'
        f"partitions = {PARTITIONS}\ntick_ms = 1000\nsession_seconds = {SESSION}\n"
        f'metrics = "{address}"\nintake_metrics = "{address}"\nverify_hour = 23\n'
        'console.address = ""\nalerts.raised = false\n'
        + "".join(raw.toml(str(house)) for raw in RAW)
    )


def command(config: Path, *words: str, status: tuple[int, ...] = (0,)) -> str:
    """What a command prints; Late where it ends with another status."""
    done = subprocess.run(
        [*leash(), sys.executable, "-m", "streams.cli", *words, "--config", str(config)],
        cwd=config.parent, env=environment(), capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    if done.returncode not in status:
        raise Late(f"shoseki {words[0]}: ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def environment() -> dict[str, Any]:
    return os.environ | {"PYTHONPATH": str(ROOT)}
