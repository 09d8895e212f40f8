"""Every panel's query on the evidence of a company in which everything was planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from controls.kernel import HOUR
from dashboards.boards import BOARDS, panel
from dashboards.sql import Scope, bound, for_grafana
from tests.dashboards.conftest import Boards
from tests.dashboards.grafana import expanded

ASKED = {each.id: each for board in BOARDS for each in board.panels if each.sql}


@dataclass(frozen=True)
class Planted:
    """A part of the subject of what was planted under a code."""

    code: str
    part: int = 0

    def value(self, labels: Sequence[Mapping[str, Any]]) -> str:
        control, _, code = self.code.partition(":")
        for label in labels:
            if (label["control"], label["code"]) == (control, code):
                return str(label["subject"]).split("|")[self.part]
        raise AssertionError(f"{self.code} is not planted in this company")


@dataclass(frozen=True)
class AtLeast:
    number: float


# panel: what a row of it shows, and why it is there
SHOWS: Mapping[str, Mapping[str, Any]] = {
    "open-violations": {"open": AtLeast(100), "severe": AtLeast(50), "judged": AtLeast(10_000)},
    "open-indeterminate": {"indeterminate": AtLeast(1)},
    "oldest-violation": {"seconds": AtLeast(30 * 86_400), "older": AtLeast(1)},
    "time-to-acknowledge": {"seconds": AtLeast(60), "raised": AtLeast(2)},
    "time-to-settle": {"seconds": AtLeast(60), "done": AtLeast(1)},
    "measures": {"measure": "outsourcing", "violations": AtLeast(10), "open": AtLeast(10)},
    "open-by-age": {"severity": "critical", "month": AtLeast(1)},
    "new-findings": {"violations": AtLeast(5)},
    "populations": {"passed": AtLeast(100), "violations": AtLeast(1)},
    "open-by-control": {"control": "TRF-04", "open": AtLeast(4)},
    "unwatched-controls": {"control": "REQ-01", "measure": "rights"},
    "newest-findings": {"control": "PHY-03", "verdict": "violation"},
    "controls": {"control": "OUT-03", "violations": AtLeast(4), "open": AtLeast(4)},
    "open-findings": {"subject": "ctr-out-01-failed-1|*", "code": "FAILED"},
    "open-by-code": {"code": "XBR-02 NOT_STOPPED", "open": 2},
    "violations-by-severity": {"critical": AtLeast(1)},
    "open-by-system": {"system": Planted("TEC-07:MALWARE")},
    "open-by-contractor": {"contractor": Planted("OUT-01:FAILED")},
    "open-by-country": {"country": "US", "findings": AtLeast(1)},
    "why-indeterminate": {"missing": "principals of *", "controls": "XBR-01"},
    "events-behind": {"contractor": Planted("OUT-01:FAILED"), "control": "OUT-01"},
    "revisions": {"revision": AtLeast(2)},
    "incidents-open": {"unclosed": AtLeast(1), "number": AtLeast(1)},
    "incidents": {"incident": Planted("INC-06:CLIENT_LATE"), "kind": "leak", "final": None},
    "incident-causes": {"cause": "contractor", "number": AtLeast(1)},
    "incident-reports": {"incident": Planted("INC-06:CLIENT_LATE"), "recipient": "client"},
    "incidents-of-contractors": {"incident": Planted("OUT-07:LATE_NOTICE"),
                                 "delay": AtLeast(86_400)},
    "requests-unanswered": {"request": Planted("REQ-03:LEFT_OPEN")},
    "complaints-open": {"complaint": "cmp-*", "result": "acknowledged"},
    "clocks-findings": {"subject": Planted("REQ-01:NO_CHECK"), "code": "NO_CHECK"},
    "contractors-in-force": {"contracts": AtLeast(10), "unassessed": AtLeast(1)},
    "entrusted-in-clear": {"entrusted": AtLeast(10)},
    "contractors": {"contractor": Planted("OUT-01:FAILED"), "assessed": "fail", "open": 1},
    "reentrusting": {"target": Planted("OUT-03:PROHIBITED", 1), "state": "bad"},
    "entrusted-by-contractor": {"contractor": Planted("OUT-01:FAILED"), "entrusted": AtLeast(1)},
    "entrusted-by-day": {"entrusted": AtLeast(2)},
    "entrusted": {"contractor": Planted("OUT-05:EXTRA_FIELDS"), "dataset": "ds-orders"},
    "contracts": {"contract": Planted("OUT-03:UNCOVERED"), "permitted": "prior_permission"},
    "audits": {"result": "serious", "findings": AtLeast(1)},
    "contracts-ended": {"contract": Planted("OUT-06:PARTIAL"), "settled": "ds-orders deleted"},
    "outsourcing-findings": {"subject": Planted("OUT-08:REENTRUSTED"), "code": "REENTRUSTED"},
    "provisions": {"provisions": AtLeast(10), "recorded": AtLeast(10)},
    "abroad": {"number": AtLeast(5)},
    "by-country": {"country": "SG", "shared": 1},
    "by-basis": {"basis": "opt_out", "transfers": AtLeast(3)},
    "by-day": {"transfers": AtLeast(1)},
    "provided": {"basis": "none", "record": "*"},
    "foreign-recipients": {"obstruction": "continuing", "country": "US"},
    "countries": {"country": "SG", "assessed": "", "provisions": AtLeast(1)},
    "tags": {"domain": "vnd-*", "personal": 1, "hashed": 0},
    "mail": {"domain": "gmail.com", "mails": AtLeast(1)},
    "transfers-findings": {"subject": Planted("XBR-01:NO_BASIS"), "code": "NO_BASIS"},
    "weak-remote": {"weak": 1, "remote": AtLeast(10)},
    "devices": {"unprotected": AtLeast(1)},
    "attempts": {"failure": AtLeast(5)},
    "failures": {"system": Planted("TEC-03:NO_MFA", 1), "weak": AtLeast(1)},
    "sign-in-countries": {"country": "JP", "failure": AtLeast(10)},
    "datasets": {"dataset": Planted("TEC-05:ABOVE_APPROVED", 1), "exports": AtLeast(10)},
    "rows-touched": {"exports": AtLeast(10_000)},
    "exports": {"dataset": Planted("TEC-05:ABOVE_APPROVED", 1), "actor": "ps2026_*"},
    "egress": {"destination": Planted("TEC-11:UNSANCTIONED", 1), "sanctioned": "no"},
    "threats": {"kind": "malware", "passed_through": 1},
    "vulnerabilities": {"vulnerability": Planted("TEC-07:VULN_LATE", 1), "result": "open"},
    "privileges": {"system": Planted("TEC-12:SELF_APPROVED", 1), "change": "granted"},
    "access-findings": {"subject": "sys-crm|thr-*", "code": "MALWARE"},
    "visitors": {"inside": 1, "visits": AtLeast(10)},
    "overdue-media": {"taken": AtLeast(10)},
    "reads-by-zone": {"zone": Planted("PHY-01:UNAUTHORISED_GRANT", 1), "denied": AtLeast(3)},
    "reads-by-day": {"denied": AtLeast(3)},
    "denied": {"zone": "zone-server", "reason": "no_right", "actor": "ps2026_*"},
    "visits": {"visit": Planted("PHY-03:HOST_ABSENT")},
    "taken-out": {"asset": Planted("PHY-05:OVERDUE"), "kind": "laptop"},
    "lost-media": {"asset": Planted("PHY-05:LOST"), "encrypted": "no"},
    "shipments": {"shipment": Planted("PHY-06:NOT_RECEIVED"), "arrived": None},
    "inspections": {"zone": "zone-members", "ng": 0},
    "stock-taking": {"campaign": Planted("PHY-08:NOT_FOUND"), "lost": 1},
    "disposals": {"asset": Planted("PHY-07:NO_WITNESS")},
    "physical-findings": {"subject": Planted("PHY-06:SEAL_BROKEN"), "code": "SEAL_BROKEN"},
    "requests": {"received": AtLeast(10), "unanswered": AtLeast(1)},
    "answer-time": {"seconds": AtLeast(86_400)},
    "requests-by-kind": {"kind": "disclosure", "received": AtLeast(10)},
    "requests-by-day": {"received": AtLeast(2)},
    "decisions": {"decision": "refuse", "ground": "fee"},
    "execution": {"request": Planted("REQ-06:PARTIAL"), "outstanding": "sys-ma"},
    "consents": {"kind": "third_party", "withdrawn": AtLeast(1)},
    "optouts": {"optouts": AtLeast(1)},
    "retention": {"kind": "card", "disposed": AtLeast(1)},
    "principals-findings": {"subject": Planted("REQ-01:NO_CHECK"), "code": "NO_CHECK"},
    "lines": {"rejected": AtLeast(10), "duplicates": AtLeast(10), "lines": AtLeast(10_000)},
    "ledger-age": {"age": AtLeast(0), "blocks": AtLeast(100)},
    "checkpoint-age": {"age": AtLeast(0), "entries": 1},
    "events-by-day": {"books": AtLeast(100), "access": AtLeast(10)},
    "registered-sources": {"source": Planted("GOV-08:SILENT"), "kind": "network"},
    "sources": {"source": Planted("GOV-08:SILENT"), "events": AtLeast(10)},
    "gaps": {"source": Planted("TEC-13:DISABLED"), "what": "disabled"},
    "rejects": {"source": "collector-01", "reason": "occurred_at: *", "rejected": AtLeast(5)},
    "duplicates": {"source": "collector-01", "duplicates": AtLeast(5)},
    "chains": {"lane": "books", "holes": 0, "evaluated": AtLeast(10_000)},
    "catalogues": {"blocks": AtLeast(100)},
    "own-acts": {"event_type": "own.silenced", "what": "sil-*"},
    "evidence-findings": {"subject": Planted("GOV-08:CHAIN_BREAK"), "code": "CHAIN_BREAK"},
}  # fmt: skip


def when(panel_id: str, boards: Boards) -> Scope:
    """The whole time, but for what there is for a while only."""
    if panel_id == "unwatched-controls":
        return replace(boards.scope, until=boards.scope.since + 24 * HOUR)
    if panel_id == "taken-out":
        asset = Planted("PHY-05:OVERDUE").value(boards.labels)
        (found,) = boards.ask(
            "SELECT toUnixTimestamp64Milli(max(occurred_at)) AS at FROM events WHERE event_type ="
            " 'asset.taken_out' AND JSONExtractString(attributes, 'asset_id') = {asset:String}",
            {"asset": asset},
        )
        return replace(boards.scope, until=found["at"] + HOUR)
    return boards.scope


def fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, AtLeast):
        return value is not None and value >= wanted.number
    if isinstance(wanted, str) and wanted.endswith("*"):
        return str(value).startswith(wanted[:-1])
    return bool(value == wanted)


@pytest.mark.parametrize("panel_id", sorted(ASKED))
def test_a_panel_shows_what_was_planted(panel_id: str, boards: Boards) -> None:
    shown = ASKED[panel_id]
    wanted = {
        column: value.value(boards.labels) if isinstance(value, Planted) else value
        for column, value in SHOWS[panel_id].items()
    }
    rows = boards.ask(*bound(shown.sql, when(panel_id, boards)))
    assert [
        row
        for row in rows
        if all(fits(row[column], value) for column, value in wanted.items())
    ], (wanted, rows[:20])


@pytest.mark.parametrize("panel_id", sorted(ASKED))
def test_a_panel_answers_the_columns_that_it_names(panel_id: str, boards: Boards) -> None:
    rows = boards.ask(*bound(ASKED[panel_id].sql, when(panel_id, boards)))
    assert {tuple(row) for row in rows} == {tuple(ASKED[panel_id].columns)}


@pytest.mark.parametrize("panel_id", sorted(ASKED))
def test_grafana_gets_the_same_answer_as_the_console(panel_id: str, boards: Boards) -> None:
    scope = when(panel_id, boards)
    sql = ASKED[panel_id].sql
    told = boards.ask(*bound(sql, replace(scope, language="en")))
    assert told == boards.ask(expanded(for_grafana(sql, "en"), scope), {})


# --- what is chosen ------------------------------------------------------------------------------


def shown(boards: Boards, panel_id: str, **chosen: Any) -> list[dict[str, Any]]:
    return boards.ask(*bound(panel(panel_id).sql, replace(boards.scope, **chosen)))


def test_findings_of_the_chosen_controls_alone_are_shown(boards: Boards) -> None:
    rows = shown(boards, "open-findings", controls=("OUT-03", "TEC-13"))
    assert {row["control"] for row in rows} == {"OUT-03", "TEC-13"}


def test_a_measure_stands_for_its_controls(boards: Boards) -> None:
    rows = shown(boards, "controls", measures=("outsourcing",))
    assert {row["control"][:4] for row in rows} == {"OUT-"}


def test_a_control_of_another_measure_than_the_chosen_one_shows_nothing(boards: Boards) -> None:
    assert not shown(boards, "controls", measures=("outsourcing",), controls=("TEC-13",))


def test_a_chosen_system_alone_is_shown(boards: Boards) -> None:
    rows = shown(boards, "failures", systems=("sys-vpn",))
    assert {row["system"] for row in rows} == {"sys-vpn"}


def test_a_chosen_contractor_alone_is_shown(boards: Boards) -> None:
    rows = shown(boards, "contractors", contractors=("ctr-callcenter", "ctr-delivery"))
    assert {row["contractor"] for row in rows} == {"ctr-callcenter", "ctr-delivery"}


def test_findings_are_told_in_the_language_that_is_chosen(boards: Boards) -> None:
    ja, en = (shown(boards, "newest-findings", language=lang)[0] for lang in ("ja", "en"))
    assert ja["text"] != en["text"]
    assert ja | {"text": ""} == en | {"text": ""}


def test_a_period_of_two_days_is_told_by_the_hour(boards: Boards) -> None:
    rows = shown(boards, "events-by-day", until=boards.scope.since + 48 * HOUR)
    assert len(rows) > 24


def test_days_begin_at_midnight_in_japan(boards: Boards) -> None:
    assert {row["time"][11:] for row in shown(boards, "events-by-day")} == {"15:00:00"}


HOSTILE = "x', 'y') OR 1 = 1 UNION ALL SELECT name FROM system.users -- \\' ${until} {since:String}"


@pytest.mark.parametrize(
    ("panel_id", "field"),
    [("failures", "systems"), ("contractors", "contractors"), ("open-findings", "controls")],
)
def test_a_hostile_choice_is_a_name_that_nothing_has(
    panel_id: str, field: str, boards: Boards
) -> None:
    sql, parameters = bound(panel(panel_id).sql, replace(boards.scope, **{field: (HOSTILE,)}))
    assert sql == panel(panel_id).sql
    assert boards.ask(sql, parameters) == []


@pytest.mark.parametrize("panel_id", ["failures", "contractors", "open-findings"])
def test_a_hostile_variable_is_a_name_that_nothing_has(panel_id: str, boards: Boards) -> None:
    chosen = {name: [HOSTILE] for name in ("system", "contractor", "control")}
    sql = expanded(for_grafana(panel(panel_id).sql, "ja"), boards.scope, chosen)
    assert "UNION ALL SELECT" not in sql
    assert boards.ask(sql, {}) == []
