"""Why a line was refused, in words that help its sender and hold nothing of the line.

Pydantic's own messages quote what they met; these name the field and what was expected.
A name is repeated only where it could be a field of somebody's schema.
"""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

_FIELD = re.compile(r"[a-z_]{1,40}\Z", re.ASCII)
_SOURCE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is no event: where it stood, why, and which source sent it, if it says so.

    `digest` is keyed, so that a sender who has the line can show that it was this one.
    `origin` is the raw topic and partition (`raw-web/3`) in which `position` is the offset; it
    is empty for a file, whose name may be personal, and `position` then counts its lines from 0.
    """

    position: int
    reason: str
    source_id: str | None
    digest: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused line with all that reading it again takes; it may hold anybody's data.

    `mark` told it from equal lines, `arrived` is its arrival (ms; None: the line says it), and
    `format` and `source` (the path of a TOML) are what it was read by.
    """

    reject: Reject
    line: bytes
    mark: str | int
    arrived: int | None
    format: str
    source: str | None


def source(line: bytes) -> str | None:
    """Which source wrote the bad line, where it can be read and looks like an id."""
    try:
        value = from_json(line)
    except ValueError:
        return None
    return source_id(value.get("source_id")) if isinstance(value, dict) else None


def source_id(value: object) -> str | None:
    """The source's id, if it looks like one."""
    return value if isinstance(value, str) and _SOURCE.match(value) else None


_EXPECTED: Final[dict[str, str]] = {
    "string_type": "text is expected",
    "string_too_short": "a text that is not empty is expected",
    "string_pattern_mismatch": "two capital letters (ISO 3166-1) are expected",
    "int_type": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "int_parsing_size": "a whole number of at most 64 bits is expected",
    "greater_than_equal": "a whole number within its bounds is expected",
    "less_than_equal": "a whole number within its bounds is expected",
    "float_type": "a number is expected",
    "finite_number": "a finite number is expected",
    "bool_type": "true or false is expected",
    "tuple_type": "a list is expected",
    "dict_type": "an object is expected",
    "union_tag_invalid": "a type of the vocabulary is expected (see: shoseki events list)",
    "union_tag_not_found": "a type of the vocabulary is expected (see: shoseki events list)",
    "instant": "a timestamp with offset is expected, such as 2026-11-11T09:00:00+09:00",
    "instant_early": "a moment in 2000 or later is expected",
    "day": "a date is expected, such as 2026-11-11",
}


def reason(line: bytes, error: ValidationError) -> str:
    """Up to three fields and what each should have been; nothing of what it was."""
    reasons: dict[str, str] = {}
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] == "json_invalid":
            return _not_json(line, detail)
        name, expected = _expectation(detail)
        reasons.setdefault(name, expected)
    texts = [f"{name}: {expected}" for name, expected in reasons.items()]
    more = [f"{len(texts) - 3} more"] if len(texts) > 3 else []
    return "; ".join(texts[:3] + more)


def _expectation(detail: ErrorDetails) -> tuple[str, str]:
    kind, loc = detail["type"], detail["loc"]
    if kind.startswith("union_tag"):
        return "event_type", _EXPECTED[kind]
    if len(loc) < 2:  # the line is no object
        return "line", "a JSON object is expected"
    type, field = str(loc[0]), str(loc[1])
    if kind in ("unexpected_keyword_argument", "extra_forbidden"):
        name = field if _FIELD.match(field) else "an unlisted field"
        return name, f"{type} has no such field"
    if kind == "missing":
        return field, f"missing, and {type} requires it"
    index = next((f"[{part}]" for part in loc[2:] if isinstance(part, int)), "")
    if kind == "literal_error":
        return field + index, f"{detail['ctx']['expected']} is expected"
    return field + index, _EXPECTED.get(kind, "another kind of value is expected")


def _not_json(line: bytes, detail: ErrorDetails) -> str:
    if b"\0" in line:
        return "line: JSON without NUL bytes is expected"
    try:
        line.decode()
    except UnicodeDecodeError:
        return "line: UTF-8 is expected"
    said = str(detail["ctx"]["error"])
    if "recursion" in said:
        return "line: a flat JSON object is expected"
    if not line.startswith(b"{"):
        return "line: a JSON object is expected"
    column = re.search(r"column (\d+)\Z", said)
    return "line: one JSON object is expected" + (f" (see column {column[1]})" if column else "")
