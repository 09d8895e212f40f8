"""The acceptance cases beside the project: events in, findings out, through `shoseki check`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from controls import catalogue
from controls.events.fields import instant
from streams.cli import main

LIVE = {control.id for control in catalogue.load().controls}
SHARED = os.environ.get("SHOSEKI_SHARED", "")


def named(case: Path) -> set[str]:
    """The controls of the catalogue that a case speaks of."""
    expected = json.loads((case / "expected.json").read_text())
    return LIVE & {*expected["scope"], *(h["control"] for h in expected["history"])}


CASES = [case for case in sorted(Path(SHARED, "scenarios").glob("S*")) if SHARED and named(case)]


def test_there_are_cases(needs: Callable[[str], Path]) -> None:
    assert (needs("shared") / "scenarios").is_dir()
    assert CASES


def check(case: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    expected = json.loads((case / "expected.json").read_text())
    status = main(
        ["check", "--json", "--until", expected["until"], *options, str(case / "events.ndjson")]
    )
    assert status in (0, 1)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_is_found_as_expected(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = json.loads((case / "expected.json").read_text())
    scope = LIVE & set(expected["scope"])
    found = [f for f in check(case, capsys) if f["control"] in scope]
    broken = [f for f in found if f["verdict"] == "violation"]
    wanted = [f for f in expected["findings"] if f["control"] in scope]
    key = ("control", "code", "severity")
    of = itemgetter(*key)
    assert sorted(map(of, broken)) == sorted(map(of, wanted))
    for want in wanted:
        (got,) = [f for f in broken if all(f[k] == want[k] for k in key)]
        assert (want["subject_contains"] or "") in got["subject"]
        at = instant(got["detected_at"])
        assert instant(want["detected_not_before"]) <= at <= instant(want["detected_not_after"])
    for absent in expected["absent"]:
        assert not [f for f in found if (f["control"], f["code"]) == tuple(absent.values())]
    for history in expected["history"]:
        if history["control"] in LIVE:
            every = [
                f for f in check(case, capsys, "--history") if f["control"] == history["control"]
            ]
            assert [f["verdict"] for f in every] == history["verdicts"]
    if expected["id"].endswith("z"):
        counted = check(case, capsys, "--populations")
        for control in scope:
            assert [p for p in counted if p["control"] == control and p["verdict"] == "pass"]
