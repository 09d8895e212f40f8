"""Sources and gaps: who was heard when, whether what came adds up, and who fell silent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from controls.calendar import jst_day
from controls.events import RegisterSource
from streams.console import chart, queries
from streams.console.sight import Query, Row, Sight
from streams.export.cut import Cut, Evidence, Period
from streams.export.gaps import reported, standing
from streams.recall import EVER

FIGURES = ("evaluated", "rejected", "duplicates")


def page(sight: Sight, query: Query) -> Mapping[str, Any]:
    """A row a source, the sums beside those of the ledger, and the gaps."""
    first, last = jst_day(sight.since), jst_day(sight.now)
    at = chart.days(first, last)
    place = {day: n for n, day in enumerate(at)}
    daily: dict[str, list[int]] = defaultdict(lambda: [0] * len(at))
    for row in sight.ask(queries.SOURCE_DAYS, **sight.span):
        if row["day"] in place:
            daily[row["source"]][place[row["day"]]] = row["number"]
    rows = counted(sight)
    registers = registered(sight)
    silent = sight.ask(queries.SILENT)
    quiet = {(row["subject"].rpartition("|")[0], row["check"]) for row in silent}
    for source in registers:
        rows.setdefault(source, _row(source))
    for source, row in rows.items():
        line = registers.get(source)
        row["register"] = line
        row["daily"] = daily[source]
        row["silent"] = (source, "silence") in quiet
        row["holes"] = (source, "sequence") in quiet
    sums = {name: sum(row[name] for row in rows.values()) for name in FIGURES}
    ledger = sight.ask(queries.SUMS)[0]
    return {
        "rows": [rows[source] for source in sorted(rows)],
        "at": at,
        "sums": sums | {"received": sum(sums.values())},
        "ledger": ledger,
        "expired": ledger["evaluated"] - sums["evaluated"],
        "silent": silent,
        "reported": reports(sight, Period(first, last)) if sight.whole else (),
    }


def counted(sight: Sight) -> dict[str, Row]:
    """What came of every source, over all that is kept."""
    rows: dict[str, Row] = {}
    for name, sql in (
        ("evaluated", queries.LAST_EVENTS),
        ("rejected", queries.REFUSED),
        ("duplicates", queries.REPEATS),
    ):
        for found in sight.ask(sql):
            row = rows.setdefault(found["source"], _row(found["source"]))
            row[name] = found[name]
            row["last"] = found.get("last", row["last"])
    return rows


def _row(source: str) -> Row:
    return {"source": source, "last": None} | dict.fromkeys(FIGURES, 0)


def registered(sight: Sight) -> dict[str, RegisterSource]:
    """The register of sources: the line of each that holds now."""
    lines: list[Any] = [
        line
        for portion in sight.store.history("books", 0, [RegisterSource.type], EVER)
        for line in portion
        if line.occurred_at <= sight.now
    ]
    return {line.monitored_source_id: line for line in standing(lines)}


def reports(sight: Sight, period: Period) -> list[Any]:
    """Stops and gaps that sources reported in the period, newest first."""
    heads = sight.store.heads()
    found = reported(Evidence(sight.store, Cut(0, 0, heads), period))
    return [stop for stop in reversed(found) if stop.occurred_at in period]
