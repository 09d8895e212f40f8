"""JSON Schema (draft 2020-12) of an event line, derived from the vocabulary."""

from typing import Any, Final

from pydantic import TypeAdapter

from controls.events import TYPES, AnyEvent, spec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema(type: str | None = None) -> dict[str, Any]:
    """The schema of one type, or of any line; KeyError where there is no such type.

    Fields that are personal carry `x-personal` and `x-evidence`. What a schema cannot say
    (a moment before 2000 or after arrival, a day that is none) is refused all the same.
    """
    if type is None:
        made = TypeAdapter(AnyEvent).json_schema()
        for one in TYPES.values():
            _complete(made["$defs"][one.__name__], one.type)
    else:
        made = TypeAdapter(TYPES[type]).json_schema()
        _complete(made, type)
    return {"$schema": DIALECT, **made}


def _complete(made: dict[str, Any], type: str) -> None:
    properties = made["properties"]
    # in code the class knows its type; a line has to say it
    del properties["event_type"]["default"]
    made["required"] = [
        name for name in properties if name == "event_type" or name in made["required"]
    ]
    for field in spec(type).fields:
        if field.note:
            properties[field.name]["description"] = field.note
        if field.pd != "none":
            properties[field.name] |= {"x-personal": field.pd, "x-evidence": field.ev}
