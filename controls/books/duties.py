"""What the management system knows of itself: policies, activities, people in office."""

from __future__ import annotations

from controls.books.core import ROLES, STAFF
from controls.calendar import day_end, day_start
from controls.events import (
    AttestationRecorded,
    NonconformityChanged,
    PmsActivity,
    PolicyChanged,
    PurposePublished,
)
from controls.registers import Register, View, field

POLICIES = Register("policies", (PolicyChanged,), field("policy_id"))
"""Versions of policies: approved, published, withdrawn, by policy_id."""

ACTIVITIES = Register("activities", (PmsActivity,), field("activity"))
"""What was done for the management system, by activity."""


def holders(role: str, at: int, view: View) -> list[str]:
    """Who holds a role at that moment (ms): assigned, its term not ended, not left the house."""
    held: dict[str, bool] = {}
    for change in view.entries(ROLES, role, at):
        if change.state == "assigned" or day_end(change.effective_on) <= at:
            held[change.person_ref] = change.state == "assigned"
    return [person for person, holds in held.items() if holds and not left(person, at, view)]


def left(person: str, at: int, view: View) -> bool:
    """Somebody whose last day is over."""
    changes = view.entries(STAFF, person, at)
    last = changes[-1] if changes else None
    return last is not None and last.change == "left" and day_end(last.effective_on) <= at


def department(person: str, at: int, view: View) -> str | None:
    """The department somebody works in at that moment (ms); None where nobody knows."""
    change = view.latest(STAFF, person, at)
    return None if change is None else str(change.dept_id)


def active(person: str, at: int, view: View) -> bool:
    """Whether somebody is on the staff at that moment (ms), contractors' staff left out."""
    change = view.latest(STAFF, person, at)
    ours = change is not None and change.kind != "contractor_staff"
    return ours and not left(person, at, view)


def departments(at: int, view: View) -> dict[str, int]:
    """Departments with active staff at that moment (ms), and since when the first of them has
    been there (ms)."""
    found: dict[str, int] = {}
    for person in view.keys(STAFF):
        if active(person, at, view):
            dept = department(person, at, view) or ""
            came = (
                day_start(change.effective_on)
                for change in view.all(STAFF, person)
                if change.dept_id == dept
            )
            since = min(came)
            found[dept] = min(found.get(dept, since), since)
    return found


CAUSED = Register("caused", (NonconformityChanged,), field("correlation_id"))
"""Nonconformities, by what they were raised for: a finding, an activity, another one."""

GENERAL_NOTICES = Register(
    "general_notices",
    (PurposePublished,),
    lambda notice: () if notice.dataset_ids else ("all",),
    lambda notice: notice.effective_from,
)
"""Purposes of use published for all datasets, under `all`, from effective_from."""

ATTESTATIONS = Register("attestations", (AttestationRecorded,), lambda answer: answer.statement_ids)
"""What owners said of statements that no event shows, by each statement."""

PUBLISHED = Register(
    "published",
    (PolicyChanged,),
    lambda change: ("published",) if change.step == "published" else (),
)
"""Published versions of any policy, all under `published`."""

BOOKS = (ATTESTATIONS, PUBLISHED, GENERAL_NOTICES, POLICIES, ACTIVITIES, CAUSED)
