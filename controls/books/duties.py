"""What the management system knows of itself: policies, activities, people in office."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from controls.books.core import ROLES, STAFF
from controls.calendar import day_end, day_start, jst_day
from controls.events import (
    AttestationRecorded,
    NonconformityChanged,
    PmsActivity,
    PolicyChanged,
    PurposePublished,
    RegisterDataset,
    RoleChanged,
    RulesChanged,
    StaffChanged,
)
from controls.registers import Register, View, field

POLICIES = Register("policies", (PolicyChanged,), field("policy_id"))
"""Versions of policies: approved, published, withdrawn, by policy_id."""

ACTIVITIES = Register("activities", (PmsActivity,), field("activity"))
"""What was done for the management system, by activity."""


PERSON_ROLES = Register("person_roles", (RoleChanged,), field("person_ref"))
"""Who was assigned to a role and whose term ended, by person_ref."""

DEPT_STAFF = Register("dept_staff", (StaffChanged,), field("dept_id"))
"""Joining, moving, leave and leaving, by dept_id; ask STAFF where somebody is now."""

DEPT_DATASETS = Register("dept_datasets", (RegisterDataset,), field("owner_dept"))
"""Lines of the 個人情報管理台帳 by owner_dept; a later version may name another: ask DATASETS."""

RULES = Register("rules", (RulesChanged,), field("rule_id"))
"""Steps of internal rules, acknowledgements included, by rule_id."""


class Tenure(NamedTuple):
    """Somebody in office, both days included; `last` None has no end."""

    first: date
    last: date | None
    person: str
    left: bool
    """Whether it ended with the person's leaving the house."""


def tenures(role: str, view: View) -> list[Tenure]:
    """Who held a role and when: from assigned to ended, at the longest to the last day in the
    house."""
    changes = view.all(ROLES, role)
    found = []
    for change in changes:
        if change.state != "assigned" or left(
            change.person_ref, day_start(change.effective_on), view
        ):
            continue
        person, first = change.person_ref, change.effective_on
        ended = [
            c.effective_on
            for c in changes
            if (c.person_ref, c.state) == (person, "ended") and c.effective_on >= first
        ]
        gone = [
            c.effective_on
            for c in view.all(STAFF, person)
            if c.change == "left" and c.effective_on >= first
        ]
        last = min([*ended, *gone], default=None)
        found.append(Tenure(first, last, person, last is not None and last not in ended))
    return sorted(found, key=lambda held: held.first)


def holders(role: str, at: int, view: View) -> list[str]:
    """Who holds a role at that moment (ms)."""
    day = jst_day(at)
    held = [t for t in tenures(role, view) if t.first <= day and (t.last is None or day <= t.last)]
    return list(dict.fromkeys(tenure.person for tenure in held))


def uncovered(
    since: date, spans: Iterable[tuple[date, date | None]]
) -> Iterator[tuple[date, date | None]]:
    """The stretches from a day on that no span covers: (first day, the day of the next span)."""
    reached = since
    for first, last in sorted(spans, key=lambda span: span[0]):
        if last is not None and last < reached:
            continue
        if first > reached:
            yield reached, first
        if last is None:
            return
        reached = last + timedelta(days=1)
    yield reached, None


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


def staffed(dept: str, view: View) -> tuple[date, date | None] | None:
    """The first day on which a department had staff, and since when it has none any more; None
    where it never had any."""
    people = {change.person_ref for change in view.all(DEPT_STAFF, dept)}
    spans: list[tuple[date, date | None]] = []
    for person in people:
        came: date | None = None
        for change in view.all(STAFF, person):
            there = change.dept_id == dept and change.kind != "contractor_staff"
            if came is None and there and change.change != "left":
                came = change.effective_on
            elif came is not None and (not there or change.change == "left"):
                last = change.effective_on if there else change.effective_on - timedelta(days=1)
                spans.append((came, last))
                came = None
        if came is not None:
            spans.append((came, None))
    if not spans:
        return None
    first = min(span[0] for span in spans)
    ends = [last for _, last in spans if last is not None]
    return first, None if any(last is None for _, last in spans) else max(ends) + timedelta(days=1)


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

BOOKS = (
    ATTESTATIONS,
    PUBLISHED,
    GENERAL_NOTICES,
    POLICIES,
    ACTIVITIES,
    CAUSED,
    PERSON_ROLES,
    DEPT_STAFF,
    DEPT_DATASETS,
    RULES,
)
