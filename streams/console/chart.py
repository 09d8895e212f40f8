"""Charts as SVG within the page: every colour has a word or a number beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil, floor, log10

from markupsafe import Markup

from streams.console.plain import safe

LABEL = 64
"""Units of the drawing between the beginnings of two labels below it; half of them hold one."""
VERDICTS = ("pass", "violation", "indeterminate", "not_applicable")


def ceiling(most: float) -> float:
    """The next number that four equal steps reach."""
    if most <= 0:
        return 4
    unit = 10.0 ** floor(log10(most / 4))
    step = next(n for n in (1, 2, 2.5, 5, 10) if n * unit * 4 >= most) * unit
    return max(4 * step, 4 if most > 1 else 0)


def short(value: float) -> str:
    """A number for a narrow place: `950`, `12k`, `3.4M`, `0.25`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scaled = value / (1e3 if letter == "k" else size)
            return f"{scaled:.3g}{letter}"
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}"


def days(since: date, until: date) -> list[str]:
    return [f"{since + timedelta(days=n)}" for n in range((until - since).days + 1)]


def columns(
    title: str,
    at: Sequence[str],
    series: Mapping[str, Sequence[float]],
    names: Mapping[str, str],
    height: int = 180,
) -> Markup:
    """Stacked columns over time: a series a class of the style sheet, the first at the bottom;
    `at` are days or hours, of which some are written below."""
    width, left, foot, head = 760, 46, 22, 8
    sums = [sum(max(v[n], 0) for v in series.values()) for n in range(len(at))]
    top = ceiling(max(sums, default=0))
    scale = (height - foot - head) / top
    step = (width - left - 4) / max(len(at), 1)
    body = [_rules(width, left, height - foot, scale, top)]
    for n, when in enumerate(at):
        y = float(height - foot)
        for name, values in series.items():
            value = max(values[n], 0)
            if value:
                tall = value * scale
                y -= tall
                said = safe(f"{when} {names[name]} {values[n]:,.0f}")
                x, wide = left + n * step + step * 0.12, max(step * 0.76, 0.8)
                body.append(
                    f'<rect class="c-{safe(name)}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
                    f'height="{tall:.1f}"><title>{said}</title></rect>'
                )
    body.append(_below(at, left, step, height))
    return _svg(title, width, height, body)


def lines(
    title: str, at: Sequence[str], series: Mapping[str, Sequence[float | None]], height: int = 200
) -> Markup:
    """A line a series, told apart by colour and dash; None is a gap."""
    width, left, foot, head = 760, 52, 22, 10
    known = [v for values in series.values() for v in values if v is not None]
    top = ceiling(max(known, default=0))
    scale = (height - foot - head) / top
    step = (width - left - 12) / max(len(at) - 1, 1)
    body = [_rules(width, left, height - foot, scale, top)]
    for number, (name, values) in enumerate(series.items()):
        said = safe(name)
        path, pen = [], "M"
        for n, value in enumerate(values):
            if value is None:
                pen = "M"
                continue
            x, y = left + 4 + n * step, height - foot - value * scale
            path.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
            body.append(
                f'<circle class="s{number % 8}" cx="{x:.1f}" cy="{y:.1f}" r="2.2">'
                f"<title>{safe(at[n])} {said} {value:,.4g}</title></circle>"
            )
        body.append(f'<path class="l{number % 8}" d="{"".join(path)}"/>')
    body.append(_below(at, left, step, height))
    return _svg(title, width, height, body)


def _rules(width: int, left: int, base: float, scale: float, top: float) -> str:
    drawn = []
    for n in range(5):
        value = top * n / 4
        y = base - value * scale
        kind = "axis" if n == 0 else "rule"
        drawn.append(f'<path class="{kind}" d="M{left} {y:.1f}H{width}"/>')
        drawn.append(f'<text x="{left - 6}" y="{y + 4:.1f}" class="end">{short(value)}</text>')
    return "".join(drawn)


def _below(at: Sequence[str], left: float, step: float, height: int) -> str:
    every = max(1, ceil(LABEL / step)) if step else 1
    return "".join(
        f'<text x="{left + n * step + 2:.1f}" y="{height - 6}">{safe(when[5:])}</text>'
        for n, when in enumerate(at)
        if n % every == 0 and (n == 0 or (len(at) - n) * step >= LABEL / 2)
    )


def spark(title: str, values: Sequence[float]) -> Markup:
    """A small row of columns; a day without anything is a dot on the line."""
    width, height = 6 * len(values), 24
    top = max([*values, 1])
    body = []
    for n, value in enumerate(values):
        tall = max(value / top * (height - 2), 1.5 if value else 0)
        kind = "bar" if value else "none"
        body.append(
            f'<rect class="{kind}" x="{n * 6}" y="{height - (tall or 1):.1f}" width="4.5" '
            f'height="{tall or 1:.1f}"/>'
        )
    return _svg(title, width, height, body, "spark")


def share(title: str, parts: Mapping[str, float]) -> Markup:
    """One bar, divided; a part that is not nought is never too thin to see."""
    width, height = 240, 10
    known = {name: value for name, value in parts.items() if value > 0}
    total = sum(known.values())
    least = 4.0
    free = width - least * len(known)
    body, x = [f'<rect class="empty" width="{width}" height="{height}" rx="3"/>'], 0.0
    for name, value in known.items():
        wide = least + free * value / total
        body.append(
            f'<rect class="c-{safe(name)}" x="{x:.1f}" width="{max(wide - 1, 1):.1f}" '
            f'height="{height}"><title>{safe(name)} {value:,.0f}</title></rect>'
        )
        x += wide
    return _svg(title, width, height, body, "share")


def bar(title: str, value: float, most: float) -> Markup:
    """One number as a part of the greatest."""
    width, height = 240, 10
    wide = width * max(value, 0) / most if most > 0 else 0
    body = [
        f'<rect class="empty" width="{width}" height="{height}" rx="3"/>',
        f'<rect class="bar" width="{wide:.1f}" height="{height}" rx="3"/>',
    ]
    return _svg(title, width, height, body, "share")


def _svg(
    title: str, width: float, height: float, body: Sequence[str], kind: str = "chart"
) -> Markup:
    stretched = ' preserveAspectRatio="none"' if kind == "share" else ""
    return Markup(  # every text in it was escaped
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{safe(title)}"{stretched}>{"".join(body)}</svg>'
    )
