"""What is read from the store and the registers from time to time and told as metrics: open
findings, terms of the law, sources, ledger and checkpoint.

The worker that has `books` reads; what another one knows would be told twice.  A reading is a
plain value, so that a scrape asks neither the store nor the registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controls.books.core import OUTAGES, SOURCES
from controls.calendar import day_end
from controls.events import LogSourceStatus
from controls.kernel import DAY, MINUTE, SEVERITIES, STANDING
from controls.registers import Registers
from controls.shapes import Case
from streams import metrics
from streams.clocks import running
from streams.metrics import AGES, Sample

if TYPE_CHECKING:
    from streams.pipeline import Parts

PATIENCE = 10.0
"""Seconds that a question to the store may take."""
LOOKED_BACK = 35 * DAY
"""How far back (ms) the first reading looks for signs of life."""
REST = 50
"""How many times as long as it took the terms of the law are not read again: they are judged in
Python, beside what the worker judges."""
ALIVE = ("heartbeat", "resumed")
"""What is a sign of life when it is reported of a source."""

_AGE = ", ".join(
    f"since > {{now:Int64}} - {days * DAY}, '{label}'" if days else f"'{label}'"
    for label, days in AGES.items()
)
OPEN = f"""
SELECT last.1 AS severity, multiIf({_AGE}) AS age, count() AS findings
FROM (
    SELECT argMax((severity, verdict, status), revision) AS last,
        toUnixTimestamp64Milli(minIf(detected_at, verdict = 'violation')) AS since
    FROM findings GROUP BY finding_id
)
WHERE last.2 = 'violation' AND last.3 IN {STANDING}
GROUP BY severity, age
"""
"""Findings that stand, by severity and age as of {now}."""

_BLOCKS = """
    lane = {lane:String} AND partition = {partition:UInt16}
    AND block > {after:Int64} AND block <= {upto:Int64}
    AND recorded_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
"""
_OF = "JSONExtractString(attributes, 'monitored_source_id')"
_ALIVE = f"JSONExtractString(attributes, 'status') IN {ALIVE}"
HEARD = f"""
SELECT source, toUnixTimestamp64Milli(max(at)) AS heard
FROM (
    SELECT source_id AS source, max(occurred_at) AS at FROM events
    WHERE {_BLOCKS} AND source_id IN {{sources:Array(String)}}
        AND NOT (event_type = '{LogSourceStatus.type}' AND {_OF} = source_id AND NOT {_ALIVE})
    GROUP BY source
    UNION ALL
    SELECT {_OF} AS source, max(occurred_at) AS at FROM events
    WHERE {_BLOCKS} AND event_type = '{LogSourceStatus.type}' AND {_ALIVE}
        AND source IN {{sources:Array(String)}}
    GROUP BY source
)
GROUP BY source
"""
"""The last sign of life of sources within some blocks, as GOV-08 knows them: any event of their
own but their report of a stop or a gap, or a heartbeat or resumption that is reported of them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A registered source that is in use: since when (ms), how long it may be silent (ms; None:
    no sign of life is expected), and when an outage was last declared for it (ms; 0: never)."""

    name: str
    since: int
    patience: int | None
    outage: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One reading; instants are in milliseconds."""

    at: int
    findings: Mapping[tuple[str, str], int]
    """By severity and age."""
    terms: Mapping[str, Sequence[int | None]]
    """The ends of open terms by control; None: it stands still."""
    sources: Sequence[Source]
    unlisted: int
    heard: Mapping[str, int]
    blocks: Mapping[str, int]
    """The tick of the last sealed block, by lane."""
    checkpoint: tuple[int, int] | None
    """When the last entry of the log was made, and how many there are."""
    clock: Callable[[], int]

    def samples(self) -> Iterator[Sample]:
        """As metrics at this moment."""
        now = self.clock()
        yield "shoseki_heartbeat_seconds", (), self.at / 1000
        for severity in SEVERITIES:
            for age in AGES:
                number = self.findings.get((severity, age), 0)
                yield "shoseki_findings_open", (severity, age), number
        for control, ends in self.terms.items():
            yield "shoseki_clocks_open", (control,), len(ends)
            if moving := [end for end in ends if end is not None]:
                left = (min(moving) - now) / 1000
                yield "shoseki_clock_seconds_left", (control,), left
        for source in self.sources:
            last = max(self.heard.get(source.name, 0), source.since)
            yield "shoseki_source_last_event_seconds", (source.name,), last / 1000
            if source.patience is not None and source.outage < last:
                silence = source.patience / 1000
                yield "shoseki_source_silence_seconds", (source.name,), silence
        yield "shoseki_sources_unlisted", (), self.unlisted
        for lane, tick in self.blocks.items():
            yield "shoseki_ledger_last_block_seconds", (lane,), tick / 1000
        if self.checkpoint is not None:
            made, entries = self.checkpoint
            yield "shoseki_checkpoint_last_seconds", (), made / 1000
            yield "shoseki_checkpoint_entries", (), entries


class Gauges:
    """Reads once in a while; remembers up to which block it has looked for signs of life."""

    def __init__(self, parts: Parts, clock: Callable[[], int]) -> None:
        self._parts, self._clock = parts, clock
        self._upto: dict[tuple[str, int], int] = {}
        self._heard: dict[str, int] = {}
        self._ends: Mapping[str, Sequence[int | None]] = {}
        self._again = 0
        judges = parts.engine.controls.get("GOV-08")
        self._silence = None if judges is None else judges.params.silence_minutes * MINUTE
        controls = parts.engine.controls.values()
        self._watching = [
            control for control in controls if any(map(_clocked, control.checks(control.params)))
        ]

    def sources(self) -> list[Source]:
        """Registered sources in use, by name; asked where `books` are judged, since that changes
        the registers."""
        return list(registered(self._parts.registers, self._clock(), self._silence))

    def read(self, sources: Sequence[Source]) -> Figures:
        """A reading of now, from the store; raises StoreError."""
        now, store = self._clock(), self._parts.store
        rows = store.query(OPEN, {"now": now}, seconds=PATIENCE)
        blocks: dict[str, int] = {}
        listed = sources[: metrics.SOURCES]
        names = [source.name for source in listed]
        for place, head in store.heads().items():
            blocks[place[0]] = max(head.now, blocks.get(place[0], 0))
            if head.last_offset > self._upto.get(place, -1):
                self._listen(place, head.last_offset, now, names)
        entry = store.last_entry()
        return Figures(
            at=now,
            findings=Counter({(row["severity"], row["age"]): row["findings"] for row in rows}),
            terms=self._terms(now),
            sources=listed,
            unlisted=len(sources) - len(listed),
            heard=dict(self._heard),
            blocks=blocks,
            checkpoint=None if entry is None else (entry.at, entry.size),
            clock=self._clock,
        )

    def _terms(self, now: int) -> Mapping[str, Sequence[int | None]]:
        """The ends of open terms, read anew unless that has just taken long."""
        if now >= self._again:
            ends: dict[str, list[int | None]] = {control.id: [] for control in self._watching}
            for term in running(self._watching, self._parts.store, now):
                ends[term.control].append(term.due)
            self._ends, self._again = ends, now + REST * (self._clock() - now)
        return self._ends

    def _listen(
        self, place: tuple[str, int], upto: int, now: int, names: Sequence[str]
    ) -> None:
        """Note the last signs of life in the blocks of a chain that were not looked at yet."""
        bounds = {
            "lane": place[0],
            "partition": place[1],
            "after": self._upto.get(place, -1),
            "upto": upto,
            "since": now - LOOKED_BACK,
            "sources": names,
        }
        for row in self._parts.store.query(HEARD, bounds, seconds=PATIENCE):
            source = row["source"]
            self._heard[source] = max(row["heard"], self._heard.get(source, 0))
        self._upto[place] = upto


def registered(registers: Registers, now: int, silence: int | None) -> Iterable[Source]:
    """Sources in use at an instant (ms) by name, retired ones left out; `silence` (ms) holds where
    the register says nothing else."""
    view = registers.view(registers.reached, now)
    for name in sorted(view.keys(SOURCES)):
        line = view.latest(SOURCES, name, now)
        first = view.first(SOURCES, name)
        if line is None or first is None:
            continue
        if line.retired_on is not None and day_end(line.retired_on) <= now:
            continue
        minutes = line.silence_minutes
        patience = silence if minutes is None else minutes * MINUTE
        outages = [outage.occurred_at for outage in view.entries(OUTAGES, name, now)]
        yield Source(
            name,
            first.occurred_at,
            patience if line.expects_heartbeat else None,
            max(outages, default=0),
        )


def _clocked(check: Any) -> bool:
    return isinstance(check, Case) and check.clock is not None
