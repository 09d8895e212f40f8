"""The people on call of a company that is simulated: they see every grave finding at once, and by
the next day it is resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controls.events import Event
from controls.kernel import HOUR, MINUTE, Control
from streams import oncall
from streams.alerts.register import grave, stepped
from streams.course import Course
from streams.oncall import Desk, Finding
from streams.pseudonyms import Forms
from streams.store import Store

ACKNOWLEDGED, ESCALATED, RESOLVED = 5 * MINUTE, HOUR, 20 * HOUR
"""After so long (ms), within what ORG-06 and INC-01 ask of a critical finding; others are not
escalated."""
FIRST, SECOND = "stf-soc", "stf-ciso"
"""Who acknowledges, and who resolves what another has acknowledged."""
REASON = "事故の候補として責任者に引き継いだ"
CAUSE = "訓練のために起こした違反"


def rehearsed(
    store: Store, forms: Forms, org_id: str, until: int, controls: Mapping[str, Control[Any]]
) -> list[Event]:
    """What was done up to `until` (ms) about every finding that is grave, in order of time."""
    found = [
        event
        for finding in store.findings()
        if grave(finding)
        for event in _answers(finding, forms, org_id, until, controls[finding["control"]])
    ]
    return sorted(found, key=lambda event: (event.occurred_at, event.event_id))


def _answers(
    finding: Finding, forms: Forms, org_id: str, until: int, control: Control[Any]
) -> Iterator[Event]:
    at = finding["detected_at"]
    yield stepped(forms, org_id, at, finding, "raised")
    if at + ACKNOWLEDGED <= until:
        desk = Desk(forms, org_id, at + ACKNOWLEDGED)
        yield from oncall.acknowledge(desk, finding, Course(), FIRST)
    if at + ESCALATED <= until and finding["severity"] == "critical":
        desk = Desk(forms, org_id, at + ESCALATED)
        yield from oncall.escalate(desk, finding, Course(), FIRST, REASON)
    if at + RESOLVED <= until:
        desk = Desk(forms, org_id, at + RESOLVED)
        done = control.response.ja
        yield from oncall.close(
            desk, finding, Course(), "resolved", SECOND, CAUSE, action=done
        )
