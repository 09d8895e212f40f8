"""OUT-04  委託先の定期監査・評価 — every contractor is looked at once a year, by risk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from controls.books.core import DATASETS
from controls.calendar import add_months, day_end, day_start, jst_day
from controls.deadlines import due_by
from controls.events import (
    ContractorAudited,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    RegisterDataset,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.outsourcing.dossier import by_contractor, fact, holds, last_moment, of_dataset
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing


class Limits(Params):
    months: int = limit(12, "months", "監査の間隔。", "Months between two audits.")
    big_n: int = limit(
        10_000,
        "persons",
        "一回の提供がこの人数以上なら高リスクとする。",
        "Persons in one provision from which a contractor is of high risk.",
    )
    high_risk_months: int = limit(
        6, "months", "高リスクの委託先の監査の間隔。", "Months between two audits at high risk."
    )
    overdue_high_days: int = limit(
        90, "d", "期限をこれより過ぎると重大とする日数。", "Days overdue from which it is high."
    )
    light_months: int = limit(
        36,
        "months",
        "高リスクの委託先をこの期間質問票だけで監査しない。",
        "Months in which a large contractor is not audited by questionnaire alone.",
    )


GRAVE = ("card", "my_number")
"""Classes of data that make a contractor one of high risk."""


def checks(limits: Limits) -> tuple[Check, ...]:
    def risky(given: Sequence[Fact], view: View) -> date | None:
        """The day from which the contractor is of high risk."""
        for provision in given:
            line = view.latest(DATASETS, provision[4]["dataset_id"], provision[0])
            grave = line is not None and (line.sensitive or line.dataset_class in GRAVE)
            if grave or provision[4]["principals_count"] >= limits.big_n:
                return jst_day(provision[0])
        return None

    def due(start: date, audit: Fact | None, risk: date | None) -> date:
        last = add_months(start, limits.months)
        if risk is not None:
            last = min(last, max(risk, add_months(start, limits.high_risk_months)))
        if audit is not None:
            last = min(last, max(start, date.fromisoformat(audit[4]["next_due"])))
        return last

    def terms(
        facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[Fact | None, date, date, Fact | None, bool]]:
        """(audit before, first day, last day, audit after, still owed at the end) of each term;
        one that ends while the contractor has no data begins anew with the next provision."""
        given, audits = standing(facts, "entrusted"), standing(facts, "audited")
        first, risk = jst_day(given[0][0]), risky(given, view)
        starts: list[Fact | None] = [*audits]
        if not audits or jst_day(audits[0][0]) > first:
            starts = [None, *audits]
        for place, audit in enumerate(starts):
            after = starts[place + 1] if place + 1 < len(starts) else None
            start = first if audit is None else jst_day(audit[0])
            while True:
                last = due(start, audit if audit and start == jst_day(audit[0]) else None, risk)
                owed = holds(facts, day_end(last))
                yield audit, start, last, after, owed
                again = next((jst_day(p[0]) for p in given if jst_day(p[0]) > last), None)
                if owed or again is None or (after is not None and jst_day(after[0]) <= again):
                    break
                start = again

    def audited(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not standing(facts, "entrusted"):
            return
        for audit, start, last, after, owed in terms(facts, view):
            code = "NEVER" if audit is None else "OVERDUE"
            day = "" if audit is None else f"|{jst_day(audit[0])}"
            end, begun = day_end(last), day_start(start)
            common: dict[str, Any] = {
                "subject": f"{contractor}{day}", "item": f"{code} {start}",
                "facts": {"last": f"{start}", "due": f"{last}"},
            }  # fmt: skip
            done = None if after is None else after[0]
            if not owed and (done is None or done > end):
                yield Judgement("not_applicable", at=begun, until=end, **common)
                continue
            grave = day_end(last + timedelta(days=limits.overdue_high_days))
            reached = view.now if done is None else done
            over = not holds(facts, view.now)
            judged = due_by(
                end, done, code, view, begun=begun, over=over,
                severity="high" if code == "NEVER" or reached > grave else "medium", **common,
            )  # fmt: skip
            if judged.verdict == "not_applicable" and audit is not None:
                judged = replace(judged, verdict="pass")  # the last audit still holds
            elif judged.code is not None and not judged.closed:
                turns = [t for t in (grave, last_moment(facts)) if t is not None]
                judged = replace(
                    judged, until=min((t for t in turns if t >= view.now), default=None)
                )
            yield judged

    def light(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        audits, given = standing(facts, "audited"), standing(facts, "entrusted")
        overdue = {
            audit[1]
            for audit, _, last, after, owed in (terms(facts, view) if given else ())
            if audit is not None
            and owed
            and (view.now if after is None else after[0]) > day_end(last)
        }
        for place, audit in enumerate(audits):
            since = add_months(jst_day(audit[0]), -limits.light_months)
            before = [p for p in given if p[0] <= audit[0]]
            large = any(p[4]["principals_count"] >= limits.big_n for p in before)
            if audit[1] in overdue or not large or jst_day(before[0][0]) > since:
                continue
            lately = [a for a in audits[: place + 1] if jst_day(a[0]) > since]
            if any(a[4]["method"] != "questionnaire" for a in lately):
                continue
            later = any(a[4]["method"] != "questionnaire" for a in audits[place + 1 :])
            yield Judgement(
                "violation", "LIGHT", contractor, audit[0], item=f"LIGHT {audit[1]}",
                events=(audit[1],), closed=later,
            )  # fmt: skip

    def known(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision in standing(facts, "entrusted"):
            dataset = provision[4]["dataset_id"]
            if view.latest(DATASETS, dataset, provision[0]) is None:
                yield Judgement(
                    "indeterminate", None, contractor, provision[0], item=f"risk {provision[1]}",
                    events=(provision[1],), missing=(f"datasets {dataset}",),
                )  # fmt: skip

    def judge(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        yield from audited(contractor, facts, view)
        yield from known(contractor, facts, view)

    def case(name: str, codes: tuple[str, ...], how: Any) -> Case:
        return Case(
            name,
            codes,
            (
                ContractorAudited,
                ContractorDataEntrusted,
                ContractorContracted,
                ContractorContractEnded,
                ContractorDataSettled,
            ),
            by_contractor,
            fact,
            how,
            span=moment,
            by={ContractorDataEntrusted: "contractor_id"},
            touches={RegisterDataset: of_dataset},
            awaits=(ContractorAudited,),
        )

    return (
        case("audited", ("NEVER", "OVERDUE"), judge),
        case("lightly", ("LIGHT",), light),
    )


def provided(at: str, **given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        at,
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "dataset_id": "ds-orders",
            "principals_count": 900,
            "country": "JP",
            **given,
        },
    )


def audit(at: str, **given: Any) -> ContractorAudited:
    return event(
        ContractorAudited,
        at,
        **{
            "contractor_id": "ctr-printer",
            "method": "onsite",
            "result": "ok",
            "next_due": "2030-01-01",
            **given,
        },
    )


def settled(at: str, **given: Any) -> ContractorDataSettled:
    return event(
        ContractorDataSettled,
        at,
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "dataset_id": "ds-orders",
            **given,
        },
    )


def contracted(until: str) -> ContractorContracted:
    return event(
        ContractorContracted,
        "2026-04-01 10:00:00",
        contractor_id="ctr-printer",
        contract_id="con-1",
        effective_from="2026-04-01",
        effective_to=until,
    )


def dataset(**given: Any) -> RegisterDataset:
    return event(RegisterDataset, "2023-01-10 09:00:00", **{"dataset_id": "ds-orders", **given})


FIRST = "2026-04-10 10:00:00"

CONTROL = Control(
    id="OUT-04",
    title=Text("委託先の定期監査・評価", "Contractor supervised at least yearly"),
    requirement=Text(
        "稼働中の委託先の取扱状況を年1回以上確認する。",
        "Handling status of each active contractor is checked at least yearly, by risk.",
    ),
    sources=sources(
        seeds="PYX-5.3; PYX-5.4; PER-4.7c; MIX-O2; MIX-M0b; PIC-O3; JUS-5b",
        appi="Art.25",
        ppc_guideline="3-4-4(3)",
        pms_guideline="J.9.4*",
    ),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "medium",
            Text(
                "前の監査から months（高リスクは high_risk_months）又は次回期限が過ぎた"
                "（overdue_high_days を過ぎれば high）。",
                "months (high_risk_months at high risk) or the next due day have passed since the "
                "last audit; high after overdue_high_days.",
            ),
            Text(
                "{subject}：{last} 以来、委託先を監査していない（期限 {due}）。",
                "{subject}: the contractor has not been audited since {last} (due {due}).",
            ),
        ),
        "NEVER": Code(
            "high",
            Text(
                "最初の提供から months（高リスクは high_risk_months）が過ぎても監査がない。",
                "No audit within months (high_risk_months at high risk) of the first provision.",
            ),
            Text(
                "{subject}：{last} の最初の提供以来、一度も監査していない。",
                "{subject}: never audited since data first went there on {last}.",
            ),
        ),
        "LIGHT": Code(
            "low",
            Text(
                "big_n 以上を渡す委託先を light_months、質問票だけで監査している。",
                "A contractor with big_n persons or more was audited by questionnaire alone for "
                "light_months.",
            ),
            Text(
                "{subject}：大量のデータを渡しながら、監査は質問票だけである。",
                "{subject}: holds much data and is audited by questionnaire alone.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("監査の一覧、方法、指摘、次回期限", "Audit list, method, findings, next due day"),
    response=Text("監査を予定する。", "Schedule an audit."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "OVERDUE",
            "監査から一年を過ぎた",
            "a year and a second after the audit",
            dataset(),
            audit("2026-04-01 10:00:00"),
            provided(FIRST),
            subject="ctr-printer|2026-04-01",
            severity="medium",
            until="2027-04-02T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "一年目の終わり",
            "at the end of the year",
            dataset(),
            audit("2026-04-01 10:00:00"),
            provided(FIRST),
            until="2027-04-02T00:00:00+09:00",
        ),
        breach(
            "OVERDUE",
            "次回期限の翌日の監査",
            "audited on the day after the due day it set itself",
            dataset(),
            audit("2026-04-01 10:00:00", next_due="2026-09-30"),
            provided(FIRST),
            audit("2026-10-01 00:00:01"),
            subject="ctr-printer|2026-04-01",
        ),
        fine(
            "OVERDUE",
            "次回期限の終わりの監査",
            "audited at the end of that day",
            dataset(),
            audit("2026-04-01 10:00:00", next_due="2026-09-30"),
            provided(FIRST),
            audit("2026-10-01 00:00:00"),
        ),
        breach(
            "OVERDUE",
            "高リスク（要配慮情報）の委託先を半年監査していない",
            "six months at high risk, for the data is sensitive",
            dataset(sensitive=True),
            audit("2026-04-01 10:00:00"),
            provided(FIRST),
            until="2026-10-02T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "高リスクでない委託先",
            "six months where the data is not",
            dataset(sensitive=False),
            audit("2026-04-01 10:00:00"),
            provided(FIRST),
            until="2026-10-02T00:00:01+09:00",
        ),
        breach(
            "OVERDUE",
            "期限から 90 日を過ぎた",
            "ninety days overdue",
            dataset(),
            audit("2026-04-01 10:00:00"),
            provided(FIRST),
            severity="high",
            until="2027-07-01T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "すべて返却された委託先",
            "all of it has come back",
            dataset(),
            audit("2026-04-01 10:00:00"),
            provided(FIRST),
            settled("2026-12-01 10:00:00"),
            until="2027-04-02T00:00:01+09:00",
        ),
        breach(
            "NEVER",
            "最初の提供から一年、監査がない",
            "no audit a year after the first provision",
            dataset(),
            provided(FIRST),
            subject="ctr-printer",
            severity="high",
            until="2027-04-11T00:00:01+09:00",
        ),
        fine(
            "NEVER",
            "一年目の終わり",
            "at the end of that year",
            dataset(),
            provided(FIRST),
            until="2027-04-11T00:00:00+09:00",
        ),
        breach(
            "NEVER",
            "一万人分を渡し、半年監査がない",
            "ten thousand persons, no audit in half a year",
            dataset(),
            provided(FIRST, principals_count=10_000),
            until="2026-10-11T00:00:01+09:00",
        ),
        fine(
            "NEVER",
            "9,999 人分",
            "one person fewer",
            dataset(),
            provided(FIRST, principals_count=9_999),
            until="2026-10-11T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "期限より前に契約が終わった",
            "the contract ended before the due day",
            dataset(),
            contracted("2027-03-31"),
            audit("2026-04-01 10:00:00"),
            provided(FIRST),
            until="2027-04-02T00:00:01+09:00",
        ),
        fine(
            "NEVER",
            "契約が終わった委託先",
            "its contract has ended",
            dataset(),
            contracted("2027-04-09"),
            provided(FIRST),
            until="2027-04-11T00:00:01+09:00",
        ),
        breach(
            "LIGHT",
            "三年間、質問票だけ",
            "questionnaires alone for three years",
            dataset(),
            provided("2023-04-01 10:00:00", principals_count=10_000),
            audit("2023-09-20 10:00:00", method="onsite"),
            audit("2024-03-10 10:00:00", method="questionnaire"),
            audit("2024-09-01 10:00:00", method="questionnaire"),
            audit("2025-02-20 10:00:00", method="questionnaire"),
            audit("2025-08-10 10:00:00", method="questionnaire"),
            audit("2026-02-01 10:00:00", method="questionnaire"),
            audit("2026-07-20 10:00:00", method="questionnaire"),
            audit("2026-10-01 10:00:00", method="questionnaire"),
            subject="ctr-printer",
            severity="low",
        ),
        fine(
            "LIGHT",
            "三年の間に一度は実地で監査した",
            "once onsite within the three years",
            dataset(),
            provided("2023-04-01 10:00:00", principals_count=10_000),
            audit("2023-09-20 10:00:00", method="onsite"),
            audit("2024-03-10 10:00:00", method="questionnaire"),
            audit("2024-09-01 10:00:00", method="onsite"),
            audit("2025-02-20 10:00:00", method="questionnaire"),
            audit("2025-08-10 10:00:00", method="questionnaire"),
            audit("2026-02-01 10:00:00", method="questionnaire"),
            audit("2026-07-20 10:00:00", method="questionnaire"),
            audit("2026-10-01 10:00:00", method="questionnaire"),
        ),
        unknown(
            "NEVER",
            "台帳にないデータ（リスクがわからない）",
            "data that is not registered, so its risk is unknown",
            provided(FIRST),
        ),
    ),
)
