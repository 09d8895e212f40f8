"""What the printed reports tell, drawn from a pack's tables so that both always agree."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib import metadata
from typing import Any

from controls.calendar import jst_text
from controls.catalogue import MEASURES, Catalogue
from controls.kernel import DAY, SEVERITIES
from streams.evidence.log import read_checkpoint
from streams.export.cut import Cut, Evidence
from streams.export.tables.table import Cell, Table
from streams.export.tables.verdicts import VERDICTS

WORST: tuple[str, ...] = tuple(reversed(SEVERITIES))
ACCOUNT = ("received", "evaluated", "rejected", "duplicates")
PSEUDONYM = re.compile(r"(ps\d{4}_[a-z2-7]{8})[a-z2-7]+", re.ASCII)
Line = dict[str, Cell]
"""A row by its columns' keys."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A gap of a source: when it began, when it ended (None: not yet), why, who declared it, and
    what is kept instead; moments as cells of tables."""

    source: str
    since: str
    until: str | None
    reason: str
    declared: str
    declared_by: str
    document: str

    @property
    def known(self) -> bool:
        """Whether somebody declared it."""
        return self.reason.endswith(", declared")


class Facts:
    """The tables by name, a line a row, and the sums that are said in words."""

    def __init__(self, evidence: Evidence, catalogue: Catalogue, tables: Sequence[Table]) -> None:
        self.evidence, self.catalogue = evidence, catalogue
        self.lines: Mapping[str, list[Line]] = {
            table.name: [
                dict(zip([column.key for column in table.columns], row, strict=True))
                for row in table.rows
            ]
            for table in tables
        }

    @cached_property
    def organisation(self) -> str:
        """The id of the organisation, as its events say it; else the log's origin."""
        row = next(self.evidence.all("events"), None)
        return str(row["org_id"]) if row else self.evidence.cut.note.partition("\n")[0]

    @property
    def period(self) -> str:
        return f"{self.evidence.period.first} ～ {self.evidence.period.last}"

    @cached_property
    def controls(self) -> dict[str, Line]:
        return {str(line["control"]): line for line in self.lines["02_controls"]}

    @cached_property
    def total(self) -> Counter[str]:
        """Judgements by verdict."""
        return _verdicts(self.controls.values())

    @cached_property
    def measures(self) -> dict[str, Counter[str]]:
        """Judgements by measure and verdict, measures in the catalogue's order."""
        own: dict[str, list[Line]] = defaultdict(list)
        for name, line in self.controls.items():
            own[self.catalogue.measures[name]].append(line)
        return {name: _verdicts(own[name]) for name in MEASURES if name in own}

    @cached_property
    def revised(self) -> list[str]:
        """Controls of which more judgements were taken back than made, of some verdict: those were
        counted before the period."""
        return [n for n, line in self.controls.items() if min(_verdicts([line]).values()) < 0]

    @cached_property
    def findings(self) -> list[Line]:
        """03, each with `detected_at` (ms), the worst first, then the oldest."""
        detected = {f["finding_id"]: f["detected_at"] for f in self.evidence.findings}
        found = [
            line | {"detected_at": detected[line["verdict_id"]]}
            for line in self.lines["03_violations"]
        ]
        return sorted(found, key=_gravity)

    @cached_property
    def open(self) -> list[Line]:
        """Findings that were not over at the cut."""
        return [line for line in self.findings if line["closed_at"] is None]

    @cached_property
    def by_control(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.findings:
            found[str(line["control"])].append(line)
        return found

    @cached_property
    def account(self) -> Counter[str]:
        """What was received in the period, and what became of it."""
        return _account(self.lines["01_coverage"])

    @cached_property
    def sources(self) -> dict[str, list[Line]]:
        """The days of every source, '' where a line did not say whose it is."""
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines["01_coverage"]:
            found[str(line["source"])].append(line)
        return dict(sorted(found.items()))

    @cached_property
    def silences(self) -> list[Silence]:
        """Gaps by source and beginning, each once however many days it lasts."""
        found: dict[tuple[str, str, str, str], Silence] = {}
        for source, days in self.sources.items():
            for line in days:
                cells = [str(line[key] or "") for key in ("gap_from", "gap_to", "reason")]
                if not cells[0]:
                    continue
                named = [str(line[key] or "") for key in ("declared", "declared_by")]
                for since, until, why in zip(*(cell.split("; ") for cell in cells), strict=True):
                    number, by = named if why.endswith(", declared") else ("", "")
                    found.setdefault(
                        (source, since, until, why),
                        Silence(
                            source, since, None if until == "open" else until, why, number, by,
                            str(line["compensating"] or ""),
                        ),
                    )  # fmt: skip
        return sorted(found.values(), key=lambda gap: (gap.source, gap.since, gap.reason))

    def age(self, line: Line) -> int:
        """Whole days from a finding's detection to the cut."""
        detected: Any = line["detected_at"]
        return max(0, int(self.evidence.cut.at - detected) // DAY)


def _gravity(line: Line) -> tuple[int, str, str]:
    return (
        WORST.index(str(line["severity"])),
        str(line["occurred_at"]),
        str(line["verdict_id"]),
    )


def _verdicts(lines: Any) -> Counter[str]:
    keys = dict(zip(VERDICTS, ("pass", "violation", "na", "indeterminate"), strict=True))
    return Counter({name: sum(line[key] for line in lines) for name, key in keys.items()})


def _account(lines: Any) -> Counter[str]:
    return Counter({figure: sum(line[figure] for line in lines) for figure in ACCOUNT})


def account(lines: Sequence[Line]) -> Counter[str]:
    """The figures of some lines of 01, summed."""
    return _account(lines)


def heard(line: Line) -> bool:
    """Whether a source gave any sign of life on the day of a line of 01."""
    return bool(line["received"] or line["heartbeats"])


def root(cut: Cut) -> str | None:
    """The root of the log's tree (hex) that the cut's checkpoint states; None without one."""
    return read_checkpoint(cut.note)[2].hex() if cut.note else None


def grouped(digest: str) -> str:
    """Hex digits in groups of four, to be read out and compared."""
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def instant(cell: str) -> int:
    """The moment (ms) that a cell states."""
    return round(datetime.fromisoformat(cell).timestamp() * 1000)


def minute(at: int | str | None) -> str:
    """An instant (ms, or a cell) to the minute, in JST: `2026-05-12 23:45`."""
    text = jst_text(at) if isinstance(at, int) else at or ""
    return text[:16].replace("T", " ")


def second(at: int) -> str:
    """An instant (ms) to the second: `2026-05-12 23:45:47 JST`."""
    return jst_text(at)[:19].replace("T", " ") + " JST"


def brief(text: str) -> str:
    """A text with its pseudonyms cut to eight letters; 03_violations has them whole."""
    return PSEUDONYM.sub(r"\1…", text)


def generator() -> str:
    """Name and version of what makes the report."""
    try:
        return f"Shoseki {metadata.version('shoseki')}"
    except metadata.PackageNotFoundError:
        return "Shoseki"
