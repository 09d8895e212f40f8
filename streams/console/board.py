"""The boards of dashboards/ as pages: an office without Grafana has the same ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controls.calendar import jst_text
from dashboards.boards import BOARDS
from dashboards.panels import Board, Column, Panel, Unit
from dashboards.sql import Scope
from dashboards.words import WORDS
from streams.console.graph import Edge
from streams.console.sight import Query, Row, Sight, Unknown

SHOWN = 20
"""Rows of a table, bars of a chart."""


def listed(sight: Sight, query: Query) -> Mapping[str, Any]:
    return {"boards": [board for board in BOARDS if shown_of(sight, board)]}


def shown(sight: Sight, query: Query, id: str) -> Mapping[str, Any]:
    """A board's panels with their rows, those of metrics alone left out."""
    board = next((each for each in BOARDS if each.id == id), None)
    if board is None:
        raise Unknown("there is no such board")
    scope = Scope(sight.since, sight.now, language=sight.lang)
    panels = [(panel, sight.panel(panel, scope)) for panel in shown_of(sight, board)]
    return {
        "board": board,
        "panels": panels,
        "withheld": sum(bool(panel.sql) for panel in board.panels) - len(panels),
        "metrics": sum(not panel.sql for panel in board.panels),
    }


def shown_of(sight: Sight, board: Board) -> list[Panel]:
    """The panels that ask the evidence, for an auditor those that ask no fields of events."""
    return [
        panel
        for panel in board.panels
        if panel.sql and (sight.whole or "attributes" not in panel.sql)
    ]


def said(value: Any, unit: Unit, lang: str) -> str:
    """A value as its unit is written."""
    if value is None or value == "":
        return "–"
    if unit in WORDS:
        word = WORDS[unit].get(value)
        return getattr(word, lang) if word else str(value)
    if unit == "time":
        at = instant(value)
        return jst_text(at)[:16].replace("T", " ") if at > 0 else "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if unit == "share":
        return f"{value:.1%}"
    if unit == "seconds":
        return lasting(value, lang)
    if unit == "bytes":
        return f"{value / 1e6:,.1f} MB"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"


def lasting(seconds: float, lang: str) -> str:
    """A time in its two greatest units."""
    units = {"ja": ("日", "時間", "分", "秒"), "en": (" d", " h", " min", " s")}[lang]
    rest, parts = abs(seconds), list[str]()
    for size, unit in zip((86_400, 3_600, 60, 1), units, strict=True):
        number, rest = divmod(rest, size)
        if number or (size == 1 and not parts):
            parts.append(f"{number:.0f}{unit}")
        if len(parts) == 2:
            break
    return ("−" if seconds < 0 else "") + " ".join(parts)


def instant(text: str) -> int:
    """The milliseconds of an instant as the engine writes it, in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def series(
    panel: Panel, rows: Sequence[Row], lang: str
) -> tuple[list[str], dict[str, list[float | None]]]:
    """A line panel's times, in Japan, and its values by name."""
    first, *others = panel.columns
    times = sorted({row[first] for row in rows})
    at = {time: n for n, time in enumerate(times)}
    found: dict[str, list[float | None]] = defaultdict(lambda: [None] * len(times))
    for row in rows:
        texts = [
            said(row[name], panel.columns[name].unit, lang)
            for name in others
            if isinstance(row[name], str)
        ]
        for name in others:
            if isinstance(row[name], int | float):
                title: str = getattr(panel.columns[name].title, lang)
                found[" ".join(texts) or title][at[row[first]]] = row[name]
    days = [jst_text(instant(time))[:10] for time in times]
    if len(set(days)) < len(days):
        days = [jst_text(instant(time))[:13].replace("T", " ") + "h" for time in times]
    return days, dict(found)


def edges(rows: Sequence[Row]) -> list[Edge]:
    """What a graph panel says of who passes to whom."""
    return [Edge(row["source"], row["target"], row["what"], row["state"]) for row in rows]


def state(panel: Panel, value: Any) -> str:
    """What a number of a panel means: good, warning or bad; nothing where no threshold says."""
    if not panel.thresholds or not isinstance(value, int | float):
        return ""
    passed = [each.state for each in panel.thresholds if value >= each.at]
    return passed[-1] if passed else "good"


def numeric(column: Column) -> bool:
    return column.unit in ("count", "seconds", "share", "bytes")
