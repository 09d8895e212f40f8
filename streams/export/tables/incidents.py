"""08: incidents, their terms and what was done about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controls.books.core import DATASETS
from controls.calendar import day_end
from controls.events import (
    Event,
    IncidentDetected,
    IncidentNotified,
    IncidentReported,
    IncidentStep,
    NonconformityChanged,
    RegisterDataset,
)
from controls.incident.dossier import (
    AUTHORITIES,
    exempt,
    fact,
    final_day,
    in_force,
    known_at,
    reports,
    started,
    versions,
)
from controls.kernel import HOUR, Text
from controls.registers import Registers, View
from controls.shapes import standing
from streams.export.tables.table import Cells, Table, columns, listed, moment
from streams.export.tables.told import Told, by

COLUMNS = columns(
    "incident_id | 事故番号",
    "known_at | 知った日時",
    "kind | 事象",
    "cause | 原因",
    "rule7 | 該当号",
    "exempt | 報告対象外",
    "max_persons | 本人数（最大）",
    "prelim_due | 速報期限",
    "prelim_filed | 速報提出",
    "final_due | 確報期限",
    "final_filed | 確報提出",
    "notified | 本人通知",
    "notified_persons | 通知済み本人数",
    "pm_reported | Pマーク報告",
    "contained | 封じ込め",
    "corrective | 再発防止",
    "nc_id | 是正番号",
    "closed | 終結",
)
KINDS: tuple[type[Event], ...] = (
    IncidentDetected,
    IncidentStep,
    IncidentReported,
    IncidentNotified,
)


def incidents(told: Told) -> Table:
    files: dict[str, list[Any]] = {}
    for kind in KINDS:
        for event in told.of(kind):
            of: Any = event
            files.setdefault(of.incident_id, []).append(of)
    registers = Registers((DATASETS,))
    for dataset in told.of(RegisterDataset):
        registers.add(dataset, 0)
    view = registers.view(0, told.evidence.cut.at)
    rows = []
    for name, file in files.items():
        file.sort(key=lambda event: (event.occurred_at, event.event_id))
        if _concerned(file, told):
            rows.append(_row(name, file, view, told))
    rows.sort(key=lambda row: (str(row[1] or ""), str(row[0])))
    return Table(
        "08_incidents",
        Text("事故・緊急事態", "Incidents"),
        COLUMNS,
        rows,
        "incident.* of incidents that were known before the period's end and not closed before "
        "it; items of Rule 7 as the facts of the last version fulfil them, terms as INC-03 and "
        "INC-04 reckon them, empty where no report is owed; an incident told of only by its steps "
        "has no detection on record",
    )


def _steps(file: Sequence[Any], *steps: str) -> list[int]:
    return [e.occurred_at for e in file if isinstance(e, IncidentStep) and e.step in steps]


def _concerned(file: Sequence[Any], told: Told) -> bool:
    begun = min(getattr(event, "known_at", event.occurred_at) for event in file)
    closed = _steps(file, "closed", "withdrawn")
    over = bool(closed) and closed[-1] < told.period.start
    return begun < told.period.end and not over


def _row(name: str, file: Sequence[Any], view: View, told: Told) -> Cells:
    facts = [fact(event) for event in file]
    detected = [event for event in file if isinstance(event, IncidentDetected)]
    last = max(detected, key=lambda e: (e.version or 0, e.occurred_at), default=None)
    known = bool(versions(facts))
    start = started(facts) if known else None
    spared = known and exempt(facts, view.now, view)
    terms = _terms(facts, start, told) if start is not None and not spared else (None, None)
    caused = by(told.of(NonconformityChanged), "correlation_id")
    causes = {name, *(event.event_id for event in file)}
    notices = standing(facts, "notice")
    return (
        name,
        moment(known_at(facts) if known else None),
        last.kind if last else None,
        last.cause if last else None,
        listed(in_force(facts, view.now)["items"]) if known else None,
        spared if known else None,
        max((event.principals_max for event in detected), default=None),
        moment(terms[0]),
        _filed(facts, AUTHORITIES, ("preliminary", "single")),
        moment(terms[1]),
        _filed(facts, AUTHORITIES, ("final", "single")),
        moment(notices[0][0] if notices else None),
        max((notice[4]["notified"] for notice in notices), default=None),
        _filed(facts, ("privacymark_body",), ("preliminary", "final", "supplement", "single")),
        moment(next(iter(_steps(file, "contained")), None)),
        listed(map(moment, _steps(file, "corrective_decided", "corrective_verified"))),
        listed(sorted({nc.nc_id for cause in causes for nc in caused.get(cause, ())})),
        moment(next(reversed(_steps(file, "closed", "withdrawn")), None)),
    )


def _terms(facts: Sequence[Any], start: int, told: Told) -> tuple[int, int]:
    """When (ms) the preliminary and the final report are due."""
    first, final = told.catalogue["INC-03"].params, told.catalogue["INC-04"].params
    day = final_day(facts, start, final.n_default, final.n_malicious, rolled=final.roll_forward)
    return start + first.limit_hours * HOUR, day_end(day)


def _filed(facts: Sequence[Any], to: Sequence[str], stages: Sequence[str]) -> str:
    return listed(
        f"{moment(r[0])} {r[4]['to']} {r[4]['stage']}" for r in reports(facts, to, stages)
    )
