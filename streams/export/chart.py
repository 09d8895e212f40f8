"""Charts of the printed reports, as vectors; everything that a colour says, a word or a form says
too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import ceil, floor, log10
from typing import Any, Literal

from reportlab.graphics.shapes import Circle, Drawing, Group, Line, Polygon, Rect, String
from reportlab.lib.colors import Color, white
from reportlab.pdfbase.pdfmetrics import stringWidth

from streams.export import page_words as words
from streams.export.page import ACCENT, FONT, INK, LINE, MEASURE, SEVERITY, SOFT, WASH, fitted

Anchor = Literal["start", "middle", "end"]
SIZE = 7.0
LEGIBLE = 4.5
KINDS = ("pass", "violation", "not_applicable", "indeterminate")


_rect: Any = Rect  # whose stub refuses colours


def write(
    at: tuple[float, float], text: str, size: float = SIZE, colour: Color = INK,
    anchor: Anchor = "start",
) -> String:  # fmt: skip
    return String(*at, text, fontName=FONT, fontSize=size, fillColor=colour, textAnchor=anchor)


def rule(x1: float, y1: float, x2: float, y2: float, colour: Color = LINE, w: float = 0.4) -> Line:
    return Line(x1, y1, x2, y2, strokeColor=colour, strokeWidth=w)


def bar(x: float, y: float, width: float, height: float, fill: Color) -> Any:
    return _rect(x, y, width, height, fillColor=fill, strokeColor=None)


def severities(months: Sequence[str], counts: Mapping[tuple[str, str], int]) -> Drawing:
    """Findings by month and severity: stacked columns, the number on every part that has room
    for it and the sum on top; `counts` by (month, severity)."""
    height, foot, head = 172.0, 18.0, 26.0
    drawing = Drawing(MEASURE, height)
    totals = [sum(counts.get((month, each), 0) for each in SEVERITY) for month in months]
    top = _ceiling(max(totals, default=0))
    scale, left = (height - foot - head) / top, 26.0
    for tick in range(0, top + 1, max(1, top // 4)):
        y = foot + tick * scale
        drawing.add(rule(left, y, MEASURE, y, INK if tick == 0 else LINE))
        drawing.add(write((left - 4, y - 2.5), f"{tick}", 6.5, SOFT, "end"))
    step = (MEASURE - left) / max(len(months), 1)
    width = min(step * 0.62, 46)
    for column, (month, total) in enumerate(zip(months, totals, strict=True)):
        x, y = left + step * column + (step - width) / 2, foot
        for each, colour in SEVERITY.items():
            count = counts.get((month, each), 0)
            part = count * scale
            if not count:
                continue
            drawing.add(bar(x, y, width, part, colour))
            if part >= 8 and width >= 14:
                ink = white if each in ("critical", "high") else INK
                drawing.add(
                    write((x + width / 2, y + part / 2 - 2.4), f"{count}", 6.5, ink, "middle")
                )
            y += part
            drawing.add(rule(x, y, x + width, y, white, 0.6))
        if step >= 12:
            drawing.add(write((x + width / 2, y + 3), f"{total}", SIZE, INK, "middle"))
        if column % ceil(30 / step) == 0:
            drawing.add(write((x + width / 2, foot - 11), month, 6.5, SOFT, "middle"))
    x = left
    for each, colour in SEVERITY.items():
        drawing.add(_rect(x, height - 9, 8, 8, fillColor=colour, strokeColor=INK, strokeWidth=0.3))
        label = f"{words.SEVERITY[each]}（{each}）"
        drawing.add(write((x + 11, height - 7.5), label, SIZE, INK))
        x += 22 + stringWidth(label, FONT, SIZE)
    drawing.add(write((MEASURE, height - 7.5), "件（発生月別）", 6.5, SOFT, "end"))
    return drawing


def _ceiling(most: int) -> int:
    """The next number that four equal steps reach."""
    if most <= 4:
        return 4
    unit: int = 10 ** floor(log10(most / 4))
    return 4 * unit * ceil(most / (4 * unit))


def _mark(kind: str, x: float, y: float, size: float = 2.6) -> Group:
    """A verdict's mark: a dot, a lozenge, a ring, a triangle."""
    shape: Any
    if kind == "pass":
        shape = Circle(x, y, size, fillColor=ACCENT, strokeColor=None)
    elif kind == "violation":
        r = size * 1.35
        shape = Polygon([x - r, y, x, y + r, x + r, y, x, y - r], fillColor=SEVERITY["high"])
        shape.strokeColor = None
    elif kind == "not_applicable":
        shape = Circle(x, y, size, fillColor=white, strokeColor=SOFT, strokeWidth=0.8)
    else:
        r = size * 1.2
        shape = Polygon([x - r, y - r, x + r, y - r, x, y + r], fillColor=white)
        shape.strokeColor, shape.strokeWidth = INK, 0.8
    return Group(shape)


def populations(rows: Sequence[tuple[str, Mapping[str, int]]]) -> Drawing:
    """Judgements by measure and verdict: a mark each on a scale of powers of ten, nought at its
    left end, the numbers at the right."""
    pitch, head, foot = 15.0, 36.0, 16.0
    height = head + pitch * len(rows) + foot
    drawing = Drawing(MEASURE, height)
    left, right, column = 116.0, 190.0, 38.0
    most = max((count for _, counts in rows for count in counts.values()), default=1)
    powers = max(1, ceil(log10(max(most, 2))))
    width = MEASURE - left - right - 8
    nought, unit = left + 6, (width - 16) / powers

    def where(count: int) -> float:
        return nought if count <= 0 else nought + 14 + log10(count) * unit

    bottom, top = foot, height - head + 2
    for power in range(powers + 1):
        x = where(10**power)
        drawing.add(rule(x, bottom, x, top))
        drawing.add(write((x, bottom - 9), _power(power), 6, SOFT, "middle"))
    drawing.add(rule(nought, bottom, nought, top))
    drawing.add(write((nought, bottom - 9), "0", 6, SOFT, "middle"))
    x = 0.0
    for kind in KINDS:
        label = words.VERDICT[kind]
        drawing.add(_mark(kind, x + 4, height - 6))
        drawing.add(write((x + 10, height - 8.5), label, SIZE))
        x += 22 + stringWidth(label, FONT, SIZE)
    drawing.add(write((x, height - 8.5), "横軸は件数の対数目盛", 6.5, SOFT))
    ends = [MEASURE - right + column * n for n in range(1, 6)]
    for end, name in zip(ends, ("母集団", *words.VERDICT.values()), strict=True):
        drawing.add(write((end, height - head + 6), name, 6.5, SOFT, "end"))
    for number, (label, counts) in enumerate(rows):
        y = height - head - pitch * (number + 0.5)
        drawing.add(rule(0, y - pitch / 2, MEASURE, y - pitch / 2, WASH, 0.8))
        drawing.add(write((0, y - 2.5), label, fitted(label, left - 6, SIZE)))
        marks = [(where(counts[kind]), kind) for kind in KINDS]
        drawing.add(rule(min(marks)[0], y, max(marks)[0], y, SOFT, 0.4))
        for x, kind in marks:
            drawing.add(_mark(kind, x, y))
        values = (sum(counts.values()), *(counts[kind] for kind in KINDS))
        for end, value in zip(ends, values, strict=True):
            drawing.add(write((end, y - 2.5), f"{value:,}", SIZE, INK, "end"))
    return drawing


def _power(power: int) -> str:
    """A power of ten in Japanese: `100`, `10万`, `1億`."""
    large, rest = divmod(power, 4)
    return f"{10**rest if power >= 4 else 10**power}{('', '万', '億', '兆')[large]}"


def coverage(
    first: date,
    last: date,
    sources: Sequence[tuple[str, Sequence[date]]],
    gaps: Sequence[tuple[str, date, date, bool]],
) -> Drawing:
    """A line a source: a low bar on days on which it was heard, a full mark over its gaps, filled
    where nobody declared one (source, first and last day, declared)."""
    pitch, head, foot = 10.0, 26.0, 4.0
    height = head + pitch * len(sources) + foot
    drawing = Drawing(MEASURE, height)
    left, days = 116.0, (last - first).days + 1
    unit = (MEASURE - left) / days

    def where(day: date) -> float:
        return left + (day - first).days * unit

    _legend(drawing, height)
    for day, label in _ticks(first, last):
        drawing.add(rule(where(day), foot, where(day), height - head + 4))
        drawing.add(write((where(day) + 1, height - head + 6), label, 6, SOFT))
    for number, (source, heard) in enumerate(sources):
        y = height - head - pitch * (number + 1)
        drawing.add(_name(source, y + 1.5, left - 6))
        drawing.add(rule(left, y + 2, MEASURE, y + 2))
        for begin, end in _runs(heard):
            drawing.add(bar(where(begin), y + 2, where(end) + unit - where(begin), 3, SOFT))
        for name, begin, end, declared in gaps:
            if name == source:
                begin, end = max(begin, first), min(end, last)
                x, width = where(begin), max(where(end) + unit - where(begin), 2)
                drawing.add(_gap(x, y + 0.5, width, pitch - 2, declared))
    return drawing


def _name(text: str, y: float, width: float) -> String:
    """A name that is given its room: set smaller, and cut where that is too small to read."""
    while fitted(text, width, 6.5) < LEGIBLE:
        text = text[: len(text) * 2 // 3] + "…"
    return write((0, y), text, fitted(text, width, 6.5))


def _gap(x: float, y: float, width: float, height: float, declared: bool) -> Any:
    fill = white if declared else SEVERITY["high"]
    return _rect(x, y, width, height, fillColor=fill, strokeColor=SEVERITY["high"], strokeWidth=0.8)


def _legend(drawing: Drawing, height: float) -> None:
    drawing.add(bar(0, height - 7, 12, 3, SOFT))
    drawing.add(write((16, height - 8.5), "受信した日"))
    drawing.add(_gap(66, height - 9.5, 8, 8, True))
    drawing.add(write((78, height - 8.5), "申告のある欠測"))
    drawing.add(_gap(144, height - 9.5, 8, 8, False))
    drawing.add(write((156, height - 8.5), "申告のない欠測"))


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days that follow one another, as first and last."""
    runs: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return runs


def _ticks(first: date, last: date) -> list[tuple[date, str]]:
    """Mondays of a short time, the first days of the months of a longer one."""
    span = (last - first).days
    days = [first + timedelta(days=n) for n in range(span + 1)]
    if span <= 70:
        return [(day, f"{day.month}/{day.day}") for day in days if day.weekday() == 0]
    every = 1 + span // 400
    starts = [day for day in days if day.day == 1 and (day.month - 1) % every == 0]
    return [(day, f"{day.year}-{day.month:02}") for day in starts]
