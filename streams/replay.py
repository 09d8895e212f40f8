"""Events of files through the same lanes, blocks and pipeline, without a broker.

Time is what the events say: a tick is made when a minute of arrivals is over and whenever
something falls due before the next arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from controls.events import LANES, Event, lane_value
from controls.kernel import MINUTE, arrival
from streams.blocks import LIMIT, Blocks, Message
from streams.local.partitioner import partition_of
from streams.messages import Tick
from streams.pipeline import MemoryState, Partition, Parts, State, Work
from streams.rejects import Reject


class Log:
    """One partition of one lane: the offsets it has given out and the worker that reads it."""

    def __init__(
        self, lane: str, number: int, parts: Parts, state: State, limit: int = LIMIT
    ) -> None:
        self.partition = Partition(lane, number, parts, state)
        self.next = max(self.partition.applied, self.head_offset()) + 1
        self.blocks = Blocks(self.partition.now, self.partition.books_upto, self.next, limit)
        self.open = 0

    def head_offset(self) -> int:
        head = self.partition.head
        return head.last_offset if head else -1

    def append(self, timestamp: int, value: Any) -> Work | None:
        """Append one message and carry out the block that it closes, if it closes one."""
        self.open += 1
        batch = self.blocks.add(Message(self.next, timestamp, value))
        self.next += 1
        if batch is None:
            return None
        self.open = 0
        work = self.partition.judge(batch)
        if work is not None:
            self.partition.write(work)
            self.partition.flush(work)
        return work


class Replay:
    """The lanes of one installation in one process, driven by the arrival of events."""

    def __init__(
        self,
        parts: Parts,
        *,
        partitions: int = 1,
        spacing: int = MINUTE,
        limit: int = LIMIT,
        states: Callable[[str, int], State] = lambda lane, number: MemoryState(),
    ) -> None:
        self.parts = parts = replace(parts, partitions=partitions)
        self.spacing = spacing
        self.books = Log("books", 0, parts, states("books", 0), limit)
        self.traffic = {
            (lane, number): Log(lane, number, parts, states(lane, number), limit)
            for lane in LANES
            if lane != "books"
            for number in range(partitions)
        }
        self.partitions = partitions
        self.now = max((log.partition.now for log in self.logs), default=0)
        self._since: int | None = None
        self._learnt = False

    @property
    def logs(self) -> list[Log]:
        return [self.books, *self.traffic.values()]

    def feed(self, event: Event) -> None:
        """Take one event in join form, at its arrival."""
        self._advance(arrival(event))
        self._append(self._log(event), self.now, [event])

    def refuse(self, reject: Reject) -> None:
        """Take a line that could not be read; it arrives when the event before it did."""
        self._append(self.books, self.now, [reject])

    def run(self, items: Iterable[Event | Reject]) -> None:
        for item in items:
            if isinstance(item, Reject):
                self.refuse(item)
            else:
                self.feed(item)

    def finish(self, until: int | None = None) -> None:
        """Judge all that is open, and what falls due up to `until` (ms; the last arrival)."""
        self.tick(self.now)
        if until is not None:
            self._advance(until, final=True)

    def tick(self, now: int) -> None:
        """Close the open blocks at `now`: books first, so that traffic may look into them, and
        again while books learn of tallies or derive entries."""
        self.now = max(self.now, now)
        self._since = None
        self._learnt = True
        while self._learnt:
            self._learnt = False
            self._append(self.books, self.now, Tick(self.now, -1))
            upto = self.books.next - 1
            for log in self.traffic.values():
                self._append(log, self.now, Tick(self.now, upto))
        self.parts.registers.forget(min(log.partition.now for log in self.logs))

    def _advance(self, arrived: int, final: bool = False) -> None:
        """Move the clock on to an arrival, with a tick at everything due before it."""
        if self._since is not None and (arrived - self._since >= self.spacing or final):
            self.tick(self.now)
        while self._since is None and (due := self._due()) is not None and due < arrived:
            self.tick(due + 1)
        if final:
            self.tick(arrived)
        self.now = max(self.now, arrived)

    def _due(self) -> int | None:
        dues = [due for log in self.logs if (due := log.partition.agenda.next()) is not None]
        return min(dues, default=None)

    def _append(self, log: Log, timestamp: int, value: Any) -> None:
        if not isinstance(value, Tick) and self._since is None:
            self._since = self.now
        work = log.append(timestamp, value)
        if work is None:
            return
        self._learnt = self._learnt or bool(work.outcome.derived)
        if work.outcome.tally is not None:
            self._learnt = True
            self.books.append(timestamp, work.outcome.tally)

    def _log(self, event: Event) -> Log:
        if event.lane == "books":
            return self.books
        number = partition_of(lane_value(event).encode(), self.partitions)
        return self.traffic[event.lane, number]


def arrivals(events: Sequence[Event]) -> list[Event]:
    """Events in order of arrival; those that arrive together stay as they stand."""
    return sorted(events, key=arrival)
