"""A network line between a client and a server on loopback, which can be cut.

    with Line(server) as line:                    # clients call line.address
        line.cut()                                # nothing passes, and nobody is told
        line.cut(reset=True)                      # connections are reset, and new ones refused
        line.heal()
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")
PIECE = 1 << 16
AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER of a connection that ends with RST and without what it still holds."""


class Line:
    """Carries bytes both ways from a port of its own to a server's."""

    def __init__(self, server: str, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        """HOST:PORT that clients call."""
        self._server, self._port = server, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._open = asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(self, *exc: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, *, reset: bool = False) -> None:
        """From now on nothing passes: in silence, or with `reset` by resetting what is connected
        and refusing what connects."""
        self._run(self._cut(reset))

    def heal(self) -> None:
        """What was held back in silence goes on its way."""
        self._run(self._heal())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._open.set()

    async def _close(self) -> None:
        self._listener.close()
        self._open.set()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for end in self._ends:
                end.transport.abort()
            await asyncio.wait(tasks, timeout=0.1)

    async def _cut(self, reset: bool) -> None:
        self._open.clear()
        if reset:
            self._listener.close()
            for end in self._ends:
                if not end.transport.is_closing():
                    held = end.get_extra_info("socket")
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                    end.transport.abort()

    async def _heal(self) -> None:
        if not self._listener.is_serving():
            await self._listen()
        self._open.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        there = None
        try:
            await self._open.wait()
            host, _, port = self._server.partition(":")
            from_there, there = await asyncio.open_connection(host, int(port))
            self._ends.add(there)
            ways = {
                asyncio.create_task(self._carry(reader, there)),
                asyncio.create_task(self._carry(from_there, writer)),
            }
            _, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in left:
                way.cancel()
        except OSError:
            pass  # the server is down: the client is told by the end of its connection
        finally:
            for end in (writer, *((there,) if there else ())):
                self._ends.discard(end)
                end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(PIECE):
                await self._open.wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            return  # one side broke the connection: so does the other
