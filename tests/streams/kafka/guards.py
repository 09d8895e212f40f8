"""What a worker is without one of its guards: a test of a guard shows the harm that it prevents.

`remove` takes a guard out of this process for good, or slows something so that the harm happens in
every run; who calls it in a test process rather than in a worker's gives it a monkeypatch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
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


def late_fetch(records: int, replace: Replace) -> None:
    """The group rebalances during the first recovery, and a fetch that began before takes so many
    records of `access` when the second recovery has sought and its flow still rests."""
    from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

    fetch, seek = AIOKafkaConsumerThread._fetch_records, AIOKafkaConsumerThread._seek_wait
    begun, sought, taken = False, asyncio.Event(), asyncio.Event()

    async def late(self: Any, client: Any, places: Any, **how: Any) -> Any:
        nonlocal begun
        if begun or any(not tp.topic.endswith("changelog") for tp in places):
            return await fetch(self, client, places, **how)
        begun = True
        client._coordinator.request_rejoin()
        await sought.wait()
        self.consumer.flow_active, active = True, self.consumer.flow_active  # it is asked at first
        some = {tp for tp in places if "access" in tp.topic}  # of each there are more than two
        task = asyncio.ensure_future(fetch(self, client, some, **how | {"max_records": records}))
        await asyncio.sleep(0)
        self.consumer.flow_active = active
        found = await task
        taken.set()
        return found

    async def waiting(self: Any, client: Any, offsets: Any) -> None:
        await seek(self, client, offsets)
        if begun and not taken.is_set() and any(tp.topic.endswith("changelog") for tp in offsets):
            sought.set()
            await taken.wait()
            await asyncio.sleep(0.5)  # the other thread has dropped it

    replace(AIOKafkaConsumerThread, "_fetch_records", late)
    replace(AIOKafkaConsumerThread, "_seek_wait", waiting)


def given_back(replace: Replace) -> None:
    """What was fetched across a rebalance is handed on."""
    from streams import fetch

    replace(fetch, "returned", lambda client, found: found)


def no_standbys(replace: Replace) -> None:
    """Of each partition another worker keeps a replica, as Faust's own default has it."""
    from streams import app

    make = app.application

    def application(*args: Any) -> Any:
        made = make(*args)
        made.conf.table_standby_replicas = 1
        return made

    replace(app, "application", application)


def slow_standby(replace: Replace) -> None:
    """A worker's first recovery ends when its standbys have queued all that their changelogs hold,
    of which the first record is not yet dealt with."""
    from faust.tables.recovery import Recovery

    from streams.state import HighestTable

    complete = Recovery.on_recovery_completed

    async def deal(self: HighestTable, event: Any) -> None:
        recovery: Any = self.app.tables.recovery
        if event.message.tp in recovery.standby_tps:
            await recovery.completed.wait()

    async def late(self: Any, generation_id: int = 0) -> None:
        def left() -> int:
            ends, read = self.standby_highwaters, self.standby_offsets
            return sum(ends[tp] - read[tp] for tp in self.standby_tps)

        while not self.completed.is_set() and self.tables.changelog_queue.qsize() < left():
            await asyncio.sleep(0.01)
        await complete(self, generation_id)

    replace(HighestTable, "on_changelog_event", deal)
    replace(Recovery, "on_recovery_completed", late)


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
    "given back": given_back,
    "gone": gone,
    "highest": highest,
    "late fetch": partial(late_fetch, 2),
    "late fetch of all": partial(late_fetch, 1 << 20),
    "lease": lease,
    "no standbys": no_standbys,
    "restore": restore,
    "slow seek": slow_seek,
    "slow standby": slow_standby,
    "suspended flow": suspended_flow,
    "whole registers": whole_registers,
}
