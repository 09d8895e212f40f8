"""The report of a pack (PDF, Japanese): what was looked at, what was found, what was not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import BinaryIO

from reportlab.platypus import Flowable, HRFlowable, KeepTogether

from controls.catalogue import Catalogue
from dashboards.boards import panel
from dashboards.words import MEASURE as MEASURES
from streams.export import chart, page, page_controls, page_coverage
from streams.export import page_words as words
from streams.export.cut import Evidence
from streams.export.page import PART, SMALL, gap, turn
from streams.export.page_document import Document, Entry, Heading, beside
from streams.export.page_facts import Facts, generator, grouped, root, second
from streams.export.sample import Drawn
from streams.export.tables.table import Table as Rows

TITLE = ("個人情報保護マネジメントシステム", "運用証跡報告書")
HEADS = 8
"""Chains that the cover names."""


def report(
    out: BinaryIO,
    evidence: Evidence,
    catalogue: Catalogue,
    tables: Sequence[Rows],
    samples: Sequence[Drawn],
    seed: str,
) -> None:
    """Write the report; the same evidence, tables and samples give the same bytes."""
    facts = Facts(evidence, catalogue, tables)
    of = {drawn.control: drawn for drawn in samples}
    cut, digest = evidence.cut, root(evidence.cut)
    stamp = f"切取り点 {cut.size:,} ／ {second(cut.at)}"
    document = Document(
        "".join(TITLE),
        facts.organisation,
        (
            f"{TITLE[1]}　{facts.organisation}　{facts.period}",
            f"{stamp} ／ {digest[:16]}…" if digest else stamp,
        ),
        cut.at,
    )
    chapters = [
        ("overview", "1　概況", [*_overview(document, facts)]),
        ("scope", "2　範囲と網羅性", [*page_coverage.scope(document, facts)]),
        ("controls", "3　管理策の一覧", [*page_controls.overview(document, facts)]),
        ("results", "4　管理策ごとの結果", [*page_controls.results(document, facts, of)]),
        ("gaps", "5　欠測", [*page_coverage.gaps(document, facts)]),
        ("samples", "6　標本", [*page_controls.samples(document, samples, seed)]),
        ("reading", "7　読み方と確かめ方", [*_reading(document, facts)]),
    ]
    document.add(*_cover(document, facts, digest), *turn("page"))
    document.add(document.text("目次", page.CHAPTER), gap(6))
    for key, title, parts in chapters:
        document.add(Entry(key, title, 0))
        inner = [part for part in parts if isinstance(part, Heading)]
        document.add(*(Entry(part.key, part.title, 1) for part in inner))
    for key, title, parts in chapters:
        document.add(*turn(), document.heading(key, title), *parts)
    document.write(out, cover=True)


def _cover(document: Document, facts: Facts, digest: str | None) -> Iterator[Flowable]:
    evidence, cut = facts.evidence, facts.evidence.cut
    yield gap(84)
    yield document.text(TITLE[0], page.style(14, 20, page.SOFT))
    yield document.text(TITLE[1], page.style(30, 42, page.ACCENT))
    yield gap(14)
    yield HRFlowable("100%", 1.6, color=page.ACCENT, spaceAfter=2)
    yield document.text(facts.organisation, page.style(15, 24))
    yield document.text(f"対象期間　{facts.period}（日本時間、両端を含む）", page.style(10.5, 18))
    yield gap(30)
    in_force = facts.catalogue.fingerprint
    prints = [f"{p}{'（現行）' if p == in_force else ''}" for p in evidence.fingerprints]
    if in_force not in evidence.fingerprints:
        prints.append(f"{in_force}（現行、対象の判定には使われていない）")
    if digest:
        proof: tuple[str, str | list[str]] = ("ルートハッシュ", grouped(digest))
    else:
        proof = ("鎖の末尾", [*_links(evidence)])
    yield document.pairs(
        [
            ("切取り点", f"記録簿の大きさ {cut.size:,} ／ {second(cut.at)}"),
            proof,
            ("受け取った記録", words.received(facts.account)),
            ("判定", _judged(facts.total)),
            ("カタログの指紋", prints),
            ("作成", generator()),
        ]
    )
    yield gap(44)
    yield beside(
        [*_ruled(document, "この報告書が示すこと"), *document.items(words.PROVEN)],
        [*_ruled(document, "示さないこと"), *document.items(words.NOT_PROVEN)],
    )
    yield gap(10)
    yield document.text(words.NAMES, SMALL)


def _ruled(document: Document, title: str) -> Iterator[Flowable]:
    yield HRFlowable("100%", 0.8, color=page.ACCENT, spaceAfter=4)
    yield document.text(title, PART)


def _links(evidence: Evidence) -> Iterator[str]:
    heads = sorted(evidence.cut.heads.items())
    for (lane, partition), head in heads[:HEADS]:
        yield f"{lane}/{partition}　第 {head.number:,} ブロック　{grouped(head.link[:32])}…"
    if len(heads) > HEADS:
        yield f"ほか {len(heads) - HEADS} 本（第 2 章）"


def _judged(counts: Counter[str]) -> str:
    parts = "　".join(f"{name} {counts[kind]:,}" for kind, name in words.VERDICT.items())
    return f"母集団 {counts.total():,}：{parts}"


def _overview(document: Document, facts: Facts) -> Iterator[Flowable]:
    left = facts.open
    by_severity = Counter(str(line["severity"]) for line in left)
    yield document.figures(
        [
            ("母集団（判定の件数）", f"{facts.total.total():,}"),
            *((name, f"{facts.total[kind]:,}") for kind, name in words.VERDICT.items()),
        ]
    )
    yield gap(4)
    yield document.figures(
        [
            ("未処置の所見", f"{len(left):,}"),
            *((f"うち{n}", f"{by_severity[each]:,}") for each, n in words.SEVERITY.items()),
        ]
    )
    yield gap(6)
    yield document.text(words.COUNTED, SMALL)
    yield from document.notes(words.revised(facts.revised))
    months, counts = _by_month(facts)
    yield KeepTogether(
        [
            document.text(f"{panel('violations-by-severity').title.ja}（発生月）", PART),
            chart.severities(months, counts),
            document.text(
                "期間より前に発生し、切取り点で未処置か、期間内に見つかったものは「以前」に含む。",
                SMALL,
            ),
        ]
    )
    rows = [(MEASURES[name].ja, counts) for name, counts in facts.measures.items()]
    yield KeepTogether(
        [document.text(panel("measures").title.ja, PART), gap(2), chart.populations(rows)]
    )


def _by_month(facts: Facts) -> tuple[list[str], Counter[tuple[str, str]]]:
    """Months of the period, `以前` before them where something is, and the violations of each."""
    period = facts.evidence.period
    months, day = [], period.first.replace(day=1)
    while day <= period.last:
        months.append(f"{day.year}-{day.month:02}")
        day = (day + timedelta(days=31)).replace(day=1)
    counts: Counter[tuple[str, str]] = Counter()
    for line in facts.findings:
        if line["verdict"] != "violation":
            continue
        month = str(line["occurred_at"])[:7]
        early = str(line["occurred_at"])[:10] < f"{period.first}"
        counts["以前" if early else month, str(line["severity"])] += 1
    return [*(["以前"] if any(m == "以前" for m, _ in counts) else []), *months], counts


def _reading(document: Document, facts: Facts) -> Iterator[Flowable]:
    yield document.text("用語", PART)
    yield document.pairs(words.MEANING.items())
    yield document.text("重大度", PART)
    yield document.pairs(
        [(f"{name}（{each}）", words.ALERT[each]) for each, name in words.SEVERITY.items()]
    )
    yield document.text("確かめ方", PART)
    yield from document.items(words.PROOF)
    yield from document.notes(words.lacking(document.letters.lacking))
