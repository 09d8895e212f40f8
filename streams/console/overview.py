"""The first page: by measure what was looked at and what stands; what is new, due or silent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from controls.catalogue import MEASURES
from controls.kernel import SEVERITIES, STANDING
from streams import clocks
from streams.console import queries
from streams.console.sight import Query, Row, Sight

AGES = ("day", "week", "month", "older")
NEWEST, DUE = 8, 6
"""Rows of what is new, and of what is due next."""


def page(sight: Sight, query: Query) -> Mapping[str, Any]:
    """Everything that the overview shows."""
    tally = sight.ask(queries.TALLY, now=sight.now)
    counted = populations(sight)
    terms = clocks.running(sight.catalogue.controls, sight.store, sight.now)
    ages = violations(tally)
    return {
        "measures": measures(sight, tally, counted),
        "ages": ages,
        "open": sum(sum(row.values()) for row in ages.values()),
        "severe": sum(sum(ages[name].values()) for name in ("critical", "high")),
        "acknowledged": _sum(tally, verdict="violation", status="acknowledged"),
        "indeterminate": _sum(tally, verdict="indeterminate", status="open"),
        "judged": sum(sum(verdicts.values()) for verdicts in counted.values()),
        "newest": sight.ask(
            queries.FINDINGS, severities=[], statuses=list(STANDING), verdicts=["violation"],
            limit=NEWEST, offset=0,
        ),
        "terms": terms[:DUE],
        "running": len(terms),
        "over": sum(term.over(sight.now) for term in terms),
        "silent": sight.ask(queries.SILENT),
        "chains": sight.ask(queries.CHAINS),
        "checkpoint": next(iter(sight.ask(queries.CHECKPOINTS)), None),
    }  # fmt: skip


def populations(sight: Sight) -> dict[str, dict[str, int]]:
    """Judgements of the period by control and verdict; a revision takes off what it corrects, from
    an earlier period too: never below nought."""
    total: dict[str, dict[str, int]] = defaultdict(dict)
    for row in sight.ask(queries.JUDGED, sight.during()):
        total[row["control"]][row["verdict"]] = max(0, row["number"])
    return dict(total)


def violations(tally: list[Row]) -> dict[str, Counter[str]]:
    """Open violations by severity, the worst first, and age."""
    found: dict[str, Counter[str]] = {severity: Counter[str]() for severity in reversed(SEVERITIES)}
    for row in tally:
        if row["verdict"] == "violation" and row["status"] in STANDING:
            found[row["severity"]][row["age"]] += row["number"]
    return found


def measures(
    sight: Sight, tally: list[Row], counted: Mapping[str, Mapping[str, int]]
) -> list[Row]:
    """A row a measure, in the order of the catalogue."""
    rows: dict[str, Row] = {}
    for control in sight.catalogue.controls:
        name = sight.catalogue.measures[control.id]
        row = rows.setdefault(
            name, {"measure": name, "controls": 0, "counts": Counter(), "severities": Counter(),
                   "indeterminate": 0},
        )  # fmt: skip
        row["controls"] += 1
        row["counts"].update(counted.get(control.id, {}))
    for each in tally:
        name = sight.catalogue.measures.get(each["control"], "")
        if name in rows and each["status"] in STANDING:
            if each["verdict"] == "violation":
                rows[name]["severities"][each["severity"]] += each["number"]
            else:
                rows[name]["indeterminate"] += each["number"]
    return [rows[name] for name in MEASURES if name in rows]


def _sum(tally: list[Row], **wanted: str) -> int:
    return sum(
        row["number"]
        for row in tally
        if all(row[name] == value for name, value in wanted.items())
    )
