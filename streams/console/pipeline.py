"""The pipeline: how far each chain is, its ledger, checkpoints, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from controls.calendar import jst_day
from controls.events import LANES
from streams.console import chart, queries
from streams.console.sight import Query, Sight
from streams.metrics import METRICS, Lag

FIGURES = ("received", "evaluated", "rejected", "duplicates", "findings", "blocks")


def page(sight: Sight, query: Query) -> Mapping[str, Any]:
    """What the store says of every chain; a running service adds how far behind it is."""
    chains = sight.ask(queries.CHAINS)
    at = chart.days(jst_day(sight.since), jst_day(sight.now))
    place = {day: n for n, day in enumerate(at)}
    series = {lane: [0] * len(at) for lane in LANES}
    for row in sight.ask(queries.BLOCK_DAYS, **sight.span):
        if row["lane"] in series and row["day"] in place:
            series[row["lane"]][place[row["day"]]] = row["number"]
    return {
        "chains": chains,
        "sums": {name: sum(row[name] for row in chains) for name in FIGURES},
        "lags": lags(METRICS.lags.of),
        "at": at,
        "series": series,
        "checkpoints": sight.ask(queries.CHECKPOINTS),
        "rulesets": sight.ask(queries.RULESETS),
        "refused": sight.ask(queries.REASONS),
    }


def lags(of: Callable[[], Iterable[Lag]]) -> dict[tuple[str, int], Lag]:
    """How far this worker is behind, by chain; empty where none runs here."""
    return {(lag.lane, lag.partition): lag for lag in of()}
