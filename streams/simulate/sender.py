"""Puts a day's events in order, numbers them by source and lets them arrive.

A source's events arrive in its order, some seconds after they happened; now and then a source
holds its events for a while and sends them together, a single one is overtaken by those after
it, or one is sent twice. Silences, gaps and wrong clocks of the plan are made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from streams.simulate.company import SOURCES, Company
from streams.simulate.feed import Day, Fact
from streams.simulate.plan import Label, Plan, Silence
from streams.simulate.times import HOUR, MINUTE, SECOND, at, day_of, midnight, text, utc_text

Arrival = tuple[int, int, Fact]
_OVERTAKEN = {"web-01", "file-01", "db-01", "mail-01"}
_HOLDS = {
    "badge-01": 180 * SECOND,
    "web-01": 12 * MINUTE,
    "file-01": 12 * MINUTE,
    "idp-01": 4 * MINUTE,
}


class Sender:
    """The collectors of the company: what leaves them is what a file holds."""

    def __init__(self, company: Company, plan: Plan, rng: Random) -> None:
        self._start, self._end = midnight(company.start), midnight(company.end)
        self._plan, self._rng = plan, rng
        self._seq = {s.id: 0 for s in SOURCES if s.numbered}
        self._watched = {s.id for s in SOURCES if s.heartbeat}
        self._last: dict[str, int] = {}
        self._signs: dict[str, int] = {}
        self._silences: dict[date, list[Silence]] = {}
        for silence in plan.silences:
            self.silence(silence)
        self._skips = sorted(plan.skips, key=lambda skip: skip[1])
        self._waiting: list[Arrival] = []
        self._count = 0

    def silence(self, silence: Silence) -> None:
        """Let a source say nothing for a while within one day."""
        self._silences.setdefault(day_of(silence.begins), []).append(silence)

    def load(self, past: Day) -> Iterator[Fact]:
        """What arrived long ago, then the registers' history, oldest first, all of it just before
        the first midnight."""
        early = [item for item in past.items if item.arrives is not None]
        for occurred, _, fact, arrived in sorted(early, key=lambda item: item.arrives or 0):
            fact["occurred_at"] = fact["observed_at"] = text(occurred)
            fact["ingested_at"] = text(arrived or occurred)
            yield fact
        items = sorted(item for item in past.items if item.arrives is None)
        base = self._start - len(items)
        for n, (occurred, _, fact, _) in enumerate(items):
            arrives = max(base + n, occurred)
            fact["occurred_at"] = fact["observed_at"] = text(occurred)
            fact["ingested_at"] = text(arrives)
            yield fact

    def send(self, today: date, day: Day) -> Iterator[Fact]:
        """What arrives before the day's end, in order of arrival."""
        random, seq, last, signs = self._rng.random, self._seq, self._last, self._signs
        silences = self._silences.pop(today, [])
        hold, held, release = self._hold(today)
        gapped = {source for source, moment, _ in self._skips if day_of(moment) == today}
        out, end, count = self._waiting, self._end - 1, self._count
        gap: Label | None = None
        for occurred, _, fact, arrives in sorted(day.items):
            source = fact["source_id"]
            if source == "collector-01":
                source = self._heartbeat(fact, occurred, today, silences)
                if not source:
                    continue
            else:
                if silences and self._silent(source, occurred, silences):
                    continue
                signs[source] = occurred
                if source in seq:
                    if source in gapped and (found := self._gap(source, occurred)):
                        gap = found
                        gapped.discard(source)
                    seq[source] += 1
                    fact["source_seq"] = seq[source]
            if arrives is None:
                chance = random()
                arrives = occurred + 1_000 + int(chance * 6_000)
                if source == hold and held <= occurred < release:
                    arrives += release - occurred
                previous = last.get(source, 0)
                if arrives < previous:
                    arrives = previous
                if chance < 0.0003 and source in _OVERTAKEN and source not in gapped:
                    arrives += MINUTE + int(random() * 15 * MINUTE)
                else:
                    last[source] = arrives
            if arrives > end:
                arrives = end
            if gap:  # a gap is seen when the event after it arrives
                gap["occurred_at"] = text(arrives)
                gap = None
            fact["occurred_at"] = text(occurred)
            fact["observed_at"] = text(occurred + (min(arrives - occurred, 8_000) >> 4))
            fact["ingested_at"] = text(arrives)
            count += 1
            out.append((arrives, count, fact))
            if random() < 0.0002:
                again = min(arrives + 5_000 + int(random() * 55_000), end)
                count += 1
                out.append((again, count, {**fact, "ingested_at": text(again)}))
        self._count = count
        out.sort()
        border = midnight(today + timedelta(days=1))
        self._waiting = [arrival for arrival in out if arrival[0] >= border]
        for _, _, fact in out[: len(out) - len(self._waiting)]:
            yield fact

    def rest(self) -> Iterator[Fact]:
        """What had not arrived when the last day ended (nothing is held past the end)."""
        for _, _, fact in self._waiting:
            yield fact

    def _hold(self, today: date) -> tuple[str, int, int]:
        """One source on some days, and from when to when it keeps its events to itself."""
        if self._rng.random() > 0.15:
            return "", 0, 0
        source = self._rng.choice(list(_HOLDS))
        begins = at(today, 8) + int(self._rng.random() * 10 * HOUR)
        return source, begins, begins + _HOLDS[source]

    def _heartbeat(self, fact: Fact, occurred: int, today: date, silences: list[Silence]) -> str:
        """A source's sign of life as it goes out; "" where the source is silent."""
        watched = str(fact["monitored_source_id"])
        if fact["status"] == "heartbeat":
            if silences and self._silent(watched, occurred, silences):
                return ""
            self._signs[watched] = occurred
            fact["last_seq"] = self._seq.get(watched)
            if self._plan.skews:
                label = self._plan.skews.get((watched, today))
                if label and occurred >= at(today, 11):
                    fact["clock_skew_ms"] = 61_000 + int(self._rng.random() * 200_000)
                    label["occurred_at"] = text(occurred)
                    del self._plan.skews[watched, today]
        return "collector-01"

    def _silent(self, source: str, occurred: int, silences: list[Silence]) -> bool:
        for silence in silences:
            if silence.source == source and silence.begins <= occurred < silence.ends:
                if silence.label is not None and not silence.label["subject"]:
                    sign = self._signs[source]
                    silence.label["subject"] = f"{source}|{utc_text(sign)}"
                    silence.label["occurred_at"] = text(sign + HOUR)
                return True
        return False

    def _gap(self, source: str, occurred: int) -> Label | None:
        """Leave a number out before the first event after a planned moment."""
        for skip in self._skips:
            name, moment, label = skip
            if name == source and moment <= occurred and not label["subject"]:
                self._seq[source] += 1
                label["subject"] = f"{source}|{self._seq[source]}"
                return label
        return None
