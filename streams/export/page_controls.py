"""Chapters of the report: the controls at a glance, each by itself, and the samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportlab.platypus import Flowable

from controls.kernel import Control
from dashboards.words import MEASURE as MEASURES
from streams.export import page
from streams.export import page_words as words
from streams.export.page import SMALL, gap, room
from streams.export.page_document import Document
from streams.export.page_facts import Facts, Line, brief, minute
from streams.export.sample import Drawn

LIMIT = 30
"""Open findings that are listed for one control; 03_violations has all."""
COUNTS = ("population", "pass", "violation", "na", "indeterminate", "open")
GROUP = page.style(8, 10.5, page.ACCENT)
CODE = 78.0
"""Points that a code has in a table."""


def overview(document: Document, facts: Facts) -> Iterator[Flowable]:
    yield document.text(
        "件数は判定の件数、「未処置」は切取り点で処置の終わっていない違反の所見の数、平均処置時間は発見から"
        "処置の完了までの時間の平均である。"
    )
    rows: list[tuple[Any, ...]] = []
    commands: list[tuple[Any, ...]] = []
    for measure in facts.measures:
        own = [n for n in facts.controls if facts.catalogue.measures[n] == measure]
        at = len(rows) + 1
        commands += [
            ("SPAN", (0, at), (-1, at)),
            ("BACKGROUND", (0, at), (-1, at), page.WASH),
            ("TEXTCOLOR", (0, at), (-1, at), page.ACCENT),
            ("NOSPLIT", (0, at), (-1, at + 1)),
        ]
        rows.append((document.text(MEASURES[measure].ja, GROUP), *[""] * 8))
        rows += [_summary(facts.controls[name]) for name in own]
    yield document.table(
        ("管理策", "名称", "母集団", *words.VERDICT.values(), "未処置", "平均処置時間"),
        rows,
        (15, 54, 14, 14, 11, 14, 14, 12, 21),
        range(2, 9),
        commands,
    )


def _summary(line: Line) -> tuple[Any, ...]:
    return (line["control"], line["title"], *(line[key] for key in COUNTS), _hours(line["mttr"]))


def _hours(spent: Any) -> str:
    return "—" if spent is None else f"{spent:,.1f} 時間"


def results(document: Document, facts: Facts, samples: Mapping[str, Drawn]) -> Iterator[Flowable]:
    yield document.text(words.RESULTS)
    yield document.text(words.NAMES, SMALL)
    for measure in facts.measures:
        for control in facts.catalogue.controls:
            if facts.catalogue.measures[control.id] == measure:
                yield from _control(document, facts, control, samples.get(control.id))


def _control(
    document: Document, facts: Facts, control: Control[Any], drawn: Drawn | None
) -> Iterator[Flowable]:
    line = facts.controls[control.id]
    left = [f for f in facts.by_control.get(control.id, ()) if f["closed_at"] is None]
    over = len(facts.by_control.get(control.id, ())) - len(left)
    measure = MEASURES[facts.catalogue.measures[control.id]].ja
    heading = document.heading(control.id, f"{control.id}　{control.title.ja}", 1, measure)
    stated = [("要求事項", control.requirement.ja), ("根拠", words.basis(control.sources))]
    yield room(240)
    yield heading
    yield document.pairs(stated, 52)
    yield gap(5)
    values = [line[key] for key in COUNTS]
    yield document.figures(
        [
            *zip(
                ("母集団", *words.VERDICT.values(), "未処置の違反"),
                map(page.shown, values),
                strict=True,
            ),
            ("未決（判定不能）", page.shown(line["open_indeterminate"])),
            ("平均処置時間", _hours(line["mttr"])),
        ]
    )
    yield gap(4)
    if left:
        yield from _open(document, left)
    told = "未処置の所見はない。" if not left else ""
    told += f"期間内に処置を終えたか、成り立たなくなった所見は {over:,} 件。" if over else ""
    told += _drawn(drawn)
    yield gap(3)
    yield document.text(told, SMALL)


def _open(document: Document, left: Sequence[Line]) -> Iterator[Flowable]:
    yield document.table(
        ("判定ID", "発生日時", "重大度", "コード", "内容", "証拠", "処置"),
        [
            (
                str(line["verdict_id"])[:8],
                minute(line["occurred_at"]),  # type: ignore[arg-type]
                words.SEVERITY[str(line["severity"])],
                page.broken(str(line["code"] or words.VERDICT["indeterminate"]), CODE),
                _content(line),
                line["events"],
                "；".join(filter(None, (str(line["action"] or ""), str(line["nc_id"] or "")))),
            )
            for line in left[:LIMIT]
        ],
        (22, 39, 13, 36, 66, 11, 13),
        (5,),
    )
    if len(left) > LIMIT:
        yield document.text(
            f"重大度の高いもの、古いものから {LIMIT} 件。ほか {len(left) - LIMIT:,} 件は表 "
            "03_violations にある。",
            SMALL,
        )


def _content(line: Line) -> str:
    missing = f"（不足：{line['missing']}）" if line["missing"] else ""
    late = "（遡及）" if line["retroactive"] else ""
    return brief(f"{line['finding']}{missing}{late}")


def _drawn(drawn: Drawn | None) -> str:
    if drawn is None:
        return ""
    added = "・".join(
        f"{words.RULE.get(rule, rule)} {drawn.always[rule]:,}"
        for rule in (*words.RULE, *sorted(set(drawn.always) - set(words.RULE)))
        if drawn.always.get(rule)
    )
    absent = (
        f"証跡の始まりより前か、保存期間を過ぎたもの {drawn.absent:,} 件。" if drawn.absent else ""
    )
    return (
        f"標本：枠 {drawn.frame:,} 件から {drawn.drawn:,} 件を無作為に抽出"
        + (f"、規則により加えるもの {added}" if added else "")
        + f"、重なりを除き計 {len(drawn.rows):,} 件。{absent}"
    )


def samples(document: Document, samples: Sequence[Drawn], seed: str) -> Iterator[Flowable]:
    yield document.text(words.DRAWING)
    yield document.pairs([("種（seed）", seed)])
    yield gap(8)
    yield document.table(
        ("管理策", "枠", "抽出", *words.RULE.values(), "計", "証跡になし"),
        [
            (
                drawn.control,
                drawn.frame,
                drawn.drawn,
                *(drawn.always.get(rule, 0) for rule in words.RULE),
                len(drawn.rows),
                drawn.absent,
            )
            for drawn in samples
        ],
        (16, 16, 10, 18, 10, 13, 10, 10, 11, 11, 10, 15),
        range(1, 12),
    )
    yield document.text(words.DRAWN, SMALL)
