"""A port that takes alerts as Alertmanager does, or is down, at odds with one of them, or slow."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from controls.events.fields import instant
from streams.app import wall


class Port:
    """What was posted, oldest first; `status` is the answer, 200 while all is well."""

    def __init__(self) -> None:
        self.status = 200
        self.invalid: str | None = None
        """The finding whose alert is answered with 400."""
        self.waits = threading.Event()
        """Cleared, answers wait."""
        self.waits.set()
        self.posts: list[list[dict[str, Any]]] = []
        self.told: list[tuple[str, str, str]] = []
        """(finding, severity, firing or resolved), as they came."""
        self.now: Callable[[], int] = wall
        """What time it is (ms)."""
        self.refused = 0
        self.headers: list[dict[str, str]] = []
        self.url = ""

    @property
    def alerts(self) -> list[dict[str, Any]]:
        return [alert for post in self.posts for alert in post]

    def take(self, post: list[dict[str, Any]]) -> None:
        self.posts.append(post)
        for alert in post:
            labels = alert["labels"]
            state = "resolved" if instant(alert["endsAt"]) <= self.now() else "firing"
            self.told.append((labels["finding_id"], labels["severity"], state))


@contextmanager
def listening() -> Iterator[Port]:
    """The port, for as long as the block lasts."""
    port = Port()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            port.headers.append(dict(self.headers))
            port.waits.wait(30)
            status = port.status
            if any(alert["labels"]["finding_id"] == port.invalid for alert in body):
                status = 400
            if status == 200 and self.path == "/api/v2/alerts":
                port.take(body)
            else:
                port.refused += 1
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    port.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield port
    finally:
        port.waits.set()
        server.shutdown()
        thread.join()
        server.server_close()
