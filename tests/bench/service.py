"""The embedded service: local log, packed messages, agents, chDB; and its memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import sizes
import workload

from controls.engine import Engine
from controls.events import LANES
from streams import settings, wiring
from streams.app import Service
from streams.cli.demo import caught_up
from streams.metrics import METRICS
from streams.pipeline import Parts
from streams.publish import Publisher, open_log
from streams.reading import Reader
from streams.store.clickhouse import ClickHouse


def installation(here: Path) -> settings.Settings:
    return settings.Settings(
        broker=f"local://{here}/log",
        store=f"chdb://{here}/store",
        data=str(here),
        keys=f"{here}.keys",
        partitions=1,
        metrics=None,
    )


NINE = (
    "GOV-08", "INC-04", "OUT-02", "PHY-02", "REQ-02", "TEC-01", "TEC-04", "TEC-05", "TEC-09",
)  # fmt: skip
"""Controls each of which is hard in its own way: what the pipeline costs without the breadth."""


def limited(parts: Parts, only: Collection[str]) -> Parts:
    """The same with `only` these controls; with all where none is named."""
    controls = parts.engine.controls
    return replace(parts, engine=Engine(controls[each] for each in only or controls))


def measure(file: Path, here: Path, only: Collection[str] = ()) -> dict[str, Any]:
    """Seconds to publish everything, and seconds from the first message to the last block; with
    all controls, or with some `only`."""
    return asyncio.run(drained(file, installation(here), only))


async def drained(file: Path, config: settings.Settings, only: Collection[str]) -> dict[str, Any]:
    forms = wiring.open_forms(config)
    with wiring.hold(config.store) as store:
        parts = limited(wiring.parts(config, store, forms), only)
        service = Service(config, parts, ticks=False)
        await service.start()
        wiring.collect_seldom()
        publisher = Publisher(open_log(config), 1)
        began = perf_counter()  # the agents wait meanwhile: publishing does not await
        now = 0
        for items, now in workload.blocks(Reader(forms).file(str(file))):
            publisher.publish(items)
            publisher.tick(now)
        published, cpu = perf_counter(), process_time()
        publisher.tick(now + 1)  # for the tallies of the last blocks
        await caught_up(service, now + 1)
        done, cpu = perf_counter(), process_time() - cpu
        await service.stop()
        blocks = list(store.blocks())
        events = sum(block["evaluated"] + block["duplicates"] for block in blocks)
        assert isinstance(store, ClickHouse)
        return {
            "publish": published - began,
            "seconds": done - published,
            "cpu": cpu,
            "blocks": len(blocks),
            "events": events,
            "lanes": {lane: spent(lane) for lane in LANES},
            "bytes": sizes.measure(file, here(config.broker), store, events),
        }


def here(broker: str) -> Path:
    return Path(broker.removeprefix("local://"))


def spent(lane: str) -> float:
    """Seconds in the blocks of a lane, as the service itself counts them."""
    return METRICS.registry.get_sample_value("shoseki_block_seconds_sum", {"lane": lane}) or 0.0


def memory(file: Path, here: Path) -> dict[str, Any]:
    """Resident memory (MiB) after each tenth of the events, published block by block."""
    return asyncio.run(watched(file, installation(here / "memory")))


async def watched(file: Path, config: settings.Settings) -> dict[str, Any]:
    with open(file, "rb") as lines:
        total = sum(1 for _ in lines)
    forms = wiring.open_forms(config)
    with wiring.hold(config.store) as store:
        service = Service(config, wiring.parts(config, store, forms), ticks=False)
        await service.start()
        wiring.collect_seldom()
        publisher = Publisher(open_log(config), 1)
        sizes: dict[str, float] = {}
        began = perf_counter()
        done = 0
        for items, now in workload.blocks(Reader(forms).file(str(file))):
            publisher.publish(items)
            publisher.tick(now)
            await caught_up(service, now)
            done += len(items)
            for tenth in range(1, 11):
                if done * 10 >= total * tenth:
                    sizes.setdefault(f"{tenth * 10}", resident())
        await service.stop()
        return {"seconds": perf_counter() - began, "events": total, "rss_mib": sizes}


def resident() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
