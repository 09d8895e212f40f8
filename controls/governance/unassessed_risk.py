"""GOV-03  リスクアセスメントと対応の最新性 — risks are assessed yearly and on change."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import due_by
from controls.events import RegisterDataset
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    months: int = limit(12, "months", "評価の間隔。", "Months between two assessments.")
    new_days: int = limit(
        30, "d", "新しいデータを評価するまでの日数。", "Days to assess a new dataset."
    )
    change_days: int = limit(
        30, "d", "変更の後に評価するまでの日数。", "Days to assess it after a change."
    )


CHANGES = ("items", "storage_systems", "purpose_codes")


def fact(line: RegisterDataset) -> Fact:
    return told(line, "line", *CHANGES, "status", "risk_assessed_on")


def checks(limits: Limits) -> tuple[Check, ...]:
    def assessed(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        active = [f for f in lines if f[4]["status"] == "active"]
        if not active:
            return
        retired = None if lines[-1][4]["status"] == "active" else lines[-1][0]
        known = [f for f in active if f[4]["risk_assessed_on"] is not None]
        first = active[0]
        end = day_end(jst_day(first[0]) + timedelta(days=limits.new_days))
        common: dict[str, Any] = {"subject": dataset, "item": "new", "events": (first[1],)}
        if retired is not None and retired <= end:
            yield Judgement("not_applicable", at=first[0], **common)
        else:
            done = min((f[0] for f in known), default=None)
            yield due_by(
                end, done, "MISSING", view, begun=first[0], over=retired is not None, **common
            )

    def current(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        """Each date of assessment, until the next one."""
        lines = standing(facts)
        retired = [f[0] for f in lines[-1:] if f[4]["status"] != "active"]
        dates = sorted({f[4]["risk_assessed_on"] for f in lines} - {None})
        for place, text in enumerate(dates):
            day = date.fromisoformat(text)
            last = add_months(day, limits.months)
            renewed = [f[0] for f in lines if (f[4]["risk_assessed_on"] or "") > text]
            for before, line in itertools.pairwise(lines):
                changed = any(before[4][name] != line[4][name] for name in CHANGES)
                since = jst_day(line[0])
                valid = line[4]["risk_assessed_on"] == text
                if changed and valid and day < since:
                    last = min(last, since + timedelta(days=limits.change_days))
            end = day_end(last)
            common: dict[str, Any] = {
                "subject": f"{dataset}|{text}", "item": text, "facts": {"last": text},
            }  # fmt: skip
            begun = next(f[0] for f in lines if f[4]["risk_assessed_on"] == text)
            if retired and retired[0] <= end and place == len(dates) - 1:
                yield Judgement("not_applicable", at=begun, **common)
            else:
                done = min(renewed, default=None)
                over = bool(retired)
                yield due_by(end, done, "OUTDATED", view, begun=begun, over=over, **common)

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (RegisterDataset,),
            one_key("dataset_id"),
            fact,
            judge,
            span=moment,
            by={RegisterDataset: "dataset_id"},
            awaits=(RegisterDataset,),
        )

    return (
        case("new", "MISSING", assessed),
        case("current", "OUTDATED", current),
    )


def line(at: str, assessed: str | None, **given: Any) -> RegisterDataset:
    said = {"dataset_id": "ds-members", "items": ["name"], "risk_assessed_on": assessed, **given}
    return event(RegisterDataset, at, **said)


CONTROL = Control(
    id="GOV-03",
    title=Text("リスクアセスメントと対応の最新性", "Risk assessment and treatment current"),
    requirement=Text(
        "台帳の全個人情報について年1回以上及び変更時にリスクアセスメントを行う。",
        "Every dataset in the register has a risk assessment at least yearly and on change.",
    ),
    sources=sources(
        seeds="PYX-9.6",
        appi="Art.23",
        ppc_guideline="10",
        pms_guideline="J.3.1.3; J.3.1.4; J.3.4",
    ),
    params=Limits(),
    codes={
        "MISSING": Code(
            "medium",
            Text(
                "新しいデータを new_days の終わりまでに評価していない。",
                "A new dataset was not assessed by the end of new_days.",
            ),
            Text("{subject}：リスクを評価していない。", "{subject}: its risks were not assessed."),
        ),
        "OUTDATED": Code(
            "medium",
            Text(
                "評価から months が、又は変更から change_days が過ぎた。",
                "months since the assessment, or change_days since a change.",
            ),
            Text(
                "{subject}：{last} の評価が古い。",
                "{subject}: the assessment of {last} is out of date.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "データ、評価日、残留リスクの責任者",
        "Dataset list × assessment date × residual risk owner",
    ),
    response=Text("責任者に割り当てる。", "Task to owner."),
    false_positives=Text("台帳の字句の修正。", "Cosmetic register edits."),
    examples=(
        breach(
            "MISSING",
            "31 日目の評価",
            "assessed in the first second after the thirtieth day",
            line("2026-11-02 10:00:00", None),
            line("2026-12-03 00:00:01", "2026-12-02"),
            subject="ds-members",
            severity="medium",
        ),
        fine(
            "MISSING",
            "30 日目の終わりの評価",
            "assessed at its end",
            line("2026-11-02 10:00:00", None),
            line("2026-12-03 00:00:00", "2026-12-02"),
        ),
        breach(
            "OUTDATED",
            "一年を過ぎた評価",
            "renewed in the first second after the year",
            line("2025-11-11 10:00:00", "2025-11-10"),
            line("2026-11-11 00:00:01", "2026-11-10"),
            subject="ds-members|2025-11-10",
            severity="medium",
        ),
        fine(
            "OUTDATED",
            "一年の終わりの評価",
            "renewed at its end",
            line("2025-11-11 10:00:00", "2025-11-10"),
            line("2026-11-11 00:00:00", "2026-11-10"),
        ),
        breach(
            "OUTDATED",
            "項目を増やして評価していない",
            "new items, and no assessment for a month",
            line("2026-10-01 10:00:00", "2026-09-30"),
            line("2026-11-02 10:00:00", "2026-09-30", items=["name", "email"]),
            until="2026-12-03T00:00:01+09:00",
        ),
        fine(
            "OUTDATED",
            "字句だけの変更",
            "another name only",
            line("2026-10-01 10:00:00", "2026-09-30"),
            line("2026-11-02 10:00:00", "2026-09-30", name="members"),
            until="2026-12-03T00:00:01+09:00",
        ),
    ),
)
