"""Serves the console from a thread and an event loop of its own: judging takes whole seconds, and
neither may hold up the other (see `streams.health`)."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future

from aiohttp import web

from controls.kernel import Refusal
from streams.console import guard
from streams.console.access import Role, Sessions
from streams.console.handlers import Handlers
from streams.console.office import Office

log = logging.getLogger("shoseki.console")

PATIENCE = 30.0
"""Seconds in which the thread must listen, and end."""


class Console:
    """`start` returns when it listens, `stop` when every answer is given and nothing is read."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._host, self._port = guard.place(office.address)
        self.tokens = office.tokens()
        self.sessions = Sessions(self.tokens)
        self._handlers = Handlers(office, self.tokens, self.sessions)
        self._ready: Future[asyncio.AbstractEventLoop] = Future()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="console")

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def link(self, role: Role) -> str:
        """An address that opens one session of a role within ten minutes, and then nothing: for
        the terminal on which the console was started, never for a log."""
        return f"{self.url}/enter/{self.sessions.once(role)}"

    def start(self) -> None:
        """Refusal where nothing can listen at the address."""
        self._thread.start()
        try:
            self._ready.result(PATIENCE)
        except OSError as error:
            raise Refusal(
                f"[console] address = {self.office.address}: cannot listen there "
                f'({error.strerror}); choose another, or "" for no console'
            ) from None
        log.info("console.started url=%s tokens=%s", self.url, self.tokens.path)

    def stop(self) -> None:
        self._ready.result().call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        runner = web.AppRunner(
            self._handlers.app(), access_log=None, shutdown_timeout=2.0, keepalive_timeout=30.0
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            self._ready.set_exception(error)
        else:
            self._port = runner.addresses[0][1]
            base = self.office.settings.alerts.console
            self._handlers.names = guard.names(self._host, self._port, base)
            self._ready.set_result(asyncio.get_running_loop())
            await self._over.wait()
        finally:
            await runner.cleanup()
            self._handlers.reading.close()
