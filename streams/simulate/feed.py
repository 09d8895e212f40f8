"""Events as plain mappings, made quickly and kept until their day is sent.

An event carries the instant it happened beside it and not inside it: the three times are
written when its day is put in order (feed order, source_seq, arrival), see `stream`.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

Fact = dict[str, Any]
ORG = "example-kk"


class Item(NamedTuple):
    """One event of a day before it is sent."""

    occurred: int
    """Instant."""
    order: int
    """Breaks ties, so that nothing ever compares two mappings."""
    fact: Fact
    arrives: int | None
    """Instant of arrival where it is part of the story, else None: soon after."""


class Maker:
    """Makes events whose ids come from a seed of their own."""

    def __init__(self, seed: str, org: str = ORG) -> None:
        self.org = org
        self._bits = Random(seed).getrandbits

    def event_id(self) -> str:
        """A UUID drawn from the seed."""
        h = f"{self._bits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def short(self, prefix: str) -> str:
        """An id as a ticket system would give it."""
        return f"{prefix}{self._bits(40):010x}"

    def __call__(
        self, event_type: str, source: str, actor: str, actor_kind: str, /, **fields: Any
    ) -> Fact:
        return {
            "event_id": self.event_id(),
            "event_type": event_type,
            "schema_version": 1,
            "org_id": self.org,
            "source_id": source,
            "occurred_at": "",
            "observed_at": "",
            "ingested_at": "",
            "actor_ref": actor,
            "actor_kind": actor_kind,
            **fields,
        }


class Day:
    """What happens on one day, in the order it was thought of."""

    def __init__(self, make: Maker) -> None:
        self.make = make
        self.items: list[Item] = []

    def add(self, occurred: int, fact: Fact, arrives: int | None = None) -> Fact:
        """Let an event happen at an instant."""
        self.items.append(Item(occurred, len(self.items), fact, arrives))
        return fact
