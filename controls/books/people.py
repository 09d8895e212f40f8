"""Who comes and goes, and what is carried out of the house."""

from __future__ import annotations

from typing import Any

from controls.books.core import ACCOUNTS, STAFF
from controls.calendar import day_end
from controls.events import (
    AlertChanged,
    ApprovalGranted,
    AssetTakenOut,
    PledgeSigned,
    StaffChanged,
    TrainingCompleted,
    TrainingPlanned,
)
from controls.registers import Register, View, field

APPROVAL_IDS = Register("approval_ids", (ApprovalGranted,), field("approval_id"))
"""Approvals, by approval_id."""

TAKEOUTS = Register("takeouts", (AssetTakenOut,), field("approval_id"))
"""What was taken out, by the approval that its line names."""

HOLDER_TAKEOUTS = Register("holder_takeouts", (AssetTakenOut,), field("holder_ref"))
"""The same, by who holds it."""

COURSES = Register("courses", (TrainingPlanned,), lambda course: ("all",))
"""Courses that are due, all under `all`."""

TRAININGS = Register("trainings", (TrainingCompleted,), field("person_ref"))
"""Courses that somebody completed, by person_ref."""

PLEDGES = Register("pledges", (PledgeSigned,), field("person_ref"))
"""Pledges of confidentiality, by person_ref."""

ALERTS = Register("alerts", (AlertChanged,), field("alert_id"))
"""Steps of alerts, by alert_id."""

PASS_SCORE = 80
"""A score below this is not passed, whatever else is said."""


def passed(training: TrainingCompleted, score: int = PASS_SCORE) -> bool:
    return training.passed and (training.score is None or training.score >= score)


def gone(person: str, at: int, view: View) -> StaffChanged | None:
    """The leaving of somebody who had left before that moment (ms) and not come back."""
    last = view.latest(STAFF, person, at)
    if last is None or last.change != "left" or at <= day_end(last.effective_on):
        return None
    return last if isinstance(last, StaffChanged) else None


def owners(use: Any, view: View) -> list[str]:
    """Whose sign-in or query it is: the actor's, else that of who owns the account."""
    account = view.latest(ACCOUNTS, use.account_ref, use.occurred_at)
    names = [use.actor_ref, *([account.owner_ref] if account is not None else [])]
    return [name for name in dict.fromkeys(names) if name]


BOOKS = (
    APPROVAL_IDS,
    TAKEOUTS,
    HOLDER_TAKEOUTS,
    COURSES,
    TRAININGS,
    PLEDGES,
    ALERTS,
)
