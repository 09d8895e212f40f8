"""A short campaign; `make soak` is the long one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak import accounts, company, faults
from tests.soak.accounts import Holding, Lane
from tests.soak.campaign import Options, run

SHORT = Options(
    workers=2, kills=6, pauses=1, cuts=2, outages=1, outage=8, jumps=1, events=2_500, staff=20,
    seconds=2,
)  # fmt: skip


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)
def test_kills_pauses_cuts_and_outages_change_no_count_and_no_finding(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    for name in ("java", "kafka"):
        needs(name)
    result = run(SHORT, tmp_path / "campaign")
    print("\n".join(result.table))
    assert result.differences == []
    assert {f"kill {who}" for who in faults.KILLED} <= faults.count(result.plan).keys()
    assert result.findings
    assert all(result.lines.values()), result.lines


# --- the books themselves: a campaign that could not fail would prove nothing -----------------

EVENTS = {"books": ["a", "b"], "access": ["c"], "principals": []}
TRUTH = Holding(
    received={"books": 4, "access": 2, "principals": 0},
    duplicates={"books": 1, "access": 1, "principals": 0},
    events=EVENTS,
    rejects=[("raw-forms/0", 3, "line: UTF-8 is expected", "d")],
    findings=[("f", "violation", "SILENT", "high")],
    populations={"GOV-08": {"pass": 3}},
    blocks=2,
    verified={"holds": True, "fault": None},
)
ON = {"books": Lane(4, {"a", "b"}), "access": Lane(2, {"c"}), "principals": Lane()}
WRONG = {
    "lost": {"events": {**EVENTS, "books": ["a"]}, "received": {**TRUTH.received, "books": 3}},
    "twice": {"events": {**EVENTS, "books": ["a", "b", "b"]}},
    "never counted": {"received": {**TRUTH.received, "access": 1}},
    "rejects": {"rejects": []},
    "findings": {"findings": [("f", "indeterminate", "", "info")]},
    "populations": {"populations": {"GOV-08": {"pass": 2}}},
    "chains": {"verified": {"holds": False, "fault": "books/0"}},
}


def test_books_that_agree_have_no_difference() -> None:
    assert accounts.differences(6, 6, ON, TRUTH, TRUTH) == []


@pytest.mark.parametrize("what", WRONG)
def test_whatever_goes_wrong_is_a_difference(what: str) -> None:
    found = replace(TRUTH, **WRONG[what])
    assert accounts.differences(6, 6, ON, found, TRUTH)


def test_what_the_producers_sent_must_all_be_there() -> None:
    assert accounts.differences(7, 6, ON, TRUTH, TRUTH)


@pytest.fixture
def sent() -> Iterator[list[company.Part]]:
    lines = [("raw-forms", b"%d" % n) for n in range(100)]
    lines += [("raw-systems", b"s%d" % n) for n in range(100)]
    yield company.parts(lines, 4, seed=1)


def test_every_part_holds_poison_and_repeats_and_every_line(sent: list[company.Part]) -> None:
    count = Counter(value for part in sent for values in part.records.values() for value in values)
    assert all(count[b"%d" % n] == 1 for n in range(100))
    assert all(count[b"s%d" % n] == company.TIMES for n in range(100))
    assert all(count[poison] >= len(sent) for poison in company.POISON.values())


def test_a_plan_kills_everybody_and_is_the_same_for_a_seed() -> None:
    def plan(seed: int) -> list[faults.Fault]:
        return faults.plan(10, 1, 2, 1, 1, outage=5, workers=2, seed=seed)

    assert plan(1) == plan(1) != plan(2)
    kills = {kind: n for kind, n in faults.count(plan(1)).items() if kind.startswith("kill")}
    assert kills == {f"kill {who}": share for who, share in faults.KILLED.items()}
