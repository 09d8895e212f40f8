"""Every metric of the product, in one list; the only place that knows prometheus-client."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from controls.kernel import Refusal

if TYPE_CHECKING:
    from streams.pipeline import Work


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

    def serve(self, address: str) -> Callable[[], None]:
        """Serve the metrics at HOST:PORT; the function returned ends that."""
        host, _, port = address.rpartition(":")
        try:
            server, thread = start_http_server(int(port), host, registry=self.registry)
        except (OSError, ValueError) as error:
            raise Refusal(f"metrics = {address}: cannot listen there ({error})") from None

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop

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
