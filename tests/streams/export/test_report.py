"""The printed reports: their words are words, their numbers those of the tables, and all of it
stands on the page."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest

import controls
import streams
from controls import catalogue
from streams.export import page
from streams.export.cut import Evidence, Period
from streams.export.monthly import monthly
from streams.export.page_controls import LIMIT
from streams.export.page_facts import Facts, grouped
from streams.export.page_words import place
from streams.export.report import report
from streams.export.sample import Samples, samples
from streams.export.tables import Table, tables

CATALOGUE = catalogue.load()
ROOT = bytes(range(32))
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30))


class Printed:
    """A document read back."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._pdf = pypdfium2.PdfDocument(data)
        self._texts = [one.get_textpage() for one in self._pdf]
        self.pages = [text.get_text_range() for text in self._texts]
        self.text = squeezed("".join(self.pages))

    def boxes(self) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
        """Where the words stand: page, and left, bottom, right, top in points."""
        for number, text in enumerate(self._texts):
            for index in range(text.count_rects()):
                yield number, text.get_rect(index)


def squeezed(text: str) -> str:
    """A text without its blanks: where lines break says nothing."""
    return re.sub(r"[\s　￾]+", "", text)


def again(evidence: Evidence, period: Period | None = None, **given: Any) -> Evidence:
    """The same evidence, read anew."""
    cut = replace(evidence.cut, **given)
    return Evidence(evidence.store, cut, period or evidence.period)


def printed(evidence: Evidence, made: Sequence[Table], drawn: Samples) -> Printed:
    out = io.BytesIO()
    report(out, evidence, CATALOGUE, made, drawn.controls, drawn.seed)
    return Printed(out.getvalue())


def month(evidence: Evidence, made: Sequence[Table]) -> Printed:
    out = io.BytesIO()
    monthly(out, evidence, CATALOGUE, made, ["example.jp/shoseki+0a1b2c3d+AWxvZy1rZXk="])
    return Printed(out.getvalue())


@pytest.fixture(scope="module")
def made(company: Any) -> list[Table]:
    return tables(company.evidence, CATALOGUE, company.links)


@pytest.fixture(scope="module")
def drawn(company: Any) -> Samples:
    return samples(company.evidence, CATALOGUE)


@pytest.fixture(scope="module")
def document(company: Any, made: list[Table], drawn: Samples) -> Printed:
    return printed(company.evidence, made, drawn)


def hostile(made: Sequence[Table]) -> list[Table]:
    """The tables with what nobody expects: endless names, markup, letters no font has, and many
    findings of one control."""
    coverage, verdicts, violations, *others = made
    keys = [column.key for column in violations.columns]
    control, finding, closed = (keys.index(key) for key in ("control", "finding", "closed_at"))
    rows = [list(row) for row in violations.rows]
    for number, row in enumerate(rows):
        row[closed] = None
        if number < 2 * LIMIT:
            row[control] = "TEC-05"
        if number % 50 == 0:
            row[finding] = "<b>&amp;</b>" + "見つからない" * 600 + "\U0001f600" + "x" * 200
    days = [list(row) for row in coverage.rows[:80]]
    for number, row in enumerate(days):
        row[1] = "非常に長い記録源の名前" * 6 + f"{number}"
        row[11:14] = "2026-04-02T00:00:00+09:00", "open", "stopped, declared"
    return [
        replace(coverage, rows=[*coverage.rows, *map(tuple, days)]),
        verdicts,
        replace(violations, rows=[tuple(row) for row in rows]),
        *others,
    ]


def test_every_control_is_told_of_with_its_population_as_the_tables_have_it(
    document: Printed, made: list[Table]
) -> None:
    assert "個人情報保護マネジメントシステム運用証跡報告書" in document.text
    lines = {row[0]: row for row in made[1].rows}
    for control in CATALOGUE.controls:
        row = lines[control.id]
        told = [page.shown(number) for number in row[5:10]]
        assert squeezed(control.requirement.ja) in document.text, control.id
        summary = squeezed(f"{control.id}{control.title.ja}{''.join(told)}")
        assert summary in document.text, control.id


def test_the_contents_name_the_page_on_which_everything_stands(document: Printed) -> None:
    contents = "\n".join(document.pages[1:3])
    for control in CATALOGUE.controls:
        heading = f"{control.id}　{control.title.ja}"
        found = re.search(re.escape(heading) + r"\s+(\d+)", contents)
        assert found, control.id
        there = document.pages[int(found[1]) - 1]
        assert squeezed(heading) in squeezed(there), control.id
    for number, text in enumerate(document.pages[1:], 2):
        assert squeezed(f"{number}/{len(document.pages)}") in squeezed(text)


def test_open_findings_gaps_and_samples_are_those_of_the_tables(
    document: Printed, company: Any, made: list[Table], drawn: Samples
) -> None:
    facts = Facts(company.evidence, CATALOGUE, made)
    assert facts.open
    for line in facts.open:
        assert str(line["verdict_id"])[:8] in document.text
    assert len(facts.silences) == 3
    for gap in facts.silences:
        assert squeezed(gap.source + gap.since[:10]) in document.text
    assert drawn.seed in document.text
    for one in drawn.controls:
        said = f"枠{one.frame:,}件から{one.drawn:,}件を無作為に抽出"
        assert said in document.text
    assert not [person for person in company.people if person in document.text]


def test_the_same_evidence_gives_the_same_bytes(
    document: Printed,
    company: Any,
    made: list[Table],
    drawn: Samples,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert printed(again(company.evidence), made, drawn).data == document.data
    assert b"(D:20260512" in document.data


def test_only_the_one_font_is_used_and_it_is_embedded(document: Printed) -> None:
    names = set(re.findall(rb"/BaseFont /(\S+)", document.data))
    assert names
    assert all(re.fullmatch(rb"[A-Z]{6}\+BIZUDPGothic\S*", name) for name in names), names
    assert document.data.count(b"/FontFile2") == len(names)
    assert len(document.data) < 2_000_000


def test_nothing_leaves_the_page_whatever_stands_in_the_tables(
    company: Any, made: list[Table], drawn: Samples
) -> None:
    found = printed(company.evidence, hostile(made), drawn)
    for number, (left, bottom, right, top) in found.boxes():
        assert left > page.LEFT - 2, number
        assert right < page.WIDTH - page.RIGHT + 2, number
        assert bottom > 20, number
        assert top < page.HEIGHT - 30, number
    assert "<b>&amp;</b>見つからない" in found.text
    assert f"古いものから{LIMIT}件。ほか" in found.text
    assert "書体にない文字" in found.text
    assert page.GETA in found.text


def test_the_font_has_every_letter_that_the_product_writes() -> None:
    for package in (controls, streams):
        for file in Path(package.__path__[0]).rglob("*.py"):
            lacking = page.missing_glyphs(file.read_text(encoding="utf-8"))
            assert lacking <= {"\xa0"}, file
    assert page.missing_glyphs("記録\n\U0001f600") == {"\U0001f600"}
    letters = page.Letters()
    assert letters("記\t録\U0001f600\U0001f600") == "記 録〓〓"
    assert letters.lacking == {"\U0001f600": 2}


@pytest.mark.parametrize(
    ("text", "ja"),
    [
        ("Art.27(5)(iii)", "第27条第5項第3号"),
        ("Art.26(1) proviso", "第26条第1項ただし書"),
        ("10-3(2)", "10-3(2)"),
        ("J.9.2*", "J.9.2*"),
        ("foreign vol. 6-1 (Rule 18(1))", "外国にある第三者への提供編 6-1 (規則 18(1))"),
    ],
)
def test_places_in_the_law_are_written_as_japanese_does(text: str, ja: str) -> None:
    assert place(text) == ja


def test_a_month_is_two_pages_with_the_checkpoint_to_print(company: Any) -> None:
    note = f"shoseki/pyx\n43210\n{b64encode(ROOT).decode()}\n\n— shoseki/pyx AAAAAA==\n"
    evidence = again(company.evidence, APRIL, size=43_210, note=note)
    made = tables(evidence, CATALOGUE, company.links)
    found = month(evidence, made)
    assert len(found.pages) == 2
    assert "2026年4月" in found.text
    facts = Facts(evidence, CATALOGUE, made)
    for kind in ("pass", "violation", "not_applicable", "indeterminate"):
        assert f"{facts.total[kind]:,}" in found.pages[0]
    assert "43,210" in found.pages[1]
    assert squeezed(grouped(ROOT.hex())) in squeezed(found.pages[1])
    assert "2026-05-12 24:00" in found.pages[0], "a term that ends with its day"
    worst = facts.open[0]
    assert f"{worst['control']}" in found.pages[1]


def test_a_month_is_two_pages_whatever_it_was_like(company: Any, made: list[Table]) -> None:
    quiet = [replace(table, rows=[]) for table in made]
    quiet[1] = made[1]
    for found in (
        month(company.evidence, hostile(made)),
        month(company.evidence, quiet),
    ):
        assert len(found.pages) == 2
        for number, (left, _, right, top) in found.boxes():
            assert page.LEFT - 2 < left < right < page.WIDTH - page.RIGHT + 2, number
            assert top < page.HEIGHT - 30
