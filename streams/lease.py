"""Whether the group still holds this worker for the owner of its partitions.

The coordinator of the group gives partitions to others only when it has heard nothing of a worker
for the session timeout, or when the worker itself has agreed to a rebalance (it has at least the
session timeout to do so).  Hence a heartbeat that the coordinator accepted proves that until one
session timeout after it was *sent* nobody else owns anything of ours.  Half of that is what we
use.  Heartbeats go out from a thread of the consumer's, so a block may take as long as it needs; a
process that was stopped, or cut off, has no young heartbeat when it goes on, and asks first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where there is such a clock."""


def now() -> float:
    """Seconds since some moment."""
    return time.clock_gettime(CLOCK)


class Lapsed(Exception):
    """The last proof of ownership is too old: a heartbeat must come through first."""


class Lease:
    """Holds for `seconds` after the sending of the last heartbeat that was accepted."""

    def __init__(self, seconds: float, clock: Callable[[], float] = now) -> None:
        self._seconds, self._clock = seconds, clock
        self._proved = -math.inf

    @property
    def unlimited(self) -> bool:
        """Whether nobody else can ever own what this worker has."""
        return math.isinf(self._seconds)

    @property
    def holds(self) -> bool:
        return self._clock() - self._proved < self._seconds

    def check(self) -> None:
        """Raises Lapsed where the lease does not hold."""
        if not self.holds:
            raise Lapsed

    def follow(self, coordinator: Any) -> None:
        """Learn of every heartbeat that aiokafka's group coordinator sends from now on.

        aiokafka tells nobody of them, so this stands in the way of its own method.
        """
        send = coordinator._do_heartbeat

        async def heartbeat() -> bool:
            sent = self._clock()
            accepted: bool = await send()
            if accepted:
                self._proved = sent
            return accepted

        coordinator._do_heartbeat = heartbeat


class Unlimited(Lease):
    """For a log that no second process can read."""

    def __init__(self) -> None:
        super().__init__(math.inf)
        self._proved = 0.0
