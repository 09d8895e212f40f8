"""The quick reading of lines: a msgspec struct beside every type of the vocabulary.

Pydantic is the law.  A twin is derived from the same annotations and reads a line several times
as fast.  What it accepts, pydantic accepts with an equal value; what it rejects, pydantic decides.
An annotation that it could not translate word for word stops the program at its start.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import Ge, Le, MinLen
from pydantic.fields import FieldInfo

from controls.events import TYPES, Event
from controls.events.fields import Personal, Written
from streams.slots import converter


def translated(annotation: Any) -> Any:
    """The annotation in msgspec's words; TypeError where they would not say exactly the same.

    What a line writes as text and an event holds as a value stays text here.
    """
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation in (str, int, float, bool, NoneType) or origin is Literal:
        return annotation
    if origin in (Union, UnionType):
        return reduce(or_, map(translated, args))
    if origin is tuple and args[1:] == (...,):
        return tuple[translated(args[0]), ...]  # type: ignore[misc]
    if origin is dict and args[0] is str:
        return dict[str, translated(args[1])]  # type: ignore[misc]
    if origin is Annotated:
        inner, *marks = args
        if any(isinstance(mark, Written) for mark in marks):
            return str
        bounds = dict(bound for mark in marks for bound in _bounds(mark))
        inner = translated(inner)
        return Annotated[inner, msgspec.Meta(**bounds)] if bounds else inner
    raise TypeError(f"streams/twins.py: {annotation!r} has no translation")


def _bounds(mark: Any) -> Iterator[tuple[str, Any]]:
    """What a marker says of which values are valid."""
    if isinstance(mark, FieldInfo):
        for part in mark.metadata:
            yield from _bounds(part)
    elif isinstance(mark, Ge):
        yield "ge", mark.ge
    elif isinstance(mark, Le):
        yield "le", mark.le
    elif isinstance(mark, MinLen):
        yield "min_length", mark.min_length
    elif isinstance(pattern := getattr(mark, "pattern", None), str):
        # pydantic's `$` is the end of the text, Python's also stands before a last newline
        yield "pattern", pattern.replace("$", r"\Z")
    elif not isinstance(mark, Personal):
        raise TypeError(f"streams/twins.py: {mark!r} has no translation")


def _written(annotation: Any) -> Callable[[object], Any] | None:
    """How the text of a field becomes its value, where they differ."""
    if get_origin(annotation) is Annotated:
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, Written):
                return mark.line
    for part in get_args(annotation):
        if (found := _written(part)) is not None:
            return found
    return None


def _twin(cls: type[Event]) -> tuple[type[msgspec.Struct], Callable[[Any], Event]]:
    """The struct of a type, and what turns one into the event."""
    hints = get_type_hints(cls, include_extras=True)
    fields = [field for field in dataclasses.fields(cls) if field.name != "event_type"]
    struct = msgspec.defstruct(
        cls.__name__,
        [
            (
                field.name,
                translated(hints[field.name]),
                msgspec.NODEFAULT if field.default is dataclasses.MISSING else field.default,
            )
            for field in fields
        ],
        tag_field="event_type",
        tag=cls.type,
        namespace={"event_type": cls.type},
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
    reads = {field.name: read for field in fields if (read := _written(hints[field.name]))}
    return struct, converter(cls, ["event_type", *(field.name for field in fields)], reads)


_twins = [_twin(cls) for cls in TYPES.values()]
_events = dict(_twins)
_decode = msgspec.json.Decoder(tuple[reduce(or_, _events), ...]).decode  # type: ignore[misc]


def read(array: bytes) -> list[Event] | None:
    """The events of a JSON array of lines; None where pydantic is to decide."""
    try:
        return [_events[twin.__class__](twin) for twin in _decode(array)]
    except (ValueError, RecursionError):
        return None
