"""A real Prometheus and Alertmanager on loopback, and who hears of their alerts.

Both run the configurations of deploy/ with only addresses, receivers and intervals changed: what
is routed, inhibited and evaluated is what is committed.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import yaml

from tests.deploy.files import DEPLOY

PATIENCE = 120.0
"""Seconds after which something that should happen does not."""
PACE = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"}
OPEN = build_opener(ProxyHandler({})).open


def free() -> str:
    """An address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def until(true: Callable[[], Any], what: str) -> Any:
    """What is true at last; AssertionError where it never is."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if found := true():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"nothing in {PATIENCE} s: {what}")


def asked(address: str, path: str, **query: str) -> Any:
    """The JSON that a program answers."""
    with OPEN(f"http://{address}{path}?{urlencode(query)}", timeout=10) as answer:
        return json.load(answer)


@dataclass
class Program:
    """A server that can be stopped and started again with what it has kept."""

    words: Sequence[str]
    address: str
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.log, "ab") as said:
            self.process = subprocess.Popen(self.words, stdout=said, stderr=said)
        until(self.ready, f"{self.words[0]} is ready: {self.log}")

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        with OPEN(f"http://{self.address}/-/ready", timeout=10) as answer:
            return bool(answer.status == 200)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None

    @contextmanager
    def running(self) -> Iterator[Program]:
        try:
            self.start()
            yield self
        finally:
            self.stop()


@dataclass
class Heard:
    """The receivers: every notification with the receiver that got it, in order."""

    address: str
    all: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of(self, receiver: str, status: str = "firing", **labels: str) -> list[dict[str, Any]]:
        """The alerts that a receiver was told of, those of each notification anew."""
        return [
            alert
            for name, told in list(self.all)
            if name == receiver
            for alert in told["alerts"]
            if alert["status"] == status and labels.items() <= alert["labels"].items()
        ]

    @contextmanager
    def listening(self) -> Iterator[Heard]:
        heard = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard.all.append((self.path.strip("/"), json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        host, _, port = self.address.partition(":")
        server = ThreadingHTTPServer((host, int(port)), Receiver)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def alertmanager(program: Path, folder: Path, heard: str) -> Program:
    """One that routes as the committed one does, to the receivers at `heard`."""
    folder.mkdir()
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    config["global"] = {}
    for receiver in config["receivers"]:
        name = receiver["name"]
        receiver.clear()
        receiver |= {"name": name, "webhook_configs": [{"url": f"http://{heard}/{name}"}]}
    for route in (config["route"], *config["route"]["routes"]):
        route |= PACE
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    address = free()
    return Program(
        [
            str(program), f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/data", f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ],
        address,
        folder / "log",
    )  # fmt: skip


def prometheus(program: Path, folder: Path, jobs: Mapping[str, str], alertmanager: str) -> Program:
    """One that evaluates the committed rules every second over jobs at fixed addresses."""
    folder.mkdir()
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DEPLOY / "prometheus" / name) for name in config["rule_files"]]
    (manager,) = config["alerting"]["alertmanagers"]
    manager["static_configs"] = [{"targets": [alertmanager]}]
    config["scrape_configs"] = [
        {"job_name": job["job_name"], "static_configs": [{"targets": [jobs[job["job_name"]]]}]}
        for job in config["scrape_configs"]
        if job["job_name"] in jobs
    ]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = free()
    return Program(
        [
            str(program), f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}",
            # what fired before it knew of Alertmanager is told again after this
            "--rules.alert.resend-delay=1s",
        ],
        address,
        folder / "log",
    )  # fmt: skip


def post(address: str, path: str, body: Any, **headers: str) -> None:
    """Send JSON to a program; HTTPError where it is not taken."""
    headers["Content-Type"] = "application/json"
    request = Request(f"http://{address}{path}", json.dumps(body).encode(), headers)
    OPEN(request, timeout=10).close()
