"""The network between a worker and the broker fails, for longer than the group waits for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from controls.calendar import jst_day
from controls.events import LANES
from streams.topics import partitions
from tests.soak import company
from tests.soak.campaign import Load, Options, closed
from tests.soak.house import SESSION, House

OPTIONS = Options(workers=2, events=5_000, staff=20, seconds=8)
MEMORY = 512 << 10
"""What a worker may ever hold (kB)."""
LINES = 500
"""How many lines of its log may be its Kafka client's."""


@pytest.mark.skipif(
    "SHOSEKI_LONG" not in os.environ, reason="SHOSEKI_LONG is not set: takes minutes"
)
@pytest.mark.timeout(600)
def test_while_a_worker_is_cut_off_the_other_goes_on_and_nothing_is_lost_or_doubled(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    """First the one's connections are reset and refused; then nothing of the other's gets through
    and nobody is told."""
    for name in ("java", "kafka"):
        needs(name)
    today = jst_day(time.time_ns() // 1_000_000)
    lines = list(company.events(OPTIONS.staff, OPTIONS.seed, today, OPTIONS.events))
    before, *during = company.parts(lines, 3, OPTIONS.seed)
    with House(tmp_path / "house", OPTIONS.workers) as house, Load(house, OPTIONS) as load:
        load.send(before, at_once=True).result()
        behind = []
        for worker, (part, reset) in enumerate(zip(during, (True, False), strict=True)):
            house.wait(lambda: shared(house), "partitions shared by both workers")
            sending = load.send(part, at_once=False)
            behind.append(cut(house, worker, reset))
            sending.result()
        house.wait(lambda: shared(house), "partitions shared by both workers")
        house.drain()
        on, found, _, differences = closed(house, load)
    assert differences == []
    assert all(lane.lines for lane in on.values())
    assert found.findings
    assert min(behind) > SESSION
    assert max(worker.peak for worker in house.workers) < MEMORY
    assert max(worker.log.read_text().count(" aiokafka") for worker in house.workers) < LINES
    assert all("worker stopped" in end.said for end in house.ends)


def cut(house: House, number: int, reset: bool) -> float:
    """Cut a worker off until the other one has judged what is later than the cut; how far behind
    (seconds) whoever watches both was told that a partition is."""
    line, lost, heir = house.lines[number], house.workers[number], house.workers[1 - number]
    own, most = set(lost.lag()), 0.0

    def over() -> bool:
        nonlocal most
        since = time.monotonic() - began
        here, there = lost.lag(), heir.lag()
        told = [min(lag[p] for lag in (here, there) if p in lag) for p in own if p in here | there]
        most = max([most, *told])
        return set(there) == everything(house) and max(there[p] for p in own) < since

    line.cut(reset=reset)
    began = time.monotonic()
    house.wait(over, f"{heir.name} judging everything")
    line.heal()
    return most


def everything(house: House) -> set[tuple[str, str]]:
    """All partitions: by lane and number."""
    return {(lane, str(n)) for lane in LANES for n in range(partitions(house.settings, lane))}


def shared(house: House) -> bool:
    """Whether each worker judges something, and every partition is judged by one of them."""
    owned = [place for worker in house.workers for place in worker.lag()]
    return (
        all(worker.ready() and worker.lag() for worker in house.workers)
        and len(owned) == len(everything(house))
        and set(owned) == everything(house)
    )
