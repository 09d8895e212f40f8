"""Any partitions, any batching, any restart and any arrival order: the same current findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import Event
from controls.kernel import HOUR, MINUTE, arrival
from controls.registers import Registers
from streams.pipeline import MemoryState, Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory
from tests.controls.days import Happening, arriving, days

CONTROLS = catalogue.load().controls
UNTIL = 1_798_000_000_000
"""2026-12-23, after every deadline that a generated day can set."""

Current = tuple[set[tuple[str, str, str | None, str | None]], dict[str, dict[str, int]]]
relaxed = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


class Run:
    """An installation in memory that can be stopped and started again at any point."""

    def __init__(self, partitions: int = 1, limit: int = 10_000, spacing: int = MINUTE) -> None:
        self.store = Memory()
        self.states: dict[tuple[str, int], MemoryState] = {}
        self.options = {"partitions": partitions, "limit": limit, "spacing": spacing}
        self.start()

    def start(self) -> None:
        registers = Registers((*BOOKS, *gaps.BOOKS))
        parts = Parts(Engine(CONTROLS), registers, self.store, Plain(), "")
        self.replay = Replay(parts, states=self._state, **self.options)  # type: ignore[arg-type]

    def _state(self, lane: str, number: int) -> MemoryState:
        return self.states.setdefault((lane, number), MemoryState())

    def feed(self, events: Sequence[Event], restarts: Sequence[int] = ()) -> Run:
        for at, event in enumerate(events):
            if at in restarts:
                self.replay.tick(self.replay.now)
                self.start()
            self.replay.feed(Plain().join(event))
        self.replay.finish(UNTIL)
        return self

    @property
    def current(self) -> Current:
        """The findings that stand, and what was looked at."""
        found = {
            (f["finding_id"], f["verdict"], f["code"], f["severity"])
            for f in self.store.findings()
            if f["verdict"] in ("violation", "indeterminate")
        }
        counted = {
            control: {verdict: number for verdict, number in counts.items() if number}
            for control, counts in self.store.populations().items()
        }
        return found, {control: counts for control, counts in counted.items() if counts}


@relaxed
@given(day=days)
def test_the_number_of_partitions_does_not_matter(day: list[Happening]) -> None:
    events = arriving(day)
    expected = Run().feed(events).current
    for partitions in (4, 16):
        assert Run(partitions=partitions).feed(events).current == expected


@relaxed
@given(day=days, limit=st.integers(1, 30), minutes=st.sampled_from((0, 1, 60, 2000)))
def test_the_borders_of_blocks_do_not_matter(
    day: list[Happening], limit: int, minutes: int
) -> None:
    events = arriving(day)
    expected = Run().feed(events).current
    assert Run(limit=limit, spacing=minutes * MINUTE).feed(events).current == expected


@relaxed
@given(day=days, restarts=st.sets(st.integers(0, 90), max_size=6))
def test_stopping_and_resuming_does_not_matter(day: list[Happening], restarts: set[int]) -> None:
    events = arriving(day)
    expected = Run().feed(events).current
    run = Run(partitions=4).feed(events, sorted(restarts))
    assert run.current == expected


@relaxed
@given(day=days, seed=st.integers(0, 1000))
def test_the_order_of_arrival_does_not_matter_within_the_lateness(
    day: list[Happening], seed: int
) -> None:
    events = arriving(day)
    expected = Run().feed(events).current
    random = Random(seed)
    most = {"books": 72 * HOUR, "access": HOUR, "principals": HOUR}
    moved = sorted(events, key=lambda e: arrival(e) + random.randint(0, most[e.lane]))
    assert Run(partitions=4).feed(moved).current == expected


def test_late_register_events_change_past_verdicts_often_enough() -> None:
    changed = total = 0
    random = Random(7)
    for _ in range(40):
        day = [
            Happening(
                random.randrange(19),
                random.randrange(3 * 24 * 60),
                random.randrange(3),
                random.randrange(2),
                random.random() < 0.5,
                random.choice((0, 0, 0, 45, 300, 1500, 4320)),
                random.random() < 0.2,
            )
            for _ in range(60)
        ]
        run = Run(partitions=4).feed(arriving(day))
        revised: dict[str, list[dict[str, Any]]] = {}
        for finding in run.store.findings(history=True):
            revised.setdefault(finding["finding_id"], []).append(finding)
        total += 1
        changed += any(f["retroactive"] for revisions in revised.values() for f in revisions[1:])
    assert changed / total >= 0.2, f"only {changed} of {total} days were judged differently"


def test_the_same_id_with_another_payload_is_a_conflict_and_the_first_one_stands() -> None:
    first, *_ = arriving([Happening(2, 60, 0, 0, True, 0, False)])
    second = replace(first, rows=7)  # type: ignore[call-arg]
    run = Run().feed([first, second])
    found = [f for f in run.store.findings() if f["code"] == "PAYLOAD_CONFLICT"]
    assert [f["subject"] for f in found] == [first.event_id]
    assert [e.rows for e in run.store.events([first.event_id])] == [1100]  # type: ignore[attr-defined]
