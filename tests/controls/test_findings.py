"""What people answer to a finding, and what becomes of the findings of its subject after that."""

from __future__ import annotations

from typing import Any

import pytest

from controls import gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import AlertChanged, Event
from controls.examples import event
from controls.registers import Registers
from controls.technical.ungranted_access import CONTROL, dataset, grant, query
from streams.pipeline import MemoryState, Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory

DAY = "2026-11-11"
SUBJECT = "acct-sato|ds-members"


class Office:
    """An installation in memory that judges one control; it is started anew after each telling."""

    def __init__(self) -> None:
        self.store = Memory()
        self.states: dict[tuple[str, int], MemoryState] = {}

    def tell(self, *events: Event, until: str) -> None:
        registers = Registers((*BOOKS, *gaps.BOOKS))
        parts = Parts(Engine([CONTROL]), registers, self.store, Plain(), "")
        replay = Replay(
            parts,
            states=lambda lane, number: self.states.setdefault((lane, number), MemoryState()),
        )
        for one in events:
            replay.feed(Plain().join(one))
        replay.finish(event(AlertChanged, until).occurred_at)

    def answer(self, finding: dict[str, Any], at: str, step: str, **who: str) -> None:
        said = event(
            AlertChanged, at, alert_id=finding["finding_id"], control_id="TEC-01", severity="high",
            step=step, by_ref="suzuki", **who,
        )  # fmt: skip
        self.tell(said, until=at)

    @property
    def found(self) -> list[dict[str, Any]]:
        """What stands of the subject, the earliest first."""
        return [f for f in self.store.findings() if f["subject"] == SUBJECT]

    @property
    def shown(self) -> list[tuple[str, str, int]]:
        return [(f["verdict"], f["status"], f["events"]) for f in self.found]


@pytest.fixture
def office() -> Office:
    """One violation stands: a query in a role that the register does not name, a day ago."""
    office = Office()
    right = grant("2026-11-01 09:00:00", role="billing")
    office.tell(dataset(), right, query(f"{DAY} 10:00:00"), until="2026-11-12 12:00:00")
    assert office.shown == [("violation", "open", 1)]
    return office


def again(office: Office, day: int) -> None:
    """The same once more."""
    office.tell(
        query(f"2026-11-{day} 10:00:00", event_id=f"again-{day}"),
        until=f"2026-11-{day + 1} 12:00:00",
    )


def test_an_acknowledged_finding_takes_what_comes_after(office: Office) -> None:
    (first,) = office.found
    office.answer(first, "2026-11-12 13:00:00", "acknowledged")
    assert office.shown == [("violation", "acknowledged", 1)]
    again(office, 13)
    assert office.shown == [("violation", "acknowledged", 2)]
    assert office.found[0]["finding_id"] == first["finding_id"]


@pytest.mark.parametrize("step", ["resolved", "false_positive", "risk_accepted"])
def test_what_is_found_after_a_closing_is_another_finding(office: Office, step: str) -> None:
    (first,) = office.found
    office.answer(first, "2026-11-12 13:00:00", step)
    assert office.shown == [("violation", "closed", 1)]
    again(office, 13)
    assert office.shown == [("violation", "closed", 1), ("violation", "open", 1)]
    assert office.found[1]["finding_id"] != first["finding_id"]
    office.answer(office.found[1], "2026-11-14 13:00:00", "resolved")
    again(office, 16)
    assert [status for _, status, _ in office.shown] == ["closed", "closed", "open"]
    assert len({f["finding_id"] for f in office.found}) == 3


def test_a_late_entry_of_the_register_supersedes_what_was_closed_as_well(office: Office) -> None:
    (first,) = office.found
    office.answer(first, "2026-11-12 13:00:00", "resolved")
    again(office, 13)
    named = dataset(
        event_id="late", version=2, access_roles=["billing"], ingested_at="2026-11-14 13:00:00"
    )
    office.tell(named, until="2026-11-14 14:00:00")
    assert office.shown == [("pass", "superseded", 0), ("pass", "superseded", 0)]
    revisions = office.store.finding(first["finding_id"])
    assert [r["status"] for r in revisions] == ["open", "closed", "superseded"]


def test_answers_that_name_no_open_finding_change_nothing(office: Office) -> None:
    (first,) = office.found
    office.answer(first | {"finding_id": "al-7"}, "2026-11-12 13:00:00", "resolved")
    office.answer(first, "2026-11-12 13:10:00", "escalated")
    office.answer(first, "2026-11-12 13:20:00", "resolved", actor_kind="service")
    assert office.shown == [("violation", "open", 1)]
    office.answer(first, "2026-11-12 14:00:00", "resolved")
    office.answer(first, "2026-11-12 15:00:00", "acknowledged")
    assert office.shown == [("violation", "closed", 1)]
    assert [r["revision"] for r in office.store.finding(first["finding_id"])] == [1, 2]
