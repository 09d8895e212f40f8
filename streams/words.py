"""Findings as people and machines read them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controls.calendar import jst_text

INSTANTS = ("occurred_at", "detected_at", "recorded_at")


def contract(finding: Mapping[str, Any]) -> dict[str, Any]:
    """A finding in the form of the JSON contract: instants as RFC 3339 text in JST."""
    return {
        name: jst_text(value) if name in INSTANTS and value is not None else value
        for name, value in finding.items()
    }


def line(value: Any) -> str:
    """One JSON object on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def width(text: str) -> int:
    """Columns that a text takes on a terminal; East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()) -> str:
    """Rows under a head, columns aligned; those in `right` (numbers) to the right."""
    texts = [list(map(str, head)), *([str(cell) for cell in row] for row in rows)]
    widths = [max(width(row[column]) for row in texts) for column in range(len(head))]
    out = []
    for row in texts:
        cells = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - width(cell))
            cells.append(space + cell if column in right else cell + space)
        out.append("  ".join(cells).rstrip())
    out.insert(1, "  ".join("-" * n for n in widths))
    return "\n".join(out)


def findings_table(findings: Iterable[Mapping[str, Any]]) -> str:
    """Findings for a terminal, newest last."""
    rows = [
        (
            jst_text(f["detected_at"])[:19].replace("T", " "),
            f["severity"],
            f["control"],
            f["code"] or f["verdict"],
            f["status"],
            f["text"]["ja"],
        )
        for f in sorted(findings, key=lambda f: (f["detected_at"], f["finding_id"]))
    ]
    return table(("detected (JST)", "severity", "control", "code", "status", "finding"), rows)


def populations_table(populations: Mapping[str, Mapping[str, int]]) -> str:
    """Controls with what was looked at, never without it."""
    verdicts = ("pass", "violation", "not_applicable", "indeterminate")
    rows = [
        (control, sum(counts.values()), *(counts.get(verdict, 0) for verdict in verdicts))
        for control, counts in sorted(populations.items())
    ]
    return table(("control", "population", *verdicts), rows, right=range(1, 6))
