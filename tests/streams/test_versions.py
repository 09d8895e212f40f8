"""Rules that change under a memory: it is made again and never misread."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from controls import catalogue, gaps
from controls.block import Tally
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import Event
from controls.kernel import HOUR, Refusal
from controls.registers import Registers
from streams import wiring
from streams.pipeline import MemoryState, Parts
from streams.pseudonyms import Forms, Plain, Pseudonyms
from streams.replay import Replay
from streams.store import Store
from streams.store.memory import Memory
from tests.streams.service import Place, history

EVENTS = history(160, seed=31)
HALF = len(EVENTS) // 2
UNTIL = 1_798_000_000_000
LIMITS = [
    ("GOV-08", "fill_hours", 1),
    ("GOV-08", "silence_minutes", 605),
    ("INC-04", "n_malicious", 1),
    ("OUT-02", "late_record_days", 1),
    ("PHY-02", "grace_hours", 1),
    ("PHY-02", "grace_hours", 45),
    ("REQ-02", "target_days", 1),
    ("TEC-01", "late_grant_hours", 1),
    ("TEC-01", "late_grant_hours", 245),
    ("TEC-04", "n", 1),
    ("TEC-04", "accounts_n", 1),
    ("TEC-05", "day_n", 1),
    ("TEC-05", "export_n", 10_005),
    ("TEC-09", "cert_days", 1),
]
"""Limits by which the first half of the events comes out otherwise."""


class Installation:
    """One store and one memory, judged by whatever rules it is given."""

    def __init__(self, forms: Forms) -> None:
        self.forms, self.store = forms, Memory()
        self.states: dict[tuple[str, int], MemoryState] = {}

    def state(self, lane: str, number: int) -> MemoryState:
        return self.states.setdefault((lane, number), MemoryState())

    def replay(
        self,
        limits: Mapping[str, Mapping[str, Any]] | None = None,
        code: str | None = None,
        without: tuple[str, ...] = (),
    ) -> Replay:
        """The lanes, judged by the catalogue with these limits, as code of that name."""
        found = catalogue.load(limits)
        controls = [control for control in found.controls if control.id not in without]
        versions = {control.id: dict(found.versions[control.id]) for control in controls}
        if code is not None:
            versions = {name: {**version, "code": code} for name, version in versions.items()}
        parts = Parts(
            Engine(controls), Registers((*BOOKS, *gaps.BOOKS), self.forms.ref), self.store,
            self.forms, f"{limits}{code}", versions=versions,
        )  # fmt: skip
        return Replay(parts, partitions=2, spacing=HOUR, states=self.state)

    def judge(
        self,
        events: list[Event],
        limits: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        code: str | None = None,
        without: tuple[str, ...] = (),
        until: int | None = None,
    ) -> None:
        """Judge events, and what falls due until then."""
        replay = self.replay(limits, code, without)
        replay.run(self.forms.join(event) for event in events)
        replay.finish(until)
        replay.finish(None if until is None else until + 1)


def current(store: Store) -> dict[str, tuple[Any, ...]]:
    return {
        f["finding_id"]: (f["control"], f["verdict"], f["code"], f["severity"], f["events"])
        for f in store.findings()
        if f["verdict"] in ("violation", "indeterminate")
    }


def populations(store: Store) -> dict[str, dict[str, int]]:
    return {
        control: {verdict: n for verdict, n in counts.items() if n}
        for control, counts in store.populations().items()
    }


@pytest.fixture(params=["plain", "keyed"])
def forms(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Forms]:
    return Plain if request.param == "plain" else lambda: Pseudonyms(tmp_path / "keys")


def test_a_memory_of_other_code_is_not_read_and_made_again(forms: Callable[[], Forms]) -> None:
    expected, found = Installation(forms()), Installation(forms())
    expected.judge(EVENTS[:HALF])
    expected.judge(EVENTS[HALF:], until=UNTIL)
    found.judge(EVENTS[:HALF], code="of old")
    for state in found.states.values():
        for key, value in state.items():
            if key.startswith("case|"):
                value["facts"] = [["nobody", "can", "read", "this"]]
    found.judge(EVENTS[HALF:], until=UNTIL)
    assert current(found.store) == current(expected.store)
    assert populations(found.store) == populations(expected.store)
    doubled = [(f["finding_id"], f["revision"]) for f in found.store.findings(history=True)]
    assert len(doubled) == len(set(doubled))


@pytest.mark.parametrize(("control", "name", "value"), LIMITS)
def test_changed_limits_amend_what_was_judged_by_the_former_ones(
    control: str, name: str, value: int, tmp_path: Path
) -> None:
    limits, forms = {control: {name: value}}, Pseudonyms(tmp_path / "keys")
    expected, found = Installation(forms), Installation(forms)
    expected.judge(EVENTS[:HALF], limits)
    found.judge(EVENTS[:HALF])
    assert current(found.store) != current(expected.store)
    expected.judge(EVENTS[HALF:], limits, until=UNTIL)
    found.judge(EVENTS[HALF:], limits, until=UNTIL)
    assert current(found.store) == current(expected.store)
    assert populations(found.store) == populations(expected.store)


def test_a_control_that_is_new_judges_what_is_stored(forms: Callable[[], Forms]) -> None:
    expected, found = Installation(forms()), Installation(forms())
    expected.judge(EVENTS[:HALF])
    expected.judge(EVENTS[HALF:], until=UNTIL)
    late = ("REQ-02", "OUT-02", "TEC-01", "INC-04")
    found.judge(EVENTS[:HALF], without=late)
    assert not [f for f in found.store.findings() if f["control"] in late]
    found.judge(EVENTS[HALF:], until=UNTIL)
    assert current(found.store) == current(expected.store)


def test_a_control_that_is_gone_leaves_its_findings_and_no_memory() -> None:
    found = Installation(Plain())
    found.judge(EVENTS[:HALF])
    before = {f["finding_id"] for f in found.store.findings() if f["control"] == "REQ-02"}
    assert before
    found.judge(EVENTS[HALF:], without=("REQ-02",), until=UNTIL)
    assert before <= {f["finding_id"] for f in found.store.findings()}
    keys = [key for state in found.states.values() for key, _ in state.items()]
    assert not [key for key in keys if key.startswith(("case|REQ-02", "wait|REQ-02"))]


def test_facts_that_were_told_by_other_rules_are_not_read() -> None:
    expected, found = Installation(Plain()), Installation(Plain())
    for each in (expected, found):
        each.judge(EVENTS[:HALF])
    head = found.store.head("access", 0)
    assert head is not None
    strange: dict[str, Any] = {"TEC-04/spray": {"nobody": [["can", "read", "this"]]}}
    for rules in ({}, {"TEC-04/spray": "0" * 16}):
        tally = Tally("access", 0, head.last_offset + 1, {}, strange, rules)
        replay = found.replay()
        replay.books.append(replay.now, tally)
        replay.finish()
    for each in (expected, found):
        each.judge(EVENTS[HALF:], until=UNTIL)
    assert current(found.store) == current(expected.store)


def test_a_memory_says_the_same_of_its_rules_after_it_was_written_and_read() -> None:
    versions = catalogue.load().versions
    assert json.loads(json.dumps(versions)) == versions
    found = Installation(Plain())
    found.judge(EVENTS[:20])
    assert all(log.partition.renewal is None for log in found.replay().logs)
    replay = found.replay({"TEC-01": {"late_grant_hours": 1}})
    outdated = [log.partition.renewal for log in replay.logs if log.partition.applied >= 0]
    assert outdated
    assert all(each is not None and set(each.before) == {"TEC-01"} for each in outdated)


def test_a_lost_memory_over_blocks_of_other_rules_is_refused() -> None:
    found = Installation(Plain())
    found.judge(EVENTS[:HALF], code="of old")
    found.states.clear()
    with pytest.raises(Refusal, match="judged by other rules"):
        found.judge(EVENTS[HALF:])


def test_comments_and_layout_make_no_other_code_and_a_line_does(tmp_path: Path) -> None:
    def digest(text: str) -> str:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}" / "control.py"
        file.parent.mkdir()
        file.write_text(text)
        return catalogue._bare(file)

    first = digest("def rule(x):\n    return x > 1\n")
    assert digest("def rule( x ):  # why\n\n    return (x > 1)\n") == first
    assert digest("def rule(x):\n    return x >= 1\n") != first


@pytest.mark.skipif("SHOSEKI_LONG" not in os.environ, reason="SHOSEKI_LONG is not set")
def test_a_service_whose_limits_change_ends_where_one_that_always_had_them_does(
    tmp_path: Path,
) -> None:
    former, always = Place(tmp_path / "f"), Place(tmp_path / "a")
    limits = "[controls.TEC-01]\nlate_grant_hours = 1\n"
    former.publish(EVENTS[:HALF], every=12 * HOUR)
    shutil.copytree(former.folder, always.folder, dirs_exist_ok=True)
    always = Place(always.folder)
    always.wanted = former.wanted
    always.config.write_text(always.config.read_text() + limits)
    for place in (former, always):
        place.follow()
    former.config.write_text(former.config.read_text() + limits)
    for place in (former, always):
        place.publish([], UNTIL)
        place.follow()
        place.publish([], UNTIL + 1)
        place.follow()
    assert "memory.outdated lane=books partition=0 controls=TEC-01" in former.said()
    assert "memory.outdated" not in always.said()
    found = []
    for place in (former, always):
        store = wiring.open_store(place.settings.store)
        found.append(current(store))
        store.close()
    assert found[0] == found[1]
