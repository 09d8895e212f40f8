"""A plain Faust agent: one event a message, decoded with pydantic, counted in a table."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import faust
from pydantic import TypeAdapter

from controls.events import AnyEvent, Event
from streams import local, wiring
from streams.local import Broker, Entry

TOPIC = "events"


def measure(file: Path, here: Path, events: int) -> dict[str, Any]:
    """The agent on the embedded log, which holds so many events."""
    with open(file, "rb") as lines:
        entries = [Entry(line.rstrip(b"\n")) for line in islice(lines, events)]
    log = here / "stock" / "log"
    broker = Broker.shared(log)
    broker.create(TOPIC, 1)
    for start in range(0, len(entries), 10_000):
        broker.append_many(TOPIC, 0, entries[start : start + 10_000])
    return asyncio.run(counted(f"local://{log}", here / "stock", len(entries)))


async def counted(broker: str, here: Path, total: int) -> dict[str, Any]:
    """Seconds from the first message of the broker's topic to the last of so many."""
    local.register()
    here.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        "stock", broker=broker, datadir=str(here / "faust"), web_enabled=False,
        topic_partitions=1,
    )  # fmt: skip
    topic = app.topic(
        TOPIC, partitions=1, key_type=bytes, value_type=bytes, key_serializer="raw",
        value_serializer="raw", internal=True,
    )  # fmt: skip
    counts = app.Table("counts", default=int, partitions=1)
    adapter: TypeAdapter[Event] = TypeAdapter(AnyEvent)
    done = asyncio.Event()
    seen = 0
    seconds = cpu = 0.0

    async def count(stream: Any) -> None:
        nonlocal seen, seconds, cpu
        async for value in stream:
            if not seen:
                seconds, cpu = -perf_counter(), -process_time()
            event = adapter.validate_json(value)
            counts[event.actor_ref] += 1
            seen += 1
            if seen == total:
                seconds, cpu = seconds + perf_counter(), cpu + process_time()
                done.set()

    app.agent(topic)(count)
    wiring.collect_seldom()
    await app.start()
    await done.wait()
    await app.stop()
    return {"seconds": seconds, "cpu": cpu, "events": total}
