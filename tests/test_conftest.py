"""The table of what could not run, tried on a suite of its own."""

import os
import subprocess
import sys
from pathlib import Path

SUITE = """
def test_one(needs): needs("chromium")
def test_two(needs): needs("chromium")
def test_three(needs): needs("corpus")
"""


def suite(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_bytes(Path(__file__).with_name("conftest.py").read_bytes())
    (folder / "test_suite.py").write_text(SUITE)
    bare = {key: value for key, value in os.environ.items() if not key.startswith("SHOSEKI_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", str(folder)],
        cwd=folder,
        env={**bare, "PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_missing_stands_in_one_table_with_its_package(tmp_path: Path) -> None:
    done = suite(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["chromium", "2", "chromium"] in rows
    assert ["corpus", "1", "SHOSEKI_CORPUS=FOLDER"] in rows


def test_what_was_promised_and_is_missing_fails(tmp_path: Path) -> None:
    done = suite(tmp_path, SHOSEKI_REQUIRE="chromium")
    assert done.returncode == 1
    assert "2 failed, 1 skipped" in done.stdout
    assert "chromium is promised by SHOSEKI_REQUIRE" in done.stdout


def test_a_promise_nobody_knows_is_refused(tmp_path: Path) -> None:
    done = suite(tmp_path, SHOSEKI_REQUIRE="chromiun")
    assert done.returncode == 4
    assert "chromiun; known: " in done.stderr
