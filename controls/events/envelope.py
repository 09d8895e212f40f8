"""封筒 — what every event says before it says anything of its own.

`Event` is the envelope; `@event(...)` turns a subclass into one type of the vocabulary.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeVar, dataclass_transform

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from controls.events.fields import Id, Instant, Int, Kept, Ref
from controls.events.retention import RetentionClass

__all__ = ["LANES", "ActorKind", "Event", "Lane"]

Lane = Literal["books", "access", "principals"]
LANES: tuple[Lane, ...] = ("books", "access", "principals")
ActorKind = Literal[
    "staff", "dispatched", "officer", "contractor", "service", "principal", "unknown"
]

STRICT = ConfigDict(
    extra="forbid",
    strict=True,
    allow_inf_nan=False,
    hide_input_in_errors=True,
    use_attribute_docstrings=True,
)


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Event:
    """Something that happened, as one flat line: who, when, from which source, and what."""

    type: ClassVar[str]
    """The type as a line writes it, such as `access.auth_attempt`."""
    lane: ClassVar[Lane]
    """books: one partition, office scale; access and principals: split by `lane_key`."""
    lane_key: ClassVar[str | None]
    """The field whose value chooses the partition; None in books."""
    natural_key: ClassVar[tuple[str, ...]]
    """The fields that name this event where a source gives no id of its own."""
    retention: ClassVar[RetentionClass]

    event_id: Kept[Id]
    """Idempotency key (ULID or UUID): the same id with the same payload is one event."""
    event_type: Kept[str]
    schema_version: Kept[Int]
    org_id: Kept[str]
    """One installation is one organisation; another is a reject."""
    source_id: Kept[str]
    """The registered log source or form that wrote the event."""
    source_seq: Kept[Int | None] = None
    """Monotonic per source; a gap is evidence."""
    occurred_at: Kept[Instant]
    """When it happened: what decides."""
    observed_at: Kept[Instant]
    """When the source wrote it."""
    ingested_at: Kept[Instant | None] = None
    """When the pipeline took it; in a file, the arrival for replay."""
    actor_ref: Ref
    """Staff, contractor's user, service account or principal; empty where unknown."""
    actor_kind: Kept[ActorKind]
    recorded_by_ref: Ref | None = None
    """Who entered a form."""
    correlation_id: Kept[str | None] = None
    corrects_event_id: Kept[str | None] = None
    """A correction points at what it corrects and never overwrites it."""
    document_ref: Ref | None = None
    """The evidence document."""
    document_sha256: Kept[str | None] = None
    payload_digest: Kept[str | None] = None
    """Keyed digest of the canonical event, set by the pipeline."""


E = TypeVar("E", bound=type[Event])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    *,
    lane: Lane = "books",
    lane_key: str | None = None,
    natural_key: tuple[str, ...],
    retention: RetentionClass,
) -> Callable[[E], E]:
    """Declare one type of the vocabulary; its name is the default of `event_type`."""

    def declare(cls: E) -> E:
        built: Any = dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)(cls)
        built.type = built.__dataclass_fields__["event_type"].default
        built.lane, built.lane_key = lane, lane_key
        built.natural_key, built.retention = natural_key, retention
        return built  # type: ignore[no-any-return]

    return declare
