"""A record from its trigger to its disposal, as all terms of retention are judged by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controls.events import (
    HoldChanged,
    RecordDisposed,
    RecordRetention,
    TransferRecordCreated,
)
from controls.registers import FOREVER
from controls.shapes import Fact, one_key, standing

by_record = one_key("record_id")


def fact(event: Any) -> Fact:
    """[at, event_id, corrects, what, what is asked of it]; days as ISO dates."""
    head = [event.occurred_at, event.event_id, event.corrects_event_id or ""]
    if isinstance(event, RecordRetention):
        kept = {
            "class": event.record_class,
            "dataset": event.dataset_id,
            "trigger": event.trigger,
            "on": f"{event.trigger_on}",
            "request": event.request_id,
        }
        return [*head, "retention", kept]
    if isinstance(event, RecordDisposed):
        gone = {
            "class": event.record_class,
            "on": f"{event.disposed_on}",
            "method": event.method,
            "original": event.duplicate_of,
        }
        return [*head, "disposed", gone]
    if isinstance(event, HoldChanged):
        return [*head, event.state, {}]
    assert isinstance(event, TransferRecordCreated)
    made = {
        "method": event.method,
        "last": event.last_provided_on and f"{event.last_provided_on}",
        "until": f"{event.retain_until}",
    }
    return [*head, "created", made]


def kept(facts: Sequence[Fact], *classes: str) -> list[Fact]:
    """The triggers from which the record is kept, of these classes."""
    return [f for f in standing(facts, "retention") if f[4]["class"] in classes]


def held(facts: Sequence[Fact], moment: int) -> bool:
    """Whether the record is held back at that moment, for whatever reason."""
    holds = [f for f in standing(facts) if f[3] in ("placed", "released") and f[0] <= moment]
    return bool(holds) and holds[-1][3] == "placed"


def released(facts: Sequence[Fact], moment: int) -> int:
    """The moment, or the later one at which a hold that stood at it was lifted; `FOREVER`
    where nobody has lifted it."""
    if not held(facts, moment):
        return moment
    return next((int(f[0]) for f in standing(facts, "released") if f[0] > moment), FOREVER)
