"""Our own findings in the register of alerts: grave ones are raised there, and ended when they are
over.

Derived from what stands and from what the register says, so that it can be told again: ids and
contents come from the revision that is told, and the same is a duplicate.  No loop comes of it:
ORG-06 and INC-01 judge alerts, and of GOV-08 what is about the pipeline itself is left out:
CHAIN_BREAK, and every code about the tool's own source.  (PAYLOAD_CONFLICT is about a sender.)
Alertmanager is told of them all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from controls.events import AlertChanged, Event, StaffChanged
from controls.registers import FOREVER, Registers
from streams import acts
from streams.acts import SOURCE
from streams.alerts.standing import Standing, stands
from streams.keys import Destroyed
from streams.oncall import Finding
from streams.pseudonyms import Forms, jst_year
from streams.recall import Familiar
from streams.store import Store

GRAVE = ("high", "critical")
"""Severities that are raised as events (decisions.md)."""
ABOUT_ALERTS = ("ORG-06", "INC-01")
"""Controls that judge the register itself."""
PIPELINE = ("GOV-08", ("CHAIN_BREAK",))
"""The codes of a control that are about the pipeline itself."""


def own_affair(finding: Finding) -> bool:
    """Whether it is about alerts or the pipeline itself, and so no event."""
    control, codes = PIPELINE
    source, _, _ = finding["subject"].partition("|")
    return finding["control"] in ABOUT_ALERTS or (
        finding["control"] == control and (finding["code"] in codes or source == SOURCE)
    )


def grave(finding: Finding) -> bool:
    """Whether it stands and is to be raised."""
    return stands(finding) and finding["severity"] in GRAVE and not own_affair(finding)


def owing(standing: Standing) -> list[str]:
    """The findings of which the register does not say what stands."""
    raised, found = standing.raised, standing.findings
    late = [
        name
        for name, finding in found.items()
        if grave(finding) and raised.get(name) in (None, "over") and name not in standing.closed
    ]
    over = [name for name, state in raised.items() if state == "open" and name not in found]
    return sorted({*late, *over})


def owed(
    names: Iterable[str], standing: Standing, store: Store, forms: Forms, org_id: str,
    people: Familiar | None = None,
) -> list[Event]:  # fmt: skip
    """The events by which the register comes to say what stands, in order of time.

    `people` are the references of staff: who a finding is about is named where it is one of them.
    """
    events = []
    for name in names:
        revisions = store.finding(name)
        last = turn(revisions)
        if last is None or (last[0] == "raised") == (standing.raised.get(name) == "open"):
            continue
        step, told, begun, reason = last
        try:
            event = stepped(forms, org_id, told["recorded_at"], begun, step, reason)
        except Destroyed:  # of a year that can be neither told nor judged any more
            continue
        about = subject(begun, people)
        if about is not None:
            event = replace(event, about_ref=about)  # type: ignore[call-arg]  # an AlertChanged
        events.append(event)
    return sorted(events, key=lambda event: (event.occurred_at, event.event_id))


def stepped(
    forms: Forms, org_id: str, at: int, finding: Finding, step: str, reason: str | None = None
) -> Event:
    """What the service itself says of a finding's alert, at `at` (ms)."""
    return acts.own(
        forms, AlertChanged, org_id, at,
        alert_id=finding["finding_id"],
        control_id=finding["control"],
        severity=finding["severity"],
        step=step,
        by_ref=SOURCE,
        incident_candidate=finding["severity"] == "critical",
        reason=reason,
    )  # fmt: skip


Turn = tuple[str, dict[str, Any], dict[str, Any], str | None]
"""The step, the revision with which it came, the one that began it, and the reason."""


def turn(revisions: Sequence[dict[str, Any]]) -> Turn | None:
    """The last time that a finding began to be grave, or was over after that; None where it never
    was."""
    begun: dict[str, Any] | None = None
    last: Turn | None = None
    for revision in revisions:
        if begun is None and grave(revision):
            begun = revision
            last = ("raised", revision, begun, None)
        elif begun is not None and not stands(revision):
            violated = revision["verdict"] == "violation" and revision["status"] == "closed"
            last = ("resolved", revision, begun, "over" if violated else "superseded")
            begun = None
    return last


def subject(finding: Finding, people: Familiar | None) -> str | None:
    """The join form of the one member of staff that the subject of a finding names."""
    if people is None:
        return None
    known = people.of(jst_year(finding["occurred_at"]))
    found = {known[part] for part in finding["subject"].split("|") if part in known}
    return found.pop() if len(found) == 1 else None


def staff(registers: Registers, forms: Forms) -> Familiar:
    """The references of all staff that the registers know."""
    people = Familiar(forms)
    changes = registers.changes(-1, FOREVER)
    people.add({change.person_ref for change in changes if isinstance(change, StaffChanged)})
    return people
