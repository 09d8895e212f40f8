"""Every alert rule in Prometheus' own rule tester, firing and not, and its runbook."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from dashboards.rules import GROUPS, RULES, WATCHDOG
from dashboards.rules.rule import RUNBOOKS
from dashboards.rules.written import COMMAND, files
from streams.metrics import METRICS
from tests.deploy.files import DEPLOY, ROOT

FILE = DEPLOY / "prometheus" / "rules.yml"


@dataclass(frozen=True)
class Case:
    """Series in the tester's notation, one value a minute unless `interval` says otherwise, and
    the labels with which the rule fires at a time; None: it does not."""

    rule: str
    series: Mapping[str, str]
    at: str
    fires: Mapping[str, str] | None
    interval: str = "1m"


W1 = {"job": "workers", "instance": "w1:9464"}
ONE = '{job="workers",instance="w1:9464"}'
BUCKET = 'shoseki_block_seconds_bucket{job="workers",instance="w1:9464",lane="access",le='
STORED = 'shoseki_store_seconds_bucket{lane="access",le='
INTAKE = 'shoseki_intake_records_total{intake="crm",result='
ACCESS, CRM = {"lane": "access"}, {"intake": "crm"}
PLACE = {"lane": "access", "partition": "0"}
CASES = (
    Case("ShosekiScrapeDown", {f"up{ONE}": "0x10"}, "5m", W1),
    Case("ShosekiScrapeDown", {f"up{ONE}": "1 0 0 1x8"}, "5m", None),
    Case("ShosekiScrapeDown", {'up{job="else",instance="a"}': "0x10"}, "5m", None),
    Case("ShosekiHeartbeatOld", {"shoseki_heartbeat_seconds": "60x30"}, "15m", {}),
    Case("ShosekiHeartbeatOld", {f"up{ONE}": "1x30"}, "15m", {}),
    Case("ShosekiHeartbeatOld", {"shoseki_heartbeat_seconds": "0+60x30"}, "15m", None),
    Case(
        "ShosekiPartitionUnread",
        {
            f'shoseki_partitions{{lane="access",{ONE[1:]}': "2x10",
            'shoseki_lag_seconds{lane="access",partition="0"}': "1x10",
        },
        "5m",
        ACCESS,
    ),
    Case("ShosekiPartitionUnread", {'shoseki_partitions{lane="books"}': "1x10"}, "5m",
         {"lane": "books"}),
    Case(
        "ShosekiPartitionUnread",
        {
            'shoseki_partitions{lane="access",instance="w1"}': "2x10",
            'shoseki_partitions{lane="access",instance="w2"}': "2x10",
            'shoseki_lag_seconds{lane="access",partition="0",instance="w1"}': "1x10",
            'shoseki_lag_seconds{lane="access",partition="1",instance="w2"}': "1x10",
        },
        "5m",
        None,
    ),
    Case("ShosekiWorkerRestarting",
         {f"process_start_time_seconds{ONE}": "0x5 300x5 600x5 900x20"}, "28m", W1),
    Case("ShosekiWorkerRestarting",
         {f"process_start_time_seconds{ONE}": "0x10 600x20"}, "28m", None),
    Case("ShosekiLag", {'shoseki_lag_seconds{lane="access",partition="0"}': "120x10"}, "7m", PLACE),
    Case(
        "ShosekiLag",  # who lost the partition and hangs is not asked
        {
            'shoseki_lag_seconds{lane="access",partition="0",instance="old"}': "0+60x20",
            'shoseki_lag_seconds{lane="access",partition="0",instance="new"}': "1x20",
        },
        "15m",
        None,
    ),
    Case("ShosekiLagLong", {'shoseki_lag_seconds{lane="access",partition="0"}': "1000x10"}, "7m",
         PLACE),
    Case("ShosekiLagLong", {'shoseki_lag_seconds{lane="access",partition="0"}': "120x10"}, "7m",
         None),
    Case(
        "ShosekiBlockSlow",
        {f'{BUCKET}"10"}}': "0x40", f'{BUCKET}"30"}}': "0+10x40", f'{BUCKET}"+Inf"}}': "0+10x40",
         f"shoseki_session_seconds{ONE}": "30x40"},
        "25m",
        W1,
    ),
    Case(
        "ShosekiBlockSlow",
        {f'{BUCKET}"1"}}': "0+10x40", f'{BUCKET}"30"}}': "0+10x40", f'{BUCKET}"+Inf"}}': "0+10x40",
         f"shoseki_session_seconds{ONE}": "30x40"},
        "25m",
        None,
    ),
    Case(
        "ShosekiBlockSlow",  # one process alone has no session
        {f'{BUCKET}"10"}}': "0x40", f'{BUCKET}"30"}}': "0+10x40", f'{BUCKET}"+Inf"}}': "0+10x40",
         f"shoseki_session_seconds{ONE}": "0x40"},
        "25m",
        None,
    ),
    Case(
        "ShosekiRulesetsDiffer",
        {'shoseki_build_info{version="1",ruleset="a",instance="w1"}': "1x40",
         'shoseki_build_info{version="1",ruleset="b",instance="w2"}': "1x40"},
        "35m",
        {},
    ),
    Case(
        "ShosekiRulesetsDiffer",
        {'shoseki_build_info{version="1",ruleset="a",instance="w1"}': "1x40",
         'shoseki_build_info{version="1",ruleset="a",instance="w2"}': "1x40"},
        "35m",
        None,
    ),
    Case("ShosekiStoreRetries", {"shoseki_store_retries_total": "0+1x30"}, "25m", {}),
    Case("ShosekiStoreRetries", {"shoseki_store_retries_total": "0x5 3x30"}, "25m", None),
    Case(
        "ShosekiStoreSlow",
        {f'{STORED}"5"}}': "0x40", f'{STORED}"10"}}': "0+5x40", f'{STORED}"+Inf"}}': "0+5x40"},
        "30m",
        ACCESS,
    ),
    Case(
        "ShosekiStoreSlow",
        {f'{STORED}"5"}}': "0+5x40", f'{STORED}"10"}}': "0+5x40", f'{STORED}"+Inf"}}': "0+5x40"},
        "30m",
        None,
    ),
    Case(
        "ShosekiLedgerStopped",
        {'shoseki_ledger_last_block_seconds{lane="access"}': "0x60",
         f'{INTAKE}"event"}}': "0+9x60"},
        "30m",
        {},
    ),
    Case(
        "ShosekiLedgerStopped",
        {'shoseki_ledger_last_block_seconds{lane="access"}': "0x60",
         'shoseki_lag_messages{lane="access",partition="0"}': "700x60"},
        "30m",
        {},
    ),
    Case(
        "ShosekiLedgerStopped",  # a quiet night
        {'shoseki_ledger_last_block_seconds{lane="access"}': "0x60", f'{INTAKE}"event"}}': "9x60"},
        "30m",
        None,
    ),
    Case("ShosekiLedgerSilent", {'shoseki_ledger_last_block_seconds{lane="books"}': "0x60"}, "27h",
         {}, "30m"),
    Case("ShosekiLedgerSilent",
         {'shoseki_ledger_last_block_seconds{lane="access"}': "0x60",
          'shoseki_ledger_last_block_seconds{lane="books"}': "0x40 72000x20"}, "27h", None, "30m"),
    Case(
        "ShosekiCheckpointOld",
        {'shoseki_ledger_last_block_seconds{lane="access"}': "0+60x60",
         "shoseki_checkpoint_last_seconds": "0x60"},
        "25m",
        {},
    ),
    Case("ShosekiCheckpointOld",
         {'shoseki_ledger_last_block_seconds{lane="access"}': "0+60x60"}, "25m", {}),
    Case(
        "ShosekiCheckpointOld",  # nothing is sealed, so there is nothing to state
        {'shoseki_ledger_last_block_seconds{lane="access"}': "0x60",
         "shoseki_checkpoint_last_seconds": "60x60"},
        "50m",
        None,
    ),
    Case("ShosekiAnchorUnsent", {"shoseki_anchors_unsent_total": "0+1x80"}, "65m", {}),
    Case("ShosekiAnchorUnsent", {"shoseki_anchors_unsent_total": "0x10 1x70"}, "65m", None),
    Case("ShosekiSourceSilent",
         {'shoseki_source_last_event_seconds{source="db-01"}': "0x90",
          'shoseki_source_silence_seconds{source="db-01"}': "3600x90"}, "75m", {"source": "db-01"}),
    Case("ShosekiSourceSilent",
         {'shoseki_source_last_event_seconds{source="db-01"}': "0+60x90",
          'shoseki_source_silence_seconds{source="db-01"}': "3600x90"}, "75m", None),
    Case("ShosekiSourceSilent",
         {'shoseki_source_last_event_seconds{source="form-01"}': "0x90"}, "75m", None),
    Case("ShosekiSourcesUnlisted", {"shoseki_sources_unlisted": "3x70"}, "65m", {}),
    Case("ShosekiSourcesUnlisted", {"shoseki_sources_unlisted": "0x70"}, "65m", None),
    Case("ShosekiRejects",
         {'shoseki_rejects_total{lane="access"}': "0+10x90",
          'shoseki_events_total{lane="access"}': "0+100x90"}, "75m", ACCESS),
    Case("ShosekiRejects",
         {'shoseki_rejects_total{lane="access"}': "0+10x90",
          'shoseki_events_total{lane="access"}': "0+9000x90"}, "75m", None),
    Case("ShosekiRejects",  # a single line of a few
         {'shoseki_rejects_total{lane="books"}': "0x30 1x60",
          'shoseki_events_total{lane="books"}': "0x30 5x60"}, "75m", None),
    Case("ShosekiDuplicates",
         {'shoseki_duplicates_total{lane="access"}': "0+100x150",
          'shoseki_events_total{lane="access"}': "0+10x150"}, "135m", ACCESS),
    Case("ShosekiDuplicates",
         {'shoseki_duplicates_total{lane="access"}': "0+10x150",
          'shoseki_events_total{lane="access"}': "0+100x150"}, "135m", None),
    Case("ShosekiIntakeRejects",
         {f'{INTAKE}"reject"}}': "0+50x90", f'{INTAKE}"event"}}': "0+50x90"}, "75m", CRM),
    Case("ShosekiIntakeRejects",
         {f'{INTAKE}"reject"}}': "0+5x90", f'{INTAKE}"event"}}': "0+100x90"}, "75m", None),
    Case("ShosekiIntakeLag", {'shoseki_intake_lag_records{intake="crm",partition="0"}': "20000x15"},
         "12m", CRM),
    Case("ShosekiIntakeLag", {'shoseki_intake_lag_records{intake="crm",partition="0"}': "100x15"},
         "12m", None),
    Case("ShosekiIntakeMissing", {'shoseki_intake_missing_records_total{intake="crm"}': "0x5 7x9"},
         "8m", CRM),
    Case("ShosekiIntakeMissing", {'shoseki_intake_missing_records_total{intake="crm"}': "7x15"},
         "8m", None),
    Case("ShosekiIntakeRetries", {"shoseki_intake_retries_total": "0+1x30"}, "25m", {}),
    Case("ShosekiIntakeRetries", {"shoseki_intake_retries_total": "0x5 1x30"}, "25m", None),
    Case("ShosekiQuarantineFull", {'shoseki_quarantine_lines_total{result="full"}': "0x5 4x9"},
         "8m", {}),
    Case("ShosekiQuarantineFull", {'shoseki_quarantine_lines_total{result="kept"}': "0x5 4x9",
                                   'shoseki_quarantine_lines_total{result="full"}': "0x15"},
         "8m", None),
    Case("ShosekiClockNear", {'shoseki_clock_seconds_left{control="INC-04"}': "200000x5"}, "1m",
         {"control": "INC-04"}),
    Case("ShosekiClockNear", {'shoseki_clock_seconds_left{control="INC-04"}': "300000x5"}, "1m",
         None),
    Case("ShosekiClockSoon", {'shoseki_clock_seconds_left{control="INC-04"}': "80000x5"}, "1m",
         {"control": "INC-04"}),
    Case("ShosekiClockSoon", {'shoseki_clock_seconds_left{control="INC-04"}': "90000x5"}, "1m",
         None),
    Case("ShosekiClockOver", {'shoseki_clock_seconds_left{control="INC-04"}': "30-60x5"}, "1m",
         {"control": "INC-04"}),
    Case("ShosekiClockOver", {'shoseki_clock_seconds_left{control="INC-04"}': "90-60x5"}, "1m",
         None),
    Case("ShosekiFindingsOld", {'shoseki_findings_open{severity="high",age="lt_30d"}': "2x5"}, "1m",
         {}),
    Case("ShosekiFindingsOld", {'shoseki_findings_open{severity="high",age="lt_7d"}': "2x5",
                                'shoseki_findings_open{severity="high",age="ge_30d"}': "0x5"},
         "1m", None),
    Case("ShosekiFindingsStale", {'shoseki_findings_open{severity="low",age="ge_30d"}': "2x5"},
         "1m", {}),
    Case("ShosekiFindingsStale", {'shoseki_findings_open{severity="low",age="lt_30d"}': "2x5"},
         "1m", None),
    Case(WATCHDOG, {}, "0m", {}),
    Case("ShosekiAlertsStuck", {"shoseki_alerts_waiting": "5x10"}, "7m", {}),
    Case("ShosekiAlertsStuck", {"shoseki_alerts_waiting": "5 5 0x10"}, "7m", None),
    Case("ShosekiNotificationsFailed",
         {'alertmanager_notifications_failed_total{integration="webhook"}': "0+1x30"}, "20m",
         {"integration": "webhook"}),
    Case("ShosekiNotificationsFailed",
         {'alertmanager_notifications_failed_total{integration="webhook"}': "3x30"}, "20m", None),
    Case("ShosekiRulesFail",
         {'prometheus_rule_evaluation_failures_total{rule_group="a"}': "0+1x30"}, "20m",
         {"rule_group": "a"}),
    Case("ShosekiRulesFail",
         {'prometheus_rule_evaluation_failures_total{rule_group="a"}': "3x30"}, "20m", None),
)  # fmt: skip


def stated(case: Case) -> dict[str, object]:
    """A case as the tester reads it."""
    (rule,) = [rule for rule in RULES if rule.name == case.rule]
    expected = []
    if case.fires is not None:
        labels = dict(case.fires) | {"severity": rule.severity}

        def filled(text: str) -> str:
            return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels[found[1]], text)

        notes = {name: filled(text) for name, text in rule.annotations.items()}
        expected.append({"exp_labels": labels, "exp_annotations": notes})
    return {
        "interval": case.interval,
        "input_series": [{"series": name, "values": at} for name, at in case.series.items()],
        "alert_rule_test": [
            {"eval_time": case.at, "alertname": case.rule, "exp_alerts": expected}
        ],
    }


@pytest.fixture(scope="module")
def faults(
    needs: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    """What the tester says of rules whose cases do not come out, by the rule."""
    folder = tmp_path_factory.mktemp("rules")
    for interval in {case.interval for case in CASES}:
        written = {
            "rule_files": [str(FILE)],
            "evaluation_interval": interval,
            "tests": [stated(case) for case in CASES if case.interval == interval],
        }
        (folder / f"{interval}.yml").write_text(json.dumps(written))
    done = subprocess.run(
        [needs("promtool"), "test", "rules", *folder.iterdir()], capture_output=True, text=True,
    )  # fmt: skip
    said = done.stdout + done.stderr
    found = re.split(r"alertname: (\w+)", said)[1:]
    assert bool(found) == bool(done.returncode), said
    return dict(zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_a_rule_fires_when_it_should_and_not_otherwise(
    faults: Mapping[str, str], rule: str
) -> None:
    assert rule not in faults, faults[rule]


def test_a_rule_keeps_no_label_that_its_severity_replaces() -> None:
    """Two alerts that differ in such a label alone would be one, and neither be sent."""
    for rule in RULES:
        outermost = re.match(r"(?:sum|max|min|count) by \(([^)]*)\)", rule.expr)
        assert outermost is None or "severity" not in outermost[1], rule.name


def test_every_rule_has_a_case_that_fires_and_one_that_does_not() -> None:
    fires = {case.rule for case in CASES if case.fires is not None}
    rests = {case.rule for case in CASES if case.fires is None}
    names = {rule.name for rule in RULES}
    assert fires == names
    assert rests == names - {WATCHDOG}


@pytest.mark.parametrize("file", sorted(files()), ids=lambda file: file.name)
def test_what_is_committed_is_what_is_declared(file: Path) -> None:
    assert file.read_text("utf-8") == files()[file], f"run: {COMMAND}"


def test_prometheus_reads_the_rules_that_are_declared() -> None:
    groups = yaml.safe_load(FILE.read_text())["groups"]
    read = [(group["name"], each["alert"]) for group in groups for each in group["rules"]]
    assert read == [(group.name, rule.name) for group in GROUPS for rule in group.rules]
    assert len({name for _, name in read}) == len(read)


def test_every_runbook_link_leads_to_a_section() -> None:
    text = (ROOT / RUNBOOKS).read_text("utf-8")
    anchors = {f"{RUNBOOKS}#{title.lower()}" for title in re.findall(r"^### (\w+)$", text, re.M)}
    assert {rule.anchor for rule in RULES} == anchors


def test_rules_ask_for_metrics_that_there_are() -> None:
    known = {metric.shown for metric in METRICS.declared}
    known |= {f"{metric.name}_bucket" for metric in METRICS.declared if metric.kind == "histogram"}
    asked = {name for rule in RULES for name in re.findall(r"\bshoseki_\w+", rule.expr)}
    assert asked <= known
