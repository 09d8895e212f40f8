"""What people do about a finding, from the forms of its page to events in `books`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from controls.calendar import day_start
from controls.events import Event
from controls.kernel import Refusal
from streams import oncall
from streams.console.sight import Unknown
from streams.oncall import Course, Desk, Finding
from streams.store import Store

Form = Mapping[str, str]
Publish = Callable[[Sequence[Event]], None]


def carried_out(name: str, finding_id: str, form: Form, store: Store, desk: Desk) -> list[Event]:
    """The events of an act; Refusal begins with the field that is wrong."""
    act = ACTS.get(name)
    if act is None:
        raise Unknown("there is no such act")
    found = store.finding(finding_id)
    if not found:
        raise Unknown("there is no such finding")
    return act(desk, found[-1], oncall.course(store, finding_id), form)


def _acknowledge(desk: Desk, finding: Finding, course: Course, form: Form) -> list[Event]:
    return oncall.acknowledge(desk, finding, course, _given(form, "by"))


def _comment(desk: Desk, finding: Finding, course: Course, form: Form) -> list[Event]:
    return oncall.comment(desk, finding, course, _given(form, "by"), _given(form, "text"))


def _escalate(desk: Desk, finding: Finding, course: Course, form: Form) -> list[Event]:
    return oncall.escalate(desk, finding, course, _given(form, "by"), _given(form, "reason"))


def _assign(desk: Desk, finding: Finding, course: Course, form: Form) -> list[Event]:
    due = _day(form, "due")
    return oncall.assign(desk, finding, course, _given(form, "by"), _given(form, "owner"), due)


def _close(desk: Desk, finding: Finding, course: Course, form: Form) -> list[Event]:
    return oncall.close(
        desk, finding, course, _given(form, "disposition"), _given(form, "by"),
        _given(form, "cause"), approver=_given(form, "approver") or None,
        action=_given(form, "action") or None,
    )  # fmt: skip


def _silence(desk: Desk, finding: Finding, course: Course, form: Form) -> list[Event]:
    kind = _given(form, "kind")
    if kind not in oncall.SILENCE_DAYS:
        raise Refusal(f"kind: {', '.join(oncall.SILENCE_DAYS)} is expected")
    scope = _given(form, "scope")
    if scope not in ("subject", "control"):
        raise Refusal("scope: subject, control is expected")
    return oncall.silence(
        desk, day_start(_day(form, "until") + timedelta(days=1)), _given(form, "by"),
        _given(form, "approver"), _given(form, "reason"), control=finding["control"],
        subject=finding["subject"] if scope == "subject" else None,
        kind="exception" if kind == "exception" else "silence",
    )  # fmt: skip


ACTS: Mapping[str, Callable[[Desk, Finding, Course, Form], list[Event]]] = {
    "acknowledge": _acknowledge,
    "comment": _comment,
    "escalate": _escalate,
    "assign": _assign,
    "close": _close,
    "silence": _silence,
}


def _given(form: Form, name: str) -> str:
    return form.get(name, "").strip()


def _day(form: Form, name: str) -> date:
    given: Any = _given(form, name)
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Refusal(f"{name}: a day is expected, YYYY-MM-DD") from None
