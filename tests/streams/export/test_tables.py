"""The thirteen tables: what ties, what is corrected, what leaves for Excel."""

from __future__ import annotations

import csv as reader
import io
import json
from collections import Counter
from datetime import date
from typing import Any

import msgspec
import pytest

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.calendar import jst_day
from controls.engine import Engine
from controls.events import (
    AlertChanged,
    AssetDisposed,
    AttestationRecorded,
    BadgeRead,
    Event,
    IncidentDetected,
    IncidentReported,
    NonconformityChanged,
    RequestFee,
    RequestReceived,
    RequestResponded,
    StaffChanged,
    TrainingCompleted,
    TrainingPlanned,
)
from controls.examples import event
from controls.kernel import Text, arrival
from controls.registers import Registers
from streams.export.cut import Cut, Evidence, Period
from streams.export.tables import Cell, Column, Table, csv, jsonl, tables
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory

CATALOGUE = catalogue.load()
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
Lines = list[dict[str, Cell]]


def by_name(found: list[Table]) -> dict[str, Lines]:
    return {
        table.name: [
            dict(zip([c.key for c in table.columns], row, strict=True)) for row in table.rows
        ]
        for table in found
    }


@pytest.fixture(scope="module")
def made(company: Any) -> list[Table]:
    return tables(company.evidence, CATALOGUE, company.links)


@pytest.fixture(scope="module")
def rows(made: list[Table]) -> dict[str, Lines]:
    return by_name(made)


def told(*events: Event) -> dict[str, Lines]:
    """The tables of November 2026 from these events alone."""
    store, forms = Memory(), Plain()
    books = Registers((*BOOKS, *gaps.BOOKS))
    replay = Replay(Parts(Engine(CATALOGUE.controls), books, store, forms, ""))
    replay.run(forms.join(each) for each in sorted(events, key=arrival))
    replay.finish()
    evidence = Evidence(store, Cut(1, replay.now, store.heads()), NOVEMBER)
    return by_name(tables(evidence, CATALOGUE))


def test_there_are_thirteen_in_order_and_every_row_fills_its_columns(made: list[Table]) -> None:
    assert [table.name[:2] for table in made] == [f"{number:02}" for number in range(1, 14)]
    for table in made:
        assert table.rows and table.query
        keys = [column.key for column in table.columns]
        assert len(set(keys)) == len(keys)
        assert {len(row) for row in table.rows} == {len(keys)}, table.name


def test_the_same_evidence_gives_the_same_bytes_and_nobodys_name(
    made: list[Table], company: Any
) -> None:
    evidence = company.evidence
    again = tables(
        Evidence(evidence.store, evidence.cut, evidence.period), CATALOGUE, company.links
    )
    for one, other in zip(made, again, strict=True):
        text = b"".join(csv(one))
        assert text == b"".join(csv(other))
        assert not [person for person in company.people if person.encode() in text]


def test_coverage_ties_to_the_ledger_day_by_day(rows: dict[str, Lines], evidence: Evidence) -> None:
    figures = ("received", "evaluated", "rejected", "duplicates")
    ledger: Counter[tuple[str, str]] = Counter()
    for block in evidence.blocks():
        for figure in figures:
            if block["now"] in evidence.period:
                ledger[f"{jst_day(block['now'])}", figure] += block[figure]
    shown: Counter[tuple[Cell, str]] = Counter()
    for line in rows["01_coverage"]:
        shown.update({(line["date"], figure): line[figure] for figure in figures})
    assert +shown == +ledger
    total = {figure: sum(n for (_, f), n in ledger.items() if f == figure) for figure in figures}
    assert all(total.values()), total
    assert not [line for line in rows["01_coverage"] if line["duplicates"] and not line["source"]]


def test_a_declared_outage_says_when_why_and_by_whom(rows: dict[str, Lines]) -> None:
    [line] = [line for line in rows["01_coverage"] if line["declared"]]
    assert (line["date"], line["source"]) == ("2026-05-11", "endpoint-01")
    assert line["gap_from"] == "2026-05-11T01:30:00+09:00"
    assert str(line["gap_to"]).startswith("2026-05-11T04:")
    assert line["reason"] == "stopped, declared"
    assert str(line["declared_by"]).startswith("ps2026_")


def test_every_control_shows_its_population_and_what_is_open(rows: dict[str, Lines]) -> None:
    listed = rows["02_controls"]
    assert [line["control"] for line in listed] == [c.id for c in CATALOGUE.controls]
    open_: Counter[tuple[Cell, Cell]] = Counter()
    for finding in rows["03_violations"]:
        if finding["closed_at"] is None:
            open_[finding["control"], finding["verdict"]] += 1
    for line in listed:
        judged = [line[v] for v in ("pass", "violation", "na", "indeterminate")]
        assert line["population"] == sum(judged)  # type: ignore[arg-type]
        assert line["open"] == open_[line["control"], "violation"]
        assert line["open_indeterminate"] == open_[line["control"], "indeterminate"]
    assert any(line["mttr"] for line in listed)
    assert "*" in "".join(str(line["basis"]) for line in listed)


def test_everybody_is_counted_once_where_years_are_linked_and_nobody_guessed_where_not(
    rows: dict[str, Lines], evidence: Evidence
) -> None:
    def by_course(lines: Lines) -> dict[Cell, tuple[Lines, dict[str, Cell]]]:
        names = {line["course"] for line in lines if line["completed"] is not None}
        return {
            name: (
                [one for one in lines if one["course"] == name and one["dept"] != "*"],
                next(one for one in lines if one["course"] == name and one["dept"] == "*"),
            )
            for name in names
        }

    plain = by_course(by_name(tables(evidence, CATALOGUE))["04_training"])
    linked = by_course(rows["04_training"])
    assert linked
    for name, (depts, whole) in linked.items():
        assert sum(int(line["population"] or 0) for line in depts) == whole["population"]
        assert whole["unlinked"] == 0
        waiting = [ref for ref in str(whole["open"]).split("; ") if ref]
        assert len(waiting) == int(whole["population"] or 0) - int(whole["passed"] or 0)
        if name in plain and plain[name][1]["population"] is not None:
            assert plain[name][1]["population"] == whole["population"]
    assert any(
        line["unlinked"] and line["population"] is None
        for depts, _ in plain.values()
        for line in depts
    )


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    def said(at: str, answer: str, **given: Any) -> AttestationRecorded:
        return event(
            AttestationRecorded, at, statement_ids=["JUS-8a"], period="2026", answer=answer, **given
        )

    def read(at: str, **given: Any) -> BadgeRead:
        return event(
            BadgeRead, at, holder_ref="sato", zone_id="z-1", direction="in", result="granted",
            **given,
        )  # fmt: skip

    wrong, early = said("2026-11-10 10:00:00", "true"), read("2026-11-11 07:00:00")
    right = said("2026-11-10 12:00:00", "false", corrects_event_id=wrong.event_id)
    late = read("2026-11-11 09:00:00", corrects_event_id=early.event_id)
    found = told(wrong, right, early, late)
    assert [line["answer"] for line in found["13_attestations"]] == ["false"]
    [day] = found["10_entry"]
    assert (day["first_in"], day["granted"]) == ("2026-11-11T09:00:00+09:00", 1)


def test_a_finding_shows_its_disposition_and_its_corrective_action() -> None:
    gone = event(AssetDisposed, "2026-11-10 10:00:00", asset_id="pc-1", has_pd=True, method="trash")
    [finding] = [f for f in told(gone)["03_violations"] if f["control"] == "PHY-07"][:1]
    name = finding["verdict_id"]
    assert (finding["action"], finding["nc_id"], finding["closed_at"]) == ("", "", None)
    alert = {"alert_id": name, "control_id": "PHY-07", "severity": "high"}
    found = told(
        gone,
        event(AlertChanged, "2026-11-10 11:00:00", step="raised", **alert),
        event(AlertChanged, "2026-11-10 11:10:00", step="acknowledged", **alert),
        event(AlertChanged, "2026-11-10 16:00:00", step="resolved", **alert),
        event(
            NonconformityChanged, "2026-11-11 10:00:00", nc_id="nc-1", step="raised",
            correlation_id=gone.event_id,
        ),
    )  # fmt: skip
    [after] = [f for f in found["03_violations"] if f["verdict_id"] == name]
    assert (after["action"], after["nc_id"]) == ("acknowledged; resolved", "nc-1")
    assert after["closed_at"] == "2026-11-10T16:00:00+09:00"
    control = next(line for line in found["02_controls"] if line["control"] == "PHY-07")
    assert control["mttr"] == 6.0


def test_an_incident_shows_its_terms_and_what_was_filed() -> None:
    detected = event(
        IncidentDetected, "2026-11-11 11:00:00", incident_id="inc-1",
        known_at="2026-11-11 10:00:00", dataset_ids=["ds-1"], principals_max=1_001,
        role="controller",
    )  # fmt: skip
    filed = event(
        IncidentReported, "2026-11-13 10:00:00", incident_id="inc-1", to="ppc",
        stage="preliminary",
    )  # fmt: skip
    [line] = told(detected, filed)["08_incidents"]
    assert (line["rule7"], line["exempt"], line["max_persons"]) == ("rule7_4", False, 1_001)
    assert line["prelim_due"] == "2026-11-16T10:00:00+09:00"
    assert line["prelim_filed"] == "2026-11-13T10:00:00+09:00 ppc preliminary"
    assert (line["final_due"], line["final_filed"]) == ("2026-12-11T00:00:00+09:00", "")


def test_days_on_which_a_term_stood_still_are_not_the_offices() -> None:
    fee = {"request_id": "req-1", "amount_due": 1_000}
    [line] = told(
        event(RequestReceived, "2026-11-02 10:00:00", request_id="req-1", arrived_on="2026-11-02"),
        event(RequestFee, "2026-11-04 10:00:00", step="insufficient_notified", **fee),
        event(RequestFee, "2026-11-09 10:00:00", step="received", amount_received=1_000, **fee),
        event(RequestResponded, "2026-11-12 10:00:00", request_id="req-1"),
    )["07_requests"]
    assert (line["days"], line["stopped"], line["fee"]) == (5, 5, 1_000)
    assert (line["responded"], line["dispose_by"]) == ("2026-11-12", "2028-11-12")


def test_a_leaver_is_out_of_the_roster_and_an_officer_in_it() -> None:
    def staff(at: str, person: str, change: str, kind: str = "employee") -> StaffChanged:
        return event(
            StaffChanged, f"{at} 09:00:00", person_ref=f"ps2026_{person}", kind=kind, change=change,
            dept_id="sales", effective_on=at,
        )  # fmt: skip

    course = {"course_id": "c-1"}
    found = told(
        staff("2026-11-02", "boss", "joined", "officer"),
        staff("2026-11-02", "ito", "joined"),
        staff("2026-11-02", "kato", "joined"),
        staff("2026-11-10", "kato", "left"),
        event(
            TrainingPlanned, "2026-11-03 09:00:00", fiscal_year=2026, audience="all",
            due_on="2026-11-20", **course,
        ),
        event(
            TrainingCompleted, "2026-11-12 09:00:00", person_ref="ps2026_ito", passed=True,
            score=90, completed_on="2026-11-12", **course,
        ),
    )  # fmt: skip
    [dept, whole] = found["04_training"]
    for line in (dept, whole):
        assert (line["population"], line["completed"], line["passed"]) == (2, 1, 1)
        assert (line["kinds"], line["open"]) == ("employee 1; officer 1", "ps2026_boss")


TABLE = Table(
    "99_example",
    Text("例", "Example"),
    (Column("a", "項目", "a"), Column("n", "数", "number")),
    [("=1+1", -3), ("@x", 2.5), ("-", True), ('漢字, "\r\n', None)],
    "nothing",
)


def test_what_excel_would_carry_out_is_made_harmless_and_numbers_stay_numbers() -> None:
    data = b"".join(csv(TABLE))
    assert data.startswith(b"\xef\xbb\xbf")
    text = data.decode("utf-8-sig")
    assert text.splitlines()[0] == "項目 / a,数 / number"
    assert list(reader.reader(io.StringIO(text, newline="")))[1:] == [
        ["'=1+1", "-3"], ["'@x", "2.5"], ["'-", "true"], ["漢字, \"\r\n", ""],
    ]  # fmt: skip
    assert data.count(b"\r\n") == 6


def test_json_lines_keep_the_cells_as_they_are() -> None:
    lines = [json.loads(line) for line in jsonl(TABLE)]
    assert lines[0] == {"a": "=1+1", "n": -3}
    assert lines[3] == {"a": '漢字, "\r\n', "n": None}
    assert msgspec.json.encode(lines[2]) == b'{"a":"-","n":true}'
