"""Every metric of the product, in one list; the only place that knows prometheus-client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from streams.pipeline import Work


SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper borders of what is timed: a block may take half the group's session timeout."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a worker is behind the log of one of its partitions."""

    lane: str
    partition: int
    messages: int
    """Messages that are in the log and not acknowledged, those of the open block included."""
    seconds: float
    """Since the last tick that was judged; ticks come every second, so a worker keeps near that."""


class Lags:
    """A collector that asks when it is asked, so that a worker that hangs does not look well."""

    def __init__(self) -> None:
        self.of: Callable[[], Iterable[Lag]] = tuple

    def collect(self) -> Iterator[GaugeMetricFamily]:
        labels = ["lane", "partition"]
        messages = GaugeMetricFamily(
            "shoseki_lag_messages", "Messages of a lane partition not yet judged", labels=labels
        )
        seconds = GaugeMetricFamily(
            "shoseki_lag_seconds", "Seconds since the last tick that was judged", labels=labels
        )
        for lag in self.of():
            place = [lag.lane, str(lag.partition)]
            messages.add_metric(place, lag.messages)
            seconds.add_metric(place, lag.seconds)
        yield messages
        yield seconds


class Metrics:
    """Counts by lane and verdict, once a block; labels come from small fixed sets only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "shoseki_events", "Events evaluated", ["lane"], registry=self.registry
        )
        self.rejects = Counter(
            "shoseki_rejects", "Lines that could not be read", ["lane"], registry=self.registry
        )
        self.duplicates = Counter(
            "shoseki_duplicates", "Events that came again", ["lane"], registry=self.registry
        )
        self.judgements = Counter(
            "shoseki_judgements",
            "Judgements, by control and verdict; revisions are not taken off",
            ["control", "verdict"],
            registry=self.registry,
        )
        self.offset = Gauge(
            "shoseki_block_offset",
            "Last offset of a lane partition that is sealed or needs no seal",
            ["lane", "partition"],
            registry=self.registry,
        )
        self.now = Gauge(
            "shoseki_block_time_seconds",
            "Time of the last tick that a lane partition has judged",
            ["lane", "partition"],
            registry=self.registry,
        )
        self.store_retries = Counter(
            "shoseki_store_retries",
            "Attempts on a store that was away and was asked again",
            registry=self.registry,
        )

        self.anchors_unsent = Counter(
            "shoseki_anchors_unsent",
            "Checkpoints that the place outside did not take when they were sent",
            registry=self.registry,
        )
        self.intake = Counter(
            "shoseki_intake_records",
            "Records of raw topics that are on their lanes, by intake and what they were",
            ["intake", "result"],
            registry=self.registry,
        )
        self.intake_lag = Gauge(
            "shoseki_intake_lag_records",
            "Records of a raw topic's partition that are not on their lanes yet",
            ["intake", "partition"],
            registry=self.registry,
        )
        self.intake_missing = Counter(
            "shoseki_intake_missing_records",
            "Records that a raw topic dropped before they were read",
            ["intake"],
            registry=self.registry,
        )
        self.intake_retries = Counter(
            "shoseki_intake_retries",
            "Batches that were sent again because the broker did not acknowledge them",
            registry=self.registry,
        )
        self.quarantined = Counter(
            "shoseki_quarantine_lines",
            "Refused lines that were sealed and kept, and those for which the day's file was full",
            ["result"],
            registry=self.registry,
        )
        self.block_seconds = Histogram(
            "shoseki_block_seconds",
            "From the end of a block's wait for books until it is remembered",
            ["lane"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self.store_seconds = Histogram(
            "shoseki_store_seconds",
            "Writing a block to the store, with the wait for one that is away",
            ["lane"],
            registry=self.registry,
            buckets=SECONDS,
        )
        self.lags = Lags()
        self.registry.register(self.lags)

    def app(self) -> Any:
        """The metrics as a WSGI application."""
        return make_wsgi_app(self.registry)

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
