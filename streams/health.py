"""What a supervisor asks a service over HTTP: is it alive, may it have work, what does it count.

/-/healthy and /-/ready answer 200 or 503, /metrics the metrics; everything from a thread of its
own, so that a service whose event loop hangs still says so.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from controls.kernel import Refusal

HUNG = 60.0
"""Seconds after which an event loop that did not turn counts as hung; a block may take a few."""

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application (PEP 3333)."""


class Pulse:
    """Whether the event loop still turns; `alive` is asked from another thread."""

    def __init__(self, patience: float = HUNG) -> None:
        self._patience = patience
        self._last = time.monotonic()

    async def beat(self) -> None:
        """Until it is cancelled."""
        while True:
            self._last = time.monotonic()
            await asyncio.sleep(self._patience / 60)

    def alive(self) -> bool:
        return time.monotonic() - self._last < self._patience


def application(
    metrics: Application, healthy: Callable[[], bool], ready: Callable[[], bool]
) -> Application:
    """The three paths; another one is 404."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start)
        if path == "/-/healthy":
            status = "200 OK" if healthy() else "503 Service Unavailable"
        elif path == "/-/ready":
            status = "200 OK" if healthy() and ready() else "503 Service Unavailable"
        else:
            status = "404 Not Found"
        start(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [status.partition(" ")[2].encode() + b"\n"]

    return answer


def serve(
    address: str,
    metrics: Application,
    healthy: Callable[[], bool],
    ready: Callable[[], bool],
    *,
    hung: float = HUNG,
) -> Callable[[], None]:
    """Serve at HOST:PORT beside the running event loop; the function returned ends that.

    Healthy is what says so and whose loop turned in the last `hung` seconds.  Raises Refusal where
    nothing can listen at the address.
    """
    pulse = Pulse(hung)
    app = application(metrics, lambda: pulse.alive() and healthy(), ready)
    host, _, port = address.rpartition(":")
    try:
        server = make_server(host.strip("[]"), int(port), app, _server(host), _Silent)
    except (OSError, ValueError) as error:
        raise Refusal(f"metrics = {address}: cannot listen there ({error})") from None
    beating = asyncio.get_running_loop().create_task(pulse.beat())
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="health")
    thread.start()

    def stop() -> None:
        beating.cancel()
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who asked has gone; their address is nobody's business."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server(host: str) -> type[WSGIServer]:
    return _Server6 if ":" in host else _Server


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A line for every probe would be most of the log."""
