"""Answers of on-call tools: who is heard, what is understood, what goes on record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from controls.events import AlertChanged, Event
from controls.kernel import Refusal
from streams.alerts.receiver import LIMIT, Answer, received
from tests.streams.alerts.house import House, violation

SECRET = "correct horse"


class Tool:
    """An on-call tool that knows the secret; what it says goes into the store."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder, None)
        self.house.seal(violation("a"))
        self.published: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        self.published += events
        self.house.seal(events=events)

    def post(self, body: bytes, authorization: str | None = f"Bearer {SECRET}") -> Answer:
        return received(
            body, authorization, secret=SECRET, desk=self.house.desk,
            store=self.house.parts.store, publish=self.publish,
        )  # fmt: skip

    def says(self, **given: Any) -> Answer:
        said = {"finding_id": "a", "step": "acknowledged", "by": "sato", **given}
        return self.post(json.dumps(said).encode())


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


def test_an_acknowledgement_goes_on_record(tool: Tool) -> None:
    assert tool.says().status == 200
    (event,) = tool.published
    assert isinstance(event, AlertChanged)
    assert (event.alert_id, event.step, event.by_ref) == ("a", "acknowledged", "sato")


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"reason": "looking"},
        {"step": "escalated", "reason": "stuck"},
        {"step": "false_positive", "reason": "a test", "approver": "tanaka"},
    ],
)
def test_the_same_answer_again_adds_nothing(tool: Tool, said: dict[str, str]) -> None:
    assert [tool.says(**said).status for _ in range(2)] == [200, 200]
    assert len(tool.published) == 1


def test_further_words_are_a_further_acknowledgement(tool: Tool) -> None:
    tool.says()
    assert tool.says(reason="looking").status == 200
    assert [getattr(event, "reason", "") for event in tool.published] == [None, "looking"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", f"Basic {SECRET}", SECRET, f"Bearer {SECRET}x",
     "Bearer 秘密"],
)  # fmt: skip
def test_who_does_not_know_the_secret_is_not_heard(tool: Tool, authorization: str) -> None:
    assert tool.post(b"{", authorization).status == 401
    assert not tool.published


def test_where_there_is_no_secret_nobody_is_heard(tool: Tool) -> None:
    house = tool.house
    answer = received(
        b"{}", "Bearer ", secret="", desk=house.desk, store=house.parts.store,
        publish=tool.publish,
    )  # fmt: skip
    assert answer.status == 401


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"finding_id": 7}, "finding_id"),
        ({"step": "raised"}, "step"),
        ({"step": None}, "step"),
        ({"by": ""}, "by"),
        ({"severity": "low"}, "severity"),
        ({"step": "escalated"}, "reason"),
        ({"approver": "tanaka"}, "approver"),
        ({"step": "resolved", "reason": "late"}, "action"),
        ({"step": "false_positive", "reason": "a test"}, "approver"),
        ({"step": "false_positive", "approver": "tanaka"}, "reason:"),
        ({"step": "escalated", "reason": "ask sato@example.co.jp"}, "reason"),
        ({"step": "acknowledged", "reason": "ask sato@example.co.jp"}, "reason"),
    ],
)
def test_a_body_that_lacks_something_is_told_what(
    tool: Tool, given: dict[str, Any], field: str
) -> None:
    answer = tool.says(**given)
    assert answer.status == 400 and field in answer.text
    assert not tool.published


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"a"', b"null", b"{" * 60_000])
def test_a_body_that_is_none_is_refused(tool: Tool, body: bytes) -> None:
    assert tool.post(body).status == 400


def test_a_body_that_is_too_large_is_not_read(tool: Tool) -> None:
    assert tool.post(b" " * (LIMIT + 1)).status == 413


def test_a_finding_that_does_not_exist_is_not_found(tool: Tool) -> None:
    assert tool.says(finding_id="b").status == 404


def test_what_is_settled_admits_nothing_more(tool: Tool) -> None:
    dismissed = {"step": "false_positive", "reason": "a test", "approver": "tanaka"}
    assert tool.says(**dismissed).status == 200
    assert tool.says(step="acknowledged", by="ito").status == 409


def test_a_log_that_does_not_take_it_lets_the_tool_try_again(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(events: Sequence[Event]) -> None:
        raise Refusal("topic books, partition 0: nothing was acknowledged")

    monkeypatch.setattr(tool, "publish", refuse)
    assert tool.says().status == 503
