"""人的安全管理 — joiners, movers and leavers, training and pledges (APPI Art. 24)."""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Day, Int, Kept, Ref

__all__ = ["PeopleEvent", "PledgeSigned", "StaffChanged", "TrainingCompleted", "TrainingPlanned"]


@event(natural_key=("person_ref", "change", "effective_on"), retention="register")
class StaffChanged(Event):
    """人事異動 — somebody joined, moved, went on leave or left."""

    event_type: Literal["staff.changed"] = "staff.changed"
    person_ref: Ref
    kind: Kept[Literal["officer", "employee", "part_time", "dispatched", "contractor_staff"]]
    change: Kept[Literal["joined", "moved", "leave_start", "leave_end", "left"]]
    dept_id: Kept[str]
    contractor_id: Kept[str | None] = None
    """For staff of a contractor."""
    effective_on: Kept[Day]


@event(natural_key=("course_id",), retention="pms")
class TrainingPlanned(Event):
    """教育計画 — a course is due for an audience."""

    event_type: Literal["training.planned"] = "training.planned"
    course_id: Kept[str]
    fiscal_year: Kept[Int]
    audience: Kept[str]
    due_on: Kept[Day]
    content_items: Kept[tuple[str, ...]]


@event(natural_key=("person_ref", "course_id", "completed_on"), retention="pms")
class TrainingCompleted(Event):
    """教育受講 — one person took a course."""

    event_type: Literal["training.completed"] = "training.completed"
    person_ref: Ref
    course_id: Kept[str]
    score: Kept[Int | None] = None
    passed: Kept[bool]
    completed_on: Kept[Day]
    makeup: Kept[bool]


@event(natural_key=("person_ref", "kind", "signed_on"), retention="pms")
class PledgeSigned(Event):
    """誓約書 — one person signed a pledge."""

    event_type: Literal["pledge.signed"] = "pledge.signed"
    person_ref: Ref
    kind: Kept[Literal["joining", "leaving", "project"]]
    signed_on: Kept[Day]
    version: Kept[str]


PeopleEvent = StaffChanged | TrainingPlanned | TrainingCompleted | PledgeSigned
"""Any event of this family."""
