"""Reads for pages: one thread, a limit of time, and what was just read is read once.

Ten browsers that look at one page cost one reading; what takes long is kept longer, so that the
console never takes more than a tenth of the store's time from the judging.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from streams.store import StoreError

SECONDS = 15.0
"""How long a page may wait for what it shows."""
FRESH = 2.0
"""Seconds for which what was read is shown again."""
SHARE = 10.0
"""What took a second to read is shown again for so many."""
MOST = 256
"""Readings that are kept."""


class Busy(StoreError):
    """The store did not answer in time."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read and when: `at` by the clock that pages go by (ms)."""

    value: Any
    at: int


class Reading:
    """One worker thread; `get` from the event loop of the console alone."""

    def __init__(self, clock: Callable[[], int], seconds: float = SECONDS) -> None:
        self._clock, self._seconds = clock, seconds
        self._pool = ThreadPoolExecutor(1, "console-store")
        self._kept: dict[Hashable, tuple[float, asyncio.Future[Read]]] = {}

    async def get(self, key: Hashable, read: Callable[[int], Any]) -> Read:
        """What `read`, given the time (ms), returns; Busy where that takes too long."""
        until, future = self._kept.get(key, (0.0, None))
        if future is None or (future.done() and time.monotonic() > until):
            future = asyncio.ensure_future(self._read(key, read))
            future.add_done_callback(_told)
            self._kept.pop(key, None)
            self._kept[key] = time.monotonic(), future
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._seconds)
        except TimeoutError:
            raise Busy(f"the store did not answer in {self._seconds:.0f} s") from None

    async def _read(self, key: Hashable, read: Callable[[int], Any]) -> Read:
        now, began = self._clock(), time.monotonic()
        try:
            value = await asyncio.get_running_loop().run_in_executor(self._pool, read, now)
        except BaseException:
            self._kept.pop(key, None)
            raise
        end = time.monotonic()
        if key in self._kept:
            kept = max(FRESH, SHARE * (end - began))
            self._kept[key] = end + kept, self._kept[key][1]
        return Read(value, now)

    async def do(self, act: Callable[[], Any]) -> Any:
        """An act on the same thread, after which everything is read anew."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, act)
        finally:
            self._kept.clear()

    def close(self) -> None:
        """Wait for what is being read: the store is closed after this."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _told(future: asyncio.Future[Read]) -> None:
    """An error that nobody waited for any more was told to who gave up."""
    if not future.cancelled():
        future.exception()
