"""Alertmanager's port: who this is to it, and what counts as taken."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from controls.kernel import Refusal
from streams.alerts.alertmanager import Alertmanager, Invalid, Unreachable
from streams.settings import Alerts
from tests.streams.alerts.alertmanager import Port

ALERT = {
    "labels": {"alertname": "ShosekiFinding", "finding_id": "a", "severity": "high"},
    "endsAt": "2026-11-27T00:00:00.000Z",
}


@pytest.mark.parametrize(
    ("status", "fault"),
    [(400, Invalid), (302, Unreachable), (401, Unreachable), (404, Unreachable),
     (429, Unreachable), (503, Unreachable)],
)  # fmt: skip
def test_only_a_success_is_taken(port: Port, status: int, fault: type[Refusal]) -> None:
    port.status = status
    with pytest.raises(fault, match=str(status)):
        Alertmanager(Alerts(url=port.url)).post([ALERT])
    assert not port.posts


def test_what_does_not_answer_in_time_is_away(port: Port) -> None:
    port.waits.clear()
    with pytest.raises(Unreachable, match="does not answer"):
        Alertmanager(Alerts(url=port.url), answer=0.1).post([ALERT])


def test_a_proxy_of_the_environment_is_passed_by(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    Alertmanager(Alerts(url=f"{port.url}/")).post([ALERT])
    assert port.alerts == [ALERT]


def test_credentials_come_from_files(port: Port, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    secret = str(tmp_path / "secret")
    Alertmanager(Alerts(url=port.url, bearer_file=secret)).post([ALERT])
    Alertmanager(Alerts(url=port.url, user="me", password_file=secret)).post([ALERT])
    basic = base64.b64encode(b"me:s3cret").decode()
    sent = [headers["Authorization"] for headers in port.headers]
    assert sent == ["Bearer s3cret", f"Basic {basic}"]


def test_a_secret_that_is_not_there_is_named(port: Port, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="bearer_file"):
        Alertmanager(Alerts(url=port.url, bearer_file=str(tmp_path / "none"))).post([ALERT])


@pytest.mark.parametrize(
    "values",
    [{"user": "me"}, {"url": "http://me:word@host:9093"}, {"url": "alertmanager:9093"},
     {"user": "me", "password_file": "a", "bearer_file": "b"}, {"severity": "grave"}],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"alerts|Alerts|url|severity"):
        Alerts(**values)  # type: ignore[arg-type]
