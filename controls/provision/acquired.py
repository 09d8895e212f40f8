"""What came in from third parties, packed: of each provision the first person's data, and of
each use of a dataset the first and the last of a day (of marketing, of a month)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controls.calendar import jst_day
from controls.events import DataAcquired
from controls.shapes import Fact


def came(event: DataAcquired) -> dict[str, Any]:
    """By what way the data came in."""
    return {
        "dataset": event.dataset_id,
        "provision": event.provision_id or "",
        "source": event.source_id_ext or "",
        "basis": event.acquired_basis or "third_party",
    }


def subject(way: dict[str, Any]) -> str:
    """The provision; without its id the dataset and who gave it."""
    return way["provision"] or f"{way['dataset']}|{way['source']}"


def acquired(event: DataAcquired) -> Fact:
    return [event.occurred_at, event.event_id, "", "acquired", came(event)]


def merged(facts: Iterable[Fact], new: Iterable[Fact]) -> list[Fact]:
    """Facts of many blocks, in whatever order they come: the first acquisition of each way, the
    first and last use of each day."""
    first: dict[Any, Fact] = {}
    last: dict[Any, Fact] = {}
    for fact in (*facts, *new):
        way = fact[4]
        used = fact[3] != "acquired"
        day = f"{jst_day(fact[0])}"
        stretch = day[:7] if fact[3] == "sent" else day
        slot = (fact[3], way["dataset"], stretch) if used else tuple(way.values())
        if slot not in first or fact[:2] < first[slot][:2]:
            first[slot] = fact
        if used and (slot not in last or fact[:2] > last[slot][:2]):
            last[slot] = fact
    kept = {fact[1]: fact for fact in (*first.values(), *last.values())}
    return sorted(kept.values(), key=lambda fact: fact[:2])


def packed(facts: Iterable[tuple[str, Fact]]) -> dict[str, list[Fact]]:
    """Facts by key, packed."""
    found: dict[str, list[Fact]] = {}
    for key, fact in facts:
        found.setdefault(key, []).append(fact)
    return {key: merged((), these) for key, these in found.items()}


def from_others(events: Sequence[Any]) -> Iterable[DataAcquired]:
    """Those that came from a third party."""
    return (e for e in events if isinstance(e, DataAcquired) and e.channel == "third_party")
