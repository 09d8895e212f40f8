"""The README's table of what was run: that it follows a run, and that the README has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.components import COMPONENTS, NOT_RUN, README, Component, committed, outcome, table

ROOT = Path(__file__).resolve().parents[1]
ALL_PASSED = {prefix: "passed" for component in COMPONENTS for prefix in component.tests}
ONE = Component("one", "run", ("tests/a.py", "tests/b/"), "")


def test_the_readme_tells_what_a_run_with_everything_comes_to() -> None:
    assert committed(README.read_text()) == table(ALL_PASSED), (
        "run: SHOSEKI_RAN=build/ran.json make test; python tests/components.py write build/ran.json"
    )


def test_every_test_that_is_named_is_there() -> None:
    for prefix in ALL_PASSED:
        file, _, test = prefix.partition("::")
        assert (ROOT / file).exists(), prefix
        name = test.partition("[")[0]
        assert not name or f"\ndef {name}" in (ROOT / file).read_text(), prefix


def test_a_component_is_run_only_where_all_its_tests_passed() -> None:
    passed = {"tests/a.py::x": "passed", "tests/a.py::y": "passed", "tests/b/c.py::z": "passed"}
    assert outcome(ONE, passed) == "run"
    assert outcome(ONE, passed | {"tests/a.py::y": "skipped"}) == NOT_RUN
    assert outcome(ONE, passed | {"tests/b/c.py::z": "failed"}) == NOT_RUN
    assert outcome(ONE, {"tests/a.py::x": "passed"}) == NOT_RUN
    assert outcome(Component("none", "run", (), ""), passed) == NOT_RUN


SUITE = """
import pytest
def test_well(): pass
def test_badly(): assert False
def test_not(needs): needs("chromium")
@pytest.fixture
def broken(): yield; raise OSError
def test_afterwards(broken): pass
"""


def test_a_run_leaves_behind_how_each_test_came_out(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_bytes(Path(__file__).with_name("conftest.py").read_bytes())
    (tmp_path / "test_suite.py").write_text(SUITE)
    ran = tmp_path / "new" / "ran.json"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ | {"PATH": str(tmp_path), "SHOSEKI_RAN": str(ran), "SHOSEKI_REQUIRE": ""},
        capture_output=True,
    )
    assert json.loads(ran.read_text()) == {
        "test_suite.py::test_well": "passed",
        "test_suite.py::test_badly": "failed",
        "test_suite.py::test_not": "skipped",
        "test_suite.py::test_afterwards": "failed",
    }
