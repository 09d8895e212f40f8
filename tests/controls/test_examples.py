"""Every example of every control, through the whole engine."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import Event
from controls.events.fields import instant
from controls.kernel import Control, Example, arrival
from controls.registers import Registers
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory

CONTROLS = catalogue.load().controls
EXAMPLES = [(control, example) for control in CONTROLS for example in control.examples]
TIMES = {"occurred_at", "observed_at", "ingested_at"}


def findings(control: Control[Any], example: Example) -> list[dict[str, Any]]:
    """The current findings of the control, violations and indeterminates."""
    store, forms = Memory(), Plain()
    parts = Parts(Engine([control]), Registers((*BOOKS, *gaps.BOOKS)), store, forms, "")
    replay = Replay(parts)
    replay.run(forms.join(event) for event in sorted(example.events, key=arrival))
    replay.finish(None if example.until is None else instant(example.until))
    return [f for f in store.findings() if f["verdict"] in ("violation", "indeterminate")]


@pytest.mark.parametrize(
    ("control", "example"), EXAMPLES, ids=[f"{c.id}-{e.about}-{e.title.en}" for c, e in EXAMPLES]
)
def test_an_example_yields_what_it_says(control: Control[Any], example: Example) -> None:
    found = findings(control, example)
    assert sorted(str(f["code"]) for f in found) == sorted(str(x.code) for x in example.expected)
    for expected in example.expected:
        (matching,) = [f for f in found if f["code"] == expected.code]
        if expected.subject is not None:
            assert matching["subject"] == expected.subject
        if expected.severity is not None:
            assert matching["severity"] == expected.severity
        assert "{" not in matching["text"]["ja"] + matching["text"]["en"]


def difference(one: Event, other: Event) -> set[str]:
    """The fields in which two events differ; its times count as one, its id as none."""
    if type(one) is not type(other):
        return {"type"}
    names = {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)} - {
        "event_id"
    }
    return (names - TIMES) | ({"time"} if names & TIMES else set())


def apart(one: Example, other: Example) -> int:
    """In how many fields two examples differ; 99 where they do not have the same events."""
    if len(one.events) != len(other.events) or one.until != other.until:
        return 99
    return sum(len(difference(a, b)) for a, b in zip(one.events, other.events, strict=True))


CODES = [(control, code) for control in CONTROLS for code in control.codes]


@pytest.mark.parametrize(
    ("control", "code"), CODES, ids=[f"{control.id}-{code}" for control, code in CODES]
)
def test_the_innocent_neighbour_differs_in_one_field_or_one_moment(
    control: Control[Any], code: str
) -> None:
    about = [e for e in control.examples if e.about == code]
    broken = [e for e in about if any(x.code == code for x in e.expected)]
    kept = [e for e in about if not any(x.code == code for x in e.expected)]
    assert min(apart(b, k) for b in broken for k in kept) == 1
