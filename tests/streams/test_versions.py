"""Rules that change under a memory: it is made again and never misread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from controls import catalogue
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import Event
from controls.gaps import GAPS
from controls.kernel import HOUR, Refusal
from controls.registers import Registers
from streams.pipeline import MemoryState, Parts
from streams.pseudonyms import Forms, Plain, Pseudonyms
from streams.replay import Replay
from streams.store import Store
from streams.store.memory import Memory
from tests.streams.service import history

EVENTS = history(160, seed=31)
HALF = len(EVENTS) // 2
UNTIL = 1_798_000_000_000
LIMITS: list[dict[str, dict[str, Any]]] = [
    {"TEC-05": {"export_n": 5}},
    {"GOV-08": {"silence_minutes": 5}},
    {"TEC-04": {"n": 2}},
]


class Installation:
    """One store and one memory, judged by whatever rules it is given."""

    def __init__(self, forms: Forms) -> None:
        self.forms, self.store = forms, Memory()
        self.states: dict[tuple[str, int], MemoryState] = {}

    def state(self, lane: str, number: int) -> MemoryState:
        return self.states.setdefault((lane, number), MemoryState())

    def judge(
        self,
        events: list[Event],
        limits: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        code: str | None = None,
        without: tuple[str, ...] = (),
        until: int | None = None,
    ) -> None:
        """Judge events by the catalogue with these limits, as code of that name."""
        found = catalogue.load(limits)
        controls = [control for control in found.controls if control.id not in without]
        versions = {control.id: dict(found.versions[control.id]) for control in controls}
        if code is not None:
            versions = {name: {**version, "code": code} for name, version in versions.items()}
        parts = Parts(
            Engine(controls), Registers((*BOOKS, GAPS), self.forms.ref), self.store, self.forms,
            f"{limits}{code}", versions=versions,
        )  # fmt: skip
        replay = Replay(parts, partitions=2, spacing=HOUR, states=self.state)
        replay.run(self.forms.join(event) for event in events)
        replay.finish(until)
        replay.finish(None if until is None else until + 1)


def current(store: Store) -> dict[str, tuple[Any, ...]]:
    return {
        f["finding_id"]: (f["control"], f["verdict"], f["code"], f["severity"], f["events"])
        for f in store.findings()
        if f["verdict"] in ("violation", "indeterminate")
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
    assert found.store.populations() == expected.store.populations()
    doubled = [(f["finding_id"], f["revision"]) for f in found.store.findings(history=True)]
    assert len(doubled) == len(set(doubled))


@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: next(iter(limits)))
def test_changed_limits_amend_what_was_judged_by_the_former_ones(
    limits: dict[str, dict[str, Any]], forms: Callable[[], Forms]
) -> None:
    expected, found = Installation(forms()), Installation(forms())
    expected.judge(EVENTS[:HALF], limits)
    expected.judge(EVENTS[HALF:], limits, until=UNTIL)
    found.judge(EVENTS[:HALF])
    before = current(found.store)
    found.judge(EVENTS[HALF:], limits, until=UNTIL)
    assert current(found.store) == current(expected.store)
    other = Installation(forms())
    other.judge(EVENTS[:HALF], limits)
    assert current(other.store) != before  # the limits make a difference to what was judged


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
