"""The on-call loop: who may do what about a finding, and which events say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from controls.calendar import jst_day
from controls.events import AlertChanged, Event, NonconformityChanged, OwnSilenced
from controls.kernel import DAY, HOUR, Refusal
from streams import oncall
from streams.oncall import Course, Desk, Settled
from streams.pseudonyms import Plain, Pseudonyms
from tests.streams.alerts.house import NOW, ORG, House, violation

FINDING = violation("a")
TODAY = jst_day(NOW)


@pytest.fixture(params=["plain", "keyed"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    forms = Plain() if request.param == "plain" else Pseudonyms(tmp_path / "keys")
    made = House(tmp_path, None, forms)
    made.seal(FINDING)
    return made


def course(house: House, *events: Event) -> Course:
    """What the store knows of the finding once these events are in it."""
    house.seal(events=events)
    house.now += HOUR
    return oncall.course(house.parts.store, "a")


def steps(events: Sequence[Event]) -> list[str]:
    kinds = (AlertChanged, NonconformityChanged)
    return [event.step for event in events if isinstance(event, kinds)]


def acknowledged(house: House, by: str = "sato") -> Course:
    return course(house, *oncall.acknowledge(house.desk, FINDING, Course(), by))


def test_an_acknowledgement_is_a_step_of_the_findings_alert(house: House) -> None:
    (event,) = oncall.acknowledge(house.desk, FINDING, Course(), "sato")
    assert isinstance(event, AlertChanged)
    assert (event.alert_id, event.control_id, event.step) == ("a", "TEC-05", "acknowledged")
    assert event.by_ref == event.actor_ref == house.forms.ref("sato")
    assert (event.source_id, event.actor_kind, event.org_id) == ("shoseki", "staff", ORG)


def test_a_comment_is_words_on_what_is_acknowledged(house: House) -> None:
    with pytest.raises(Settled, match="acknowledge it before"):
        oncall.comment(house.desk, FINDING, Course(), "sato", "looking")
    (event,) = oncall.comment(house.desk, FINDING, acknowledged(house), "sato", "looking")
    assert isinstance(event, AlertChanged) and event.reason == "looking"


def test_an_escalation_says_why(house: House) -> None:
    with pytest.raises(Refusal, match=r"^reason: "):
        oncall.escalate(house.desk, FINDING, Course(), "sato", " ")
    assert steps(oncall.escalate(house.desk, FINDING, Course(), "sato", "stuck")) == ["escalated"]


@pytest.mark.parametrize("by", ["", "  ", "\u3000"])
def test_nobody_does_nothing(house: House, by: str) -> None:
    with pytest.raises(Refusal, match=r"^by: a person"):
        oncall.acknowledge(house.desk, FINDING, Course(), by)


# -- assigning ------------------------------------------------------------------------------------


def assigned(house: House, before: Course, due: date, owner: str = "abe") -> Course:
    events = oncall.assign(house.desk, FINDING, before, "sato", owner, due)
    return course(house, *events)


def test_an_owner_is_the_actor_of_a_nonconformity_of_the_finding(house: House) -> None:
    due = TODAY + timedelta(days=10)
    (event,) = oncall.assign(house.desk, FINDING, Course(), "sato", "abe", due)
    assert isinstance(event, NonconformityChanged)
    assert (event.correlation_id, event.source, event.step) == ("a", "alert", "raised")
    assert (event.actor_ref, event.recorded_by_ref) == tuple(map(house.forms.ref, ("abe", "sato")))
    assert event.severity == "major"
    known = course(house, event)
    assert (known.owner, known.due) == (house.desk.seen("abe", NOW), due)


def test_a_later_day_is_an_extension_and_another_owner_is_none(house: House) -> None:
    first = assigned(house, Course(), TODAY + timedelta(days=3))
    other = oncall.assign(
        house.desk, FINDING, first, "sato", "ito", TODAY + timedelta(days=3)
    )
    later = oncall.assign(house.desk, FINDING, first, "sato", "abe", TODAY + timedelta(days=9))
    assert (steps(other), steps(later)) == (["raised"], ["extended"])
    assert {event.nc_id for event in (*other, *later)} == {first.corrections[0].nc_id}  # type: ignore[attr-defined]


@pytest.mark.parametrize("days", [-1, 367])
def test_a_due_day_is_neither_past_nor_beyond_a_year(house: House, days: int) -> None:
    with pytest.raises(Refusal, match=r"^due: "):
        assigned(house, Course(), TODAY + timedelta(days=days))


# -- closing --------------------------------------------------------------------------------------


def closed(house: House, before: Course, disposition: str = "false_positive", **given: Any) -> Any:
    said = {"by": "sato", "cause": "a test", "approver": "tanaka", **given}
    return oncall.close(house.desk, FINDING, before, disposition, **said)


def test_closing_without_a_cause_is_refused(house: House) -> None:
    for disposition in oncall.DISPOSITIONS:
        with pytest.raises(Refusal, match=r"^cause: "):
            closed(house, Course(), disposition, cause="")


def test_a_dismissal_carries_cause_and_approver(house: House) -> None:
    (event,) = closed(house, acknowledged(house), "risk_accepted")
    assert (event.step, event.reason) == ("risk_accepted", "a test")
    assert event.approver_ref == house.forms.ref("tanaka")


@pytest.mark.parametrize(
    ("approver", "said"),
    [(None, "another person must approve"), (" ", "another person must approve"),
     ("sato", "who closes it"), ("ito", "who acknowledged it")],
)  # fmt: skip
def test_a_dismissal_needs_another_person(house: House, approver: str | None, said: str) -> None:
    with pytest.raises(Refusal, match=f"^approver: .*{said}"):
        closed(house, acknowledged(house, "ito"), approver=approver)


def test_whom_it_is_about_approves_no_dismissal(house: House) -> None:
    about = FINDING | {"subject": f"{house.desk.seen('tanaka', FINDING['occurred_at'])}|x"}
    with pytest.raises(Refusal, match="whom it is about"):
        oncall.close(
            house.desk, about, Course(), "false_positive", "sato", "a test", approver="tanaka"
        )


def test_resolving_says_what_was_done(house: House) -> None:
    with pytest.raises(Refusal, match=r"^action: "):
        closed(house, Course(), "resolved")
    (event,) = closed(house, Course(), "resolved", action="trained")
    assert event.reason == "a test\n是正処置：trained"
    with pytest.raises(Refusal, match="no corrective action"):
        closed(house, Course(), "false_positive", action="trained")


def test_who_acknowledged_it_does_not_resolve_it_alone(house: House) -> None:
    before = acknowledged(house)
    with pytest.raises(Refusal, match=r"^approver: "):
        closed(house, before, "resolved", action="trained", approver=None)
    assert closed(house, before, "resolved", action="trained", by="ito", approver=None)


def test_resolving_ends_its_nonconformity_with_cause_plan_and_action(house: House) -> None:
    due = TODAY + timedelta(days=3)
    events = closed(house, assigned(house, Course(), due), "resolved", action="trained")
    assert steps(events) == ["resolved", "cause_analysed", "plan_approved", "done"]
    assert events[2].actor_ref == house.forms.ref("tanaka")
    after = course(house, *events)
    assert after.done and after.closing is not None


def test_what_a_person_has_closed_admits_nothing_more(house: House) -> None:
    after = course(house, *closed(house, Course()))
    for act in (
        lambda: closed(house, after),
        lambda: oncall.acknowledge(house.desk, FINDING, after, "sato"),
        lambda: oncall.assign(house.desk, FINDING, after, "sato", "abe", TODAY),
    ):
        with pytest.raises(Settled):
            act()


def test_what_is_over_by_itself_can_still_be_given_its_cause(house: House) -> None:
    finding = FINDING | {"status": "closed"}
    assert oncall.close(
        house.desk, finding, Course(), "resolved", "sato", "late", action="reported"
    )


# -- silences -------------------------------------------------------------------------------------


def silenced(desk: Desk, days: float = 1, **given: Any) -> Event:
    said = {"by": "sato", "approver": "tanaka", "reason": "planned work", "control": "TEC-05"}
    (event,) = oncall.silence(desk, desk.now + int(days * DAY), **{**said, **given})
    return event


def test_a_silence_is_an_act_of_the_tool_on_record(house: House) -> None:
    event = silenced(house.desk, subject="subject-a")
    assert isinstance(event, OwnSilenced)
    assert (event.starts_at, event.ends_at) == (house.now, house.now + DAY)
    assert (event.control_id, event.subject_ref) == ("TEC-05", house.forms.ref("subject-a"))
    assert (event.by_ref, event.approver_ref) == tuple(map(house.forms.ref, ("sato", "tanaka")))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"approver": "sato"}, "^approver: "),
        ({"approver": ""}, "^approver: "),
        ({"reason": ""}, "^reason: "),
        ({"control": None}, "^control: "),
        ({"days": 0}, "^until: "),
        ({"days": 31}, "^until: "),
        ({"days": 367, "kind": "exception"}, "^until: "),
    ],
)
def test_a_silence_has_a_scope_a_reason_an_end_and_two_persons(
    house: House, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refusal, match=said):
        silenced(house.desk, **given)


def test_an_exception_lasts_longer_than_a_silence(house: House) -> None:
    event = silenced(house.desk, days=300, kind="exception")
    assert isinstance(event, OwnSilenced) and event.kind == "exception"


def test_a_silence_can_be_ended_at_once_and_by_one(house: House) -> None:
    made = silenced(house.desk, subject="subject-a")
    assert isinstance(made, OwnSilenced)
    house.now += HOUR
    (end,) = oncall.unsilence(house.desk, made, "ito", "done early")
    assert isinstance(end, OwnSilenced)
    assert (end.corrects_event_id, end.ends_at) == (made.event_id, house.now)
    with pytest.raises(Settled, match="over already"):
        oncall.unsilence(house.desk, end, "ito", "again")
