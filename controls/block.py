"""A block and what it comes to: the values that pass between the pipeline and the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controls.gaps import Derived
from controls.kernel import Verdict
from controls.shapes import Look

Memory = Mapping[str, Any]
"""What a partition remembers: plain JSON objects by key.  Each has `applied`, the last offset it
includes, and, where it waits for a time, `due` (ms)."""

CLOCK = "clock"
"""The key under which a partition remembers how far it has judged: {now, known, applied}."""

BEGAN = "began"
"""The key under which `books` remembers when its first event arrived: {began, org_id}."""

Populations = dict[str, dict[Verdict, int]]
"""How many judgements of a control came out which way; a revision takes one away and adds one."""

Recall = Callable[[Sequence[Look]], Iterable[Any]]
"""Reads stored events of the partition back, as they are taken: those of earlier blocks only, each
once.  There may be more of them than memory holds."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """An event id that was received again with another payload; the first one stands."""

    event_id: str
    occurred_at: int
    observed_at: int
    ingested_at: int | None
    source_id: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What a traffic block changed, for `books` to fold in: `changes` of findings by check and
    subject, and `facts` of cases that are counted across partitions, by check and key."""

    lane: str
    partition: int
    last_offset: int
    changes: Mapping[str, Mapping[str, Any]]
    facts: Mapping[str, Mapping[str, list[list[Any]]]]
    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """The log of one partition between two borders, decoded and freed of repeats.

    `now` (ms) and `books_upto` are those of the closing tick; `recorded_at` (ms) is the broker's
    append time of the closing message.
    """

    lane: str
    partition: int
    first_offset: int
    last_offset: int
    recorded_at: int
    now: int
    books_upto: int
    events: Sequence[Any]
    conflicts: Sequence[Conflict] = ()
    tallies: Sequence[Tally] = ()


@dataclass(slots=True)
class Outcome:
    """What a block came to.  `memory` holds the values that replace those remembered, in the
    order in which they are to be written.  `derived` are the entries for books that no event
    tells."""

    populations: Populations = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)
    tally: Tally | None = None
    derived: list[Derived] = field(default_factory=list)
