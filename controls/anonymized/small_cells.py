"""ANO-05  統計情報の非識別 — statistics identify nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.anonymized import SOURCE_STATS
from controls.books.core import DATASETS
from controls.events import RegisterDataset, StatsCreated
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    k: int = limit(
        10,
        "persons",
        "最小のセルの人数（法の数ではなく社内の基準）。",
        "Persons in the smallest cell: a house rule, not law.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def large(stats: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for table in standing(facts):
            said = table[4]
            source = view.latest(DATASETS, said["source_dataset_id"], table[0])
            common: dict[str, Any] = {
                "subject": stats, "item": table[1], "at": table[0], "events": (table[1],),
            }  # fmt: skip
            if source is not None and source.principals_estimate == 0:
                yield Judgement("not_applicable", **common)
            elif said["min_cell"] >= limits.k or said["suppression"]:
                yield Judgement("pass", **common)
            else:
                severity: Any = "high" if said["external"] else "medium"
                yield Judgement("violation", "SMALL_CELL", severity=severity, **common)

    def of_source(line: RegisterDataset, view: View) -> Iterable[str]:
        return [table.stats_id for table in view.all(SOURCE_STATS, line.dataset_id)]

    return (
        Case(
            "cells",
            ("SMALL_CELL",),
            (StatsCreated,),
            one_key("stats_id"),
            lambda s: told(s, "table", "source_dataset_id", "min_cell", "suppression", "external"),
            large,
            span=moment,
            by={StatsCreated: "stats_id"},
            touches={RegisterDataset: of_source},
        ),
    )


def table(**given: Any) -> StatsCreated:
    said = {"stats_id": "st-1", "source_dataset_id": "ds-members", "min_cell": 9, **given}
    return event(StatsCreated, "2026-11-11 10:00:00", **said)


def dataset(persons: int) -> RegisterDataset:
    return event(
        RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-members",
        principals_estimate=persons,
    )  # fmt: skip


CONTROL = Control(
    id="ANO-05",
    title=Text("統計情報の非識別", "Statistics identify nobody"),
    requirement=Text(
        "統計は最小セル基準又は秘匿を満たす。",
        "Published or provided statistics meet the minimum cell size or suppression.",
    ),
    sources=sources(
        seeds="MIX-ST1; MIX-ST2; PIC-U2",
        appi="Art.2(1)",
        ppc_guideline="anon. vol. (statistics note)",
        pms_guideline="J.8.6",
    ),
    params=Limits(),
    codes={
        "SMALL_CELL": Code(
            "medium",
            Text(
                "最小のセルが k 人に満たず、秘匿もしていない（外部への統計は high）。",
                "A cell of fewer than k persons without suppression; high where it goes outside.",
            ),
            Text("{subject}：小さなセル。", "{subject}: a cell too small."),
        ),
    },
    checks=checks,
    evidence=Text("k と秘匿", "k, suppression"),
    response=Text("取り下げる。", "Withdraw."),
    false_positives=Text("k は社内の基準。", "k is a house rule, not law."),
    examples=(
        breach(
            "SMALL_CELL",
            "九人のセル",
            "a cell of nine",
            table(min_cell=9),
            subject="st-1",
            severity="medium",
        ),
        fine("SMALL_CELL", "十人のセル", "a cell of ten", table(min_cell=10)),
        breach(
            "SMALL_CELL",
            "外部に出した九人のセル",
            "a cell of nine that goes outside",
            table(external=True),
            severity="high",
        ),
        fine("SMALL_CELL", "秘匿した統計", "suppressed", table(suppression=True)),
        fine("SMALL_CELL", "人を含まないデータ", "from data without persons", dataset(0), table()),
    ),
)
