"""How Faust's Kafka consumer fetches: changelogs in large pieces, and never across a rebalance.

aiokafka lets a fetch that begins in a rebalance wait for the new assignment.  What it then
takes, from where recovery has sought to, Faust drops if its flow still rests, and recovery goes on
behind a hole.  And each record goes through two waits and two queues of Faust, while nobody judges.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faust.types import TP

AT_A_TIME = 16
"""Messages that are taken from the broker at a time; a packed one holds some hundred events."""
RECOVERING = 2_000
"""The same of changelogs, whose records are small, while nothing else is read."""
BRIEF = 0.1
"""Seconds that such a reading waits at most: what it asks for is chosen before."""


def flow(partitions: int, at_a_time: int = AT_A_TIME) -> dict[str, Any]:
    """Faust's settings with which a lane that waits holds up no other, and memory stays bounded.

    From four fifths of a full buffer on, Faust lets the partition of each further message rest;
    once the buffer is full it delivers nothing to anybody.  So the last fifth must take what every
    partition may still have been given.
    """
    return {
        "broker_max_poll_records": at_a_time,
        "stream_buffer_maxsize": 5 * at_a_time * partitions,
    }


def refine(app: Any) -> None:
    """Have the thread of an application's consumer fetch in this way; call it where agents run."""
    thread, loop = app.consumer._thread, asyncio.get_running_loop()
    fetch = thread._fetch_records

    async def fetched(client: Any, places: Any, timeout: float, max_records: int) -> Any:
        recovering = app.tables.recovery.in_recovery
        if recovering:  # a lane among them would wait for its agent, which waits for recovery
            places = set(places or ()) & app.tables.recovery.active_tps
            timeout, max_records = min(timeout, BRIEF), RECOVERING
            if not places:
                await asyncio.sleep(timeout)
                return {}
        generation = app.consumer_generation_id
        found = await fetch(client, places, timeout=timeout, max_records=max_records)
        whole = True
        if recovering and found and app.consumer_generation_id == generation:
            done = asyncio.run_coroutine_threadsafe(recovered(app, generation, found), loop)
            whole = await asyncio.wrap_future(done)
        if not whole or app.consumer_generation_id != generation:
            return returned(client, found)
        # the last ones come to Faust once more, which then sees whether they were all
        return {tp: records[-1:] for tp, records in found.items()} if recovering else found

    thread._fetch_records = fetched


def returned(client: Any, found: Any) -> dict[Any, Any]:
    """Nothing: what was taken of what is still assigned is there to be taken again."""
    for tp in found.keys() & client.assignment():
        client.seek(tp, found[tp][0].offset)
    return {}


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of a changelog in the form in which a table takes it: an event and its message."""

    tp: TP
    offset: int
    key: bytes
    value: bytes | None

    @property
    def message(self) -> Entry:
        return self

    @property
    def partition(self) -> int:
        return self.tp.partition


async def recovered(app: Any, generation: int, found: Mapping[TP, Sequence[Any]]) -> bool:
    """Enter what was fetched of changelogs into their tables; false where that is too late."""
    recovery = app.tables.recovery
    if app.consumer_generation_id != generation or not app.consumer.flow_active:
        return False
    recovery.flush_buffers()  # what came by Faust's own way, before this one was laid
    for place, records in found.items():
        tp = TP(*place)
        seen = recovery.active_offsets.get(tp)
        entries = [
            Entry(tp, record.offset, record.key, record.value)
            for record in records
            if seen is None or record.offset > seen
        ]
        if entries:
            recovery.tp_to_table[tp].apply_changelog_batch(entries)
            recovery.active_offsets[tp] = entries[-1].offset
    return True
