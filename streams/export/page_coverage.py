"""Chapters of the report: what was looked at, and what was not heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from reportlab.platypus import Flowable

from streams.export import chart
from streams.export import page_words as words
from streams.export.page import PART, SMALL, gap
from streams.export.page_document import Document
from streams.export.page_facts import (
    ACCOUNT,
    Facts,
    Line,
    Silence,
    account,
    brief,
    grouped,
    heard,
    minute,
    second,
)

LANES = 50
"""Sources in one picture of coverage."""


def scope(document: Document, facts: Facts) -> Iterator[Flowable]:
    evidence, cut = facts.evidence, facts.evidence.cut
    yield document.text(
        f"対象期間 {facts.period} に閉じたブロックを対象とする。記録は、切取り点"
        f"（{second(cut.at)}）までのものに限る。日付と期限は、すべて日本時間で数える。"
    )
    yield document.text(f"{words.received(facts.account)}。")
    yield document.text("記録源", PART)
    yield document.table(
        (
            "記録源",
            "受信した日",
            "受信",
            "判定対象",
            "不受理",
            "重複",
            "欠番",
            "生存信号",
            "欠測の日",
        ),
        [_source(name, lines) for name, lines in facts.sources.items()],
        (30, 15, 14, 14, 10, 10, 10, 13, 12),
        range(1, 9),
    )
    yield document.text(words.SOURCES, SMALL)
    yield document.text("証跡の鎖", PART)
    yield document.table(
        (
            "鎖",
            "最初のブロック",
            "最後のブロック",
            "オフセット",
            "閉じた日時",
            "末尾のハッシュ（先頭 32 桁）",
        ),
        [
            (
                f"{lane}/{partition}",
                first["number"],
                last["number"],
                f"{first['first_offset']:,} – {last['last_offset']:,}",
                minute(last["now"]),
                grouped(last["link"][:32]),
            )
            for (lane, partition), (first, last) in evidence.chains.items()
        ],
        (17, 13, 13, 22, 20, 42),
        (1, 2, 3),
    )
    missing = sorted(set(cut.heads) - set(evidence.chains))
    if missing:
        names = "、".join(f"{lane}/{partition}" for lane, partition in missing)
        yield document.text(f"対象期間にブロックのない鎖：{names}。", SMALL)
    yield document.text(words.REACH, SMALL)


def _source(name: str, lines: Sequence[Line]) -> tuple[Any, ...]:
    sums = account(lines)
    numbers: list[Any] = [line["missing_seq"] for line in lines]
    known = [number for number in numbers if number is not None]
    return (
        name or "（記録源の記載なし）",
        f"{sum(map(heard, lines)):,} / {len(lines):,}",
        *(sums[figure] for figure in ACCOUNT),
        sum(known) if known else None,
        sum(int(line["heartbeats"] or 0) for line in lines),
        sum(bool(line["gap_from"]) for line in lines),
    )


def gaps(document: Document, facts: Facts) -> Iterator[Flowable]:
    silences, period = facts.silences, facts.evidence.period
    declared = sum(gap.known for gap in silences)
    yield document.text(
        f"対象期間にかかる欠測は {len(silences):,} 件、うち申告のあるもの {declared:,} 件、申告の"
        f"ないもの {len(silences) - declared:,} 件。欠測のある間、その記録がないことを根拠とする"
        "判定は、適合とせず判定不能とする。"
    )
    days = [
        (
            document.letters(name),
            [date.fromisoformat(str(line["date"])) for line in lines if heard(line)],
        )
        for name, lines in facts.sources.items()
        if name
    ]
    spans = [
        (
            document.letters(each.source),
            date.fromisoformat(each.since[:10]),
            date.fromisoformat((each.until or f"{period.last}")[:10]),
            each.known,
        )
        for each in silences
    ]
    for at in range(0, len(days), LANES):
        yield chart.coverage(period.first, period.last, days[at : at + LANES], spans)
        yield gap(6)
    if silences:
        yield document.table(
            ("記録源", "開始", "終了", "理由", "申告番号", "申告者", "代替証跡"),
            [_silence(each) for each in silences],
            (24, 27, 27, 34, 22, 24, 22),
        )


def _silence(each: Silence) -> tuple[Any, ...]:
    return (
        each.source,
        minute(each.since),
        minute(each.until) or "継続中",
        words.reason(each.reason),
        each.declared,
        brief(each.declared_by),
        each.document,
    )
