"""A store whose `books` grow by blocks of findings and acts, and a watch over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from controls.events import Event
from streams import wiring
from streams.alerts import watch
from streams.alerts.watch import Watch
from streams.evidence.block import Head
from streams.oncall import Desk
from streams.pipeline import Parts
from streams.pseudonyms import Forms, Plain
from streams.settings import Alerts, Settings
from streams.store.memory import Memory
from tests.streams import blocks
from tests.streams.alerts.alertmanager import Port

NOW = blocks.T0 + 10_000_000
ORG = "example-kk"
PARTS = wiring.passing(Settings())
"""Catalogue and registers; each house has a store of its own."""


def violation(name: str, at: int = 0, revision: int = 1, **keys: Any) -> dict[str, Any]:
    """A finding that was recorded `at` ms after the blocks begin."""
    given = {
        "finding_id": name, "subject": f"subject-{name}", "recorded_at": blocks.T0 + at,
        "detected_at": blocks.T0 + at, **keys,
    }  # fmt: skip
    return blocks.finding(1, revision, **given)


class House:
    """What happens to one installation; `told` are the events that its watches sent."""

    def __init__(self, folder: Path, port: Port | None, forms: Forms | None = None) -> None:
        self.folder, self.now = folder, NOW
        self.forms: Forms = forms or Plain()
        self.url = port and port.url
        if port is not None:
            port.now = lambda: self.now
        self.parts: Parts = replace(PARTS, store=Memory(), forms=self.forms, org_id=ORG)
        self.told: list[Event] = []
        self.owner: object | None = object()
        self.watch: Watch | None = None
        self._head: Head | None = None

    @property
    def desk(self) -> Desk:
        return Desk(self.forms, ORG, self.now)

    @property
    def outbox(self) -> Path:
        return self.folder / watch.FILE

    def seal(
        self, *findings: dict[str, Any], events: Sequence[Event] = (), telling: bool = True
    ) -> None:
        """A block of `books`, in the store and told to the watch."""
        evidence = [self.forms.evidence(event) for event in events]
        block = blocks.block(self._head, lane="books", events=evidence, findings=findings)
        self._head = block.head
        self.parts.store.write(block)
        if self.watch is not None and telling:
            self.watch.sealed(block)

    @asynccontextmanager
    async def watching(self, **given: Any) -> AsyncIterator[Watch]:
        """A watch that runs for as long as the block lasts."""

        async def tell(event: Event) -> None:
            self.told.append(event)

        alerts = Alerts(**{"url": self.url, "resend_seconds": 3_600, **given})
        made = self.watch = Watch(
            Settings(data=str(self.folder), alerts=alerts),
            self.parts,
            {"TEC-05": "technical"},
            owner=lambda: self.owner,
            tell=tell,
            clock=lambda: self.now,
        )
        running = asyncio.create_task(made.run())
        try:
            yield made
            assert not running.done(), running.exception()
        finally:
            made.end()
            await asyncio.wait_for(running, 20)
            self.watch = None


async def until(so: Callable[[], bool]) -> None:
    """Wait for what must come."""
    for _ in range(2_000):
        if so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to that")


async def settled(house: House) -> None:
    """Wait until the watch has learnt of every block, and a little longer."""
    made = house.watch
    assert made is not None
    await until(lambda: not made._awake.is_set() and not made._blocks)
    await asyncio.sleep(0.05)
