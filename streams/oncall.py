"""The on-call loop: what people do about a finding, as events for `books`.

Each act is one function without side effects: a finding in the form of the contract, its course so
far, who does what; out come events in join form, or a Refusal that begins with the field that is
wrong.  `acts.publish` sends them.  Persons are named as the sources name them (staff ids); they
leave here as keyed hashes only.

Acknowledging, escalating, commenting and closing are steps of the finding's alert
(`alert.changed`, alert_id = finding_id).  A comment is a further acknowledgement with words, so it
counts as one: who comments cannot approve a dismissal.  An owner with a due date is a
nonconformity that belongs to the finding (`nonconformity.changed`, correlation_id = finding_id):
its actor is the owner, its recorder who assigned it; where there is one, closing as resolved ends
it with cause, plan and action (GOV-06 asks for all three, and later for its effect).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from controls.calendar import jst_day
from controls.events import AlertChanged, Event, NonconformityChanged, OwnSilenced
from controls.kernel import DAY, STANDING, Refusal
from controls.organizational.unanswered_alert import EXCUSED
from streams import acts
from streams.course import ASSIGNING, DISPOSITIONS, Course, Finding, course
from streams.free_text import impersonal
from streams.pseudonyms import Forms, jst_year

__all__ = [
    "ASSIGNING", "DISPOSITIONS", "Course", "Desk", "Finding", "Settled", "acknowledge", "assign",
    "close", "comment", "course", "escalate", "silence", "unsilence",
]  # fmt: skip

Kind = Literal["silence", "exception"]
SILENCE_DAYS: Mapping[str, int] = {"silence": 30, "exception": 366}
"""Days for which alerts may be silenced, by kind."""
DUE_DAYS = 366
"""Days within which what is assigned must be due."""
ENDING = ("cause_analysed", "plan_approved", "done")
"""Steps with which a nonconformity is done."""


class Settled(Refusal):
    """The finding does not admit the act any more."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an act is recorded: the installation's forms and organisation, and when (ms)."""

    forms: Forms
    org_id: str
    now: int

    def seen(self, person: str, at: int) -> str:
        """What a person is called in evidence of an event at `at` (ms)."""
        return self.forms.veil(self.forms.ref(person), jst_year(at))

    def event(self, kind: type[Event], by: str, /, **fields: Any) -> Event:
        return acts.own(self.forms, kind, self.org_id, self.now, by, **fields)


# -- acts -----------------------------------------------------------------------------------------


def acknowledge(
    desk: Desk, finding: Finding, course: Course, by: str, text: str | None = None
) -> list[Event]:
    """Somebody has seen it and is at it, perhaps with words."""
    _open(finding, course)
    said = None if text is None else impersonal("text", text)
    return [_step(desk, finding, course, "acknowledged", by, reason=said)]


def escalate(desk: Desk, finding: Finding, course: Course, by: str, reason: str) -> list[Event]:
    """It goes to the next level, and why."""
    _open(finding, course)
    return [_step(desk, finding, course, "escalated", by, reason=impersonal("reason", reason))]


def comment(desk: Desk, finding: Finding, course: Course, by: str, text: str) -> list[Event]:
    """Words on a finding that is acknowledged already."""
    if not course.steps("acknowledged"):
        raise Settled("finding: is not acknowledged yet; acknowledge it before commenting on it")
    return acknowledge(desk, finding, course, by, text)


def assign(
    desk: Desk, finding: Finding, course: Course, by: str, owner: str, due: date
) -> list[Event]:
    """Somebody has to do something about it by the end of a day (JST).

    Assigning again names another owner or an earlier day; a later day is an extension.
    """
    if finding["status"] == "superseded" or course.closing is not None:
        raise Settled("finding: is settled, nothing is left to be assigned")
    today = jst_day(desk.now)
    if not today <= due <= today + timedelta(days=DUE_DAYS):
        last = today + timedelta(days=DUE_DAYS)
        raise Refusal(f"due: a day from {today} to {last} is expected, not {due}")
    person = _person("owner", owner)
    going = course.corrections and not course.done
    nc_id = course.corrections[-1].nc_id if going else _nc_id(finding, course)
    later = going and course.due is not None and due > course.due
    fields = _correction(finding, nc_id, "extended" if later else "raised", due)
    return [desk.event(NonconformityChanged, person, recorded_by_ref=_person("by", by), **fields)]


def close(
    desk: Desk,
    finding: Finding,
    course: Course,
    disposition: str,
    by: str,
    cause: str,
    *,
    approver: str | None = None,
    action: str | None = None,
) -> list[Event]:
    """It is done with: resolved by a corrective action, or dismissed with another's approval.

    A second person is there in any case: the approver, else who closes what another has
    acknowledged.  What the finding is about, whoever acknowledged it and who closes it approve no
    dismissal.
    """
    if disposition not in DISPOSITIONS:
        raise Refusal(f"disposition: {', '.join(DISPOSITIONS)} is expected, not {disposition}")
    if finding["status"] == "superseded" or course.closing is not None:
        raise Settled("finding: is closed already")
    _person("by", by)
    reason = impersonal("cause", cause)
    if disposition == "resolved":
        if not (action or "").strip():
            raise Refusal("action: what was done about it (是正処置) is expected")
        reason = f"{reason}\n是正処置：{impersonal('action', action or '')}"
    elif action:
        raise Refusal(f"action: a finding that is {disposition} has no corrective action")
    elif not (approver or "").strip():
        raise Refusal(f"approver: another person must approve {disposition}")
    _second(desk, finding, course, disposition, by, approver)
    step = _step(desk, finding, course, disposition, by, reason=reason, approver_ref=approver)
    if disposition != "resolved" or not course.corrections or course.done:
        return [step]
    last = course.corrections[-1]
    there = {c.step for c in course.corrections if c.nc_id == last.nc_id}
    due = course.due or last.due
    ends = [name for name in ENDING if name not in there]
    return [
        step,
        *(
            desk.event(
                NonconformityChanged,
                approver if name == "plan_approved" and approver else by,
                **_correction(finding, last.nc_id, name, due),
            )
            for name in ends
        ),
    ]


def silence(
    desk: Desk,
    ends_at: int,
    by: str,
    approver: str,
    reason: str,
    *,
    control: str | None = None,
    subject: str | None = None,
    kind: Kind = "silence",
) -> list[Event]:
    """No alerts of a control, of a subject, or of a subject of a control until `ends_at` (ms).

    `subject` is as findings show it, or a reference as the sources send it.  The findings stay as
    they are: an exception (例外承認) is a longer silence that says so.
    """
    if not (control or (subject or "").strip()):
        raise Refusal("control: a silence of a control, of a subject or of both is expected")
    for name, person in (("by", by), ("approver", approver)):
        _person(name, person)
    if desk.forms.ref(by) == desk.forms.ref(approver):
        raise Refusal("approver: somebody else than who asks for it must approve")
    days = SILENCE_DAYS[kind]
    if not desk.now < ends_at <= desk.now + days * DAY:
        raise Refusal(f"until: a moment in the next {days} days is expected for kind {kind}")
    said = impersonal("reason", reason)
    keyed = f"{control}\n{subject}\n{by}\n{ends_at}\n{desk.now}".encode()
    return [
        desk.event(
            OwnSilenced,
            by,
            silence_id=f"sil-{desk.forms.digest(keyed)[:16]}",
            control_id=control,
            subject_ref=subject,
            starts_at=desk.now,
            ends_at=ends_at,
            by_ref=by,
            approver_ref=approver,
            reason=said,
            kind=kind,
        )
    ]


def unsilence(desk: Desk, silence: OwnSilenced, by: str, reason: str) -> list[Event]:
    """The silence ends now: a correction that takes its place.  `silence` is in evidence form.

    It needs no second person, since alerts are what there should be.
    """
    if silence.ends_at <= desk.now:
        raise Settled("silence: is over already")
    said = impersonal("reason", reason)
    return [
        desk.event(
            OwnSilenced,
            _person("by", by),
            silence_id=silence.silence_id,
            control_id=silence.control_id,
            subject_ref=silence.subject_ref,
            starts_at=min(silence.starts_at, desk.now),
            ends_at=desk.now,
            by_ref=by,
            approver_ref=by,
            reason=said,
            kind=silence.kind,
            corrects_event_id=silence.event_id,
        )
    ]


# -- what they share ------------------------------------------------------------------------------


def _open(finding: Finding, course: Course) -> None:
    if finding["status"] not in STANDING or course.closing is not None:
        raise Settled(f"finding: is {finding['status']} and admits nothing more")


def _person(field: str, person: str | None) -> str:
    if person is None or not person.strip():
        raise Refusal(f"{field}: a person is expected, as the sources name them")
    return person


def _step(
    desk: Desk, finding: Finding, course: Course, step: str, by: str, **more: Any
) -> Event:
    raised = course.steps("raised")
    candidate = finding["severity"] == "critical"
    return desk.event(
        AlertChanged,
        _person("by", by),
        alert_id=finding["finding_id"],
        control_id=finding["control"],
        severity=finding["severity"],
        step=step,
        by_ref=by,
        incident_candidate=raised[-1].incident_candidate if raised else candidate,
        **more,
    )


def _second(
    desk: Desk, finding: Finding, course: Course, disposition: str, by: str, approver: str | None
) -> None:
    """Refusal where one person alone would close it."""
    acknowledged = course.steps("acknowledged")

    def acknowledger(person: str) -> bool:
        return any(desk.seen(person, s.occurred_at) == s.by_ref for s in acknowledged)

    if not (approver or "").strip():
        if acknowledger(by):
            raise Refusal(
                "approver: who closes it has acknowledged it; another person must close or approve"
            )
        return
    assert approver is not None
    if desk.forms.ref(approver) == desk.forms.ref(by):
        raise Refusal("approver: somebody else than who closes it must approve")
    if disposition in EXCUSED and acknowledger(approver):
        raise Refusal("approver: somebody else than who acknowledged it must approve")
    named = {a.about_ref for a in course.alerts if a.about_ref}
    times = {finding["occurred_at"], *(a.occurred_at for a in course.alerts)}
    names = {desk.seen(approver, at) for at in times}
    if names & named or any(name in finding["subject"] for name in names):
        raise Refusal("approver: somebody else than whom it is about must approve")


def _nc_id(finding: Finding, course: Course) -> str:
    """The finding's own, with a number from the second on."""
    number = len({c.nc_id for c in course.corrections})
    return f"nc-{finding['finding_id']}" + (f"-{number + 1}" if number else "")


def _correction(finding: Finding, nc_id: str, step: str, due: date) -> dict[str, Any]:
    return {
        "nc_id": nc_id,
        "step": step,
        "source": "alert",
        "due": due,
        "severity": "major" if finding["severity"] in ("high", "critical") else "minor",
        "correlation_id": finding["finding_id"],
    }
