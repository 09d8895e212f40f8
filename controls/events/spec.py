"""What a type of event holds, read off its annotations once; and where an event belongs."""

import dataclasses
from dataclasses import dataclass
from datetime import date
from inspect import getdoc
from types import GenericAlias, NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from controls.events.coarse import UNREADABLE, coarse
from controls.events.envelope import Event, Lane
from controls.events.fields import (
    INSTANT,
    NOTHING_PERSONAL,
    Evidence,
    Personal,
    PersonalData,
)
from controls.events.retention import RetentionClass

__all__ = ["Field", "Spec", "lane_value"]

EventClass = type[Event]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a type: what it is, how personal it is and what evidence keeps of it."""

    name: str
    annotation: Any
    """Without markers, bounds and None: str, int, date, tuple[str, ...], Literal[...], ..."""
    kind: str
    """The same in a reader's words: `text`, `instant`, `list of text`, `success | failure`."""
    pd: PersonalData
    ev: Evidence
    nullable: bool
    note: str


@dataclass(frozen=True, slots=True)
class Spec:
    """One type of the vocabulary, whole; fields in vocabulary order, envelope first."""

    type: str
    cls: EventClass
    lane: Lane
    lane_key: str | None
    natural_key: tuple[str, ...]
    retention: RetentionClass
    summary: str
    fields: tuple[Field, ...]

    def __getitem__(self, name: str) -> Field:
        """The field of that name; KeyError where the type has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(f"{self.type} has no field {name}")


_WORDS = {str: "text", int: "number", float: "decimal", bool: "yes/no", date: "date"}


def _unwrap(annotation: Any) -> tuple[Any, list[Any], bool]:
    """The annotation without markers and None, the markers met, and whether None may stand."""
    marks: list[Any] = []
    nullable = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *found = get_args(annotation)
            marks += found
        elif get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation):
            rest = [part for part in get_args(annotation) if part is not NoneType]
            annotation, nullable = Union[tuple(rest)], True  # noqa: UP007
        else:
            return annotation, marks, nullable


def _bare(annotation: Any) -> Any:
    """The annotation with the markers inside lists and unions gone, too."""
    annotation, _, _ = _unwrap(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return GenericAlias(tuple, (_bare(args[0]), ...))
    if origin is dict:
        return GenericAlias(dict, (_bare(args[0]), _bare(args[1])))
    if origin in (Union, UnionType):
        return Union[tuple(_bare(arg) for arg in args)]  # noqa: UP007
    return annotation


def _kind(annotation: Any, marks: list[Any]) -> str:
    inner, more, _ = _unwrap(annotation)
    if INSTANT in marks or INSTANT in more:
        return "instant"
    origin, args = get_origin(inner), get_args(inner)
    if origin is Literal:
        return " | ".join(args)
    if origin is tuple:
        return f"list of {_kind(args[0], [])}"
    if origin is dict:
        return f"map to {_kind(args[1], [])}"
    if origin in (Union, UnionType):
        return " or ".join(_kind(arg, []) for arg in args)
    return _WORDS[inner]


def _notes(cls: EventClass) -> dict[str, str | None]:
    """The docstrings of the fields that the class itself declares."""
    fields = getattr(cls, "__pydantic_fields__", {})
    return {name: field.description for name, field in fields.items()}


def read(cls: EventClass) -> Spec:
    """Read one class; a field without exactly one `Personal` marker is a mistake of ours."""
    hints = get_type_hints(cls, include_extras=True)
    described = [_notes(base) for base in cls.__mro__]
    fields = []
    for name in (field.name for field in dataclasses.fields(cls)):
        annotation, marks, nullable = _unwrap(hints[name])
        if name == "event_type":  # each class narrows it to its own Literal
            marks = [NOTHING_PERSONAL]
        (personal,) = [mark for mark in marks if isinstance(mark, Personal)]
        note = next(filter(None, (notes.get(name) for notes in described)), "")
        kind = _kind(annotation, marks)
        fields.append(
            Field(name, _bare(annotation), kind, personal.pd, personal.ev, nullable, note)
        )
    return Spec(
        type=cls.type,
        cls=cls,
        lane=cls.lane,
        lane_key=cls.lane_key,
        natural_key=cls.natural_key,
        retention=cls.retention,
        summary=(getdoc(cls) or "").partition("\n")[0],
        fields=tuple(fields),
    )


def lane_value(event: Event) -> str:
    """What decides the event's partition; never one value for all strangers.

    The lane key's value; where it is blank the session, else the truncated address, else
    the event's own id. Books has one partition, and its value is always empty.
    """
    if event.lane_key is None:
        return ""
    for name in (event.lane_key, "session_ref"):
        value = getattr(event, name, None)
        if value is not None and (text := str(value)).strip():
            return text
    address = getattr(event, "src_ip", None)
    network = coarse(address) if address else ""
    return network if network not in ("", UNREADABLE) else event.event_id
