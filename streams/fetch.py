"""How Faust's Kafka consumer fetches: changelogs in large pieces, and never across a rebalance.

aiokafka lets a fetch that begins in a rebalance wait for the new assignment.  What it then
takes, from where recovery has sought to, Faust drops if its flow still rests, and recovery goes on
behind a hole.
"""

from __future__ import annotations

from typing import Any

from controls.events import LANES
from streams.topics import changelog

AT_A_TIME = 16
"""Messages that are taken from the broker at a time; a packed one holds some hundred events."""
RECOVERING = 2_000
"""The same of changelogs, whose records are small, while nothing else is read: in the pieces of the
lanes, 70,000 keys take two minutes to recover."""
BRIEF = 0.1
"""Seconds that such a reading waits at most: what it asks for is chosen before."""
CHANGELOGS = frozenset(map(changelog, LANES))


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


def refine(thread: Any) -> None:
    """Have the thread of Faust's consumer fetch in this way."""
    fetch = thread._fetch_records

    async def fetched(client: Any, places: Any, timeout: float, max_records: int) -> Any:
        only = set(places or ())  # Faust changes its set while this waits
        if only and all(tp.topic in CHANGELOGS for tp in only):
            places, timeout, max_records = only, min(timeout, BRIEF), RECOVERING
        generation = thread.app.consumer_generation_id
        found = await fetch(client, places, timeout=timeout, max_records=max_records)
        return found if thread.app.consumer_generation_id == generation else returned(client, found)

    thread._fetch_records = fetched


def returned(client: Any, found: Any) -> dict[Any, Any]:
    """Nothing: what was taken of what is still assigned is there to be taken again."""
    for tp in found.keys() & client.assignment():
        client.seek(tp, found[tp][0].offset)
    return {}
