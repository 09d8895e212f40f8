"""The same events for every measurement: a simulated company's, in a file, one a line."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import msgspec

from controls.events import TYPES, LogSourceStatus, rfc3339
from controls.gaps import ELSEWHERE
from controls.kernel import arrival
from streams.reading import Item
from streams.rejects import Reject
from streams.simulate import simulate
from streams.simulate.feed import ORG

__all__ = ["BLOCK", "ORG", "blocks", "write"]

BLOCK = 9_999
"""Events of the access lane between two ticks, and so in a block of it: with one more it would
close before the tick that tells it of the books of the same hours."""

MACHINES = {*ELSEWHERE, LogSourceStatus}
"""What no form sends, of any lane."""


def write(file: Path, events: int, staff: int | None = None) -> dict[str, int]:
    """Write the first `events` of the company's year; how many there are in each lane."""
    lanes = dict.fromkeys(("access", "books", "principals"), 0)
    encode = msgspec.json.Encoder().encode
    if staff is None:  # a larger company has more history than events
        staff = min(1_000, 60 + events // 100)
    # days of office scale, all over by now: brokers know what time it is
    start = date.today() - timedelta(days=14 + events // (8 * staff))
    with open(file, "wb", buffering=1 << 20) as out:
        for event in islice(years(staff, start), events):
            lanes[TYPES[event["event_type"]].lane] += 1
            out.write(encode(event) + b"\n")
    return lanes


def years(staff: int, start: date) -> Iterator[dict[str, Any]]:
    """A year of the company; should that not be enough, the same of another one after it."""
    return chain.from_iterable(simulate(12, staff, seed, start=start) for seed in count(1))


def opening(lines: Iterable[bytes]) -> int:
    """How many lines stand before the first of traffic."""
    lanes = (TYPES[msgspec.json.decode(line)["event_type"]].lane for line in lines)
    return next((nth for nth, lane in enumerate(lanes) if lane != "books"), 0)


def present(lines: Sequence[bytes], span: int) -> Iterator[bytes]:
    """The lines as raw topics have them: what machines send of the last `span` milliseconds, now
    that of the first line read and evenly spread; forms as they were; nothing yet of an arrival.

    Traffic that is hours late is not what a worker usually judges: it looks it up in the store.
    """
    began = time.time_ns() // 1_000_000 - span
    moments: dict[str, str] = {}  # what is sent twice says the same twice
    for nth, line in enumerate(lines):
        event = msgspec.json.decode(line)
        event.pop("ingested_at", None)
        kind = TYPES[event["event_type"]]
        if kind.lane != "books" or kind in MACHINES:
            moment = rfc3339(began + span * nth // len(lines))
            moment = moments.setdefault(event["event_id"], moment)
            event["occurred_at"] = event["observed_at"] = moment
        yield msgspec.json.encode(event)


def blocks(items: Iterable[Item]) -> Iterator[tuple[list[Item], int]]:
    """The items up to each tick and its time (ms): one tick before the first event of traffic,
    so that the books are known, one after every 10,000th, one at the end."""
    pending: list[Item] = []
    traffic = now = 0
    for item in items:
        if not isinstance(item, Reject):
            now = max(now, arrival(item))
            if item.lane == "access":
                if traffic % BLOCK == 0:
                    yield pending, now
                    pending = []
                traffic += 1
        pending.append(item)
    yield pending, now
