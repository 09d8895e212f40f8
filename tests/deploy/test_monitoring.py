"""Prometheus, Alertmanager and Grafana: their files through their own checkers, and whether what
they name is there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.files import DEPLOY, composed, production

PROMETHEUS = DEPLOY / "prometheus" / "prometheus.yml"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
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
    assert checked(promtool, "check", "config", wrong).returncode != 0


def test_amtool_accepts_it(needs: Callable[[str], Path], tmp_path: Path) -> None:
    amtool = needs("amtool")
    done = checked(amtool, "check-config", ALERTMANAGER)
    assert done.returncode == 0, done.stderr
    wrong = tmp_path / "alertmanager.yml"
    wrong.write_text(ALERTMANAGER.read_text().replace("receiver: on-call", "receiver: nobody"))
    assert checked(amtool, "check-config", wrong).returncode != 0


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


def test_a_mail_password_is_a_file_that_is_mounted(services: dict[str, Any]) -> None:
    file = yaml.safe_load(ALERTMANAGER.read_text())["global"]["smtp_auth_password_file"]
    assert file in {f"/run/secrets/{s['source']}" for s in services["alertmanager"]["secrets"]}
