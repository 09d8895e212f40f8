"""The terms of the law that run, from the evidence alone."""

from __future__ import annotations

from typing import Any

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import (
    Event,
    IncidentDetected,
    IncidentReported,
    RequestFee,
    RequestReceived,
    RequestResponded,
)
from controls.events.fields import instant
from controls.examples import event
from controls.kernel import arrival
from controls.registers import Registers
from streams.cli.clocks import row
from streams.clocks import running
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory

CONTROLS = catalogue.load().controls
DETECTED = event(
    IncidentDetected, "2026-11-11 11:00:00", incident_id="inc-1", known_at="2026-11-11 10:00:00",
    dataset_ids=["ds-members"], principals_max=1_001, role="controller",
)  # fmt: skip
ASKED = event(
    RequestReceived, "2026-11-11 10:00:00", request_id="req-1", principal_ref="m-1",
    arrived_on="2026-11-11",
)  # fmt: skip


def reported(at: str, stage: str, filled: list[int], unknown: list[int]) -> IncidentReported:
    return event(
        IncidentReported, at, incident_id="inc-1", to="ppc", stage=stage, items_filled=filled,
        unknown_items=unknown,
    )  # fmt: skip


def stored(*events: Event) -> Memory:
    store, forms = Memory(), Plain()
    parts = Parts(Engine(CONTROLS), Registers((*BOOKS, *gaps.BOOKS)), store, forms, "")
    replay = Replay(parts)
    replay.run(forms.join(each) for each in sorted(events, key=arrival))
    replay.finish()
    return store


def terms(store: Memory, at: str) -> dict[tuple[str, str], dict[str, Any]]:
    now = instant(at)
    rows = [row(term, now) for term in running(CONTROLS, store, now)]
    return {(one["control"], one["term"]["en"]): one for one in rows}


def test_an_incident_starts_the_terms_of_both_reports_and_of_the_notice() -> None:
    found = terms(stored(DETECTED), "2026-11-12T10:00:00+09:00")
    assert found["INC-03", "preliminary report"]["due_at"] == "2026-11-16T10:00:00.000+09:00"
    final = found["INC-04", "final report"]
    assert final["due_at"] == "2026-12-11T00:00:00.000+09:00"
    assert (final["items_filled"], final["items_open"]) == ([], [1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert found["INC-05", "notice to the principals"]["items_open"] is None
    assert ("INC-06", "final report to the PrivacyMark body") in found


def test_what_was_reported_and_is_known_is_filled_and_a_filed_report_ends_its_term() -> None:
    first = reported("2026-11-13 10:00:00", "preliminary", [1, 2, 3, 4], [4])
    store = stored(DETECTED, first)
    found = terms(store, "2026-11-14T10:00:00+09:00")
    assert ("INC-03", "preliminary report") not in found
    assert found["INC-04", "final report"]["items_filled"] == [1, 2, 3]
    before = terms(store, "2026-11-12T10:00:00+09:00")
    assert before["INC-03", "preliminary report"]["items_filled"] == []


def test_a_final_report_with_unknown_items_starts_the_term_of_its_supplement() -> None:
    last = reported("2026-11-20 10:00:00", "final", [1, 2, 3, 4, 5, 6, 7, 8, 9], [8])
    found = terms(stored(DETECTED, last), "2026-11-21T10:00:00+09:00")
    assert ("INC-04", "final report") not in found
    supplement = found["INC-04", "supplement of the final report"]
    assert supplement["items_open"] == [8]
    assert supplement["due_at"] == "2026-12-21T00:00:00.000+09:00"


def test_an_overdue_term_runs_on_and_counts_below_zero() -> None:
    found = terms(stored(DETECTED), "2026-11-16T11:00:00+09:00")
    assert found["INC-03", "preliminary report"]["seconds_left"] == -3_600


def test_a_term_that_stands_still_has_no_end() -> None:
    short = event(
        RequestFee, "2026-11-12 10:00:00", request_id="req-1", step="insufficient_notified",
        amount_due=1_000, amount_received=0,
    )  # fmt: skip
    answer = ("REQ-02", "answer to a request")
    assert terms(stored(ASKED), "2026-11-13T10:00:00+09:00")[answer]["due_at"] is not None
    assert terms(stored(ASKED, short), "2026-11-13T10:00:00+09:00")[answer]["due_at"] is None


def test_an_answer_ends_the_term() -> None:
    answered = event(RequestResponded, "2026-11-20 10:00:00", request_id="req-1")
    assert terms(stored(ASKED, answered), "2026-11-21T10:00:00+09:00") == {}


def test_nothing_runs_for_an_incident_that_nobody_has_to_report() -> None:
    few = event(
        IncidentDetected, "2026-11-11 11:00:00", incident_id="inc-2",
        known_at="2026-11-11 10:00:00", dataset_ids=["ds-members"], principals_max=3,
        role="controller",
    )  # fmt: skip
    found = terms(stored(few), "2026-11-12T10:00:00+09:00")
    assert {control for control, _ in found} == {"INC-06"}
