"""A request of a principal from its arrival to its execution, as its duties are judged by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from controls.events import (
    RequestDecided,
    RequestExecuted,
    RequestFee,
    RequestIdentityChecked,
    RequestReceived,
    RequestResponded,
)
from controls.shapes import Fact, one_key, standing, told

TOLD: dict[type[Any], tuple[str, ...]] = {
    RequestReceived: ("by", "kind", "channel", "arrived_on", "requested_method", "auth_id"),
    RequestFee: ("org_id", "step", "amount_due", "amount_received", "instrument", "due_date"),
    RequestIdentityChecked: (
        "target",
        "result",
        "documents",
        "address_match",
        "items_requested_count",
    ),
    RequestDecided: ("decision", "ground", "ground_detail", "reason_given", "document_ref"),
    RequestResponded: (
        "method",
        "address_basis",
        "tracked_mail",
        "reason_included",
        "method_change_notified",
    ),
    RequestExecuted: (
        "systems_done",
        "systems_required",
        "contractors_notified",
        "contractors_required",
    ),
}
ACCEPTED = ("accept", "partial")
REFUSED = ("refuse", "partial")

by_request = one_key("request_id")


def what(kind: type[Any]) -> str:
    """The last word of the event type: `received`, `fee`, `identity_checked`, `decided` …"""
    name: str = kind.type
    return name.partition(".")[2]


def fact(event: Any) -> Fact:
    """[at, event_id, corrects, what, what is asked of it]"""
    return told(event, what(type(event)), *TOLD[type(event)])


def first(facts: Sequence[Fact], kind: type[Any]) -> dict[str, Any] | None:
    """What the first event of the kind says."""
    found = standing(facts, what(kind))
    return found[0][4] if found else None


def decision(facts: Sequence[Fact], at: int | None = None) -> Fact | None:
    """The decision in force at that moment (ms), the first one where it came later; the last of
    all without a moment."""
    decided = standing(facts, "decided")
    if at is None:
        return decided[-1] if decided else None
    before = [d for d in decided if d[0] <= at]
    return before[-1] if before else next(iter(decided), None)


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def no_request(facts: Sequence[Fact], request: str) -> dict[str, Any]:
    """What an indeterminate verdict says of steps whose request nobody registered."""
    return {"at": facts[0][0], "missing": (f"request.received {request}",)}
