"""What a worker is without one of its guards: a test of a guard shows the harm that it prevents.

`remove` takes a guard out of this process for good, or slows something so that the harm happens in
every run; who calls it in a test process rather than in a worker's gives it a monkeypatch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

Replace = Callable[[Any, str, Any], None]


def remove(name: str, replace: Replace = setattr) -> None:
    """Take out the guard `name`, or put the named slowness in."""
    GUARDS[name](replace)


def suspended_flow(replace: Replace) -> None:
    from streams.app import Service

    async def rebalanced(self: Service, sender: Any, *args: Any, **kwargs: Any) -> None:
        self._joined = True

    replace(Service, "_rebalanced", rebalanced)


def beginning(replace: Replace) -> None:
    """What nobody ever acknowledged is read from wherever the fetcher stands."""
    from streams.app import Service

    async def nowhere(self: Service) -> None:
        """Seeks nothing."""

    replace(Service, "_begin", nowhere)


def slow_seek(replace: Replace) -> None:
    """Recovery's seek takes 1.5 s: time for the fetcher to hand out what the seek takes back."""
    from faust.transport.consumer import Consumer

    seek = Consumer.perform_seek

    async def slow(self: Any) -> None:
        await seek(self)
        await asyncio.sleep(1.5)

    replace(Consumer, "perform_seek", slow)


def expected_offsets(replace: Replace) -> None:
    """Nor is what a generation begins with compared with where the last one ended."""
    from streams import agents
    from streams.agents import Worker

    take = Worker.take

    async def unquestioning(self: Worker, event: Any) -> None:
        for reader in self.readers.values():
            reader.expected = None
        await take(self, event)

    replace(Worker, "take", unquestioning)
    replace(agents, "compared", lambda partition, log: None)


def fence(replace: Replace) -> None:
    """Nobody asks whether the partition is still ours, nor how old the proof of it is."""
    from streams.agents import Worker
    from streams.lease import Lease

    replace(Worker, "_mine", lambda self, event: True)
    replace(Lease, "holds", property(lambda self: True))


def lease(replace: Replace) -> None:
    from streams.lease import Lease

    replace(Lease, "holds", property(lambda self: True))


def highest(replace: Replace) -> None:
    """Recovery takes the last value for the newest, as Faust's own tables do."""
    import faust

    from streams.state import HighestTable

    replace(HighestTable, "apply_changelog_batch", faust.Table.apply_changelog_batch)


def restore(replace: Replace) -> None:
    """Nothing is written again after a rebalance."""
    from streams.state import TableState

    replace(TableState, "restore", lambda self, since: None)


def gone(replace: Replace) -> None:
    """What is forgotten is deleted at once."""
    from streams.state import TableState

    make = TableState.__init__

    def __init__(self: TableState, table: Any, tp: Any, **options: Any) -> None:
        make(self, table, tp, **options | {"keep": 0})

    replace(TableState, "__init__", __init__)


def delivery(replace: Replace) -> None:
    """Messages are acknowledged before what they changed is in the changelog."""
    from streams.state import TableState

    sending: list[asyncio.Task[None]] = []

    async def delivered(self: TableState) -> None:
        """Waits for nothing."""
        sending.append(asyncio.create_task(self._table.delivered()))

    replace(TableState, "delivered", delivered)


def whole_registers(replace: Replace) -> None:
    """Registers are entered record by record, before the end of the changelog is reached."""
    from streams.registers import Follower

    take = Follower.take

    def at_once(self: Follower, key: bytes, value: bytes | None) -> None:
        take(self, key, value)
        self.enter()

    replace(Follower, "take", at_once)


GUARDS: dict[str, Callable[[Replace], None]] = {
    "beginning": beginning,
    "delivery": delivery,
    "expected offsets": expected_offsets,
    "fence": fence,
    "gone": gone,
    "highest": highest,
    "lease": lease,
    "restore": restore,
    "slow seek": slow_seek,
    "suspended flow": suspended_flow,
    "whole registers": whole_registers,
}
