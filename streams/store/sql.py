"""How columns are sent and read, and how an ask is put in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_origin

import pyarrow as pa

from controls.events import spec
from streams.store import Ask
from streams.store.columns import ENVELOPE, TABLES, Column, names

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
    for table, columns in TABLES.items()
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


def condition(
    type_: str, field: str | None, ask: Ask, index: int, parameters: dict[str, Any]
) -> str:
    """One ask as SQL; its values go into `parameters`."""
    parameters[f"since{index}"] = clamped(ask.since)
    parameters[f"until{index}"] = clamped(ask.until)
    period = (
        f"(occurred_at BETWEEN fromUnixTimestamp64Milli({{since{index}:Int64}}, 'UTC')"
        f" AND fromUnixTimestamp64Milli({{until{index}:Int64}}, 'UTC')"
    )
    if field is None:
        return period + ")"
    values = f"{{values{index}:Array(String)}}"
    parameters[f"values{index}"] = sorted(ask.values)
    parameters["field"] = field
    kind = spec(type_)[field].annotation
    if field in _ENVELOPE_NAMES:
        match = f"toString(`{field}`) IN {values}"
    elif get_origin(kind) is tuple:
        match = f"hasAny(JSONExtract(attributes, {{field:String}}, 'Array(String)'), {values})"
    elif kind in (int, float, bool):
        match = f"JSONExtractRaw(attributes, {{field:String}}) IN {values}"
    else:
        match = (
            f"JSONExtractString(attributes, {{field:String}}) IN {values}"
            " AND JSONType(attributes, {field:String}) = 'String'"
        )
    return f"{period} AND {match})"


_ENVELOPE_NAMES = frozenset(names(ENVELOPE))
