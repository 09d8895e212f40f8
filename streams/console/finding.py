"""Findings: the list with its filters, one with all that is known of it, and one event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from controls.calendar import jst_text
from controls.catalogue import MEASURES
from controls.events import Event, OwnSilenced, spec
from controls.kernel import SEVERITIES, STANDING
from streams import oncall
from streams.alerts.standing import covers
from streams.console import queries
from streams.console.proof import Proofs
from streams.console.sight import Query, Row, Sight, Unknown, number, one_of
from streams.export.gaps import standing
from streams.recall import EVER
from streams.store import Ask
from streams.store.columns import ENVELOPE, names

PAGE = 100
"""Findings on one page of the list."""
STATUSES = (*STANDING, "closed")
VERDICTS = ("violation", "indeterminate")
OWN = frozenset(
    ("finding_id", "revision", "control", "check", "code", "verdict", "missing", "retroactive",
     "severity", "subject", "occurred_at", "detected_at", "recorded_at", "status", "event_ids",
     "events", "text")
)  # fmt: skip
"""Keys of a finding that its page shows in their own places; others are facts."""
_ENVELOPE = frozenset(names(ENVELOPE))


def listed(sight: Sight, query: Query, size: int = PAGE) -> Mapping[str, Any]:
    """The findings that the address asks for, newest first."""
    control = one_of(query, "control", tuple(sight.ids))
    measure = one_of(query, "measure", MEASURES)
    severity = one_of(query, "severity", SEVERITIES)
    status = one_of(query, "status", (*STATUSES, "all"))
    verdict = one_of(query, "verdict", VERDICTS)
    page = number(query, "page", 1, 10_000)
    of = [
        id
        for id in sight.ids
        if control in ("", id) and measure in ("", sight.catalogue.measures[id])
    ]
    statuses = {"": list(STANDING), "all": []}.get(status, [status])
    chosen = {
        "severities": [severity] if severity else [],
        "statuses": statuses,
        "verdicts": [verdict] if verdict else [],
    }
    scope = sight.of(*(of or [""])) if control or measure else sight.of()
    total = sight.ask(queries.COUNT, scope, **chosen)[0]["number"]
    rows = sight.ask(
        queries.FINDINGS, scope, **chosen, limit=size, offset=(page - 1) * size
    )
    asked = {"measure": measure, "control": control, "severity": severity, "status": status,
             "verdict": verdict}  # fmt: skip
    return {
        "rows": rows,
        "total": total,
        "page": page,
        "pages": max(1, -(-total // size)),
        "asked": asked,
        "statuses": (*STATUSES, "all"),
        "measures": MEASURES,
        "controls": sight.catalogue.controls,
    }


def shown(proofs: Proofs, sight: Sight, query: Query, id: str) -> Mapping[str, Any]:
    """One finding: its revisions, why, its events, its proof and what was done about it."""
    revisions = sight.store.finding(id)
    if not revisions:
        raise Unknown(f"{id}: no such finding")
    finding = revisions[-1]
    known = finding["control"] in sight.ids
    control = sight.catalogue.controls[sight.ids[finding["control"]]] if known else None
    code = control.codes.get(finding["code"]) if control and finding["code"] else None
    row = sight.ask(queries.PLACES, id=id)[-1]
    at = row["lane"], row["partition"], row["block"], row["line"]
    ids: list[str] = finding["event_ids"] or next(
        (each["event_ids"] for each in reversed(revisions) if each["event_ids"]), []
    )
    return {
        "finding": finding,
        "revisions": revisions,
        "control": control,
        "group": sight.catalogue.measures.get(finding["control"], ""),
        "code": code,
        "facts": {name: value for name, value in finding.items() if name not in OWN},
        "events": events(sight, ids),
        "proof_": proofs.of(sight, "findings", *at),
        "course": oncall.course(sight.store, id) if sight.whole else None,
        "silences": silences(sight, finding) if sight.whole else (),
    }


def silences(sight: Sight, finding: Row) -> list[OwnSilenced]:
    """Silences and exceptions that cover a finding now."""
    head, forms = sight.store.head("books", 0), sight.forms
    if head is None or forms is None:
        return []
    ask = Ask(OwnSilenced.type, None, frozenset(), 0, EVER)
    told: Iterator[Any] = sight.store.recall("books", 0, head.last_offset + 1, [ask])
    return [
        each
        for each in standing(told)
        if each.starts_at <= sight.now < each.ends_at and covers(each, finding, forms)
    ]


def events(sight: Sight, ids: Iterable[str]) -> list[Row]:
    """Events by id with where they stand; their fields for who may see them."""
    wanted = list(dict.fromkeys(ids))
    places = {row["event_id"]: row for row in sight.ask(queries.EVENT_PLACES, ids=wanted)}
    held = {event.event_id: event for event in sight.store.events(wanted)}
    return [
        {
            "id": id,
            "place": places.get(id),
            "type": held[id].type if id in held else None,
            "summary": spec(held[id].type).summary if id in held else None,
            "at": held[id].occurred_at if id in held else None,
            "source": held[id].source_id if id in held else None,
            "fields": fields(held[id]) if id in held and sight.whole else (),
        }
        for id in wanted
    ]


def fields(event: Event) -> list[tuple[str, str, str]]:
    """What evidence keeps of an event: name, value and what became of the value; fields of the
    type first."""
    found = []
    for field in spec(event.type).fields:
        value = getattr(event, field.name)
        if value is None or field.name in ("event_id", "event_type"):
            continue
        said = jst_text(value) if field.kind == "instant" else _said(value)
        found.append((field.name in _ENVELOPE, field.name, said, field.ev))
    found.sort(key=lambda row: row[0])
    return [row[1:] for row in found]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return ", ".join(map(_said, value)) or "–"
    return str(value) if value != "" else "–"


def event(proofs: Proofs, sight: Sight, query: Query, id: str) -> Mapping[str, Any]:
    """One event: its fields, its proof, and the findings that rest on it."""
    row = events(sight, [id])[0]
    if row["place"] is None:
        raise Unknown("no such event; retention may have let it go")
    place = row["place"]
    at = place["lane"], place["partition"], place["block"], place["line"]
    return {
        "event": row,
        "proof_": proofs.of(sight, "events", *at),
        "citing": sight.ask(queries.CITING, id=id),
    }


