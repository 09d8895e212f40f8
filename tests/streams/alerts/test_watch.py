"""Findings to Alertmanager: what is told, in which order, through outages and restarts."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from controls.calendar import jst_day
from controls.events import OwnSilenced
from controls.kernel import Refusal
from streams import oncall
from streams.alerts import watch
from streams.alerts.outbox import Outbox
from streams.oncall import Course
from tests.streams.alerts.alertmanager import Port
from tests.streams.alerts.house import House, settled, until, violation

Body = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again at once."""
    monkeypatch.setattr(watch, "RETRIES", (0.02,))


@pytest.fixture
def house(tmp_path: Path, port: Port) -> House:
    return House(tmp_path, port)


def run(body: Body) -> None:
    asyncio.run(body())


def test_what_stands_is_told_with_what_routes_and_where_to_look(house: House, port: Port) -> None:
    house.seal(violation("a", at=5))

    async def body() -> None:
        async with house.watching(console="https://console.example.jp/"):
            await until(lambda: bool(port.alerts))

    run(body)
    (alert,) = port.alerts
    assert alert["labels"] == {
        "alertname": "ShosekiFinding", "finding_id": "a", "control": "TEC-05",
        "measure": "technical", "severity": "high", "subject": "subject-a",
    }  # fmt: skip
    assert alert["annotations"]["runbook"] == "https://console.example.jp/ja/controls/TEC-05"
    assert alert["generatorURL"] == "https://console.example.jp/ja/findings/a"
    assert alert["annotations"]["summary"] == "件数が多い\n"


def test_only_violations_that_stand_and_weigh_enough_are_told(house: House, port: Port) -> None:
    house.seal(
        violation("light", severity="low"),
        violation("unknown", verdict="indeterminate", code=None),
        violation("over", status="closed"),
        violation("gone", status="superseded", verdict="pass", code=None),
        violation("known", status="acknowledged"),
        violation("medium", at=1, severity="medium"),
    )

    async def body() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) >= 2)
            await settled(house)

    run(body)
    assert [name for name, _, _ in port.told] == ["known", "medium"]


def test_alerts_come_in_the_order_in_which_findings_were_recorded(
    house: House, port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOT", 2)
    house.seal(violation("b", at=7), violation("a", at=7), violation("c", at=3))

    async def body() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 3)
            house.seal(violation("d", at=9))
            await until(lambda: len(port.alerts) == 4)

    run(body)
    assert [name for name, _, _ in port.told] == ["c", "a", "b", "d"]
    assert [len(post) for post in port.posts] == [2, 1, 1]


def test_what_stands_is_sent_again_with_the_same_labels(house: House, port: Port) -> None:
    house.seal(violation("a"))

    async def body() -> None:
        async with house.watching(resend_seconds=1):
            await until(lambda: len(port.alerts) == 1)
            house.now += 1_500
            await until(lambda: len(port.alerts) == 2)

    run(body)
    first, second = port.alerts
    assert first["labels"] == second["labels"] and first["startsAt"] == second["startsAt"]
    assert first["endsAt"] < second["endsAt"]


def test_an_outage_loses_nothing_and_doubles_nothing(house: House, port: Port) -> None:
    port.status = 503

    async def body() -> None:
        async with house.watching():
            house.seal(violation("a", at=1))
            await until(lambda: port.refused > 0)
            house.seal(violation("b", at=2))
            house.seal(violation("a", at=3, revision=2, status="closed"))
            await until(lambda: "b" in house.outbox.read_text())
            await settled(house)
            port.status = 200
            await until(lambda: len(port.alerts) == 3)
            await settled(house)

    run(body)
    assert port.told == [
        ("b", "high", "firing"), ("a", "high", "firing"), ("a", "high", "resolved"),
    ]  # fmt: skip


def test_a_restart_in_an_outage_ends_what_was_told_before(house: House, port: Port) -> None:
    house.seal(violation("a"), violation("b", at=1))

    async def before() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 2)
            port.status = 500
            house.seal(violation("a", at=2, revision=2, status="superseded", verdict="pass"))
            await until(lambda: port.refused > 0)

    async def after() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 4)
            await settled(house)

    run(before)
    assert stat.S_IMODE(house.outbox.stat().st_mode) == 0o600
    port.status = 200
    run(after)
    assert sorted(port.told[2:]) == [("a", "high", "resolved"), ("b", "high", "firing")]
    assert list(json.loads(house.outbox.read_text())) == ["b/high"]


def test_another_machine_begins_with_what_stands(house: House, port: Port) -> None:
    house.seal(violation("a"), violation("b", at=1))

    async def body() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 2)
        house.outbox.unlink()
        house.seal(violation("a", at=2, revision=2, status="closed"))
        async with house.watching():
            await until(lambda: len(port.alerts) == 3)

    run(body)
    assert port.told[2:] == [("b", "high", "firing")]


def test_a_severity_that_changes_ends_one_alert_before_the_next_begins(
    house: House, port: Port
) -> None:
    house.seal(violation("a"))

    async def body() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 1)
            house.seal(violation("a", at=2, revision=2, severity="critical"))
            await until(lambda: len(port.alerts) == 3)

    run(body)
    assert port.told[1:] == [("a", "high", "resolved"), ("a", "critical", "firing")]


def test_a_silence_ends_the_alert_and_its_end_brings_it_back(house: House, port: Port) -> None:
    finding = violation("a")
    house.seal(finding, violation("b", at=1))
    silence = oncall.silence(
        house.desk, house.now + 200, "sato", "tanaka", "planned work",
        control=finding["control"], subject=finding["subject"],
    )  # fmt: skip

    async def body() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 2)
            house.seal(events=silence)
            await until(lambda: len(port.alerts) == 3)
            house.now += 300
            await until(lambda: len(port.alerts) == 4)

    run(body)
    assert port.told[2:] == [("a", "high", "resolved"), ("a", "high", "firing")]


def test_a_silence_that_is_ended_early_brings_the_alert_back(house: House, port: Port) -> None:
    house.seal(violation("a"))
    (silence,) = oncall.silence(
        house.desk, house.now + 1_000_000, "sato", "tanaka", "planned work", control="TEC-05"
    )
    assert isinstance(silence, OwnSilenced)

    async def body() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 1)
            house.seal(events=[silence])
            await until(lambda: len(port.alerts) == 2)
            house.now += 10
            house.seal(events=oncall.unsilence(house.desk, silence, "sato", "done early"))
            await until(lambda: len(port.alerts) == 3)

    run(body)
    assert [state for _, _, state in port.told] == ["firing", "resolved", "firing"]


def test_what_is_silenced_before_it_was_told_is_not_told(house: House, port: Port) -> None:
    silence = oncall.silence(
        house.desk, house.now + 1_000_000, "sato", "tanaka", "known", control="TEC-05"
    )
    port.status = 503

    async def body() -> None:
        async with house.watching():
            house.seal(violation("a"))
            await until(lambda: port.refused > 0)
            house.seal(events=silence)
            port.status = 200
            await until(lambda: house.outbox.read_text() == "{}")

    run(body)
    assert ("a", "high", "firing") not in port.told


def test_one_alert_that_is_refused_holds_up_no_other(house: House, port: Port) -> None:
    port.invalid = "a"
    house.seal(violation("a"), violation("b", at=1))

    async def body() -> None:
        async with house.watching():
            await until(lambda: bool(port.alerts))

    run(body)
    assert port.told == [("b", "high", "firing")]


def test_who_does_not_own_books_tells_nothing(house: House, port: Port) -> None:
    house.owner = None
    house.seal(violation("a"))

    async def body() -> None:
        async with house.watching():
            await asyncio.sleep(0.1)

    run(body)
    assert not port.posts and not house.told and not house.outbox.exists()


def test_who_gets_books_back_reads_what_others_sealed(house: House, port: Port) -> None:
    async def body() -> None:
        async with house.watching() as watching:
            await until(lambda: watching._standing is not None)
            house.seal(violation("a"), telling=False)
            house.owner = object()
            house.seal(violation("b", at=1))
            await until(lambda: len(port.alerts) == 2)

    run(body)


def test_a_slow_alertmanager_holds_up_no_block(house: House, port: Port) -> None:
    port.waits.clear()
    house.seal(violation("a"))

    async def body() -> None:
        async with house.watching():
            await until(lambda: bool(port.headers))
            house.seal(violation("b", at=1))  # returns while the post waits
            assert not port.posts
            port.waits.set()
            await until(lambda: len(port.alerts) == 2)

    run(body)


def test_who_owns_it_is_told_with_the_alert(house: House, port: Port) -> None:
    finding = violation("a")
    house.seal(finding)
    assigned = oncall.assign(
        house.desk, finding, Course(), "sato", "tanaka", jst_day(house.now)
    )

    async def body() -> None:
        async with house.watching():
            await until(lambda: len(port.alerts) == 1)
            house.seal(events=assigned)
            await until(lambda: len(port.alerts) == 2)

    run(body)
    assert port.alerts[1]["annotations"]["owner"] == "tanaka"


def test_an_outbox_that_is_none_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "alerts.json"
    path.write_text('{"a": 1}')
    with pytest.raises(Refusal, match="remove it"):
        Outbox(path).load()
