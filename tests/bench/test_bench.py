"""The bench itself: that it runs, that its stages are the whole, that every line is there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAGES = "decode forms registers evaluate recall seal columns insert flush other".split()


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "tests/bench", "--events", "2000", "--memory", "2000", "--json"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_stages_are_the_whole(found: dict[str, Any]) -> None:
    stages, whole = found["stages"]["stages"], found["stages"]["seconds"]
    assert list(stages) == STAGES
    assert sum(stages.values()) == pytest.approx(whole, rel=0.01)
    assert all(stages[name] > 0 for name in STAGES if name != "recall")


def test_every_event_went_through_every_way(found: dict[str, Any]) -> None:
    assert found["lanes"]["access"] > 0
    assert sum(found["lanes"].values()) == 2000
    assert found["judging"]["events"] == found["service"]["events"] == 2000
    assert found["stock"]["events"] == 2000
    assert all(value > 0 for value in found["ratios"].values())


def test_the_table_has_a_line_for_each(found: dict[str, Any]) -> None:
    code = (
        "import json, sys; sys.path.insert(0, 'tests/bench'); "
        "import __main__, runpy; print(runpy.run_path('tests/bench/__main__.py')['table']"
        "(json.load(sys.stdin)))"
    )
    text = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=json.dumps(found).encode(),
        capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in (*STAGES, "sum", "floor", "check --record", "publish", "service", "stock Faust",
                 "check to floor", "service to check", "service to stock", "10 %", "50 %", "100 %"):
        assert f"  {name}" in text
