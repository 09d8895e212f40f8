"""What is remembered of a source: when it spoke and which numbers came, packed into stretches.

A block holds thousands of events of a source; its signs of life come to a few spans
`[from, "", to, watched]`, its numbers to a few runs `[first, "", last, arrived, late, spoke]`.
Spans and runs of many blocks join again, in whatever order the blocks come.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from controls.events import LogSourceStatus, RegisterSource
from controls.kernel import DAY, MINUTE, SECOND
from controls.registers import FOREVER
from controls.shapes import Fact

TOGETHER = MINUTE
"""Signs of life no farther apart than this are one span; no source may have a shorter limit."""

REMEMBERED = 8 * DAY
"""So long the silences of a source that nobody watches are kept, should somebody register it."""

_TOLD_OF = frozenset((LogSourceStatus, RegisterSource))
_FIRST = itemgetter(0)


def signs(events: Sequence[Any]) -> Mapping[str, list[Fact]]:
    """Spans of life by source, and `[at, "line", minutes, expected]` of the register (minutes 0:
    none set).

    A sign is any event of the source, or a heartbeat or resumption reported of it; its own
    report of a stop or a gap is none.  `watched` is when the first heartbeat or numbered event of
    the span occurred, else 0.  Runs over every event there is.
    """
    own: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        own[event.source_id].append(event)
    told: dict[str, list[Any]] = defaultdict(list)
    found: dict[str, list[Fact]] = defaultdict(list)
    for event in [event for event in events if type(event) in _TOLD_OF]:
        source = event.monitored_source_id
        if isinstance(event, RegisterSource):
            minutes, expected = event.silence_minutes or 0, int(event.expects_heartbeat)
            found[source].append([event.occurred_at, "line", minutes, expected])
        elif event.status in ("heartbeat", "resumed"):
            told[source].append(event)
        elif event.source_id == source:
            own[source] = [other for other in own[source] if other is not event]
    for source in {**own, **told}:
        group, reports = own.get(source, []), told.get(source, [])
        times = [event.occurred_at for event in group]
        marks = [event.occurred_at for event in group if event.source_seq is not None]
        times += [event.occurred_at for event in reports]
        marks += [event.occurred_at for event in reports if event.status == "heartbeat"]
        if times:
            spans = _spans(sorted(times))
            spans[0][3] = min(marks, default=0)
            found[source] += spans
    return found


def _spans(times: Sequence[int]) -> list[Fact]:
    """Spans of sorted instants; leaps a minute at a time rather than an instant."""
    spans: list[Fact] = []
    reached, count = 0, len(times)
    while reached < count:
        begins = last = times[reached]
        while True:
            further = bisect_right(times, last + TOGETHER, reached) - 1
            if times[further] == last:
                break
            reached, last = further, times[further]
        spans.append([begins, "", last, 0])
        reached = further + 1
    return spans


def merge_signs(limit: int) -> Callable[[Sequence[Fact], Iterable[Fact]], list[Fact]]:
    """Joins spans across every silence that the limits known so far forbid nobody.

    `limit` (ms) holds where the register sets no shorter one.  A source that nobody watches, or
    of which no sign is expected, keeps its silences for a while only.
    """

    def merge(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
        lines: list[Fact] = []
        spans: list[Fact] = []
        for fact in sorted([*facts, *new], key=_FIRST):
            if not fact[1]:
                spans.append(fact)
            elif fact not in lines:
                lines.append(fact)
        if not spans:
            return lines
        minutes = [line[2] for line in lines if line[2]]
        shortest = min([limit, *(minute * MINUTE for minute in minutes)])
        unwatched = FOREVER
        if not any(line[3] for line in lines) and (lines or not any(s[3] for s in spans)):
            unwatched = lines[0][0] if lines else 0
        old = spans[-1][0] - REMEMBERED
        joined = [spans[0]]
        for span in spans[1:]:
            last = joined[-1]
            forgotten = span[0] < old and last[2] >= unwatched
            if span[0] - last[2] <= shortest or forgotten:
                mark = min(last[3] or span[3], span[3] or last[3])
                joined[-1] = [last[0], "", max(last[2], span[2]), mark]
            else:
                joined.append(span)
        return [*lines, *joined]

    return merge


def runs(events: Sequence[Any]) -> Mapping[str, list[Fact]]:
    """Runs of numbers by source: numbers that follow one another and arrived in one second.

    `arrived` is the first arrival among them, `spoke` when the event with the last one occurred.
    Of a number that came twice the earlier arrival counts.  Runs over every event there is.
    """
    numbers: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for event in events:
        number = event.source_seq
        if number is not None:
            arrived = event.ingested_at
            if arrived is None:
                arrived = event.observed_at
            numbers[event.source_id].append((number, arrived, event.occurred_at))
    found: dict[str, list[Fact]] = {}
    for source, told in numbers.items():
        told.sort()
        first, since, spoke = told[0]
        last, second = first, since // SECOND
        held: list[Fact] = []
        for number, arrived, occurred in told:
            if number == last:
                continue
            if number != last + 1 or arrived // SECOND != second:
                held.append([first, "", last, since, 0, spoke])
                first, since, second = number, arrived, arrived // SECOND
            elif arrived < since:
                since = arrived
            last, spoke = number, occurred
        held.append([first, "", last, since, 0, spoke])
        found[source] = held
    return found


def merge_runs(fill: int) -> Callable[[Sequence[Fact], Iterable[Fact]], list[Fact]]:
    """Joins runs that touch, except those that came too late to those that came in time.

    A number is late where a higher one had arrived more than `fill` (ms) before it, by the second.
    """

    def merge(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
        both = sorted([*facts, *new], key=_FIRST)
        higher = FOREVER
        for place in range(len(both) - 1, -1, -1):
            first, _, last, arrived, late, spoke = both[place]
            if not late and arrived // SECOND > (higher + fill) // SECOND:
                both[place] = [first, "", last, arrived, 1, spoke]
            higher = min(higher, arrived)
        joined: list[Fact] = []
        for first, _, last, arrived, late, spoke in both:
            before = joined[-1] if joined else None
            if before is not None and first <= before[2]:  # numbers that came twice
                first = before[2] + 1
                if last < first:
                    continue
            if before is not None and first == before[2] + 1 and late == before[4]:
                joined[-1] = [before[0], "", last, min(before[3], arrived), late, spoke]
            else:
                joined.append([first, "", last, arrived, late, spoke])
        return joined

    return merge


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers that did not come in time: from `first` on, `missing` of them not at all so far.

    `seen` (ms) is when a higher number had arrived; `after` when the event before the hole
    occurred; `late` says that some of its numbers came after all.
    """

    first: int
    missing: int
    seen: int
    after: int
    late: bool


def holes(facts: Sequence[Fact]) -> Iterator[Hole]:
    """The holes between the runs that came in time, lowest first."""
    seen, lowest = [0] * len(facts), FOREVER
    for place in range(len(facts) - 1, -1, -1):
        seen[place] = lowest = min(lowest, facts[place][3])
    reached: int | None = None
    after = filled = 0
    for (first, _, last, _, late, spoke), noticed in zip(facts, seen, strict=True):
        if late and reached is not None:
            filled += last - first + 1
            continue
        if reached is not None and first > reached + 1:
            missing = first - reached - 1 - filled
            yield Hole(reached + 1, missing, noticed, after, filled > 0)
        reached, after, filled = last, spoke, 0
