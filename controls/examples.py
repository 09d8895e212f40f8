"""Words for writing examples: events with everything that does not matter filled in.

`event(BadgeRead, "2026-11-11 09:00:00", holder_ref="sato", direction="in")` is a whole event;
times are JST, fields not named get the plainest value of their type, and the id is drawn from
the content, so an example reads as what differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from hashlib import sha256
from typing import Any, Literal, TypeVar, get_args, get_origin

from controls.events import Event, spec
from controls.kernel import Example, Expected, Severity, Text

E = TypeVar("E", bound=Event)

INSTANT = "instant"


def event(kind: type[E], at: str, /, *, arrived: str | None = None, **given: Any) -> E:
    """An event of `kind` that occurred `at` (`YYYY-MM-DD HH:MM:SS`, JST) and was observed then.

    `arrived` is its arrival, the moment itself by default.  Named fields stand as given; dates
    may be texts, instants are texts of the same form.
    """
    moment = _stamp(at)
    values: dict[str, Any] = {
        "schema_version": 1,
        "org_id": "example-kk",
        "source_id": given.get("source_id", kind.type.split(".", maxsplit=1)[0]),
        "occurred_at": moment,
        "observed_at": moment,
        "ingested_at": _stamp(arrived or at),
        "actor_ref": "someone",
        "actor_kind": "staff",
    }
    described = {field.name: field for field in spec(kind.type).fields}
    for name, field in described.items():
        if name in given:
            values[name] = _given(field, given[name])
        elif name not in values and not field.nullable and name not in ("event_id", "event_type"):
            values[name] = _plain(field, moment)
    unknown = set(given) - set(described)
    if unknown:
        raise TypeError(f"{kind.type} has no field {', '.join(sorted(unknown))}")
    values.setdefault("event_id", _name(kind, values))
    names = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})


def _stamp(at: str) -> str:
    return at if "T" in at else at.replace(" ", "T") + "+09:00"


def _given(field: Any, value: Any) -> Any:
    if value is None:
        return None
    if field.annotation is date and isinstance(value, str):
        return date.fromisoformat(value)
    if field.kind == INSTANT:
        return _stamp(value)
    if isinstance(value, list):
        return tuple(value)
    return value


def _plain(field: Any, moment: str) -> Any:
    annotation = field.annotation
    if field.kind == INSTANT:
        return moment
    if annotation is date:
        return date.fromisoformat(moment[:10])
    if field.name.endswith("country"):
        return "JP"
    if annotation in (str, int, float, bool):
        return {
            str: field.name.removesuffix("_ref").removesuffix("_id"),
            int: 0,
            float: 0.0,
            bool: False,
        }[annotation]
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    return {} if get_origin(annotation) is dict else ()


def _name(kind: type[Event], values: dict[str, Any]) -> str:
    content = repr(sorted((name, repr(value)) for name, value in values.items()))
    return f"{kind.type}-{sha256(content.encode()).hexdigest()[:12]}"


def breach(
    code: str,
    ja: str,
    en: str,
    *events: Event,
    subject: str | None = None,
    severity: Severity | None = None,
    also: Sequence[str] = (),
    until: str | None = None,
) -> Example:
    """These events break the control as `code`; `also` names codes that the same facts break."""
    expected = [Expected(code, subject, severity), *(Expected(other) for other in also)]
    return Example(code, Text(ja, en), events, tuple(expected), _until(until))


def fine(
    code: str,
    ja: str,
    en: str,
    *events: Event,
    also: Sequence[str] = (),
    until: str | None = None,
) -> Example:
    """The nearest innocent neighbour of a breach of `code`; `also` as for `breach`."""
    expected = tuple(Expected(other) for other in also)
    return Example(code, Text(ja, en), events, expected, _until(until))


def unknown(code: str, ja: str, en: str, *events: Event, until: str | None = None) -> Example:
    """These events leave it open whether `code` is broken: indeterminate, never pass."""
    return Example(code, Text(ja, en), events, (Expected(None),), _until(until))


def _until(until: str | None) -> str | None:
    return None if until is None else _stamp(until)
