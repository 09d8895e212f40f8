"""The vocabulary at a glance, for whoever writes an adapter or reads a finding."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import zip_longest
from textwrap import wrap
from typing import Any

from controls.events import RETENTION, TYPES, Field, spec
from controls.events.schema import schema
from controls.kernel import Refusal

HELP = "the types of events: list, show TYPE, schema [TYPE]"


def options(parser: argparse.ArgumentParser) -> None:
    """list, show and schema, each with --json."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="list|show|schema")
    for name, text in (
        ("list", "every type: lane, years kept, number of fields"),
        ("show", "one type: its fields, what is personal and what evidence keeps"),
        ("schema", "JSON Schema (draft 2020-12) of a line"),
    ):
        part = parts.add_parser(name, help=text, description=text)
        if name != "list":
            part.add_argument("type", nargs=None if name == "show" else "?", metavar="TYPE")
        part.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """0; an unknown type is a `Refusal`."""
    type: str | None = getattr(args, "type", None)
    if type is not None and type not in TYPES:
        near = get_close_matches(type, TYPES, n=1)
        hint = f"did you mean {near[0]}?" if near else "see: shoseki events list"
        raise Refusal(f"{type}: no such type of event; {hint}")
    if args.part == "schema":
        _write([json.dumps(schema(type), ensure_ascii=False, indent=None if args.json else 2)])
    elif args.json:
        rows = map(_summary, TYPES) if type is None else map(_facts, spec(type).fields)
        _write(json.dumps(row, ensure_ascii=False) for row in rows)
    elif type is None:
        _write(_list())
    else:
        _write(_show(type))
    return 0


def _write(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _summary(type: str) -> dict[str, Any]:
    of = spec(type)
    return {
        "type": of.type,
        "lane": of.lane,
        "lane_key": of.lane_key,
        "natural_key": of.natural_key,
        "retention": of.retention,
        "years": RETENTION[of.retention].years,
        "fields": len(of.fields),
        "summary": of.summary,
    }


def _facts(field: Field) -> dict[str, Any]:
    return {
        "field": field.name,
        "type": field.kind,
        "nullable": field.nullable,
        "personal": field.pd,
        "evidence": field.ev,
        "note": field.note,
    }


def _list() -> list[str]:
    rows = [("TYPE", "LANE", "KEPT", "FIELDS", "")]
    for type in TYPES:
        of = spec(type)
        kept = f"{of.retention}, {RETENTION[of.retention].years} years"
        rows.append((of.type, of.lane, kept, str(len(of.fields)), of.summary))
    return _table(rows)


def _show(type: str) -> list[str]:
    of = spec(type)
    kept = RETENTION[of.retention]
    rows = [("FIELD", "TYPE", "PERSONAL", "EVIDENCE", "NOTE")]
    for field in of.fields:
        kind = f"{field.kind}, or absent" if field.nullable else field.kind
        rows.append((field.name, kind, field.pd, field.ev, field.note))
    return [
        f"{of.type}  {of.summary}",
        f"lane        {of.lane}" + (f", by {of.lane_key}" if of.lane_key else ""),
        f"natural key {', '.join(of.natural_key)}",
        f"kept        {kept.years} years ({kept.name}: {kept.ja}; {kept.basis})",
        "",
        *_table(rows),
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest entry; what passes 44 goes on below, the last runs on."""
    wide = [min(44, max(map(len, column))) for column in list(zip(*rows, strict=True))[:-1]]
    lines = []
    for *cells, last in rows:
        parts = [wrap(cell, width) for cell, width in zip(cells, wide, strict=True)]
        for part in zip_longest(*parts, fillvalue=""):
            padded = (f"{text:{width}}" for text, width in zip(part, wide, strict=True))
            lines.append("  ".join((*padded, last)).rstrip())
            last = ""
    return lines
