"""The list of metrics: whole, bounded, documented, and alike in the client and on paper."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

from prometheus_client import generate_latest

from streams import wiring
from streams.app import Service
from streams.metrics import METRICS, PAGE, Lag, Metrics, page
from streams.settings import Settings

UNITS = (
    "seconds", "messages", "records", "lines", "events", "rejects", "duplicates", "judgements",
    "offset", "retries", "unsent", "partitions", "info", "open", "left", "unlisted", "entries",
    "sent", "failed", "waiting", "intake",
)  # fmt: skip


def scraped(metrics: Metrics) -> dict[str, list[str]]:
    """The names of a scrape, and the labels of each one's first line."""
    lines = generate_latest(metrics.registry).decode().splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        if not line.startswith("#"):
            name, _, labels = line.partition(" ")[0].partition("{")
            found.setdefault(name, re.findall(r'(\w+)="', labels))
    return found


def test_the_committed_list_is_that_of_the_declarations() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m streams.metrics"


def test_every_metric_is_named_once_and_as_the_others() -> None:
    names = Counter(metric.name for metric in METRICS.declared)
    assert max(names.values()) == 1
    for name in names:
        assert re.fullmatch(rf"shoseki_[a-z_]*({'|'.join(UNITS)})[a-z_]*", name), name


def test_every_label_has_its_bounds() -> None:
    for metric in METRICS.declared:
        assert metric.meaning
        assert all(metric.labels.values()), metric.name


def test_nothing_is_scraped_that_is_not_declared() -> None:
    metrics = Metrics()
    declared = {metric.shown for metric in metrics.declared}
    for metric in metrics.declared:
        if metric.kind == "histogram":
            declared |= {f"{metric.name}_{part}" for part in ("bucket", "sum", "count", "created")}
        if metric.kind == "counter":
            declared.add(f"{metric.name}_created")
    ours = {name for name in scraped(metrics) if not name.startswith("process_")}
    assert ours <= declared


def test_what_has_no_count_yet_is_told_from_the_beginning() -> None:
    """Prometheus sees no increase in what appears with its first count."""
    metrics = Metrics()
    metrics.started("1.0", "f" * 64, {"books": 1}, 30)
    metrics.reading("crm")
    value = metrics.registry.get_sample_value
    assert value("shoseki_rejects_total", {"lane": "books"}) == 0
    assert value("shoseki_quarantine_lines_total", {"result": "full"}) == 0
    assert value("shoseki_intake_missing_records_total", {"intake": "crm"}) == 0
    assert value("shoseki_intake_records_total", {"intake": "crm", "result": "reject"}) == 0


def test_a_service_says_what_runs() -> None:
    metrics = Metrics()
    metrics.started("1.0", "a" * 64, {"books": 1, "access": 4}, 30)
    metrics.started("1.0", "b" * 64, {"books": 1, "access": 4}, 30)
    text = generate_latest(metrics.registry).decode()
    (line,) = [each for each in text.splitlines() if each.startswith("shoseki_build_info")]
    assert 'ruleset="bbbbbbbbbbbb"' in line
    assert metrics.registry.get_sample_value("shoseki_partitions", {"lane": "access"}) == 4
    assert metrics.registry.get_sample_value("shoseki_session_seconds") == 30


def test_a_scrape_during_the_start_leaves_faust_alone(tmp_path: Path) -> None:
    """What Faust makes when it is first asked is made once only if one thread asks: a worker that
    was scraped while it started never got a message."""
    config = Settings(
        broker=f"local://{tmp_path}/log", store=f"chdb://{tmp_path}/store", data=str(tmp_path),
        keys=f"{tmp_path}.keys", partitions=1, metrics=None,
    )  # fmt: skip

    async def asked() -> Service:
        service = Service(config, wiring.passing(config), ticks=False)
        assert await asyncio.to_thread(service.worker.lags) == []
        return service

    assert asyncio.run(asked()).app._monitor is None


def test_what_is_asked_for_has_the_labels_that_are_declared() -> None:
    metrics = Metrics()
    metrics.lags.of = lambda: [Lag("access", 3, 42, 1.5)]
    declared = {metric.name: list(metric.labels) for metric in metrics.declared}
    found = scraped(metrics)
    assert found["shoseki_lag_messages"] == declared["shoseki_lag_messages"]
