"""How columns are sent and read, and how an ask is put in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_origin

import pyarrow as pa

from controls.events import Event, spec
from streams.store import Ask, asked_by
from streams.store.columns import ENVELOPE, EVERY, Column, names

HERE = "lane = {lane:String} AND partition = {partition:UInt16}"
LAST_INSTANT = 253_402_300_799_999
"""The end of the year 9999 in milliseconds; an open end is no later."""

_ARROW = {
    "text": pa.string(),
    "number": pa.int64(),
    "instant": pa.timestamp("ms", tz="UTC"),
    "flag": pa.bool_(),
    "texts": pa.list_(pa.string()),
}
SCHEMAS = {
    table: pa.schema([(column.name, _ARROW[column.kind]) for column in columns])
    for table, columns in EVERY.items()
}


def read(columns: Iterable[Column]) -> str:
    """The select list that gives each column as a plain value."""
    return ", ".join(
        f"toUnixTimestamp64Milli(`{column.name}`)" if column.kind == "instant"
        else f"`{column.name}`"
        for column in columns
    )  # fmt: skip


def clamped(instant: int) -> int:
    return min(max(instant, 0), LAST_INSTANT)


def coarse(type_: str, asks: Sequence[Ask]) -> tuple[str, dict[str, Any]]:
    """Asks of one type as a condition that no event they want fails, with its parameters.

    It is one term a field, over all its values and times; `exact` takes away what that lets
    through besides.
    """
    by_field: dict[str | None, list[Ask]] = {}
    for ask in asks:
        by_field.setdefault(ask.field, []).append(ask)
    terms: list[str] = []
    parameters: dict[str, Any] = {}
    for at, (field, group) in enumerate(by_field.items()):
        parameters[f"since{at}"] = clamped(min(ask.since for ask in group))
        parameters[f"until{at}"] = clamped(max(ask.until for ask in group))
        term = (
            f"occurred_at BETWEEN fromUnixTimestamp64Milli({{since{at}:Int64}}, 'UTC')"
            f" AND fromUnixTimestamp64Milli({{until{at}:Int64}}, 'UTC')"
        )
        if field is not None:
            parameters[f"field{at}"] = field
            parameters[f"values{at}"] = sorted(frozenset().union(*(ask.values for ask in group)))
            term += f" AND {_match(type_, field, at)}"
        terms.append(term)
    return " OR ".join(terms), parameters


def _match(type_: str, field: str, at: int) -> str:
    name, values = f"{{field{at}:String}}", f"{{values{at}:Array(String)}}"
    if field in _ENVELOPE_NAMES:
        return f"toString(`{field}`) IN {values}"
    kind = spec(type_)[field].annotation
    if get_origin(kind) is tuple:
        return f"hasAny(JSONExtract(attributes, {name}, 'Array(String)'), {values})"
    if kind in (int, float, bool):
        return f"JSONExtractRaw(attributes, {name}) IN {values}"
    return f"JSONExtractString(attributes, {name}) IN {values}"


def exact(asks: Sequence[Ask]) -> Callable[[Event], bool]:
    """Whether one of the asks, all of one type, wants an event."""
    periods: dict[tuple[str | None, str], list[tuple[int, int]]] = {}
    fields = {ask.field for ask in asks}
    for ask in asks:
        for value in ("",) if ask.field is None else ask.values:
            periods.setdefault((ask.field, value), []).append((ask.since, ask.until))

    def wants(event: Event) -> bool:
        at = event.occurred_at
        return any(
            low <= at <= high
            for field in fields
            for value in (("",) if field is None else asked_by(event, field))
            for low, high in periods.get((field, value), ())
        )

    return wants


_ENVELOPE_NAMES = frozenset(names(ENVELOPE))
