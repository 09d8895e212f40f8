"""The dossier of an incident, as all its terms are judged by it: what was known when, what was
done, and whether a report is owed (Rule 7 to 9 of the Enforcement Rules of the APPI)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.core import DATASETS
from controls.calendar import jst_day, roll_forward
from controls.events import (
    IncidentDetected,
    IncidentNotified,
    IncidentReported,
    IncidentStep,
    RegisterDataset,
)
from controls.kernel import HOUR
from controls.registers import View
from controls.shapes import Fact, Look, Revisits, one_key, standing

AUTHORITIES = ("ppc", "delegated_minister")
MANY = 1_000
"""Rule 7(iv) speaks of more than so many persons."""

by_incident = one_key("incident_id")
BY = {IncidentDetected: "incident_id"}


def fact(event: Any) -> Fact:
    """[at, event_id, corrects, what, what is asked of it]."""
    head = [event.occurred_at, event.event_id, event.corrects_event_id or ""]
    if isinstance(event, IncidentDetected):
        known = {
            "version": event.version or 0,
            "known_at": event.known_at,
            "items": computed(event),
            "malicious": event.malicious,
            "spared": event.strongly_encrypted or event.fully_recovered_unread,
            "entrusted": event.role == "entrustee",
            "datasets": list(event.dataset_ids),
            "numbers": event.my_number
            and (event.malicious or bool(event.publicly_viewable), event.principals_max),
        }
        return [*head, "version", known]
    if isinstance(event, IncidentStep):
        until = event.deferral_until and f"{event.deferral_until}"
        told = {
            "items": sorted(set(event.reportable_items) - {"none"}),
            "deferral": until,
            "publication": event.publication_decision,
        }
        return [*head, event.step, told]
    if isinstance(event, IncidentReported):
        filed = {
            "to": event.to,
            "stage": event.stage,
            "filled": list(event.items_filled),
            "unknown": list(event.unknown_items),
        }
        return [*head, "report", filed]
    assert isinstance(event, IncidentNotified)
    sent = {
        "notified": event.principals_notified,
        "total": event.principals_total,
        "method": event.method,
        "items": list(event.items),
        "reason": bool(event.difficulty_reason),
    }
    return [*head, "notice", sent]


def computed(event: IncidentDetected) -> list[str]:
    """The items of Rule 7 that the facts of a version fulfil."""
    items = {
        "rule7_1": event.sensitive,
        "rule7_2": event.financial_risk,
        "rule7_3": event.malicious,
        "rule7_4": event.principals_max > MANY,
    }
    return [item for item, true in items.items() if true]


def versions(facts: Sequence[Fact]) -> list[Fact]:
    """What was known, from the first version to the last."""
    return sorted(standing(facts, "version"), key=lambda v: (v[4]["version"], v[0], v[1]))


def in_force(facts: Sequence[Fact], moment: int) -> Mapping[str, Any]:
    """The version in force at a moment; the first where none was recorded by then."""
    known = versions(facts)
    found: Mapping[str, Any] = ([v for v in known if v[0] <= moment] or known[:1])[-1][4]
    return found


def known_at(facts: Sequence[Fact]) -> int:
    """When the first department knew (ms), as the first version says."""
    return int(versions(facts)[0][4]["known_at"])


def started(facts: Sequence[Fact]) -> int | None:
    """known_at of the first version that makes the incident reportable."""
    return next((v[4]["known_at"] for v in versions(facts) if v[4]["items"]), None)


def reports(facts: Sequence[Fact], to: Sequence[str], stages: Sequence[str]) -> list[Fact]:
    """The reports of these stages to one of these, oldest first."""
    return [r for r in standing(facts, "report") if r[4]["to"] in to and r[4]["stage"] in stages]


def filled(facts: Sequence[Fact]) -> tuple[int, ...]:
    """The items that reports to the authorities have stated and do not call unknown."""
    told = reports(facts, AUTHORITIES, ("preliminary", "final", "supplement", "single"))
    stated = {item for report in told for item in report[4]["filled"]}
    return tuple(sorted(stated - set(told[-1][4]["unknown"]))) if told else ()


def withdrawn(facts: Sequence[Fact], moment: int) -> bool:
    """Whether by then it was found to be no incident at all."""
    return any(step[0] <= moment for step in standing(facts, "withdrawn"))


def pseudonymized(facts: Sequence[Fact], moment: int, view: View) -> bool:
    """Every dataset concerned is pseudonymized, as registered when the version was recorded."""
    known = versions(facts)
    version = ([v for v in known if v[0] <= moment] or known[:1])[-1]
    books = [view.latest(DATASETS, dataset, version[0]) for dataset in version[4]["datasets"]]
    return bool(books) and all(b is not None and b.dataset_class == "pseudonymized" for b in books)


def exempt(facts: Sequence[Fact], moment: int, view: View) -> bool:
    """Something takes the incident out of Rule 7 at that moment, as far as known (INC-02)."""
    return bool(
        in_force(facts, moment)["spared"]
        or withdrawn(facts, moment)
        or pseudonymized(facts, moment, view)
    )


def reportable(facts: Sequence[Fact], moment: int, view: View) -> bool:
    """Rule 7 applies at that moment, as far as known."""
    return bool(in_force(facts, moment)["items"]) and not exempt(facts, moment, view)


def owed(facts: Sequence[Fact], moment: int, view: View, client_hours: int) -> bool:
    """A report is owed at that moment: an entrustee that told its client in time is free
    (Rule 9)."""
    if not reportable(facts, moment, view):
        return False
    told_by = known_at(facts) + client_hours * HOUR
    told = any(r[4]["to"] == "client" and r[0] <= told_by for r in standing(facts, "report"))
    return not (in_force(facts, moment)["entrusted"] and told)


def final_day(
    facts: Sequence[Fact], start: int, days: int, malicious: int, *, rolled: bool
) -> date:
    """The last day of a final report: the day of `start` (ms) is day 1; more days where any
    version is malicious; a term that ends on a closed day of the administration ends on the next
    open one where it is rolled (Rule 8(2))."""
    term = malicious if any(v[4]["malicious"] for v in versions(facts)) else days
    last = jst_day(start) + timedelta(days=term - 1)
    return roll_forward(last) if rolled else last


def unknown_incident(facts: Sequence[Fact], incident: str) -> dict[str, Any]:
    """What an indeterminate verdict says of steps whose incident nobody detected."""
    return {"at": facts[0][0], "missing": (f"incident.detected {incident}",)}


def _of_dataset(dataset: RegisterDataset) -> tuple[Look, ...]:
    return (Look(IncidentDetected, None, "", dataset.occurred_at),)


REVISITS: Revisits = {RegisterDataset: _of_dataset}
