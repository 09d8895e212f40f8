"""A plain Faust agent: one event a message, decoded with pydantic, counted in a table."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import faust
from pydantic import TypeAdapter

from controls.events import AnyEvent, Event
from streams import local, wiring
from streams.local import Broker, Entry


def measure(file: Path, here: Path, events: int) -> dict[str, Any]:
    """Seconds from the first of `events` messages to the last, and how many there were."""
    return asyncio.run(counted(file, here / "stock", events))


async def counted(file: Path, here: Path, events: int) -> dict[str, Any]:
    local.register()
    app = faust.App(
        "stock", broker=f"local://{here}/log", datadir=str(here / "faust"), web_enabled=False,
        topic_partitions=1,
    )  # fmt: skip
    topic = app.topic(
        "events", partitions=1, key_type=bytes, value_type=bytes, key_serializer="raw",
        value_serializer="raw", internal=True,
    )  # fmt: skip
    counts = app.Table("counts", default=int, partitions=1)
    adapter: TypeAdapter[Event] = TypeAdapter(AnyEvent)
    done = asyncio.Event()
    seen = 0

    async def count(stream: Any) -> None:
        nonlocal seen
        async for value in stream:
            event = adapter.validate_json(value)
            counts[event.actor_ref] += 1
            seen += 1
            if seen == total:
                done.set()

    app.agent(topic)(count)
    await app.start()
    while not app.consumer.assignment() or app.rebalancing:
        await asyncio.sleep(0.01)
    with open(file, "rb") as lines:
        entries = [Entry(line.rstrip(b"\n")) for line in islice(lines, events)]
    total = len(entries)
    wiring.collect_seldom()
    broker = Broker.shared(f"{here}/log")
    for start in range(0, total, 10_000):
        broker.append_many("events", 0, entries[start : start + 10_000])
    began = perf_counter()
    await done.wait()
    seconds = perf_counter() - began
    await app.stop()
    return {"seconds": seconds, "events": total}
