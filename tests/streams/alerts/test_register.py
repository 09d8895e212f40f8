"""Our own findings in the register of alerts: what is raised, what is ended, and never twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from controls.events import AlertChanged
from streams import oncall
from streams.alerts import register
from streams.alerts.standing import Standing
from streams.oncall import Course
from tests.streams.alerts.house import ORG, House, until, violation


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Without an Alertmanager: the register does not need one."""
    return House(tmp_path, None)


def owed(house: House) -> list[AlertChanged]:
    """What the register lacks, read from the store anew."""
    standing = Standing.read(house.parts.store, house.forms, {})
    names = register.owing(standing)
    found = register.owed(names, standing, house.parts.store, house.forms, ORG)
    return [event for event in found if isinstance(event, AlertChanged)]


def over(name: str, revision: int, **keys: Any) -> dict[str, Any]:
    given = {"status": "superseded", "verdict": "pass", "code": None, "severity": "info", **keys}
    return violation(name, at=revision, revision=revision, **given)


def test_grave_findings_are_raised_and_a_critical_one_may_be_an_incident(house: House) -> None:
    house.seal(
        violation("a", at=1),
        violation("b", at=2, severity="critical"),
        violation("c", severity="medium"),
        violation("d", verdict="indeterminate", code=None),
    )
    told = owed(house)
    assert [(e.alert_id, e.step, e.incident_candidate) for e in told] == [
        ("a", "raised", False), ("b", "raised", True),
    ]  # fmt: skip
    assert {(e.actor_kind, e.by_ref, e.source_id) for e in told} == {
        ("service", "shoseki", "shoseki")
    }


@pytest.mark.parametrize(
    ("control", "code", "subject", "raised"),
    [
        ("ORG-06", "FIX_LATE", "al-1", False),
        ("INC-01", "UNTRIAGED", "al-1", False),
        ("GOV-08", "CHAIN_BREAK", "2026-11-27", False),
        ("GOV-08", "SILENT", "shoseki|2026-11-27T00:00:00.000Z", False),
        ("GOV-08", "SILENT", "db-01|2026-11-27T00:00:00.000Z", True),
        ("GOV-08", "PAYLOAD_CONFLICT", "e1", True),
    ],
)
def test_what_is_about_alerts_or_the_pipeline_itself_is_no_event(
    house: House, control: str, code: str, subject: str, raised: bool
) -> None:
    house.seal(violation("a", control=control, code=code, subject=subject))
    assert bool(owed(house)) is raised


def test_telling_again_is_the_same_event_however_the_finding_has_grown(house: House) -> None:
    house.seal(violation("a", severity="medium"))
    house.seal(violation("a", at=1, revision=2))
    first = owed(house)
    house.seal(violation("a", at=2, revision=3, severity="critical", events=9))
    assert owed(house) == first and len(first) == 1


def test_what_is_superseded_or_over_is_resolved_by_the_service(house: House) -> None:
    house.seal(violation("a"), violation("b"))
    house.seal(events=owed(house))
    house.seal(over("a", 2), violation("b", at=3, revision=2, status="closed"))
    ends = owed(house)
    assert [(e.alert_id, e.step, e.reason, e.severity) for e in ends] == [
        ("a", "resolved", "superseded", "high"), ("b", "resolved", "over", "high"),
    ]  # fmt: skip
    house.seal(events=ends)
    assert owed(house) == []


def test_what_a_person_has_closed_is_not_resolved_again(house: House) -> None:
    finding = violation("a")
    house.seal(finding)
    house.seal(events=owed(house))
    closed = oncall.close(
        house.desk, finding, Course(), "false_positive", "sato", "a test", approver="tanaka"
    )
    house.seal(violation("a", at=2, revision=2, status="closed"), events=closed)
    house.seal(over("a", 3))
    assert owed(house) == []


def test_what_stands_again_is_raised_again(house: House) -> None:
    house.seal(violation("a"))
    house.seal(events=owed(house))
    house.seal(over("a", 2))
    house.seal(events=owed(house))
    house.seal(violation("a", at=3, revision=3))
    (again,) = owed(house)
    assert again.step == "raised" and again.occurred_at == violation("a", at=3)["recorded_at"]


def test_what_was_over_before_anybody_looked_is_not_raised(house: House) -> None:
    house.seal(violation("a"))
    house.seal(violation("a", at=2, revision=2, status="closed"))
    assert owed(house) == []


def test_the_watch_raises_each_finding_once_and_ends_it(house: House) -> None:
    async def body() -> None:
        async with house.watching(url=None) as watching:
            house.seal(violation("a"))
            await until(lambda: len(house.told) == 1)
            watching._awake.set()  # it looks again before the event has come back
            await asyncio.sleep(0.05)
            house.seal(events=house.told)
            house.seal(over("a", 2))
            await until(lambda: len(house.told) == 2)

    asyncio.run(body())
    assert [getattr(event, "step", "") for event in house.told] == ["raised", "resolved"]
