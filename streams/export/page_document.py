"""A printed report under way: its parts in order, laid out in one pass.

What is known only at the end, the number of pages and the page on which something stands, is a form
(a reusable drawing) that is used first and drawn last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, BinaryIO
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import TimeStamp
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    Table,
)

from controls.calendar import jst_text
from streams.export import page


class _Moment(TimeStamp):
    """The time that a document states as its own: an instant (ms), whatever the clock says."""

    def __init__(self, at: int) -> None:
        super().__init__(invariant=1)
        text = jst_text(at)
        self.t, self.tzname, self.dhh, self.dmm = at / 1000, "JST", 9, 0
        self.YMDhms = tuple(int(text[a:b]) for a, b in STEPS)


STEPS = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))


class _Canvas(Canvas):
    """Draws what was used before it was known, once it is."""

    at: int
    _doc: Any

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._doc._timeStamp = _Moment(self.at)
        self._doc.signature = sha256(f"{self.at}".encode())
        self.pages: dict[str, int] = {}

    def setFont(self, psfontname: str, size: float, leading: float | None = None) -> None:
        """The one font, also where the library would begin with its own."""
        super().setFont(page.FONT, size, leading)

    def save(self) -> None:
        self._write("pages", self.getPageNumber() - 1, self.drawString)
        for name, number in self.pages.items():
            self._write(f"page.{name}", number, self.drawRightString)
        super().save()

    def _write(self, form: str, number: int, draw: Callable[[float, float, str], None]) -> None:
        self.beginForm(form, -40, -4, 40, 12)
        size = 7.5 if form == "pages" else 8.5
        self.setFont(page.FONT, size)
        self.setFillColor(page.SOFT if form == "pages" else page.INK)
        draw(0, 0, f"{number}")
        self.endForm()


class Heading(Flowable):
    """A title that contents and outline lead to, something smaller at its right, a rule below."""

    keepWithNext = 1

    def __init__(self, key: str, title: str, level: int, note: str = "") -> None:
        super().__init__()
        self.key, self.title, self.level, self.note = key, title, level, note
        self._text = Paragraph(escape(title), page.CHAPTER if level == 0 else page.SECTION)
        self._note = Paragraph(escape(note), page.HEAD_RIGHT)
        self.spaceBefore, self.spaceAfter = (0.0, 12.0) if level == 0 else (14.0, 6.0)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        taken = stringWidth(self.note, page.FONT, page.HEAD.fontSize)
        self._noted = taken + page.PAD if self.note else 0.0
        self.width = width
        _, self.height = self._text.wrap(width - self._noted, height)
        self.height += 5
        return width, self.height

    def draw(self) -> None:
        canvas: Any = self.canv
        canvas.bookmarkHorizontal(self.key, 0, self.height + 4)
        canvas.addOutlineEntry(self.title, self.key, self.level, closed=self.level == 0)
        canvas.pages[self.key] = canvas.getPageNumber()
        self._text.drawOn(canvas, 0, 5)
        if self.note:
            self._note.wrap(self._noted, self.height)
            self._note.drawOn(canvas, self.width - self._noted, 7)
        canvas.setStrokeColor(page.ACCENT)
        canvas.setLineWidth(1.2 if self.level == 0 else 0.6)
        canvas.line(0, 0, self.width, 0)


class Entry(Flowable):
    """A line of the contents: a title, dots, and the page on which it stands."""

    def __init__(self, key: str, title: str, level: int) -> None:
        super().__init__()
        self.key, self.title, self.level = key, title, level

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, 20.0 if self.level == 0 else 12.6
        return width, self.height

    def draw(self) -> None:
        canvas: Any = self.canv
        size, indent = (9.5, 0.0) if self.level == 0 else (8.5, 14.0)
        title = page.fitted(self.title, self.width - indent - 40, size)
        canvas.setFont(page.FONT, title)
        canvas.setFillColor(page.ACCENT if self.level == 0 else page.INK)
        canvas.drawString(indent, 3, self.title)
        end = indent + stringWidth(self.title, page.FONT, title) + 6
        canvas.setStrokeColor(page.LINE)
        canvas.setLineWidth(0.5)
        canvas.setDash(0.5, 2.5)
        canvas.line(end, 5, self.width - 26, 5)
        canvas.setDash()
        canvas.translate(self.width, 3)
        canvas.doForm(f"page.{self.key}")
        canvas.translate(-self.width, -3)
        canvas.linkRect("", self.key, (0, 0, self.width, self.height), relative=1, thickness=0)


def beside(left: list[Flowable], right: list[Flowable]) -> Table:
    """Two columns, side by side."""
    widths = [page.HALF, page.GUTTER, page.HALF]
    return Table([[left, "", right]], widths, hAlign="LEFT", style=page.BARE)


class Document:
    """A document under way: what it says in order, then `write`.

    `head` stands over every page but the cover; `at` (ms) is its date.
    """

    def __init__(self, title: str, author: str, head: tuple[str, str], at: int) -> None:
        page.face()
        self.letters = page.Letters()
        self.story: list[Flowable] = []
        self.title, self.author = self.letters(title), self.letters(author)
        self._head, self._at = (self.letters(head[0]), self.letters(head[1])), at

    def add(self, *parts: Flowable) -> None:
        self.story.extend(parts)

    def heading(self, key: str, title: str, level: int = 0, note: str = "") -> Heading:
        return Heading(key, self.letters(title), level, self.letters(note))

    def text(self, text: str, like: ParagraphStyle = page.BODY) -> Paragraph:
        return Paragraph(escape(self.letters(text)), like)

    def notes(self, *texts: str) -> list[Flowable]:
        """Small print, as far as there is any."""
        return [self.text(text, page.SMALL) for text in texts if text]

    def items(self, texts: Iterable[str], like: ParagraphStyle = page.ITEM) -> list[Flowable]:
        return [Paragraph(escape(self.letters(text)), like, bulletText="・") for text in texts]

    def cell(self, value: Any, width: float, like: ParagraphStyle = page.CELL) -> Any:
        """A value as it stands in a table: plain where it fits on a line, else broken; of a list
        each on its own line."""
        if isinstance(value, list):
            return [self.text(each, like) for each in value]
        if isinstance(value, Flowable):
            return value
        text = self.letters(page.shown(value))
        if stringWidth(text, page.FONT, like.fontSize) <= width - 2 * page.PAD:
            return text
        return Paragraph(escape(text), like)

    def table(
        self,
        heads: Sequence[str],
        rows: Iterable[Sequence[Any]],
        widths: Sequence[float],
        right: Iterable[int] = (),
        commands: Sequence[tuple[Any, ...]] = (),
        whole: float = page.MEASURE,
    ) -> Table:
        """Rows under heads that come again on every page; widths are parts of the `whole`; columns
        in `right` are numbers."""
        points = [whole * part / sum(widths) for part in widths]
        numbers = set(right)
        top = [
            Paragraph(escape(head), page.HEAD_RIGHT if column in numbers else page.HEAD)
            for column, head in enumerate(heads)
        ]
        cells = [
            [
                self.cell(value, points[column], page.NUMBER if column in numbers else page.CELL)
                for column, value in enumerate(row)
            ]
            for row in rows
        ]
        return Table(
            [top, *cells],
            points,
            repeatRows=1,
            splitInRow=1,
            hAlign="LEFT",
            style=[
                *page.GRID,
                ("LINEBELOW", (0, 0), (-1, 0), 0.7, page.INK),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                *(("ALIGN", (column, 1), (column, -1), "RIGHT") for column in sorted(numbers)),
                *commands,
            ],
        )

    def pairs(
        self, lines: Iterable[tuple[str, Any]], label: float = 84, whole: float = page.MEASURE
    ) -> Table:
        """Names and what they name, a line each."""
        widths = (label, whole - label)
        rows = [
            [self.cell(name, label, page.LABEL), self.cell(value, widths[1], page.VALUE)]
            for name, value in lines
        ]
        return Table(rows, widths, hAlign="LEFT", style=[*page.GRID, *page.PAIRS])

    def figures(self, cells: Sequence[tuple[str, str]]) -> Table:
        """Numbers side by side, each under its name."""
        width = page.MEASURE / len(cells)
        rows = [
            [Paragraph(escape(name), page.HEAD) for name, _ in cells],
            [
                Paragraph(
                    escape(value),
                    page.style(page.fitted(value, width - 12, page.FIGURE), page.FIGURE + 3),
                )
                for _, value in cells
            ],
        ]
        return Table(rows, [width] * len(cells), hAlign="LEFT", style=page.FIGURES)

    def write(self, out: BinaryIO, cover: bool) -> None:
        """The document; `cover`: its first page has no head."""
        canvas = type("_Dated", (_Canvas,), {"at": self._at})
        document: Any = BaseDocTemplate(
            out, pagesize=A4, title=self.title, author=self.author, creator="Shoseki", lang="ja",
            initialFontName=page.FONT, invariant=1, pageCompression=1, displayDocTitle=True,
        )  # fmt: skip

        def frame(name: str) -> Frame:
            return Frame(page.LEFT, page.BOTTOM, page.MEASURE, page.DEPTH, 0, 0, 0, 0, id=name)

        plain = PageTemplate("page", [frame("page")], onPage=self._running)
        first = PageTemplate("cover", [frame("cover")])
        document.addPageTemplates([first, plain] if cover else [plain])
        document.build(self.story, canvasmaker=canvas)

    def _running(self, canvas: Any, _: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(page.SOFT)
        canvas.setStrokeColor(page.LINE)
        canvas.setLineWidth(0.5)
        top = page.HEIGHT - page.TOP + 22
        left, right = self._head
        canvas.setFont(page.FONT, page.fitted(left, page.MEASURE * 0.48, 7))
        canvas.drawString(page.LEFT, top, left)
        canvas.setFont(page.FONT, page.fitted(right, page.MEASURE * 0.48, 7))
        canvas.drawRightString(page.WIDTH - page.RIGHT, top, right)
        canvas.line(page.LEFT, top - 6, page.WIDTH - page.RIGHT, top - 6)
        canvas.setFont(page.FONT, 7.5)
        canvas.drawRightString(page.WIDTH / 2 - 1, page.BOTTOM - 26, f"{canvas.getPageNumber()} / ")
        canvas.translate(page.WIDTH / 2, page.BOTTOM - 26)
        canvas.doForm("pages")
        canvas.restoreState()
