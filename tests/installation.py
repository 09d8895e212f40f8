"""An installation of its own for a test: the service in a process, commands beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120.0
"""Seconds after which something that should happen does not."""


class Installation:
    """A folder with shoseki.toml, data/, keys/ and the logs of all its processes in logs/."""

    def __init__(
        self, folder: Path, org_id: str | None = "example-kk", partitions: int = 2
    ) -> None:
        self.folder, self.config = folder, folder / "shoseki.toml"
        self.data, self.keys, self.logs = folder / "data", folder / "keys", folder / "logs"
        self.logs.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        lines = [
            'broker = "local://./data/log"',
            'store = "chdb://./data/store"',
            f'metrics = "{self.address}"',
            'console.address = ""',
            f"partitions = {partitions}",
            "tick_ms = 200",
        ]
        if org_id is not None:
            lines.append(f'org_id = "{org_id}"')
        self.config.write_text("\n".join(lines) + "\n")

    @property
    def store(self) -> str:
        return f"chdb://{self.data / 'store'}"

    def command(self, *words: str | Path, status: Sequence[int] = (0,)) -> str:
        """What a command prints; it must end with one of `status`."""
        name = f"{len(list(self.logs.iterdir())):02}-{words[0]}"
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *map(str, words)],
            cwd=self.folder, env=environment(), capture_output=True, timeout=PATIENCE,
        )  # fmt: skip
        (self.logs / f"{name}.out").write_bytes(done.stdout)
        (self.logs / f"{name}.err").write_bytes(done.stderr)
        assert done.returncode in status, done.stderr.decode()
        return done.stdout.decode()

    def publish(self, *words: str | Path) -> str:
        return self.command("publish", "--json", "--config", self.config, *words)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The service, until the block ends; it must end well."""
        name = self.logs / f"{len(list(self.logs.iterdir())):02}-run.err"
        with open(name, "wb") as log:
            service = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "run", "--config", str(self.config)],
                cwd=self.folder, env=environment(), stdout=log, stderr=log,
            )  # fmt: skip
            try:
                wait(lambda: b"service.started" in name.read_bytes(), service, name)
                self._service, self._log = service, name
                yield
                service.send_signal(signal.SIGTERM)
                assert service.wait(PATIENCE) == 0, name.read_text()
            finally:
                service.kill()
                service.wait()

    def settled(self, lines: int) -> str:
        """The metrics, once this run of the service has taken so many lines, and two ticks more
        have passed."""

        def taken() -> bool:
            return count(self.metrics()) >= lines

        wait(taken, self._service, self._log)
        moment = time.time() + 0.5
        wait(lambda: behind(self.metrics()) > moment, self._service, self._log)
        return self.metrics()

    def metrics(self) -> str:
        with urlopen(f"http://{self.address}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
        return text


STORED = """
import json, sys
from streams import wiring
with wiring.using(sys.argv[1]) as store:
    blocks = list(store.blocks())
    places = sorted({(block["lane"], block["partition"]) for block in blocks})
    found = {
        "blocks": blocks,
        "populations": store.populations(),
        "current": store.findings(),
    }
    for table in ("events", "findings", "rejects"):
        found[table] = [row for place in places for row in store.rows(table, *place)]
print(json.dumps(found, ensure_ascii=False))
"""


def stored(url: str) -> dict[str, Any]:
    """Everything in a store, read by a process of its own: this one may hold another engine."""
    done = subprocess.run(
        [sys.executable, "-c", STORED, url], env=environment(), capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def count(metrics: str) -> int:
    """Events, rejects and duplicates of all lanes."""
    values = re.findall(r"^shoseki_(?:events|rejects|duplicates)_total\S* (\S+)$", metrics, re.M)
    return round(sum(map(float, values)))


def behind(metrics: str) -> float:
    """The time (s) that every partition has reached."""
    values = re.findall(r"^shoseki_block_time_seconds\S* (\S+)$", metrics, re.M)
    return min(map(float, values), default=0.0)


def wait(done: Callable[[], bool], service: subprocess.Popen[bytes], log: Path) -> None:
    """Until it is so; a service that does not answer at once is busy."""
    until = time.monotonic() + PATIENCE
    while not answered(done):
        assert service.poll() is None, log.read_text()
        assert time.monotonic() < until, f"nothing happens; {log.read_text()}"
        time.sleep(0.05)


def answered(done: Callable[[], bool]) -> bool:
    try:
        return done()
    except OSError:
        return False
