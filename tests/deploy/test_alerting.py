"""From an event to who is called, and back: the service, Prometheus and Alertmanager as they are.

One story, told in the order in which it happens and written down as it does; each test asks for one
thing that must have come of it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controls.events import Event, IncidentDetected, LogConfigChanged, RegisterDataset
from controls.examples import event
from dashboards.rules import RULES, WATCHDOG
from dashboards.rules.duties import DUTIES
from streams import codec
from streams.alerts.alert import ALERTNAME
from streams.cli import main
from tests.deploy.monitors import Heard, Program, alertmanager, asked, free, post, prometheus, until
from tests.installation import Installation

PEOPLE = ("stf-0007", "stf-0012", "stf-0031")
SOC, LEAD, SUSPECT = PEOPLE
SECRET = "what the on-call tool knows"


def ago(**time: float) -> str:
    moment = datetime.now(ZoneInfo("Asia/Tokyo")) - timedelta(**time)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def cut(change: str, name: str) -> LogConfigChanged:
    """Somebody touches the audit log without approval."""
    return event(
        LogConfigChanged, ago(minutes=2), monitored_source_id="db-01", change=change,
        change_id=name, ticket_id=None, actor_ref=SUSPECT,
    )  # fmt: skip


def before() -> list[Event]:
    """What is in the log when the service starts: a high finding, and a term that is long over."""
    return [
        event(RegisterDataset, ago(days=120), dataset_id="ds-members"),
        event(
            IncidentDetected, ago(days=90), incident_id="inc-1", known_at=ago(days=90),
            dataset_ids=["ds-members"], principals_max=1_001, role="controller",
        ),
        cut("retention_reduced", "chg-1"),
    ]  # fmt: skip


@dataclass
class Story:
    """What was seen, by name."""

    heard: Heard
    manager: Program
    watch: Program
    service: Installation
    console: str
    statuses: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    targets: list[Any] = field(default_factory=list)
    during: dict[str, Any] = field(default_factory=dict)
    after: list[Any] = field(default_factory=list)
    inhibited: dict[str, list[str]] = field(default_factory=dict)

    def publish(self, *events: Event) -> None:
        file = self.service.folder / "events.jsonl"
        file.write_bytes(b"".join(codec.encode(each) + b"\n" for each in events))
        self.service.publish(file)

    def findings(self, *words: str) -> list[dict[str, Any]]:
        """What `shoseki findings` answers."""
        said = io.StringIO()
        with chdir(self.service.folder), redirect_stdout(said):
            status = main(["findings", *words, "--json", "--config", str(self.service.config)])
        assert status in (0, 1)
        return [json.loads(line) for line in said.getvalue().splitlines()]

    def status(self, finding_id: str) -> str:
        return str(self.findings("show", finding_id)[-1]["status"])

    def alerts(self, finding_id: str) -> list[Any]:
        """What Alertmanager holds of a finding, active or inhibited."""
        found: list[Any] = asked(
            self.manager.address, "/api/v2/alerts", filter=f'finding_id="{finding_id}"'
        )
        return found

    def waiting(self) -> float:
        name = "shoseki_alerts_waiting "
        lines = self.service.metrics().splitlines()
        return float(next(line for line in lines if line.startswith(name)).removeprefix(name))


@pytest.fixture(scope="module")
def story(
    needs: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    programs = needs("prometheus"), needs("alertmanager")
    folder = tmp_path_factory.mktemp("alerting")
    service = Installation(folder / "service")
    with Heard(free()).listening() as heard:
        manager = alertmanager(programs[1], folder / "alertmanager", heard.address)
        jobs = {"workers": service.address, "alertmanager": manager.address}
        watch = prometheus(programs[0], folder / "prometheus", jobs, manager.address)
        console, secret = free(), folder / "secret"
        secret.write_text(SECRET)
        config = service.config.read_text().replace(
            'console.address = ""', f'console.address = "{console}"'
        )
        service.config.write_text(
            f'{config}\n[alerts]\nurl = "http://{manager.address}"\nresend_seconds = 2\n'
            f'console = "http://{console}"\ntoken_file = "{secret}"\n'
        )
        told = Story(heard, manager, watch, service, console)
        told.publish(*before())
        with manager.running(), watch.running(), service.running():
            happen(told)
            yield told


def happen(story: Story) -> None:
    answered(story)
    watched(story)
    cut_off(story)
    outdone(story)


def answered(story: Story) -> None:
    """The high finding is told, acknowledged by one person in the on-call tool, and closed by
    another."""
    heard = story.heard
    wanted = {"control": "TEC-13", "severity": "high"}
    (alert, *_) = until(lambda: heard.of("on-call", **wanted), "the high finding is told")
    finding = alert["labels"]["finding_id"]
    story.during["high"] = alert
    said = {"finding_id": finding, "step": "acknowledged", "by": SOC}
    post(story.console, "/api/alerts", said, Authorization=f"Bearer {SECRET}")
    until(lambda: story.status(finding) == "acknowledged", "it is acknowledged")
    story.statuses["acknowledged"] = story.status(finding)
    story.findings(
        "close", finding, "--disposition", "resolved", "--by", LEAD,
        "--cause", "設定の手順が古かった", "--action", "手順を改め、保存期間を戻した",
    )  # fmt: skip
    until(lambda: heard.of("on-call", "resolved", finding_id=finding), "its end is told")
    story.statuses["closed"] = story.status(finding)


def watched(story: Story) -> None:
    """Prometheus sees by itself that a term of the law is over."""
    until(lambda: story.heard.of("page", alertname="ShosekiClockOver"), "the term is told")
    until(lambda: story.heard.of("dead-man", alertname=WATCHDOG), "the watchdog is heard")
    groups = asked(story.watch.address, "/api/v1/rules")["data"]["groups"]
    story.rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
    story.targets = asked(story.watch.address, "/api/v1/targets")["data"]["activeTargets"]


def cut_off(story: Story) -> None:
    """Alertmanager is away while a critical finding arises."""
    story.manager.stop()
    story.publish(cut("cleared", "chg-2"))
    (finding,) = until(
        lambda: [f for f in story.findings("list", "--control", "TEC-13") if f["status"] == "open"],
        "it is found",
    )
    name = finding["finding_id"]
    story.during["outage"] = until(story.waiting, "it waits in the outbox")
    story.manager.start()
    until(lambda: story.heard.of("page", finding_id=name), "it is told after the outage")
    until(lambda: story.waiting() == 0, "nothing waits any more")
    # two more of the resends, which must change nothing
    first = story.alerts(name)[0]["updatedAt"]
    second = until(lambda: newer(story.alerts(name), first), "it is sent again")
    until(lambda: newer(story.alerts(name), second), "and again")
    story.after = story.alerts(name)
    story.during["critical"] = finding


def newer(alerts: list[Any], than: str) -> str:
    return str(alerts[0]["updatedAt"]) if alerts[0]["updatedAt"] > than else ""


def outdone(story: Story) -> None:
    """What somebody is called for is not told a second time in a lesser way."""

    def alert(severity: str, finding: str, subject: str) -> dict[str, Any]:
        labels = {"alertname": ALERTNAME, "control": "TEC-05", "severity": severity,
                  "finding_id": finding, "subject": subject}  # fmt: skip
        return {"labels": labels}

    def fired(name: str, **labels: str) -> dict[str, Any]:
        (rule,) = [rule for rule in RULES if rule.name == name]
        return {"labels": {"alertname": name, "severity": rule.severity, "test": "yes"} | labels}

    post(
        story.manager.address,
        "/api/v2/alerts",
        [
            alert("critical", "f-1", "actor=a"), alert("medium", "f-1", "actor=a"),
            alert("low", "f-2", "actor=a"), alert("low", "f-3", "actor=b"),
            fired("ShosekiPartitionUnread", lane="access"),
            fired("ShosekiLag", lane="access", partition="1"), fired("ShosekiQuarantineFull"),
        ],
    )  # fmt: skip
    until(lambda: story.heard.of("digest", finding_id="f-3"), "the digest is told")
    until(lambda: story.heard.of("page", finding_id="f-1"), "the call is made")
    until(lambda: story.heard.of("ticket", test="yes"), "the ticket is told")
    for each in asked(story.manager.address, "/api/v2/alerts", filter='control="TEC-05"'):
        name = f"{each['labels']['finding_id']} {each['labels']['severity']}"
        story.inhibited[name] = each["status"]["inhibitedBy"]
    for each in asked(story.manager.address, "/api/v2/alerts", filter='test="yes"'):
        story.inhibited[each["labels"]["alertname"]] = each["status"]["inhibitedBy"]


def test_a_finding_is_told_to_who_hears_of_its_severity(story: Story) -> None:
    labels = story.during["high"]["labels"]
    assert labels["alertname"] == ALERTNAME
    assert labels.keys() == {"alertname", "finding_id", "control", "measure", "severity", "subject"}
    assert not story.heard.of("page", finding_id=labels["finding_id"])


def test_an_alert_leads_to_its_control_and_its_finding(story: Story) -> None:
    notes = story.during["high"]["annotations"]
    assert notes["runbook"].endswith("/ja/controls/TEC-13")
    name = story.during["high"]["labels"]["finding_id"]
    assert notes["evidence"] == f"http://{story.console}/ja/findings/{name}"
    assert notes["summary"]
    assert notes["summary_en"]


def test_an_acknowledgement_and_a_closing_come_back_to_the_finding(story: Story) -> None:
    assert story.statuses == {"acknowledged": "acknowledged", "closed": "closed"}


def test_a_closed_finding_is_told_as_over_once(story: Story) -> None:
    name = story.during["high"]["labels"]["finding_id"]
    assert len(story.heard.of("on-call", "resolved", finding_id=name)) == 1
    assert all(alert["status"]["state"] != "active" for alert in story.alerts(name))


def test_prometheus_sees_the_service_and_no_rule_fails(story: Story) -> None:
    assert {target["health"] for target in story.targets} == {"up"}
    assert story.rules.keys() == {rule.name for rule in RULES}
    assert {rule["health"] for rule in story.rules.values()} == {"ok"}


def test_a_sound_service_sets_off_no_rule_about_itself(story: Story) -> None:
    firing = {name for name, rule in story.rules.items() if rule["state"] == "firing"}
    assert firing - {rule.name for rule in DUTIES.rules} == {WATCHDOG}


def test_a_term_that_is_over_is_a_call_that_says_what_to_do(story: Story) -> None:
    (alert, *_) = story.heard.of("page", alertname="ShosekiClockOver")
    assert alert["labels"]["control"].startswith("INC-")
    assert alert["annotations"]["runbook"] == "deploy/prometheus/runbooks.md#shosekiclockover"


def test_the_watchdog_is_heard_by_the_dead_mans_receiver_alone(story: Story) -> None:
    told = {name for name, each in story.heard.all if each["commonLabels"].get("alertname") ==
            WATCHDOG}  # fmt: skip
    assert told == {"dead-man"}


def test_what_arose_while_alertmanager_was_away_is_one_alert_and_one_call(story: Story) -> None:
    name = story.during["critical"]["finding_id"]
    assert story.during["outage"] >= 1
    assert [alert["labels"]["severity"] for alert in story.after] == ["critical"]
    assert len(story.heard.of("page", finding_id=name)) == 1


def test_who_is_called_reads_of_the_same_nowhere_else(story: Story) -> None:
    found = {name: bool(by) for name, by in story.inhibited.items() if name.startswith("f-")}
    assert found == {"f-1 critical": False, "f-1 medium": True, "f-2 low": True, "f-3 low": False}


def test_who_lacks_a_worker_is_not_told_of_what_follows_from_it(story: Story) -> None:
    found = {name: bool(by) for name, by in story.inhibited.items() if not name.startswith("f-")}
    assert found == {
        "ShosekiPartitionUnread": False, "ShosekiLag": True, "ShosekiQuarantineFull": False,
    }  # fmt: skip
    assert not story.heard.of("on-call", test="yes")


def test_no_person_is_named_in_what_is_told(story: Story) -> None:
    told = json.dumps(story.heard.all, ensure_ascii=False)
    assert not [person for person in PEOPLE if person in told]
    assert "jn_" not in told
