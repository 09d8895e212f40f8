"""What the columns of each table are, and how events become columns and rows become events.

The envelope's columns and the fields inside `attributes` are read off the vocabulary; nothing
here names a field of an event.  A column's kind decides its Arrow type and how SQL reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import repeat
from operator import attrgetter
from typing import Any, Literal, get_origin

import msgspec

from controls.events import TYPES, Event, spec
from controls.events.spec import Field

Kind = Literal["text", "number", "instant", "flag", "texts"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `number` is a whole number, `texts` a list of text, `instant` milliseconds."""

    name: str
    kind: Kind
    nullable: bool = False


def _columns(kinds: Mapping[str, str]) -> tuple[Column, ...]:
    """Columns from `{"name": "kind"}`, in order; a kind that ends in `?` may be null."""
    return tuple(
        Column(name, kind.rstrip("?"), kind.endswith("?"))  # type: ignore[arg-type]
        for name, kind in kinds.items()
    )


_KINDS: dict[Any, Kind] = {str: "text", int: "number", bool: "flag"}


def _envelope(field: Field) -> Column:
    kind: Kind
    if field.kind == "instant":
        kind = "instant"
    elif get_origin(field.annotation) is Literal:
        kind = "text"
    else:
        kind = _KINDS[field.annotation]
    return Column(field.name, kind, field.nullable)


PLACE = _columns({"lane": "text", "partition": "number", "block": "number", "line": "number"})
"""Where a row is: `block` is the last offset of its block, `line` counts its rows from 0."""

_FIRST = spec(next(iter(TYPES)))
ENVELOPE = tuple(_envelope(field) for field in _FIRST.fields[: len(fields(Event))])
EVENTS = (
    *PLACE,
    *_columns({"offset": "number", "recorded_at": "instant", "retention": "text"}),
    *ENVELOPE,
    *_columns({"attributes": "text"}),
)
FINDINGS = PLACE + _columns(
    {
        "finding_id": "text",
        "revision": "number",
        "control": "text",
        "check": "text",
        "code": "text?",
        "verdict": "text",
        "missing": "texts",
        "retroactive": "flag",
        "severity": "text",
        "subject": "text",
        "occurred_at": "instant",
        "detected_at": "instant",
        "recorded_at": "instant",
        "status": "text",
        "event_ids": "texts",
        "events": "number",
        "text_ja": "text",
        "text_en": "text",
        "more": "text",
    }
)
REJECTS = PLACE + _columns(
    {
        "offset": "number",
        "origin": "text",
        "position": "number",
        "source_id": "text",
        "reason": "text",
        "digest": "text",
        "recorded_at": "instant",
    }
)
LEDGER = _columns(
    {
        "lane": "text",
        "partition": "number",
        "number": "number",
        "first_offset": "number",
        "last_offset": "number",
        "recorded_at": "instant",
        "now": "instant",
        "books_upto": "number",
        "received": "number",
        "evaluated": "number",
        "rejected": "number",
        "duplicates": "number",
        "findings": "number",
        "repeats": "text",
        "fingerprint": "text",
        "populations": "text",
        "classes": "text",
        "columns": "text",
        "root": "text",
        "previous": "text",
        "link": "text",
    }
)
LOG = _columns(
    {"entry": "number", "at": "instant", "heads": "text", "edge": "texts", "note": "text"}
)
TABLES: dict[str, tuple[Column, ...]] = {
    "events": EVENTS,
    "findings": FINDINGS,
    "rejects": REJECTS,
    "ledger": LEDGER,
}
"""What a block is written to."""
EVERY = TABLES | {"log": LOG}
"""All that is evidence."""


def names(columns: Iterable[Column]) -> list[str]:
    return [column.name for column in columns]


_encoder = msgspec.json.Encoder()
_envelope_of = attrgetter(*names(ENVELOPE))


@dataclass(frozen=True, slots=True)
class _Own:
    """How the fields that a type adds to the envelope are packed into `attributes` and back."""

    cls: type[Event]
    names: tuple[str, ...]
    pack: Callable[[Any], Any]
    unpack: Callable[[str], Any]
    setters: tuple[Callable[[Any, Any], None], ...]


@cache
def own(type_: str) -> _Own:
    """The packing of one type; a twin struct gives JSON in vocabulary order, typed both ways."""
    cls = TYPES[type_]
    added = spec(type_).fields[len(ENVELOPE) :]
    names = tuple(field.name for field in added)
    twin = msgspec.defstruct(
        cls.__name__,
        [(f.name, f.annotation | None if f.nullable else f.annotation) for f in added],
    )
    get = attrgetter(*names)

    def pack(event: Any) -> Any:
        return twin(*get(event)) if len(names) > 1 else twin(get(event))

    return _Own(
        cls,
        names,
        pack,
        msgspec.json.Decoder(twin).decode,
        tuple(getattr(cls, name).__set__ for name in (*_envelope_of_names, *names)),
    )


_envelope_of_names = tuple(names(ENVELOPE))


def event_columns(events: Sequence[Event]) -> dict[str, Sequence[Any]]:
    """The columns that events fill themselves: retention, envelope, attributes."""
    if not events:
        return dict.fromkeys(("retention", *_envelope_of_names, "attributes"), ())
    columns: dict[str, Sequence[Any]] = {"retention": ()}
    envelope = zip(*map(_envelope_of, events), strict=True)
    columns.update(zip(_envelope_of_names, envelope, strict=True))
    types = columns["event_type"]
    packs = {name: own(name).pack for name in set(types)}
    classes = {name: TYPES[name].retention for name in packs}
    columns["retention"] = [classes[name] for name in types]
    lines = _encoder.encode_lines(
        [packs[name](event) for name, event in zip(types, events, strict=True)]
    )
    # splitlines() would also split at U+2028 and its like, which JSON leaves as they are
    columns["attributes"] = lines.decode().split("\n")[:-1]
    return columns


_new = object.__new__


def event_from(row: Sequence[Any]) -> Event:
    """The event of a row [*envelope, attributes]; built as it was stored, not validated again."""
    *envelope, attributes = row
    own_fields = own(envelope[_TYPE])
    event: Event = _new(own_fields.cls)
    values = msgspec.structs.astuple(own_fields.unpack(attributes))
    for put, value in zip(own_fields.setters, (*envelope, *values), strict=True):
        put(event, value)
    return event


_TYPE = _envelope_of_names.index("event_type")


def place(lane: str, partition: int, block: int, rows: int) -> dict[str, Sequence[Any]]:
    """The columns that say where rows are."""
    return {
        "lane": list(repeat(lane, rows)),
        "partition": list(repeat(partition, rows)),
        "block": list(repeat(block, rows)),
        "line": range(rows),
    }


def finding_columns(findings: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """The columns of findings in the form of the contract.

    `text` {ja, en} is two columns; keys that have no column go into `more` as one JSON object.
    """
    rows = []
    for finding in findings:
        row = dict(finding)
        text = row.pop("text")
        row["text_ja"], row["text_en"] = text["ja"], text["en"]
        more = {key: row.pop(key) for key in sorted(row.keys() - _FINDING)}
        row["more"] = msgspec.json.encode(more, order="sorted").decode()
        rows.append(row)
    return {name: [row[name] for row in rows] for name in _FINDING_NAMES}


_FINDING_NAMES = names(FINDINGS[len(PLACE) :])
_FINDING = frozenset(_FINDING_NAMES)


def finding_from(row: Mapping[str, Any]) -> dict[str, Any]:
    """The finding of a row, in the form of the contract."""
    finding = {name: row[name] for name in _FINDING_NAMES}
    finding["text"] = {"ja": finding.pop("text_ja"), "en": finding.pop("text_en")}
    more = finding.pop("more")
    if more != "{}":
        finding.update(msgspec.json.decode(more))
    return finding
