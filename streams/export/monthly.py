"""The monthly report for the representative (PDF, Japanese): what was, on one page; what is to be
decided, on the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, BinaryIO

from reportlab.platypus import Flowable, KeepInFrame, PageBreak, Table

from controls.catalogue import Catalogue
from dashboards.words import MEASURE as MEASURES
from streams.export import page
from streams.export import page_affairs as affairs
from streams.export import page_words as words
from streams.export.cut import Evidence
from streams.export.page import DEPTH, HALF, MEASURE, PART, SMALL, gap
from streams.export.page_document import Document, beside
from streams.export.page_facts import (
    ACCOUNT,
    WORST,
    Facts,
    Line,
    brief,
    generator,
    grouped,
    minute,
    root,
    second,
)
from streams.export.tables.table import Table as Rows

AGES = ((7, "7 日以内"), (30, "30 日以内"), (90, "90 日以内"), (None, "90 日超"))
"""Days since a finding was detected, at most."""
CLOCKS, DECISIONS, GAPS = 8, 9, 6
"""Lines for which there is room; what is more is counted."""
SEVERE = ("critical", "high")


def monthly(
    out: BinaryIO,
    evidence: Evidence,
    catalogue: Catalogue,
    tables: Sequence[Rows],
    verifiers: Sequence[str] = (),
) -> None:
    """Write the report of a month: two pages, whatever the month was like.

    `verifiers` are the keys (C2SP: vkey) by which the checkpoint's signatures are checked.
    """
    facts = Facts(evidence, catalogue, tables)
    title = f"月次報告書　{_month(facts)}"
    document = Document(
        title,
        facts.organisation,
        (
            f"{facts.organisation}　{title}",
            f"切取り点 {evidence.cut.size:,} ／ {second(evidence.cut.at)}",
        ),
        evidence.cut.at,
    )
    first = [*_title(document, facts, title), *_glance(document, facts)]
    second_ = [*_decide(document, facts), *_complete(document, facts)]
    second_ += _minutes(document, facts, verifiers)
    document.add(_sheet(first), PageBreak(), _sheet(second_))
    document.write(out, cover=False)


def _sheet(parts: list[Flowable]) -> Flowable:
    """One page, made smaller where it is too full."""
    return KeepInFrame(MEASURE, DEPTH, parts, mode="shrink", vAlign="TOP")


def _month(facts: Facts) -> str:
    period = facts.evidence.period
    whole = period.first.day == 1 and (period.last + timedelta(days=1)).day == 1
    same = (period.first.year, period.first.month) == (period.last.year, period.last.month)
    return f"{period.first.year} 年 {period.first.month} 月" if whole and same else facts.period


def _title(document: Document, facts: Facts, title: str) -> Iterator[Flowable]:
    yield document.heading("month", title, 0, "代表者あて")
    yield gap(8)
    yield document.figures(
        [
            ("母集団（判定の件数）", f"{facts.total.total():,}"),
            *((name, f"{facts.total[kind]:,}") for kind, name in words.VERDICT.items()),
            ("未処置の所見", f"{len(facts.open):,}"),
        ]
    )


def _glance(document: Document, facts: Facts) -> Iterator[Flowable]:
    left: Counter[tuple[str, bool]] = Counter()
    for line in facts.open:
        measure = facts.catalogue.measures[str(line["control"])]
        left[measure, line["severity"] in SEVERE] += 1
    yield document.text("措置ごとの判定", PART)
    yield document.table(
        ("措置", "母集団", *words.VERDICT.values(), "未処置：重大・高", "中以下"),
        [
            (
                MEASURES[name].ja,
                counts.total(),
                *(counts[kind] for kind in words.VERDICT),
                left[name, True],
                left[name, False],
            )
            for name, counts in facts.measures.items()
        ],
        (42, 17, 17, 13, 15, 15, 20, 14),
        range(1, 8),
    )
    yield from document.notes(words.revised(facts.revised))
    yield gap(4)
    yield beside([*_ages(document, facts)], [*_affairs(document, facts)])
    yield from _clocks(document, facts)


def _ages(document: Document, facts: Facts) -> Iterator[Flowable]:
    counts: Counter[tuple[str, str]] = Counter()
    for line in facts.open:
        days = facts.age(line)
        name = next(name for most, name in AGES if most is None or days <= most)
        counts[str(line["severity"]), name] += 1
    names = [name for _, name in AGES]
    yield document.text("未処置の所見：重大度と発見からの日数", PART)
    yield document.table(
        ("重大度", *names, "計"),
        [
            (
                words.SEVERITY[each],
                *(counts[each, name] for name in names),
                sum(counts[each, name] for name in names),
            )
            for each in WORST
        ],
        (14, 18, 18, 18, 16, 10),
        range(1, 6),
        whole=HALF,
    )


def _affairs(document: Document, facts: Facts) -> Iterator[Flowable]:
    yield document.text("事故・請求・委託先", PART)
    lines = [("事故", affairs.incidents(facts)), ("開示等の請求", affairs.requests(facts))]
    yield document.pairs([*lines, ("委託先", affairs.contractors(facts))], 56, whole=HALF)


def _clocks(document: Document, facts: Facts) -> Iterator[Flowable]:
    terms = sorted(affairs.terms(facts), key=lambda term: term.due)
    cut = facts.evidence.cut.at
    yield document.text("法定の期限", PART)
    if not terms:
        yield document.text("当月に進んだ法定の報告期限はない。", SMALL)
        return
    urgent = sorted(terms, key=lambda term: (term.filed is not None, term.due))[:CLOCKS]
    yield document.table(
        ("期限", "対象", "期限の日時", "提出", "状況"),
        [(t.what, t.subject, t.deadline, minute(t.filed), t.state(cut)) for t in urgent],
        (36, 34, 30, 30, 30),
    )
    if len(terms) > len(urgent):
        yield document.text(f"ほか {len(terms) - len(urgent):,} 件（08_incidents）。", SMALL)


def _decide(document: Document, facts: Facts) -> Iterator[Flowable]:
    yield document.heading("decide", "ご判断いただくこと", 0)
    yield gap(6)
    own: dict[str, list[Line]] = {}
    for line in facts.open:  # the worst first
        own.setdefault(str(line["control"]), []).append(line)
    if not own:
        yield document.text("未処置の所見はない。")
        return
    yield document.table(
        ("管理策", "最も重い", "未処置", "最長経過", "対応の案", "決定"),
        [
            (
                [name, facts.catalogue[name].title.ja],
                words.SEVERITY[str(lines[0]["severity"])],
                len(lines),
                f"{max(map(facts.age, lines)):,} 日",
                facts.catalogue[name].response.ja,
                "□ 是正　□ 受容　□ 保留",
            )
            for name, lines in list(own.items())[:DECISIONS]
        ],
        (44, 15, 12, 17, 58, 44),
        (2, 3),
    )
    if len(own) > DECISIONS:
        rest = sum(map(len, list(own.values())[DECISIONS:]))
        yield document.text(
            f"重大度の高い順、古い順に {DECISIONS} 件の管理策。ほか {len(own) - DECISIONS:,} 件の"
            f"管理策に未処置の所見 {rest:,} 件がある（03_violations）。",
            SMALL,
        )


def _complete(document: Document, facts: Facts) -> Iterator[Flowable]:
    account, silences = facts.account, facts.silences
    missing = sum(int(line["missing_seq"] or 0) for line in facts.lines["01_coverage"])
    sum_ = (
        "一致する" if account["received"] == sum(account[f] for f in ACCOUNT[1:]) else "一致しない"
    )
    yield document.text("記録の網羅性", PART)
    yield document.figures(
        [
            ("記録源", f"{sum(bool(name) for name in facts.sources):,}"),
            ("受信", f"{account['received']:,}"),
            ("判定対象", f"{account['evaluated']:,}"),
            ("不受理", f"{account['rejected']:,}"),
            ("重複", f"{account['duplicates']:,}"),
            ("内訳との一致", sum_),
            ("欠番", f"{missing:,}"),
        ]
    )
    yield document.text("欠測", PART)
    if not silences:
        yield document.text("当月にかかる欠測はない。", SMALL)
        return
    ordered = sorted(silences, key=lambda each: (each.known, each.since, each.source))
    yield document.table(
        ("記録源", "開始", "終了", "理由", "申告番号・申告者"),
        [
            (
                each.source,
                minute(each.since),
                minute(each.until) or "継続中",
                words.reason(each.reason),
                "　".join(filter(None, (each.declared, brief(each.declared_by)))),
            )
            for each in ordered[:GAPS]
        ],
        (28, 33, 33, 44, 44),
    )
    if len(ordered) > GAPS:
        yield document.text(
            f"申告のないもの、古いものから {GAPS} 件。ほか {len(ordered) - GAPS:,} 件"
            "（01_coverage）。",
            SMALL,
        )


def _minutes(
    document: Document, facts: Facts, verifiers: Sequence[str]
) -> Iterator[Flowable]:
    cut, digest = facts.evidence.cut, root(facts.evidence.cut)
    yield document.text("議事録に残すチェックポイント", PART)
    lines: list[tuple[str, Any]] = [
        ("大きさ", f"{cut.size:,}"),
        ("日時", second(cut.at)),
        ("ルート", grouped(digest) if digest else "署名されたチェックポイントがない。"),
        *(("検証鍵", verifier) for verifier in verifiers),
    ]
    yield document.pairs(lines, 56)
    yield gap(3)
    yield document.text(
        "これらを議事録に印刷して残せば、後に示される証跡が当月までの記録を書き換えていないことを、"
        "誰でも確かめられる。この報告は内部監査（J.6.2）に代わるものではない。",
        SMALL,
    )
    yield gap(8)
    yield Table(
        [["確認日", "", "", "代表者", ""]],
        [40, MEASURE / 2 - 56, 16, 40, MEASURE / 2 - 40],
        [22],
        style=[
            ("FONT", (0, 0), (-1, -1), page.FONT, 8, 10),
            ("TEXTCOLOR", (0, 0), (-1, -1), page.SOFT),
            ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("LINEBELOW", (1, 0), (1, 0), 0.5, page.INK),
            ("LINEBELOW", (4, 0), (4, 0), 0.5, page.INK),
        ],
    )
    yield document.text(f"{generator()}　カタログ {facts.catalogue.fingerprint[:16]}…", SMALL)
