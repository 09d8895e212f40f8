"""A ClickHouse server of a test's own: the bridge of tests/streams/store/bridge.py in a process.

It can be killed, stopped, started again in the same place, paused, slowed, and told to go wrong.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 30.0
"""Seconds in which the server has started or ended."""


class Server:
    """A server on a free port of loopback; the port stays the same over restarts.

    `users` maps a name to its password, those in `readers` may only read; `certificate` and `key`
    (PEM files) make it speak TLS.
    """

    def __init__(
        self, directory: Path, users: Mapping[str, str] | None = None, *,
        readers: tuple[str, ...] = (), certificate: Path | None = None, key: Path | None = None,
    ) -> None:  # fmt: skip
        self.directory, self.port = directory, 0
        self.database = "shoseki"
        self.users = dict(users or {"default": ""})
        self.readers = readers
        self._tls = ["--certificate", str(certificate), "--key", str(key)] if certificate else []
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    def url(self, database: str | None = None, user: str = "default") -> str:
        scheme = "clickhouses" if self._tls else "clickhouse"
        return f"{scheme}://{user}@127.0.0.1:{self.port}/{database or self.database}"

    def start(self) -> None:
        """Start it, in the same place as before; returns when it answers."""
        assert self._process is None
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "tests.streams.store.bridge", str(self.directory),
                "--port", str(self.port), "--steered", *self._tls,
            ],
            cwd=ROOT,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "BRIDGE_USERS": json.dumps(self.users),
                "BRIDGE_READERS": ",".join(self.readers),
            },
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.port = self._read()["port"]

    def kill(self) -> None:
        """kill -9: whoever asks now is refused the connection."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: requests under way are answered first."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Take connections and answer nothing, until `resume`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def steer(self, **faults: Any) -> dict[str, Any]:
        """Set faults (see `bridge.Faults`); returns {requests, inserts by table} so far, and the
        cuts that are left."""
        assert self._process is not None
        assert self._process.stdin is not None
        print(json.dumps(faults), file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the bridge ended with {self._process.wait(PATIENCE)}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.wait(PATIENCE)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
