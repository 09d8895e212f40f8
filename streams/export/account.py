"""What came in from every source on every day, what became of it, and whether it adds up.

A row belongs to the day (JST) of the tick that closed its block.  Everything is counted from the
rows themselves and compared with what the ledger says of each block.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import msgspec

from controls.calendar import day_end, day_start, jst_day
from controls.events import LogConfigChanged, LogSourceStatus, RegisterSource
from streams.evidence.seal import FINDING, REJECT
from streams.export.cut import Evidence, Place, Row
from streams.export.gaps import Gap, Life, event_of

FIGURES = ("received", "evaluated", "rejected", "duplicates")
ONE = timedelta(days=1)
SPECIAL = frozenset(kind.type for kind in (LogSourceStatus, RegisterSource, LogConfigChanged))
"""Types that tell something of a source."""


@dataclass(slots=True)
class Line:
    """One source on one day.  Lines that could not be read, and rows that retention let go, may
    not say whose they were: those stand under the source ''.

    `expired` is the part of `evaluated` whose rows are gone.  `missing` are the numbers up to the
    day's last that never came; None where none came, or expired rows may have had them.
    """

    day: date
    source: str
    evaluated: int = 0
    rejected: int = 0
    duplicates: int = 0
    expired: int = 0
    heartbeats: int = 0
    first: int | None = None
    last: int | None = None
    missing: int | None = None
    gaps: tuple[Gap, ...] = ()

    @property
    def received(self) -> int:
        return self.evaluated + self.rejected + self.duplicates


@dataclass(slots=True)
class Stretch:
    """The blocks of one chain on one day, and the offsets that they cover."""

    day: date
    place: Place
    first: int
    last: int
    blocks: int = 0
    contiguous: bool = True
    figures: Counter[str] = field(default_factory=Counter)

    @property
    def chain(self) -> str:
        return f"{self.place[0]}/{self.place[1]}"


class Numbers:
    """Which numbers came, a bit each: ten million that follow one another take 2 MB."""

    WIDTH = 1 << 10

    def __init__(self) -> None:
        self._bits: dict[int, bytearray] = {}

    def add(self, number: int) -> None:
        chunk, bit = divmod(number, self.WIDTH)
        held = self._bits.get(chunk)
        if held is None:
            held = self._bits[chunk] = bytearray(self.WIDTH // 8)
        held[bit >> 3] |= 1 << (bit & 7)

    def count(self, first: int, last: int) -> int:
        """How many of [first, last] came."""
        chunks = sorted(self._bits)
        low, high = divmod(first, self.WIDTH), divmod(last, self.WIDTH)
        total = 0
        for chunk in chunks[bisect_left(chunks, low[0]) : bisect_right(chunks, high[0])]:
            bits = int.from_bytes(self._bits[chunk], "little")
            if chunk == high[0]:
                bits &= (2 << high[1]) - 1
            if chunk == low[0]:
                bits = bits >> low[1]
            total += bits.bit_count()
        return total


def by_block(
    evidence: Evidence, table: str, strangers: Counter[str]
) -> Iterator[tuple[Row, Iterator[Row]]]:
    """Every block with its rows of a table; rows that no block has go to `strangers`, by chain."""
    rows = evidence.all(table)
    ahead = next(rows, None)

    def upto(place: tuple[str, int, int]) -> Iterator[Row]:
        nonlocal ahead
        while ahead is not None:
            here = ahead["lane"], ahead["partition"], ahead["block"]
            if here > place:
                return
            if here == place:
                yield ahead
            else:
                strangers[f"{here[0]}/{here[1]}: {table} of no block"] += 1
            ahead = next(rows, None)

    for block in evidence.blocks():
        yield block, upto((block["lane"], block["partition"], block["last_offset"]))


class Account:
    """The account of a period: read `events` to their end, then `close`."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.faults: list[str] = []
        """What does not add up, each by name."""
        self.gaps: list[Gap] = []
        self.offsets: list[Stretch] = []
        self._lines: dict[tuple[date, str], Line] = {}
        self._spans: dict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
        self._numbers: dict[str, Numbers] = defaultdict(Numbers)
        self._registered: dict[str, list[RegisterSource]] = defaultdict(list)
        self._changes: list[LogConfigChanged] = []
        self._strangers: Counter[str] = Counter()
        self._life = Life(evidence)

    @property
    def lines(self) -> list[Line]:
        """By day and source."""
        return [self._lines[key] for key in sorted(self._lines)]

    def line(self, day: date, source: str) -> Line:
        found = self._lines.get((day, source))
        if found is None:
            found = self._lines[day, source] = Line(day, source)
        return found

    def events(self) -> Iterator[Row]:
        """Every event row of the evidence, counted on the way."""
        for block, rows in by_block(self.evidence, "events", self._strangers):
            yield from self._block(block, rows)

    def _block(self, block: Row, rows: Iterable[Row]) -> Iterator[Row]:
        day, counted = jst_day(block["now"]), block["now"] in self.evidence.period
        sources: Counter[str] = Counter()
        classes: Counter[str] = Counter()
        spans: dict[str, list[int]] = {}
        heard, special = self._life.heard, self._special
        for row in rows:
            source, number = row["source_id"], row["source_seq"]
            sources[source] += 1
            classes[row["retention"]] += 1
            if number is not None:
                self._numbers[source].add(number)
                span = spans.get(source)
                if span is None:
                    spans[source] = [number, number]
                elif number < span[0]:
                    span[0] = number
                elif number > span[1]:
                    span[1] = number
            if row["event_type"] in SPECIAL:
                special(row, day if counted else None)
            else:
                heard(source, row["occurred_at"], number)
            yield row
        for source, (first, last) in spans.items():
            before = self._spans[source].get(day, (first, last))
            self._spans[source][day] = min(before[0], first), max(before[1], last)
        if counted:
            self._count(block, day, sources, classes)

    def _special(self, row: Row, day: date | None) -> None:
        """What an event says of a source; `day` None outside the period."""
        event = event_of(row)
        source, at = event.source_id, event.occurred_at
        if isinstance(event, LogSourceStatus):
            if event.status in ("heartbeat", "resumed"):
                self._life.heard(event.monitored_source_id, at, None)
            elif source == event.monitored_source_id:
                return  # its own report of a stop or a gap is no sign of life
            if event.status == "heartbeat" and day is not None:
                self.line(day, event.monitored_source_id).heartbeats += 1
        elif isinstance(event, RegisterSource):
            self._registered[event.monitored_source_id].append(event)
        else:
            self._changes.append(event)
        self._life.heard(source, at, event.source_seq)

    def _count(self, block: Row, day: date, sources: Counter[str], classes: Counter[str]) -> None:
        for source, rows in sources.items():
            self.line(day, source).evaluated += rows
        stated = {name: rows for name, rows, _ in msgspec.json.decode(block["classes"])}
        gone = sum(
            rows
            for name, rows in stated.items()
            if name not in (FINDING, REJECT) and not classes[name]
        )
        if gone:
            line = self.line(day, "")
            line.evaluated += gone
            line.expired += gone
        held = sources.total() + gone
        if held != block["evaluated"]:
            self._differs(block, f"{block['evaluated']} evaluated, {held} event rows")
        repeats = msgspec.json.decode(block.get("repeats") or "{}")
        unnamed = block["duplicates"] - sum(repeats.values())
        for source, rows in repeats.items():
            self.line(day, source).duplicates += rows
        if repeats and unnamed:
            said = f"{block['duplicates']} duplicates, {sum(repeats.values())} by source"
            self._differs(block, said)
        elif unnamed:  # a block of before the ledger told whose they were
            self.line(day, "").duplicates += unnamed

    def _differs(self, block: Row, what: str) -> None:
        chain = f"{block['lane']}/{block['partition']}"
        self.faults.append(f"{chain} block {block['number']}: {what}")

    def close(self) -> None:
        """What is left once every event was read: rejects, blocks, numbers, gaps, sums."""
        for block, rows in by_block(self.evidence, "rejects", self._strangers):
            sources = Counter(row["source_id"] for row in rows)
            if block["now"] in self.evidence.period:
                for source, refused in sources.items():
                    self.line(jst_day(block["now"]), source).rejected += refused
                if sources.total() != block["rejected"]:
                    said = f"{block['rejected']} rejected, {sources.total()} reject rows"
                    self._differs(block, said)
        self.faults += [f"{where}, {rows}" for where, rows in sorted(self._strangers.items())]
        self._chains()
        self.gaps = self._life.gaps(self._registered, self._changes)
        self._expected()
        self._missing()
        self._sums()

    def _chains(self) -> None:
        """The offsets of every chain by day; blocks that do not follow one another."""
        before: dict[Place, Row] = {}
        stretches: dict[tuple[date, Place], Stretch] = {}
        for block in self.evidence.blocks():
            place = block["lane"], block["partition"]
            last = before.get(place)
            before[place] = block
            if block["now"] not in self.evidence.period:
                continue
            key = jst_day(block["now"]), place
            if key not in stretches:
                stretches[key] = Stretch(*key, block["first_offset"], block["last_offset"])
            stretch = stretches[key]
            stretch.blocks += 1
            stretch.last = block["last_offset"]
            stretch.figures.update({name: block[name] for name in FIGURES})
            if block["received"] != sum(block[name] for name in FIGURES[1:]):
                self._differs(block, f"{block['received']} received, not the sum of what they were")
            if last is not None and block["first_offset"] != last["last_offset"] + 1:
                stretch.contiguous = False
                said = f"begins at {block['first_offset']} after an end at {last['last_offset']}"
                self._differs(block, said)
        for place, head in self.evidence.cut.heads.items():
            end = before.get(place)
            if end is not None and (end["number"], end["last_offset"]) != (
                head.number,
                head.last_offset,
            ):
                self._differs(end, f"the chain's end; it should be block {head.number}")
        self.offsets = [stretches[key] for key in sorted(stretches)]

    def _expected(self) -> None:
        """A line for every source on every day on which it is known, up to the last block's."""
        period = self.evidence.period
        ends = [last["now"] for _, last in self.evidence.chains.values()]
        last = min(jst_day(max(ends)), period.last) if ends else period.first - ONE
        since = {source: days[0] for source, days in self._days().items()}
        for source, lines in self._registered.items():
            day = min(jst_day(line.occurred_at) for line in lines)
            since[source] = min(day, since.get(source, day))
        for source, day in since.items():
            until = self._retired(source) or last
            day = max(day, period.first)
            while day <= min(until, last):
                line = self.line(day, source)
                line.gaps = tuple(
                    gap
                    for gap in self.gaps
                    if gap.source == source and gap.within(day_start(day), day_end(day))
                )
                day += ONE

    def _days(self) -> dict[str, list[date]]:
        found: dict[str, list[date]] = defaultdict(list)
        for line in self.lines:
            if line.source and (line.evaluated or line.heartbeats):
                found[line.source].append(line.day)
        return found

    def _retired(self, source: str) -> date | None:
        lines = sorted(self._registered.get(source, ()), key=lambda line: line.occurred_at)
        return lines[-1].retired_on if lines else None

    def _missing(self) -> None:
        """A number is missed on the day on which a higher one first came."""
        expired = {line.day for line in self._lines.values() if line.expired}
        for source, days in self._spans.items():
            reached: int | None = None
            for day in sorted(days):
                first, last = days[day]
                begin = first if reached is None else reached + 1
                reached = last if reached is None else max(reached, last)
                line = self._lines.get((day, source))
                if line is not None:
                    line.first, line.last = first, last
                    came = self._numbers[source].count(begin, last) if begin <= last else 0
                    line.missing = max(0, last - begin + 1) - came
        for line in self._lines.values():
            if line.day in expired:
                line.missing = None

    def _sums(self) -> None:
        """Sources together have what the blocks of the day have."""
        by_source: dict[date, Counter[str]] = defaultdict(Counter)
        by_block: dict[date, Counter[str]] = defaultdict(Counter)
        for line in self._lines.values():
            by_source[line.day].update({name: getattr(line, name) for name in FIGURES})
        for stretch in self.offsets:
            by_block[stretch.day].update(stretch.figures)
        for day in sorted(by_source | by_block):
            for name in FIGURES:
                mine, ledger = by_source[day][name], by_block[day][name]
                if mine != ledger:
                    self.faults.append(f"{day}: {mine} {name} by source, {ledger} by block")


def account(evidence: Evidence) -> Account:
    """The account of all evidence, for its own sake."""
    found = Account(evidence)
    for _ in found.events():
        pass
    found.close()
    return found
