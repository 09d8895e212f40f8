"""Training, pledges and rules: what everybody in the house learns and signs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from streams.simulate.company import Company
from streams.simulate.feed import Fact, Maker
from streams.simulate.history import monitored_since
from streams.simulate.times import at

_D = timedelta(days=1)


def planned(make: Maker, course: str, year: int, due: date, audience: str = "all") -> Fact:
    """A course that is due."""
    return make(
        "training.planned",
        "hr-form",
        "svc-hr",
        "service",
        course_id=course,
        fiscal_year=year,
        audience=audience,
        due_on=due.isoformat(),
        content_items=["policy", "roles", "consequences"],
    )


def completed(make: Maker, person: str, course: str, on: date, score: int = 92) -> Fact:
    """Somebody took it."""
    return make(
        "training.completed",
        "hr-form",
        "svc-hr",
        "service",
        person_ref=person,
        course_id=course,
        score=score,
        passed=score >= 80,
        completed_on=on.isoformat(),
        makeup=False,
    )


def pledge(make: Maker, person: str, on: date, kind: str = "joining") -> Fact:
    """A pledge of confidentiality."""
    return make(
        "pledge.signed",
        "hr-form",
        "svc-hr",
        "service",
        person_ref=person,
        kind=kind,
        signed_on=on.isoformat(),
        version="v2",
    )


def staff(make: Maker, person: str, change: str, dept: str, on: date, **given: Any) -> Fact:
    """Somebody comes, moves or goes."""
    return make(
        "staff.changed",
        "hr-form",
        "svc-hr",
        "service",
        **{
            "person_ref": person,
            "kind": "employee",
            "change": change,
            "dept_id": dept,
            "contractor_id": None,
            "effective_on": on.isoformat(),
            **given,
        },
    )


Hired = tuple[str, date, date | None]
"""Who else is on the staff: since when, and until when."""

OFFICER = "stf-officer"
"""The one officer who has no desk: courses for officers are for nobody else."""


def fiscal_years(company: Company) -> Iterator[int]:
    """Those that begin after the monitoring and within the period."""
    for year in range(monitored_since(company).year, company.end.year + 1):
        if monitored_since(company) <= date(year, 4, 1) < company.end:
            yield year


def years(
    company: Company, make: Maker, hired: Sequence[Hired], forgotten: Collection[str]
) -> Iterator[tuple[int, Fact]]:
    """An introduction for everybody on the first day, the yearly course in summer, pledges."""
    since = monitored_since(company) - 100 * _D
    officer = staff(make, OFFICER, "joined", "dept-general", since, kind="officer")
    yield at(since, 8), officer
    yield at(since, 8, 1), pledge(make, OFFICER, since)
    everybody: list[Hired] = [(p.ref, p.joined, p.left) for p in company.staff]
    everybody += [(OFFICER, since, None), *hired]
    for person, joined, left in everybody:
        yield at(joined, 8, 2), completed(make, person, "introduction", joined)
        if left is not None and not any(person == name for name, *_ in hired):
            yield at(left, 17), pledge(make, person, left, "leaving")
    for year in fiscal_years(company):
        due, course = date(year, 9, 30), f"course-{year}"
        day = date(year, 7, 10) if f"plan {year}" in forgotten else date(year, 4, 15)
        yield at(day, 10), planned(make, course, year, due)
        for place, (person, joined, left) in enumerate(everybody):
            on = due - (20 + place % 30) * _D
            if joined <= due - 30 * _D:  # whoever comes later is introduced, and takes the next one
                on = max(on, joined + _D)
            if joined <= on and (left is None or left > on):
                yield at(on, 16, place % 60), completed(make, person, course, on)


def rules(
    make: Maker, name: str, kind: str, step: str, on: date, by: str = "stf-legal", **given: Any
) -> Fact:
    """A step of an internal rule."""
    return make(
        "rules.changed",
        "pms-form",
        by,
        "staff",
        **{
            "rule_id": name,
            "version": "1",
            "step": step,
            "kind": kind,
            "has_confidentiality": True,
            "next_review": (on + 300 * _D).isoformat(),
            "stages": None if kind == "pms_rule" else [],
            **given,
        },
    )


def acknowledged(make: Maker, name: str, kind: str, person: str, on: date) -> Fact:
    """Somebody has read a rule."""
    return rules(make, name, kind, "acknowledged", on, person)


def rules_of(company: Company, make: Maker, hired: Sequence[Hired]) -> Iterator[tuple[int, Fact]]:
    """Rules for every stage and work rules, in force since long ago and reviewed before their
    day; a manual that everybody reads in the first weeks of the period."""
    since = monitored_since(company) - 80 * _D
    for name, kind in (("rule-pms", "pms_rule"), ("rule-work", "work_rules")):
        yield at(since, 9), rules(make, name, kind, "approved", since)
        yield at(since, 9, 5), rules(make, name, kind, "effective", since)
        day = since
        while day < company.end:
            day += 250 * _D
            yield at(day, 9), rules(make, name, kind, "reviewed", day)
    day = company.start + 2 * _D
    yield at(day, 9), rules(make, "rule-desk", "manual", "effective", day)
    everybody: list[Hired] = [(p.ref, p.joined, p.left) for p in company.staff]
    everybody += [(OFFICER, since, None), *hired]
    for place, (person, joined, left) in enumerate(everybody):
        on = max(day, joined) + (1 + place % 20) * _D
        if left is None or left > on:
            yield at(on, 17, place % 60), acknowledged(make, "rule-desk", "manual", person, on)
    while day < company.end:
        day += 250 * _D
        yield at(day, 9), rules(make, "rule-desk", "manual", "reviewed", day)
