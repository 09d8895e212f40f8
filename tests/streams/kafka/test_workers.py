"""Several workers, each a process: partitions move, and what is remembered and found does not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from controls.kernel import DAY, HOUR
from streams import wiring
from tests.clickhouse import Server
from tests.streams.kafka.broker import Cluster
from tests.streams.kafka.workers import (
    PARTITIONS,
    SESSION,
    Installation,
    State,
    Worker,
    embedded,
)
from tests.streams.service import ROWS, Fault, Place, Point, history, left

UNTIL = 1_798_000_000_000
"""2026-12-23, after every deadline that the history can set."""


@pytest.fixture
def make(kafka: Cluster, tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Makes the installation of a test; `state` is its setting."""
    with Server(tmp_path / "clickhouse") as server:
        made: list[Installation] = []

        def installation(state: str = "memory://") -> Installation:
            made.append(Installation(tmp_path / "i", kafka, server, state))
            return made[-1]

        try:
            yield installation
        finally:
            for each in made:
                each.end()


class Twin:
    """The same events in an embedded installation that nobody disturbs."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.installation = installation
        self.place = Place(folder, PARTITIONS, keys=installation.settings.keys)

    def publish(self, events: Any, until: int = 0) -> None:
        """To both; the truth is known when this returns."""
        self.installation.publish(events, until, every=12 * HOUR)
        self.place.publish(events, until, every=12 * HOUR)
        self.place.follow()

    def same(self) -> None:
        """What the workers hold is what the changelog says, and, of traffic, what the twin holds;
        of `books`, where tallies stand elsewhere, the same keys."""
        installation = self.installation
        installation.follow()
        held, changelog, truth = installation.held(), installation.changelog(), embedded(self.place)
        self.place.wake(installation.wakes)
        installation.wakes = 0
        assert held.keys() == changelog.keys() == truth.keys()
        for place in truth:
            assert held[place] == changelog[place], place
            if not place.startswith("books/"):
                assert unsealed(held[place]) == unsealed(truth[place]), place
        assert held["books/0"].keys() >= {k for k in truth["books/0"] if "register|" not in k}
        books = registers(changelog)
        for worker in installation.running:
            worker.wait(partial(alike, worker, books))
        assert sorted(ids(books)) == sorted(ids(registers(truth)))


def unsealed(state: dict[str, Any]) -> dict[str, Any]:
    """Without the link of the last block, which hangs on when the broker took the messages."""
    return {
        key: {name: held for name, held in value.items() if name != "sealed"}
        for key, value in state.items()
    }


def registers(state: State) -> list[list[Any]]:
    """[offset, event_id] of every entry of the registers, re-counted from the state of `books`."""
    from controls import gaps
    from controls.books import BOOKS
    from controls.registers import Registers
    from streams.registers import fill

    counted = Registers((*BOOKS, *gaps.BOOKS))
    fill(counted, state["books/0"].items())
    return sorted([n, e.event_id] for n, e in zip(counted._known, counted._log, strict=True))


def alike(worker: Worker, books: list[list[Any]]) -> bool:
    """Whether a worker's registers are what the changelog says, badge reads apart that it let go
    after their days; a follower is some moments behind."""
    held = sorted(worker.registers())
    let_go = [entry for entry in books if entry not in held]
    return all(entry in books for entry in held) and all(
        event_id.startswith("badge.read-") for _, event_id in let_go
    )


def ids(entries: list[list[Any]]) -> list[str]:
    """The events among the entries; what is said of a gap follows from when tallies come."""
    return [event_id for _, event_id in entries if "|" not in event_id]


LONG = pytest.mark.skipif(
    "SHOSEKI_LONG" not in os.environ, reason="SHOSEKI_LONG is not set: takes minutes"
)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("state", [pytest.param("memory://", marks=LONG), "rocksdb://"])
def test_partitions_move_and_nothing_else_changes(
    make: Callable[..., Installation], tmp_path: Path, state: str
) -> None:
    """A worker alone; a second joins; the first is killed in the middle; a third joins; the second
    is told to go; one after another is replaced."""
    installation = make(state)
    twin = Twin(installation, tmp_path / "twin")
    events = history(120, seed=7)
    parts = [events[at : at + 30] for at in range(0, len(events), 30)]

    first = installation.worker().started()
    twin.publish(parts[0])
    twin.same()

    second = installation.worker().started()
    twin.same()

    twin.publish(parts[1])
    first.kill()
    twin.same()

    third = installation.worker().started()
    fourth = installation.worker().started()
    twin.same()

    twin.publish(parts[2])
    second.stop()
    left_at = time.monotonic()
    twin.same()
    assert time.monotonic() - left_at < 60

    twin.publish(parts[3])
    for old in (third, fourth):
        installation.worker().started()
        old.stop()
    twin.same()

    for at in (UNTIL - 20 * DAY, UNTIL):
        twin.publish([], at)
        installation.follow()
    twin.same()
    found, expected = left(installation), left(twin.place)
    assert found.report.fault is None
    assert found.events == expected.events
    assert found.rejects == expected.rejects
    assert found.populations == expected.populations
    assert found.blocks == expected.blocks
    assert current(installation.settings.store) == current(twin.place.settings.store)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("guards", ["all", pytest.param("neither fence nor lease", marks=LONG)])
@pytest.mark.parametrize("point", ["gathered", ROWS, "told"])
def test_a_worker_that_was_paused_and_wakes_writes_nothing(
    make: Callable[..., Installation], point: str, guards: str
) -> None:
    """It sleeps between two steps of a block until another has taken its partitions and gone on."""
    installation = make()
    forgetful(installation.settings.store)
    without = () if guards == "all" else ("fence",)
    fault = Fault(Point(point, "access", 6), "pause")
    sleeper = installation.worker(fault, without=without).started()
    events = history(60, seed=5)
    installation.publish(events[:60], every=12 * HOUR)
    sleeper.wait(sleeper.paused)
    asleep = sleeper.steps()[-1]
    heir = installation.worker().started()
    installation.follow()
    sleeper.signal(signal.SIGCONT)
    harmed = woken(sleeper, asleep)
    installation.publish([], UNTIL)
    heir.wait(lambda: not installation.behind())
    found = left(installation)
    stale = installation.stale("access")
    if guards == "all":
        assert not harmed
        assert found.report.fault is None
        assert not stale
    elif point == ROWS:
        assert found.report.fault is not None  # the block is in the ledger twice
    else:
        assert stale


def forgetful(store: str) -> None:
    """Make a store that remembers one token of each table: as if thousands of blocks went by."""
    opened = wiring.open_store(store)
    for table in ("events", "findings", "rejects", "ledger"):
        change = f"ALTER TABLE {table} MODIFY SETTING non_replicated_deduplication_window = 1"
        opened._client.command(change)  # type: ignore[attr-defined]
    opened.close()


def woken(worker: Worker, asleep: list[str], seconds: float = 3 * SESSION) -> bool:
    """Whether a worker goes on with the block in which it slept."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and worker.ended is None:
        if ["acknowledged", *asleep[1:]] in worker.steps():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.timeout(600)
def test_the_ticks_of_a_leader_that_dies_lead_to_the_same_findings(
    make: Callable[..., Installation], tmp_path: Path
) -> None:
    """Where blocks end and when is then nobody's choice; what is found is the same."""
    installation = make()
    events = history(80, seed=9)
    twin = Place(tmp_path / "twin", PARTITIONS, keys=installation.settings.keys)
    twin.publish(events, every=12 * HOUR)
    twin.follow()
    installation.send(events[:40])
    first = installation.worker(ticks=True).started()
    installation.worker(ticks=True).started()
    installation.follow()
    first.kill()  # alone at first, so it was the leader
    installation.send(events[40:])
    installation.follow()
    for at in (UNTIL - 20 * DAY, UNTIL):
        installation.publish([], at)
        installation.follow()
        twin.publish([], at)
    twin.follow()
    found, expected = left(installation), left(twin)
    assert found.report.fault is None
    assert set(found.events) ^ set(expected.events) == set()
    assert found.events == expected.events
    assert found.rejects == expected.rejects
    assert current(installation.settings.store) == current(twin.settings.store)


def current(store: str) -> list[tuple[Any, ...]]:
    """The current findings that are a violation or could not be decided."""
    opened = wiring.open_store(store)
    try:
        return sorted(
            (f["finding_id"], f["verdict"], f["code"] or "", f["severity"])
            for f in opened.findings()
            if f["verdict"] in ("violation", "indeterminate")
        )
    finally:
        opened.close()
