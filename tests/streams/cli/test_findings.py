"""What people do about findings while a service runs: alerts, answers, silences, and what is left.

One story, told once: a bulk export and a disk that can be read after its disposal; the first is
acknowledged, assigned and dismissed by two persons, the second silenced for a while.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from controls import catalogue
from controls.calendar import jst_day, jst_text
from controls.events import Event
from controls.kernel import HOUR
from streams import codec, wiring
from streams.alerts.watch import FILE
from streams.cli import main
from tests.installation import Installation, stored
from tests.streams.alerts.alertmanager import Port, listening

PEOPLE = ("stf-sato-0001", "stf-soc-0002", "stf-boss-0003", "acct-sato-0001")
SATO, SOC, BOSS, ACCOUNT = PEOPLE


def breach(control: str, code: str, now: int, **given: str) -> Event:
    """The first event of the first example of a code, as if it happened now."""
    examples = catalogue.load()[control].examples
    example = next(e for e in examples if e.about == code and e.expected)
    return replace(example.events[0], occurred_at=now, observed_at=now, ingested_at=None, **given)


@dataclass
class Story:
    """What was seen on the way; the rest is in the store."""

    place: Installation
    port: Port
    said: dict[str, Any] = field(default_factory=dict)

    def findings(self, *words: str, status: int = 0) -> str:
        """What `shoseki findings` prints; the service carries it out."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            ended = main(["findings", *words, "--config", str(self.place.config)])
        assert ended == status, err.getvalue()
        return out.getvalue() + err.getvalue()

    def refused(self, *words: str) -> str:
        """Why it is refused."""
        return self.findings(*words, status=2)

    def found(self, control: str) -> dict[str, Any]:
        listed = self.findings("list", "--control", control, "--json", status=1)
        found: dict[str, Any] = json.loads(listed.splitlines()[0])
        return found

    def state(self, control: str) -> str:
        """What Alertmanager was told last of a control's finding."""
        name = self.said[control]["finding_id"]
        return next(state for finding, _, state in reversed(self.port.told) if finding == name)


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with listening() as port:
        place = Installation(tmp_path_factory.mktemp("oncall"))
        with place.config.open("a") as config:
            config.write(f'[alerts]\nurl = "{port.url}"\nresend_seconds = 1\n')
        made = Story(place, port)
        with chdir(place.folder):  # whose directories are relative
            tell(made)
        made.said["store"] = stored(place.store)
        yield made


def tell(story: Story) -> None:
    now = wiring.now()
    export = breach("TEC-05", "BULK_EXPORT", now, actor_ref=SATO, account_ref=ACCOUNT)
    disk = breach("PHY-07", "RECOVERABLE", now)
    events = story.place.folder / "events.jsonl"
    events.write_bytes(b"\n".join(map(codec.encode, (export, disk))) + b"\n")
    with story.place.running():
        story.place.publish(events)
        grave = {"TEC-05", "PHY-07"}  # out of hours there is a finding of TEC-06 besides
        until(lambda: grave <= {alert["labels"]["control"] for alert in story.port.alerts})
        for control in sorted(grave):
            story.said[control] = story.found(control)
        first = story.said["TEC-05"]["finding_id"]
        story.said["acknowledged"] = story.findings("acknowledge", first[:8], "--by", SOC)
        until(lambda: story.found("TEC-05")["status"] == "acknowledged")
        story.said["after acknowledging"] = story.state("TEC-05")
        story.said["outbox"] = (story.place.data / FILE).read_text()
        due = f"{jst_day(now)}"
        story.findings("assign", first, "--by", SOC, "--owner", SATO, "--due", due)
        story.findings("comment", first, "--by", SOC, "--text", "確認中")
        closing = ("close", first, "--disposition", "false_positive")
        story.said["without cause"] = story.refused(*closing, "--by", BOSS, "--approved-by", SATO)
        cause = (*closing, "--cause", "試験データ", "--by", SOC)
        story.said["alone"] = story.refused(*cause)
        story.said["by whom it is about"] = story.refused(*cause, "--approved-by", SATO)
        story.findings(*cause, "--approved-by", BOSS)
        until(lambda: story.state("TEC-05") == "resolved")
        story.said["closed"] = story.found("TEC-05")
        second = story.said["PHY-07"]["finding_id"]
        upto = ("--until", jst_text(now + HOUR))
        two = ("--by", SOC, "--approved-by", BOSS, "--reason", "移設")
        story.said["no control"] = story.refused("silence", "--control", "TEC-55", *upto, *two)
        story.findings("silence", second, *upto, *two)
        until(lambda: story.state("PHY-07") == "resolved")
        story.said["silenced"] = story.found("PHY-07")
        story.said["silences"] = story.findings("silences", "--json")
        silence = json.loads(story.said["silences"])["silence_id"]
        story.findings("unsilence", silence, "--by", SOC, "--reason", "済み")
        until(lambda: story.state("PHY-07") == "firing")


def steps(story: Story, control: str) -> list[str]:
    """The steps of an alert in the store, in order."""
    name = story.said[control]["finding_id"]
    rows = [row for row in story.said["store"]["events"] if row["event_type"] == "alert.changed"]
    told = [json.loads(row["attributes"]) for row in sorted(rows, key=lambda r: r["offset"])]
    return [step["step"] for step in told if step["alert_id"] == name]


def test_grave_findings_are_told_and_raised(story: Story) -> None:
    assert story.said["after acknowledging"] == "firing"
    assert steps(story, "PHY-07") == ["raised"]
    assert steps(story, "TEC-05")[0] == "raised"


def test_an_acknowledgement_is_recorded_and_becomes_the_status(story: Story) -> None:
    assert "alert.changed acknowledged: recorded for TEC-05" in story.said["acknowledged"]


def test_closing_without_cause_is_refused_in_clear_words(story: Story) -> None:
    assert "cause: a reason in words is expected" in story.said["without cause"]


def test_nobody_dismisses_alone_or_what_is_about_them(story: Story) -> None:
    assert "approver: another person must approve" in story.said["alone"]
    assert "approver: somebody else than whom it is about" in story.said["by whom it is about"]


def test_what_two_persons_closed_is_closed_and_its_alert_is_over(story: Story) -> None:
    assert story.said["closed"]["status"] == "closed"
    assert steps(story, "TEC-05")[1:] == ["acknowledged", "acknowledged", "false_positive"]


def test_a_silence_ends_the_alert_and_leaves_the_finding(story: Story) -> None:
    assert story.said["silenced"]["status"] == "open"
    (listed,) = map(json.loads, story.said["silences"].splitlines())
    assert (listed["control"], listed["active"], listed["reason"]) == ("PHY-07", True, "移設")


def test_a_control_that_does_not_exist_cannot_be_silenced(story: Story) -> None:
    assert "TEC-55: no such control" in story.said["no control"]


def test_alerts_outbox_and_store_name_nobody(story: Story) -> None:
    for text in (
        story.said["outbox"],
        json.dumps(story.port.posts, ensure_ascii=False),
        json.dumps(story.said["store"], ensure_ascii=False),
    ):
        assert "ps20" in text
        assert not [person for person in PEOPLE if person in text]
