"""Stretches of life and of numbers come out the same however their events are cut into blocks."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controls.governance.spans import holes, merge_runs, merge_signs, runs, signs
from controls.kernel import HOUR, MINUTE, SECOND
from controls.shapes import Fact

FILL = 24 * HOUR


def spoken(at: int, number: int | None = None, arrived: int | None = None) -> Any:
    return SimpleNamespace(
        source_id="db-01", occurred_at=at, observed_at=at, ingested_at=arrived, source_seq=number
    )


def cut(items: list[Any], borders: list[int]) -> list[list[Any]]:
    edges = [0, *sorted(min(border, len(items)) for border in borders), len(items)]
    return [items[low:high] for low, high in pairwise(edges) if low < high]


BORDERS = st.lists(st.integers(0, 40), max_size=6)


@given(st.lists(st.integers(0, 20 * HOUR), min_size=1, max_size=40), BORDERS, st.randoms())
def test_spans_do_not_depend_on_blocks_or_their_order(
    times: list[int], borders: list[int], chance: Any
) -> None:
    expected: list[list[int]] = []
    for at in sorted(times):
        if expected and at - expected[-1][1] <= HOUR:
            expected[-1][1] = at
        else:
            expected.append([at, at])
    blocks = cut([spoken(at) for at in times], borders)
    chance.shuffle(blocks)
    merge = merge_signs(HOUR)
    facts: list[Fact] = []
    for block in blocks:
        facts = merge(facts, signs(block)["db-01"])
    assert [[begins, ends] for begins, _, ends, _ in facts] == expected


def test_silences_of_a_watched_source_are_kept_and_others_forgotten() -> None:
    hours = range(HOUR, 401 * HOUR, 2 * HOUR)
    watched = merge_signs(HOUR)([], signs([spoken(at, 1) for at in hours])["db-01"])
    assert len(watched) == len(hours)
    others = merge_signs(HOUR)([], signs([spoken(at) for at in hours])["db-01"])
    assert others[0][:3] == [HOUR, "", 205 * HOUR]
    assert others[1][0] == 207 * HOUR


@given(
    st.dictionaries(st.integers(1, 20), st.integers(0, 60 * 4), min_size=1, max_size=20), BORDERS
)
def test_holes_depend_on_what_came_when_and_not_on_blocks(
    came: dict[int, int], borders: list[int]
) -> None:
    arrivals = {number: quarter * 15 * MINUTE for number, quarter in came.items()}
    late = {
        n
        for n, at in arrivals.items()
        if any(m > n and at > other + FILL for m, other in arrivals.items())
    }
    in_time = sorted(set(arrivals) - late)
    lowest = min(arrivals)
    expected = [
        (low + 1, sum(n not in arrivals for n in range(low + 1, high)))
        for low, high in pairwise(in_time)
        if high > low + 1
    ]
    events = [spoken(0, n, at) for n, at in sorted(arrivals.items(), key=lambda x: x[1])]
    merge = merge_runs(FILL)
    facts: list[Fact] = []
    for block in cut(events, borders):
        facts = merge(facts, runs(block)["db-01"])
    found = [(hole.first, hole.missing) for hole in holes(facts)]
    if lowest in in_time:
        assert found == expected
    assert found == [(h.first, h.missing) for h in holes(merge([], runs(events)["db-01"]))]


def test_a_hole_is_seen_when_the_first_higher_number_arrives() -> None:
    events = [spoken(5, 1, 10), spoken(8, 4, 30), spoken(9, 5, 20)]
    facts = merge_runs(FILL)([], runs(events)["db-01"])
    (hole,) = holes(facts)
    assert (hole.first, hole.missing, hole.seen, hole.after) == (2, 2, 20, 5)


def test_a_number_that_fills_its_hole_in_time_leaves_none() -> None:
    merge = merge_runs(FILL)
    facts = merge([], runs([spoken(0, 1, 0), spoken(0, 3, 0)])["db-01"])
    assert list(holes(merge(facts, runs([spoken(0, 2, FILL)])["db-01"]))) == []
    (hole,) = holes(merge(facts, runs([spoken(0, 2, FILL + SECOND)])["db-01"]))
    assert (hole.first, hole.missing, hole.late) == (2, 0, True)
