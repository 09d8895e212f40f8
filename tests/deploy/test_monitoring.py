"""Prometheus, Alertmanager and Grafana: their files through their own checkers, and whether what
they name is there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from controls.kernel import SEVERITIES
from dashboards.rules import RULES, WATCHDOG, Severity
from streams.alerts.alert import ALERTNAME
from tests.deploy.files import DEPLOY, composed, production

PROMETHEUS = DEPLOY / "prometheus" / "prometheus.yml"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
RULE_FILE = DEPLOY / "prometheus" / "rules.yml"
SOURCES = DEPLOY / "grafana" / "provisioning" / "datasources" / "shoseki.yaml"


@pytest.fixture(scope="module")
def services(needs: Callable[[str], Path]) -> dict[str, Any]:
    found: dict[str, Any] = composed(needs("docker-compose"))["services"]
    return found


def checked(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_promtool_accepts_it(needs: Callable[[str], Path], tmp_path: Path) -> None:
    promtool = needs("promtool")
    done = checked(promtool, "check", "config", PROMETHEUS)
    assert done.returncode == 0, done.stderr
    wrong = tmp_path / "prometheus.yml"
    wrong.write_text(PROMETHEUS.read_text().replace("refresh_interval", "refreshed"))
    (tmp_path / "rules.yml").write_text(RULE_FILE.read_text())
    refused = checked(promtool, "check", "config", wrong)
    assert refused.returncode != 0
    assert "refreshed" in refused.stderr


def test_amtool_accepts_it(needs: Callable[[str], Path], tmp_path: Path) -> None:
    amtool = needs("amtool")
    done = checked(amtool, "check-config", ALERTMANAGER)
    assert done.returncode == 0, done.stderr
    wrong = tmp_path / "alertmanager.yml"
    wrong.write_text(ALERTMANAGER.read_text().replace("receiver: on-call", "receiver: nobody"))
    assert checked(amtool, "check-config", wrong).returncode != 0


@pytest.mark.parametrize(
    ("severity", "receiver"),
    [
        ("critical", "page"), ("page", "page"), ("high", "on-call"), ("on-call", "on-call"),
        ("medium", "ticket"), ("ticket", "ticket"), ("low", "digest"), ("info", "digest"),
        ("digest", "digest"),
    ],
)  # fmt: skip
def test_amtool_sends_every_severity_to_who_hears_of_it(
    needs: Callable[[str], Path], severity: str, receiver: str
) -> None:
    known = (*SEVERITIES, *get_args(Severity))
    assert severity in known
    name = "ShosekiFinding" if severity in SEVERITIES else "ShosekiLag"
    assert sent(needs("amtool"), alertname=name, severity=severity) == receiver


def test_amtool_sends_the_watchdog_elsewhere_and_what_is_new_to_the_on_call(
    needs: Callable[[str], Path],
) -> None:
    amtool = needs("amtool")
    assert sent(amtool, alertname=WATCHDOG, severity="none") == "dead-man"
    assert sent(amtool, alertname="Other", severity="never heard of") == "on-call"


def sent(amtool: Path, **labels: str) -> str:
    """The receiver that amtool finds for an alert."""
    words = [f"{name}={value}" for name, value in labels.items()]
    done = checked(amtool, "config", "routes", "test", "--config.file", ALERTMANAGER, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_inhibits_and_what_is_inhibited_can_fire() -> None:
    known = {rule.name for rule in RULES} | {ALERTNAME}
    for rule in yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]:
        matchers = [*rule["source_matchers"], *rule["target_matchers"]]
        named = {
            name
            for matcher in matchers
            for names in re.findall(r'^alertname=~?"([^"]+)"$', matcher)
            for name in names.split("|")
        }
        assert named, rule
        assert named <= known


def test_prometheus_loads_the_rules_and_asks_the_jobs_that_they_name(
    services: dict[str, Any],
) -> None:
    config = yaml.safe_load(PROMETHEUS.read_text())
    mounted = {each["target"] for each in services["prometheus"]["configs"]}
    assert {f"/etc/prometheus/{name}" for name in config["rule_files"]} <= mounted
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    named = re.findall(r'job=~?"([^"]+)"', RULE_FILE.read_text())
    assert {job for names in named for job in names.split("|")} <= jobs


def test_prometheus_asks_services_that_there_are(services: dict[str, Any]) -> None:
    port = int((production().metrics or "").rpartition(":")[2])
    jobs = {
        job["job_name"]: job for job in yaml.safe_load(PROMETHEUS.read_text())["scrape_configs"]
    }
    for name in ("workers", "intake"):
        (found,) = jobs[name]["dns_sd_configs"]
        assert found["names"] == [name]
        assert found["port"] == port
        assert name in services
    assert jobs.keys() <= services.keys()


def test_grafana_reads_services_that_there_are_as_one_who_may(services: dict[str, Any]) -> None:
    sources = {s["type"]: s for s in yaml.safe_load(SOURCES.read_text())["datasources"]}
    plugin, _, _ = services["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"].partition("@")
    assert sources.keys() == {plugin, "prometheus", "alertmanager"}
    store = sources[plugin]["jsonData"]
    assert store["host"] in services
    assert production().store.endswith(
        f"@{store['host']}:{store['port']}/{store['defaultDatabase']}"
    )
    assert store["username"] not in production().store  # not the one who writes
    secret = sources[plugin]["secureJsonData"]["password"]
    mounted = {f"$__file{{/run/secrets/{s['source']}}}" for s in services["grafana"]["secrets"]}
    assert secret in mounted


def test_passwords_and_tokens_of_alertmanager_are_files_that_are_mounted(
    services: dict[str, Any],
) -> None:
    text = ALERTMANAGER.read_text()
    named = set(re.findall(r"_file: ([^\s}]+)", text))
    assert named == {f"/run/secrets/{s['source']}" for s in services["alertmanager"]["secrets"]}
    assert not re.search(r"(password|credentials|secret|token): ", text)
