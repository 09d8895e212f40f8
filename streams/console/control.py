"""The controls: the list with what each looked at, and one with its law, limits and findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from controls.calendar import jst_day
from controls.catalogue import MEASURES
from controls.kernel import STANDING
from streams import site
from streams.console import chart, queries
from streams.console.overview import populations
from streams.console.sight import Query, Row, Sight, Unknown, one_of

SHOWN = 50
"""Findings on a control's page; the list has all."""


def listed(sight: Sight, query: Query) -> Mapping[str, Any]:
    """Every control by measure with its population of the period and what stands."""
    only = one_of(query, "measure", MEASURES)
    counted = populations(sight)
    open_: dict[str, Counter[str]] = defaultdict(Counter)
    for row in sight.ask(queries.TALLY, now=sight.now):
        if row["status"] in STANDING:
            name = row["severity"] if row["verdict"] == "violation" else "indeterminate"
            open_[row["control"]][name] += row["number"]
    judged = sight.store.last_judged()
    groups: dict[str, list[Row]] = {name: [] for name in MEASURES if only in ("", name)}
    for control in sight.catalogue.controls:
        group = groups.get(sight.catalogue.measures[control.id])
        if group is not None:
            group.append(
                {
                    "control": control,
                    "counts": counted.get(control.id, {}),
                    "open": open_[control.id],
                    "judged": judged.get(control.id),
                }
            )
    return {"groups": groups, "only": only}


def shown(sight: Sight, query: Query, id: str) -> Mapping[str, Any]:
    """One control as the catalogue has it, and as the evidence does."""
    if id not in sight.ids:
        raise Unknown(f"{id}: no such control")
    control = sight.catalogue.controls[sight.ids[id]]
    scope = sight.of(control.id)
    chosen = {"severities": [], "verdicts": [], "limit": SHOWN, "offset": 0}
    at = chart.days(jst_day(sight.since), jst_day(sight.now))
    place = {day: n for n, day in enumerate(at)}
    series = {name: [0] * len(at) for name in chart.VERDICTS}
    for row in sight.ask(queries.JUDGED_DAYS, sight.during(id)):
        if row["verdict"] in series and row["day"] in place:
            series[row["verdict"]][place[row["day"]]] = row["number"]
    return {
        "control": control,
        "group": sight.catalogue.measures[id],
        "limits": site.limits(control),
        "read": site.read_by(control),
        "led": site.statements(sight.policies).get(id, ()),
        "at": at,
        "series": series,
        "counts": {name: sum(values) for name, values in series.items()},
        "found": sight.ask(queries.FINDINGS, scope, statuses=list(STANDING), **chosen),
        "closed": sight.ask(
            queries.COUNT, scope, severities=[], statuses=["closed"], verdicts=[]
        )[0]["number"],
    }  # fmt: skip
