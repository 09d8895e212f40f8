"""Which events a partition has seen: ids with their digests.

Ids of traffic are remembered for `dedup`.  A line of the books that comes again after years is a
repeat all the same: of older ones eight bytes each are kept, and where those say that an id may
be known, the store is asked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable
from heapq import merge

from controls.kernel import HOUR
from streams.store import Store


class Prints:
    """64 bits of each id, in sorted runs of which each is longer than all after it."""

    def __init__(self) -> None:
        self._runs: list[array[int]] = []

    def add(self, ids: Iterable[str]) -> None:
        run = array("q", sorted(map(hash, ids)))
        while self._runs and len(self._runs[-1]) <= len(run):
            run = array("q", merge(self._runs.pop(), run))
        self._runs.append(run)

    def __contains__(self, event_id: str) -> bool:
        """Whether it may be among them; always true if it is."""
        print_ = hash(event_id)
        for run in self._runs:
            at = bisect_left(run, print_)
            if at < len(run) and run[at] == print_:
                return True
        return False


class Ids:
    """Of one partition, from what the store holds below an offset."""

    def __init__(
        self, store: Store, lane: str, number: int, below: int, now: int, dedup: int
    ) -> None:
        self._store, self._lane, self._number, self._dedup = store, lane, number, dedup
        self._recent = dict(store.ids(lane, number, below, max(now - dedup, 0)))
        self._age = {now // HOUR: list(self._recent)}
        self._old = Prints() if lane == "books" else None
        if self._old is not None:
            self._old.add(each for each, _ in store.ids(lane, number, below, 0))

    def known(self, ids: Collection[str], below: int) -> dict[str, str]:
        """Those that were seen before the offset `below`, with their digests."""
        found = {each: self._recent[each] for each in self._recent.keys() & ids}
        old = self._old
        if old is not None:
            asked = [each for each in ids if each in old and each not in found]
            if asked:
                found |= self._store.digests(self._lane, self._number, below, asked)
        return found

    def keep(self, ids: dict[str, str], arrived: int, now: int) -> None:
        """Remember ids with their digests, which came at `arrived`, and let go of what is too old
        `now` (ms)."""
        self._recent |= ids
        self._age.setdefault(arrived // HOUR, []).extend(ids)
        for hour in [each for each in self._age if (each + 1) * HOUR < now - self._dedup]:
            gone = self._age.pop(hour)
            for each in gone:
                self._recent.pop(each, None)
            if self._old is not None:
                self._old.add(gone)
