"""What may go wrong around the embedded service, and what it leaves: the same evidence."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from controls.kernel import DAY, HOUR
from streams import wiring
from streams.agents import STEPS
from streams.cli import main
from streams.local import Broker
from streams.publish import topic
from tests.streams.service import (
    PARTITIONS,
    POINTS,
    ROWS,
    Fault,
    Left,
    Place,
    Point,
    history,
    left,
)

UNTIL = 1_798_000_000_000
"""2026-12-23, after every deadline that the history can set."""
SHORT = tuple(step for step in STEPS if step not in ("written", "told", "remembered"))
"""The steps of a block that was remembered before the process died."""

Needs = Callable[[str], Path]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A log of all lanes that no service has read yet; to be copied, never run."""
    place = Place(tmp_path_factory.mktemp("f") / "c")
    place.publish(history(80, seed=5), every=12 * HOUR)
    return place


@pytest.fixture(scope="module")
def undisturbed(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Left:
    place = company.copy(tmp_path_factory.mktemp("f") / "u")
    close(place)
    found = left(place)
    assert found.report.fault is None
    assert found.events and found.findings and {row[0] for row in found.blocks} == {
        "access", "principals"
    }  # fmt: skip
    return found


def close(place: Place) -> None:
    """Read the log to its end, then let the tallies in it count and everything fall due."""
    place.follow()
    for at in (UNTIL - 20 * DAY, UNTIL):
        place.publish([], at)
    place.follow()


def same(found: Left, expected: Left) -> None:
    """Compared part by part, so that a failure shows which one differs."""
    assert found.report.fault is None
    assert found.report.pending == 0
    assert found.events == expected.events
    assert found.findings == expected.findings
    assert found.rejects == expected.rejects
    assert found.populations == expected.populations
    assert found.blocks == expected.blocks


# --- kill -9 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", ["books", "access", "principals"])
def test_a_kill_between_any_two_steps_of_a_block_leaves_what_no_kill_leaves(
    company: Place, undisturbed: Left, tmp_path: Path, lane: str
) -> None:
    place = company.copy(tmp_path / "p")
    died: list[str] | None = None
    for point in POINTS:
        at = Point(point, lane, 1 if point in ("remembered", "acknowledged") else 2)
        assert place.start(Fault(at)).end() == -9, place.said()
        steps = place.steps(place.runs)
        assert steps[-1][:2] == [point, lane]
        in_order(steps, killed=True)
        if died is not None:
            resumed(died, steps)
        died = steps[-1]
    close(place)
    for run in range(len(POINTS) + 1, place.runs + 1):
        in_order(place.steps(run), killed=False)
    assert died is not None
    resumed(died, place.steps(len(POINTS) + 1))
    same(left(place), undisturbed)


def in_order(steps: list[list[str]], *, killed: bool) -> None:
    """Every block went through the steps in their order; only a killed run left some open."""
    blocks: dict[tuple[str, ...], list[str]] = {}
    for step, *block in steps:
        blocks.setdefault(tuple(block), []).append(step)
    last = {block[:2]: block for block in blocks}
    for block, taken in blocks.items():
        whole = [step for step in taken if step != ROWS]
        if killed and block == last[block[:2]]:
            assert tuple(whole) in (STEPS[: len(whole)], SHORT[: len(whole)]), (block, taken)
        else:
            assert tuple(whole) in (STEPS, SHORT), (block, taken)
        if ROWS in taken:
            assert taken[: taken.index(ROWS)] == ["gathered", "judged"], (block, taken)


def resumed(died: list[str], steps: list[list[str]]) -> None:
    """The block in which a run died comes again, unless it was remembered before; none is skipped.

    Blocks before it come again where their acknowledgements were not committed yet.
    """
    step, lane, partition, offset = died
    first = next(int(s[3]) for s in steps if s[:3] == ["gathered", lane, partition])
    if step not in ("remembered", "acknowledged"):
        assert first <= int(offset)
        again = [s[0] for s in steps if s[1:] == died[1:]]
        whole = [s for s in again if s != ROWS]
        assert tuple(whole) == STEPS[: len(whole)]
        assert not (ROWS in again and step in ("written", "told"))  # sealed once, for good


def test_fifty_kills_at_random_moments_leave_what_no_kill_leaves(tmp_path: Path) -> None:
    """A kill falls on starting, recovering, judging, writing, committing: wherever it falls."""
    events = history(400, seed=11)
    parts = [list(part) for part in itertools.batched(events, 60)]
    place = Place(tmp_path / "k")
    place.publish([], 1)
    calm = place.copy(tmp_path / "u")
    chance = Random(2026)
    kills = 0
    for part in parts:
        for each in (place, calm):
            each.publish(part, every=12 * HOUR)
        while kills < 50 and place.behind():
            service = place.start()
            service.process.join(chance.uniform(0.05, 3))
            assert service.ended is None, place.said()
            service.kill()
            assert service.ended == -9
            kills += 1
        if kills == 50:
            place.follow()
        calm.follow()
    assert kills == 50
    close(place)
    close(calm)
    same(left(place), left(calm))


# --- SIGTERM ---------------------------------------------------------------------------------


def test_sigterm_ends_with_0_and_everything_acknowledged(
    company: Place, undisturbed: Left, tmp_path: Path
) -> None:
    place = company.copy(tmp_path / "p")
    service = place.start()
    service.wait(lambda: len(place.steps(1)) > 60)
    service.stop()
    steps = place.steps(1)
    in_order(steps, killed=False)
    acknowledged = {
        (topic(lane), int(partition)): int(offset) + 1
        for step, lane, partition, offset in steps
        if step == "acknowledged"
    }
    committed = place.committed()
    assert acknowledged == {part: end for part, end in committed.items() if end}
    assert not place.settings.socket.exists()
    close(place)
    assert not [s for s in place.steps(2) if int(s[3]) < acknowledged.get((topic(s[1]), int(s[2])), 0)]
    same(left(place), undisturbed)


# --- no room, no right -----------------------------------------------------------------------


def sentence(place: Place) -> str:
    """The one sentence with which the command gave up, which is the last thing it says."""
    said = [line for line in place.said().splitlines() if line.startswith("shoseki run: ")]
    assert len(said) == 1, place.said()
    assert "Traceback" not in place.said(), place.said()
    return said[0]


@pytest.mark.parametrize("step", ["gathered", ROWS, "written"])
def test_where_files_may_not_grow_the_service_stops_before_it_acknowledges(
    company: Place, undisturbed: Left, tmp_path: Path, step: str
) -> None:
    place = company.copy(tmp_path / "p")
    service = place.start(Fault(Point(step, "access", 2), "full"))
    assert service.end() == 2, place.said()
    assert sentence(place)
    unharmed(place)
    close(place)
    same(left(place), undisturbed)


def test_a_full_disk_stops_the_service_and_room_lets_it_go_on(
    company: Place, undisturbed: Left, tmp_path: Path, needs: Needs
) -> None:
    needs("mount")
    folder = tmp_path / "p"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=700", "none", folder], check=True)
    try:
        place = company.copy(folder)
        service = place.start(Fault(Point("judged", "access", 2), "fill"))
        assert service.end() == 2
        steps = (folder / "ballast").stat().st_size
        assert steps > 0
        (folder / "ballast").unlink()
        place.output.write_text("")
        unharmed(place)
        close(place)
        same(left(place), undisturbed)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def unharmed(place: Place) -> None:
    """The block in which it broke down is not acknowledged for good."""
    run = place.steps(place.runs)
    done = {(s[1], s[2], s[3]) for s in run if s[0] == "remembered"}
    open_ = {(s[1], s[2], s[3]) for s in run} - done
    committed = place.committed()
    for lane, partition, offset in open_:
        assert committed[topic(lane), int(partition)] <= int(offset)
