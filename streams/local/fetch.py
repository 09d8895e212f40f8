"""How much of which partition is read next, so that no agent's buffer overflows."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from faust.types import TP

from .broker import Broker
from .records import Record

POLL_SECONDS = 0.05
"""How often to look whether another process appended."""
FETCH_RECORDS, FETCH_BYTES = 500, 4 << 20
QUEUE_BYTES = 8 << 20
"""About as much as may lie in one agent's buffer, whatever its `stream_buffer_maxsize`."""


class Fetch:
    """Reads partitions as far as the buffers behind them have room.

    `queues` names the buffers a partition's messages go to. Remembers the mean size of
    each partition's last records.
    """

    def __init__(self, broker: Broker, queues: Callable[[TP], list[Any]]) -> None:
        self._broker, self._queues = broker, queues
        self._mean_bytes: dict[TP, float] = {}
        self._looked = 0.0
        self._turn = 0

    def __call__(
        self, tps: list[TP], positions: Mapping[TP, int]
    ) -> tuple[dict[TP, list[Record]], bool]:
        """What is there and has room, and whether to look again soon.

        Soon: for want of room in a buffer, or because another process is appending.
        """
        if not tps:
            return {}, False
        # partitions of one agent share its buffer: who is asked first must change
        self._turn += 1
        first = self._turn % len(tps)
        now = time.monotonic()
        if look := now - self._looked >= POLL_SECONDS:
            self._looked = now
        taken: dict[int, int] = {}
        fetched: dict[TP, list[Record]] = {}
        soon = False
        for tp in tps[first:] + tps[:first]:
            log = self._broker.log(*tp)
            coming = look and log.refresh()
            if positions[tp] >= log.end:
                if coming:
                    self._looked, soon = 0.0, True
                continue
            queues = self._queues(tp)
            room = self._room(tp, queues, taken)
            if room <= 0:
                soon = True
                continue
            records = log.read(positions[tp], room, FETCH_BYTES // len(tps))
            if records:
                fetched[tp] = records
                mean = sum(len(each.value or b"") for each in records) / len(records)
                self._mean_bytes[tp] = max(mean, 1.0)
                for queue in queues:
                    taken[id(queue)] = taken.get(id(queue), 0) + len(records)
        return fetched, soon

    def _room(self, tp: TP, queues: list[Any], taken: Mapping[int, int]) -> int:
        room = FETCH_RECORDS
        large = max(1, int(QUEUE_BYTES / self._mean_bytes.get(tp, 1.0)))
        for queue in queues:
            limit = min(queue.maxsize, large) if queue.maxsize else large
            room = min(room, limit - queue.qsize() - taken.get(id(queue), 0))
        return room
