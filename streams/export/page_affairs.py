"""What a month's incidents, requests and contractors come to, in words, and the terms that ran."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from controls.kernel import DAY
from streams.export.page_facts import Facts, instant, minute

TERMS = (
    ("速報（法第26条第1項）", "prelim_due", "prelim_filed"),
    ("確報（法第26条第1項）", "final_due", "final_filed"),
)


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the law that ran in the month; `filed` None where nothing was; both cells."""

    what: str
    subject: str
    due: str
    filed: str | None

    @property
    def deadline(self) -> str:
        """To the minute; the end of a day is its 24:00."""
        if self.due[11:16] != "00:00":
            return minute(self.due)
        return f"{date.fromisoformat(self.due[:10]) - timedelta(days=1)} 24:00"

    def state(self, cut: int) -> str:
        """What became of it by the cut (ms)."""
        due = instant(self.due)
        if self.filed is not None:
            return "期限内" if instant(self.filed) <= due else "期限後"
        return "超過・未提出" if due < cut else f"進行中（残り {(due - cut) // DAY} 日）"


def incidents(facts: Facts) -> str:
    lines = facts.lines["08_incidents"]
    new = sum(_within(facts, line["known_at"]) for line in lines)
    owed = sum(bool(line["rule7"]) and not line["exempt"] for line in lines)
    left = sum(line["closed"] is None for line in lines)
    return (
        f"当月に知ったもの {new:,} 件。終結していないもの {left:,} 件。"
        f"報告の対象となるもの {owed:,} 件。"
    )


def requests(facts: Facts) -> str:
    lines = facts.lines["07_requests"]
    new = sum(_within(facts, line["arrived"]) for line in lines)
    answered = [line for line in lines if _within(facts, line["responded"])]
    left = sum(line["responded"] is None and line["decision"] is None for line in lines)
    longest = max((int(line["days"] or 0) for line in answered), default=None)
    most = "" if longest is None else f"（最長 {longest:,} 日）"
    return f"受付 {new:,} 件、回答 {len(answered):,} 件{most}、未決定 {left:,} 件。"


def contractors(facts: Facts) -> str:
    last = f"{facts.evidence.period.last}"
    lines = facts.lines["05_contractors"]
    running = [
        ln for ln in lines if ln["contract"] and not (ln["ended"] and str(ln["ended"]) < last)
    ]
    stale = sum(bool(ln["valid_until"]) and str(ln["valid_until"]) < last for ln in running)
    due = sum(bool(ln["next_audit"]) and str(ln["next_audit"]) < last for ln in running)
    bare = sum(not ln["contract"] and ln["first_provision"] is not None for ln in lines)
    ended = sum(_within(facts, ln["ended"]) for ln in lines)
    return (
        f"有効な契約 {len(running):,} 件、当月の終了 {ended:,} 件。評価の期限切れ {stale:,} 件、"
        f"監査の予定日超過 {due:,} 件、契約のない委託 {bare:,} 件。"
    )


def _within(facts: Facts, cell: Any) -> bool:
    period = facts.evidence.period
    return cell is not None and f"{period.first}" <= str(cell)[:10] <= f"{period.last}"


def terms(facts: Facts) -> Iterator[Term]:
    """Terms that were not met before the month began."""
    for line in facts.lines["08_incidents"]:
        for what, due, filed in TERMS:
            told = str(line[filed] or "").partition(" ")[0] or None
            over = told is not None and instant(told) < facts.evidence.period.start
            if line[due] is not None and not over:
                yield Term(what, str(line["incident_id"]), str(line[due]), told)
