"""Who passes to whom, from left to right, as SVG; states have a mark beside their colour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboards.panels import State
from streams.console.plain import safe

WIDE, TALL, STEP, ROW = 196, 26, 300, 36
LONG = 24
"""Characters of a name that fit."""
MARK = {"good": "○", "warning": "△", "bad": "×"}


@dataclass(frozen=True, slots=True)
class Edge:
    """From one to another; `state` is the target's."""

    source: str
    target: str
    what: str
    state: State


def graph(title: str, edges: Sequence[Edge], links: Mapping[str, str] | None = None) -> Markup:
    """The edges as columns of boxes; `links` lead from a name to its address."""
    below: dict[str, list[str]] = defaultdict(list)
    states: dict[str, State] = {}
    for edge in edges:
        if edge.target not in below[edge.source] and edge.target != edge.source:
            below[edge.source].append(edge.target)
        states[edge.target] = edge.state
    targets = {edge.target for edge in edges}
    roots = [name for name in below if name not in targets] or list(below)[:1]
    places: dict[str, tuple[int, float]] = {}
    rows = 0

    def put(name: str, column: int) -> float:
        nonlocal rows
        places[name] = column, 0.0
        inner = [put(each, column + 1) for each in below.get(name, ()) if each not in places]
        if inner:
            y = (inner[0] + inner[-1]) / 2
        else:
            y = rows * ROW + ROW / 2
            rows += 1
        places[name] = column, y
        return y

    for root in roots:
        if root not in places:
            put(root, 0)
    shown = [edge for edge in edges if edge.source in places and edge.target in places]
    body = [_line(edge, places) for edge in shown]
    body += [_box(name, places[name], states.get(name), (links or {}).get(name)) for name in places]
    width = STEP * max((column for column, _ in places.values()), default=0) + WIDE + 4
    return Markup(  # every text in it was escaped
        f'<svg class="graph" viewBox="-2 0 {width} {max(rows, 1) * ROW}" width="{width}" '
        f'role="group" aria-label="{safe(title)}">{"".join(body)}</svg>'
    )


def _line(edge: Edge, places: Mapping[str, tuple[int, float]]) -> str:
    (column1, y1), (column2, y2) = places[edge.source], places[edge.target]
    x1, x2 = column1 * STEP + WIDE, column2 * STEP
    middle = (x1 + x2) / 2
    return (
        f'<path class="edge {edge.state}" d="M{x1} {y1:.1f}C{middle} {y1:.1f} {middle} {y2:.1f} '
        f'{x2} {y2:.1f}"><title>{safe(edge.source)} → {safe(edge.target)}: {safe(edge.what)}'
        "</title></path>"
    )


def _box(name: str, place: tuple[int, float], state: State | None, link: str | None) -> str:
    column, y = place
    x, top = column * STEP, y - TALL / 2
    mark = f"{MARK[state]} " if state else ""
    said = name if len(name) <= LONG else name[: LONG - 1] + "…"
    box = (
        f'<g class="node {state or "root"}"><title>{safe(name)}</title>'
        f'<rect x="{x}" y="{top:.1f}" width="{WIDE}" height="{TALL}" rx="5"/>'
        f'<text x="{x + 10}" y="{y + 4.5:.1f}">{mark}{safe(said)}</text></g>'
    )
    return f'<a href="{safe(link)}">{box}</a>' if link else box
