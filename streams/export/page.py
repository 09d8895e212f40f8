"""The page of the printed reports: A4, one font, few colours, and the styles of text and tables."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    NextPageTemplate,
    PageBreak,
    Spacer,
)

FONT = "BIZUDPGothic"
GETA = "〓"
"""What printers set where they lack a letter."""

BREAK = re.compile(r"[\t\n\x0b\x0c\r]+")

INK, SOFT, LINE = HexColor("#1c2330"), HexColor("#5b6472"), HexColor("#c6ccd5")
WASH, ACCENT = HexColor("#f3f5f8"), HexColor("#1f3a5f")
SEVERITY = {
    "critical": HexColor("#5c0f2b"),
    "high": HexColor("#a83a24"),
    "medium": HexColor("#cf9a3a"),
    "low": HexColor("#a9c4b4"),
    "info": HexColor("#dde2e8"),
}
"""From dark to light, so that print in black and white keeps the order."""

WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 54.0, 54.0, 66.0, 54.0
MEASURE, DEPTH = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
"""Width and height (points) of what a page holds."""
GUTTER = 16.0
HALF = (MEASURE - GUTTER) / 2
"""Width of each of two columns."""
PAD = 4.0


@cache
def face() -> TTFont:
    """The one font, as it lies in this package, made known to the library."""
    with as_file(files(__package__) / "fonts" / f"{FONT}-Regular.ttf") as path:
        font = TTFont(FONT, str(path))
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(FONT, FONT, FONT, FONT, FONT)
    return font


@cache
def letters() -> frozenset[str]:
    """What the font has, blanks included."""
    return frozenset(map(chr, face().face.charToGlyph))


def missing_glyphs(text: str) -> set[str]:
    """The characters of a text that the font lacks; line ends and tabs are blanks."""
    return set(BREAK.sub("", text)) - letters()


class Letters:
    """Makes texts printable, and counts what could not be printed."""

    def __init__(self) -> None:
        self.lacking: Counter[str] = Counter()

    def __call__(self, text: str) -> str:
        """A text on one line, with 〓 for every letter that the font lacks."""
        text = BREAK.sub(" ", text)
        lacking = set(text) - letters()
        for letter in lacking:
            self.lacking[letter] += text.count(letter)
            text = text.replace(letter, GETA)
        return text


def style(size: float, leading: float, colour: Color = INK, **given: Any) -> ParagraphStyle:
    """Japanese breaks anywhere but before closing marks; Latin words break with it."""
    return ParagraphStyle(
        f"{size}", fontName=FONT, fontSize=size, leading=leading, textColor=colour,
        wordWrap="CJK", **given,
    )  # fmt: skip


BODY = style(9, 15, spaceAfter=5)
SMALL = style(7.5, 11.5, SOFT, spaceBefore=4, spaceAfter=4)
CELL = style(7.5, 10.5)
NUMBER = style(7.5, 10.5, alignment=TA_RIGHT)
HEAD = style(7, 9, SOFT)
HEAD_RIGHT = style(7, 9, SOFT, alignment=TA_RIGHT)
CHAPTER = style(17, 24, ACCENT)
SECTION = style(11.5, 16, ACCENT)
PART = style(10, 14, INK, spaceBefore=6, spaceAfter=3)
ITEM = style(8.5, 13.5, leftIndent=10, bulletIndent=0, bulletFontName=FONT, bulletFontSize=8.5)
LABEL = style(8, 12, SOFT)
VALUE = style(8, 12)
FIGURE = 11.0
GRID: list[tuple[Any, ...]] = [
    ("FONT", (0, 0), (-1, -1), FONT, CELL.fontSize, CELL.leading),
    ("TEXTCOLOR", (0, 0), (-1, -1), INK),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LINEBELOW", (0, 0), (-1, -1), 0.3, LINE),
    ("LEFTPADDING", (0, 0), (-1, -1), PAD),
    ("RIGHTPADDING", (0, 0), (-1, -1), PAD),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]
PAIRS: list[tuple[Any, ...]] = [
    ("FONT", (0, 0), (-1, -1), FONT, VALUE.fontSize, VALUE.leading),
    ("TEXTCOLOR", (0, 0), (0, -1), SOFT),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
]
BARE: list[tuple[Any, ...]] = [
    ("FONT", (0, 0), (-1, -1), FONT, CELL.fontSize, CELL.leading),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]
FIGURES: list[tuple[Any, ...]] = [
    ("FONT", (0, 0), (-1, -1), FONT, CELL.fontSize, CELL.leading),
    ("BACKGROUND", (0, 0), (-1, -1), WASH),
    ("LINEAFTER", (0, 0), (-2, -1), 1.5, white),
    ("LEFTPADDING", (0, 0), (-1, -1), 6),
    ("RIGHTPADDING", (0, 0), (-1, -1), PAD),
    ("TOPPADDING", (0, 0), (-1, 0), 4),
    ("BOTTOMPADDING", (0, 0), (-1, 0), 0),
    ("TOPPADDING", (0, 1), (-1, 1), 0),
    ("BOTTOMPADDING", (0, 1), (-1, 1), 6),
]


def fitted(text: str, width: float, size: float) -> float:
    """The font size at which a text takes no more than a width: `size` unless it is too long."""
    taken = stringWidth(text, FONT, size)
    return size if taken <= width else size * width / taken


def broken(text: str, width: float, size: float = CELL.fontSize) -> list[str]:
    """A name as lines no wider than a width, where it has an underscore to break after."""
    lines = [""]
    for part in text.replace("_", "_\0").split("\0"):
        if lines[-1] and stringWidth(lines[-1] + part, FONT, size) > width:
            lines.append("")
        lines[-1] += part
    return lines


def shown(value: Any) -> str:
    """A value as people write it: nothing is a dash, thousands are parted."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value}"


def gap(points: float = 8) -> Spacer:
    return Spacer(1, points)


def turn(template: str | None = None) -> list[Flowable]:
    """A new page, of another kind where one is named."""
    return [*([NextPageTemplate(template)] if template else []), PageBreak()]


def room(points: float) -> CondPageBreak:
    """A new page unless so much of this one is left."""
    return CondPageBreak(points)
