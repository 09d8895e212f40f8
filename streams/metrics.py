"""Every metric of the product, in one list; the only place that knows prometheus-client.

`python -m streams.metrics` writes the list as deploy/prometheus/metrics.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    make_wsgi_app,
)
from prometheus_client.core import GaugeMetricFamily

from controls.events import LANES
from controls.kernel import SEVERITIES

if TYPE_CHECKING:
    from streams.pipeline import Work

PAGE = Path(__file__).parents[1] / "deploy" / "prometheus" / "metrics.md"
"""The list for people; a test compares it."""

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper borders of what is timed: a block may take half the group's session timeout."""

AGES = {"lt_1d": 1, "lt_7d": 7, "lt_30d": 30, "ge_30d": None}
"""How long a finding has been open: the label, and below how many days it stands."""

SOURCES = 1_000
"""How many sources have series of their own."""

LANE = ", ".join(LANES)
PARTITION = "0 to `partitions` - 1"
CONTROL = "ids of the catalogue"
VERDICT = "pass, violation, not_applicable, indeterminate"
SOURCE = f"source_id of registered sources in use, the first {SOURCES:,} by name"
INTAKE = "names of the tables [intake.NAME]"

WORKER, OWNER, INTAKES = "every worker", "the worker that has `books`", "`shoseki intake`"
"""Who tells a metric."""

Kind = Literal["counter", "gauge", "histogram"]
Sample = tuple[str, Sequence[str], float]
"""A metric's name, the values of its labels, and its own."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name without what the client appends, and its labels with their bounds."""

    name: str
    kind: Kind
    by: str
    meaning: str
    labels: Mapping[str, str]

    @property
    def shown(self) -> str:
        """The name under which it is scraped."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


class Reading(Protocol):
    """What knows the values of metrics that are asked for at every scrape."""

    def samples(self) -> Iterable[Sample]: ...


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a worker is behind the log of one of its partitions."""

    lane: str
    partition: int
    messages: int
    """Messages that are in the log and not acknowledged, those of the open block included."""
    seconds: float
    """Since the last tick that was judged; ticks come every second, so a worker keeps near that."""

    def samples(self) -> Iterator[Sample]:
        place = (self.lane, str(self.partition))
        yield "shoseki_lag_messages", place, self.messages
        yield "shoseki_lag_seconds", place, self.seconds


Told = TypeVar("Told", bound=Reading)


class Asked(Generic[Told]):
    """A collector that asks when it is asked, so that a worker that hangs does not look well and
    one that has lost a partition leaves no stale figure behind."""

    def __init__(self, *metrics: Metric) -> None:
        self._metrics = metrics
        self.of: Callable[[], Iterable[Told]] = tuple

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families = {
            metric.name: GaugeMetricFamily(metric.name, metric.meaning, labels=list(metric.labels))
            for metric in self._metrics
        }
        for reading in self.of():
            for name, labels, value in reading.samples():
                families[name].add_metric(labels, value)
        yield from families.values()


@dataclass(slots=True)
class Declarations:
    """Makes the client's objects, and remembers what was declared."""

    registry: CollectorRegistry
    all: list[Metric] = field(default_factory=list)

    def _add(self, kind: Kind, by: str, name: str, meaning: str, labels: dict[str, str]) -> Metric:
        metric = Metric(name, kind, by, meaning, labels)
        self.all.append(metric)
        return metric

    def counter(self, by: str, name: str, meaning: str, **labels: str) -> Counter:
        self._add("counter", by, name, meaning, labels)
        return Counter(name, meaning, list(labels), registry=self.registry)

    def gauge(self, by: str, name: str, meaning: str, **labels: str) -> Gauge:
        self._add("gauge", by, name, meaning, labels)
        return Gauge(name, meaning, list(labels), registry=self.registry)

    def histogram(self, by: str, name: str, meaning: str, **labels: str) -> Histogram:
        self._add("histogram", by, name, meaning, labels)
        return Histogram(name, meaning, list(labels), registry=self.registry, buckets=SECONDS)

    def asked(self, by: str, *named: tuple[str, str, dict[str, str]]) -> Asked[Any]:
        """Gauges, by name, meaning and labels, whose values are asked for at a scrape."""
        collector: Asked[Any] = Asked(*(self._add("gauge", by, *metric) for metric in named))
        self.registry.register(collector)
        return collector


class Metrics:
    """Counts by lane and verdict, once a block; labels come from small fixed sets only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        made = Declarations(self.registry)
        self.declared: Sequence[Metric] = made.all
        self.events = made.counter(WORKER, "shoseki_events", "Events evaluated", lane=LANE)
        self.rejects = made.counter(
            WORKER, "shoseki_rejects", "Lines that could not be read", lane=LANE
        )
        self.duplicates = made.counter(
            WORKER, "shoseki_duplicates", "Events that came again", lane=LANE
        )
        self.judgements = made.counter(
            WORKER,
            "shoseki_judgements",
            "Judgements, by control and verdict; revisions are not taken off",
            control=CONTROL,
            verdict=VERDICT,
        )
        self.offset = made.gauge(
            WORKER,
            "shoseki_block_offset",
            "Last offset of a lane partition that is sealed or needs no seal",
            lane=LANE,
            partition=PARTITION,
        )
        self.now = made.gauge(
            WORKER,
            "shoseki_block_time_seconds",
            "Time of the last tick that a lane partition has judged",
            lane=LANE,
            partition=PARTITION,
        )
        self.block_seconds = made.histogram(
            WORKER,
            "shoseki_block_seconds",
            "From the end of a block's wait for books until it is remembered",
            lane=LANE,
        )
        self.store_seconds = made.histogram(
            WORKER,
            "shoseki_store_seconds",
            "Writing a block to the store, with the wait for one that is away",
            lane=LANE,
        )
        self.store_retries = made.counter(
            WORKER,
            "shoseki_store_retries",
            "Attempts on a store that was away and was asked again",
        )
        place = {"lane": LANE, "partition": PARTITION}
        self.lags: Asked[Lag] = made.asked(
            WORKER,
            ("shoseki_lag_messages", "Messages of a lane partition not yet judged", place),
            ("shoseki_lag_seconds", "Seconds since the last tick that was judged", place),
        )
        self.partitions = made.gauge(
            WORKER, "shoseki_partitions", "Partitions that a lane has", lane=LANE
        )
        self.session = made.gauge(
            WORKER,
            "shoseki_session_seconds",
            "Silence after which Kafka gives a worker's partitions to others; 0: nobody does",
        )
        self.build = made.gauge(
            WORKER,
            "shoseki_build_info",
            "1 under the version, the catalogue's fingerprint and the interpreter's version",
            version="one a release",
            ruleset="first 12 digits, one a catalogue with its parameters",
            python="one a release",
        )
        self.anchors_unsent = made.counter(
            OWNER,
            "shoseki_anchors_unsent",
            "Checkpoints that the place outside did not take when they were sent",
        )
        clock = {"control": "controls that watch a term of the law"}
        source = {"source": SOURCE}
        self.figures: Asked[Reading] = made.asked(
            OWNER,
            (
                "shoseki_heartbeat_seconds",
                "Time at which the store was last read for these figures: the loop turns, the "
                "store answers",
                {},
            ),
            (
                "shoseki_findings_open",
                "Violations that are open or acknowledged, by how long they could be known",
                {"severity": ", ".join(SEVERITIES), "age": ", ".join(AGES)},
            ),
            ("shoseki_clocks_open", "Terms of the law that are open", clock),
            (
                "shoseki_clock_seconds_left",
                "Seconds to the end of the term that ends first; negative: since it is over",
                clock,
            ),
            (
                "shoseki_source_last_event_seconds",
                "Time of the last sign of life of a source; where there was none, of its "
                "registration",
                source,
            ),
            (
                "shoseki_source_silence_seconds",
                "How long a source may be silent; none while no sign of life is expected of it",
                source,
            ),
            ("shoseki_sources_unlisted", "Registered sources in use without series", {}),
            (
                "shoseki_ledger_last_block_seconds",
                "Time of the tick that closed the last sealed block of a lane",
                {"lane": LANE},
            ),
            (
                "shoseki_checkpoint_last_seconds",
                "Time of the last entry of the log, with its signed checkpoint",
                {},
            ),
            ("shoseki_checkpoint_entries", "Entries of the log", {}),
        )
        self.alerts_sent = made.counter(
            OWNER,
            "shoseki_alerts_sent",
            "Alerts that Alertmanager has taken, sent again or not",
            state="firing, resolved",
        )
        self.alerts_failed = made.counter(
            OWNER, "shoseki_alerts_failed", "Posts that Alertmanager did not take"
        )
        self.alerts_waiting = made.gauge(
            OWNER,
            "shoseki_alerts_waiting",
            "Findings of which Alertmanager has not been told how they stand now",
        )
        self.intake = made.counter(
            INTAKES,
            "shoseki_intake_records",
            "Records of raw topics that are on their lanes, by intake and what they were",
            intake=INTAKE,
            result="event, reject",
        )
        self.intake_lag = made.gauge(
            INTAKES,
            "shoseki_intake_lag_records",
            "Records of a raw topic's partition that are not on their lanes yet",
            intake=INTAKE,
            partition="those of the raw topic",
        )
        self.intake_missing = made.counter(
            INTAKES,
            "shoseki_intake_missing_records",
            "Records that a raw topic dropped before they were read",
            intake=INTAKE,
        )
        self.intake_retries = made.counter(
            INTAKES,
            "shoseki_intake_retries",
            "Batches that were sent again because the broker did not acknowledge them",
        )
        self.quarantined = made.counter(
            INTAKES,
            "shoseki_quarantine_lines",
            "Refused lines that were sealed and kept, and those for which the day's file was full",
            result="kept, full",
        )
        for counter, values in (
            (self.alerts_sent, ("firing", "resolved")),
            (self.quarantined, ("kept", "full")),
        ):
            for value in values:
                counter.labels(value)
        ProcessCollector(registry=self.registry)

    def app(self) -> Any:
        """The metrics as a WSGI application."""
        return make_wsgi_app(self.registry)

    def started(
        self, version: str, ruleset: str, partitions: Mapping[str, int], session: float
    ) -> None:
        """Say what runs: the partitions by lane, the session's seconds (0: no group of workers)."""
        python = ".".join(map(str, sys.version_info[:3]))
        self.build.clear()
        self.build.labels(version, ruleset[:12], python).set(1)
        for lane, number in partitions.items():
            self.partitions.labels(lane).set(number)
            for counter in (self.events, self.rejects, self.duplicates):
                counter.labels(lane)
        self.session.set(session)

    def reading(self, intake: str) -> None:
        """Say that an intake is read: what appears with its first count has no increase."""
        for result in ("event", "reject"):
            self.intake.labels(intake, result)
        self.intake_missing.labels(intake)

    def block(self, lane: str, partition: int, work: Work) -> None:
        """Count a block that is written and remembered."""
        if work.sealed is not None:
            header = work.sealed.header
            self.events.labels(lane).inc(len(work.sealed.events))
            self.rejects.labels(lane).inc(work.rejected)
            self.duplicates.labels(lane).inc(header.duplicates)
            for control, counts in header.populations.items():
                for verdict, number in counts.items():
                    if number > 0:
                        self.judgements.labels(control, verdict).inc(number)
        self.offset.labels(lane, str(partition)).set(work.batch.last_offset)
        self.now.labels(lane, str(partition)).set(work.batch.now / 1000)


METRICS = Metrics()


def page() -> str:
    """The list for people, in Markdown."""
    lines = [
        "# Metrics",
        "",
        "Written by `python -m streams.metrics` from the declarations in `streams/metrics.py`.",
        "Served at `/metrics` by `shoseki run` (setting `metrics`) and `shoseki intake`",
        "(`intake_metrics`). No label and no value is personal data. Instants are seconds since",
        "1970 (UTC). What is asked of the store is some 30 seconds old; terms of the law may be",
        "older where reading them takes more than half a second.",
    ]
    for by in (WORKER, OWNER, INTAKES):
        lines += ["", f"## Told by {by}", "", "| metric | kind | labels | meaning |"]
        lines.append("|---|---|---|---|")
        for metric in METRICS.declared:
            if metric.by == by:
                labels = "<br>".join(f"`{name}`: {bound}" for name, bound in metric.labels.items())
                lines.append(f"| `{metric.shown}` | {metric.kind} | {labels} | {metric.meaning} |")
    lines += [
        "",
        "A histogram has `_bucket` (label `le`: " + ", ".join(f"{s:g}" for s in SECONDS) + "),",
        "`_sum` and `_count`. On Linux every process also tells `process_*` of prometheus-client",
        "(start, CPU, memory, open files).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
