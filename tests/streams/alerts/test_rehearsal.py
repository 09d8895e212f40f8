"""What the people on call of a simulated company do."""

from __future__ import annotations

from pathlib import Path

from controls import catalogue
from controls.events import AlertChanged
from controls.kernel import DAY, HOUR
from streams.alerts.rehearsal import ACKNOWLEDGED, ESCALATED, RESOLVED, rehearsed
from tests.streams.alerts.house import ORG, House, violation


def test_grave_findings_are_acknowledged_at_once_and_resolved_by_another_the_day_after(
    tmp_path: Path,
) -> None:
    house = House(tmp_path, None)
    house.seal(
        violation("a"), violation("b", severity="low"), violation("c", at=DAY, severity="critical")
    )
    begun = {f["finding_id"]: f["detected_at"] for f in house.parts.store.findings()}
    controls = {control.id: control for control in catalogue.load().controls}
    until = begun["c"] + HOUR
    found = [
        event
        for event in rehearsed(house.parts.store, house.forms, ORG, until, controls)
        if isinstance(event, AlertChanged)
    ]
    assert [(e.alert_id, e.step, e.occurred_at - begun[e.alert_id]) for e in found] == [
        ("a", "raised", 0),
        ("a", "acknowledged", ACKNOWLEDGED),
        ("a", "resolved", RESOLVED),
        ("c", "raised", 0),
        ("c", "acknowledged", ACKNOWLEDGED),
        ("c", "escalated", ESCALATED),
    ]
    assert len({event.by_ref for event in found if event.alert_id == "a"}) == 3
