"""Keeps Alertmanager and the register of alerts in step with what stands.

The worker that writes `books` does this, and nobody else: it reads the store once, learns every
further block from the pipeline, and looks again whenever a block matters, a silence begins or
ends, or `resend_seconds` are over.  Alertmanager is told at least once and never as two: labels
are the identity, endsAt is a lease of four times `resend_seconds`, an end is told until it was
taken, and all of it in order.  While it does not answer, the outbox keeps what is owed.

Set it up with `[alerts] url`; the same Alertmanager takes the alerts of Prometheus.  A silence
that somebody makes in Alertmanager's own pages is not seen here and leaves no evidence:
`shoseki findings silence` makes one that does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from controls.events import Event, rfc3339
from controls.kernel import SECOND, Refusal
from streams import chores
from streams.alerts import register
from streams.alerts.alertmanager import Alertmanager, Invalid
from streams.alerts.outbox import Outbox
from streams.alerts.standing import TYPES, Standing
from streams.evidence.block import Sealed
from streams.metrics import METRICS
from streams.pipeline import Parts
from streams.settings import Settings

log = logging.getLogger("shoseki.alerts")

LEASE = 4
"""Resends for which an alert lasts without another."""
LOT = 64
"""Alerts of one post."""
FILE = "alerts.json"
"""The outbox, in the data directory."""
RETRIES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds until what failed is tried again; at most `resend_seconds`."""

Told = tuple[str, bool]
"""The key of a label set, and whether its end is told."""


def lots(due: Iterator[Told]) -> Iterator[list[Told]]:
    """What is due in posts of at most LOT alerts, none of which names a label set twice."""
    lot: dict[str, bool] = {}
    for name, end in due:
        if name in lot or len(lot) == LOT:
            yield list(lot.items())
            lot = {}
        lot[name] = end
    if lot:
        yield list(lot.items())


class Watch:
    """One worker's; it does nothing while `owner` says that `books` are another's.

    `owner` is what reads `books` here: another value means that blocks may have gone elsewhere
    meanwhile.  `tell` sends an event in join form to `books`.
    """

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        measures: dict[str, str],
        *,
        owner: Callable[[], object | None],
        tell: Callable[[Event], Awaitable[None]],
        clock: Callable[[], int],
    ) -> None:
        self._settings, self._parts, self._measures = settings.alerts, parts, measures
        self._owner, self._tell, self._clock = owner, tell, clock
        self._alertmanager = Alertmanager(settings.alerts) if settings.alerts.url else None
        self._outbox = Outbox(Path(settings.data) / FILE)
        self._read_by: object | None = None
        self._standing: Standing | None = None
        self._blocks: list[Sealed] = []
        self._sent: set[str] = set()
        self._awake = asyncio.Event()
        self._failures = 0
        self._looked = 0
        """When (ms) the last look began: a silence that began or ended since is for the next."""
        self._over = False

    def end(self) -> None:
        """Have `run` return once what it does at the moment is done."""
        self._over = True
        self._awake.set()

    def sealed(self, block: Sealed) -> None:
        """Learn of a block that is written; called from the loop, and returns at once."""
        if block.header.lane == "books" and (
            block.findings or any(type(event) in TYPES for event in block.events)
        ):
            self._blocks.append(block)
            self._awake.set()

    async def run(self) -> None:
        """Until `end`.  What cannot be done now is tried again; anything else is raised."""
        loaded = False
        while not self._over:
            self._awake.clear()
            try:
                if not loaded:
                    self._outbox.load()
                    loaded = True
                await self._look()
                self._failures = 0
            except Refusal as refused:
                self._failures += 1
                log.warning("alerts.unsent reason=%s", refused)
            if self._over:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), self._rest())

    def _rest(self) -> float:
        """Seconds until the next look, unless a block wakes it."""
        every = float(self._settings.resend_seconds)
        if self._failures:
            return min(every, RETRIES[min(self._failures, len(RETRIES)) - 1])
        if self._standing is None:
            return min(every, 1.0)
        border = self._standing.border(self._looked)
        if border is None:
            return every
        return min(every, max((border - self._clock()) / SECOND, 0.05))

    async def _look(self) -> None:
        self._looked = self._clock()
        owner = self._owner()
        if owner is None:
            self._standing = self._read_by = None
            self._blocks = []
            METRICS.alerts_waiting.set(0)
            return
        if owner is not self._read_by or self._standing is None:
            self._standing = await self._read()
            self._read_by = owner
        standing = self._standing
        blocks, self._blocks = self._blocks, []
        for block in blocks:
            standing.add(block.events, block.findings)
        try:
            if self._settings.raised:
                await self._register(standing)
        finally:
            if self._alertmanager is not None:
                await self._send(standing)

    async def _read(self) -> Standing:
        """What the store holds, with what was sealed while it was read."""
        store, forms = self._parts.store, self._parts.forms
        standing = await asyncio.to_thread(Standing.read, store, forms, self._measures)
        blocks, self._blocks = self._blocks, []
        # such a block may have been read in part: the store knows the newest revisions, and they
        # do not become older ones again
        names = sorted({finding["finding_id"] for block in blocks for finding in block.findings})

        def newest() -> list[dict[str, Any]]:
            return [revision for name in names for revision in store.finding(name)[-1:]]

        standing.add((event for block in blocks for event in block.events), ())
        standing.add((), await asyncio.to_thread(newest))
        return standing

    async def _register(self, standing: Standing) -> None:
        """Raise in `books` what is grave and stands, and end what is over."""
        names = register.owing(standing)
        parts = self._parts
        org_id = chores.organisation(parts) if names else None
        if org_id is None:
            return
        people = register.staff(parts.registers, parts.forms)
        events = await asyncio.to_thread(
            register.owed, names, standing, parts.store, parts.forms, org_id, people
        )
        for event in events:
            if event.event_id not in self._sent and not self._over:
                await self._tell(event)
                self._sent.add(event.event_id)
        self._sent &= {event.event_id for event in events}

    async def _send(self, standing: Standing) -> None:
        settings, outbox = self._settings, self._outbox
        now = self._clock()
        up = {name: finding["recorded_at"] for name, finding in standing.findings.items()}
        outbox.update(standing.desired(now, settings.severity, settings.console), up, now)
        await asyncio.to_thread(outbox.save)
        try:
            for lot in lots(iter(list(outbox.due(now, settings.resend_seconds * SECOND)))):
                if not self._over:
                    await self._post(lot)
        finally:
            METRICS.alerts_waiting.set(outbox.waiting())

    async def _post(self, lot: Sequence[Told]) -> None:
        """Tell a lot; where Alertmanager finds fault with it, each alone, and go on."""
        assert self._alertmanager is not None
        now = self._clock()
        lot = [told for told in lot if told[0] in self._outbox.entries]  # else it was refused
        if not lot:
            return
        alerts = [self._alert(name, end, now) for name, end in lot]
        try:
            await asyncio.to_thread(self._alertmanager.post, alerts)
        except Invalid as fault:
            METRICS.alerts_failed.inc()
            if len(lot) > 1:
                for told in lot:
                    await self._post([told])
                return
            (name, _), = lot
            log.error("alert.refused key=%s reason=%s", name, fault)
            self._outbox.refused(name, now)
            await asyncio.to_thread(self._outbox.save)
            return
        except Refusal:
            METRICS.alerts_failed.inc()
            raise
        self._outbox.taken(lot, now)
        await asyncio.to_thread(self._outbox.save)
        for _, end in lot:
            METRICS.alerts_sent.labels("resolved" if end else "firing").inc()

    def _alert(self, name: str, end: bool, now: int) -> dict[str, Any]:
        entry = self._outbox.entries[name]
        lasts = 0 if end else LEASE * self._settings.resend_seconds * SECOND
        return {
            "labels": entry.labels,
            "annotations": entry.annotations,
            "startsAt": rfc3339(entry.starts),
            "endsAt": rfc3339(max(now, entry.starts) + lasts),
            "generatorURL": entry.annotations["evidence"],
        }
