"""RET-01  不要個人データの消去 — what is no longer needed is deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.core import DATASETS
from controls.books.records import DATASET_RECORDS
from controls.calendar import add_months, day_end
from controls.events import HoldChanged, RecordDisposed, RecordRetention, RegisterDataset
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.retention.record import by_record, fact, held, released
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told

RULE = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:@([a-z_]+))?")
"""`<ISO 8601 duration>@<trigger>`; without the trigger any of them counts."""


class Limits(Params):
    grace_days: int = limit(
        30, "d", "保存期間の後、消去までの日数。", "Days of grace after the period."
    )
    high_days: int = limit(
        180, "d", "期限をこれより過ぎると重大とする日数。", "Days overdue from which it is high."
    )


def rule_of(text: str) -> tuple[int, int, str | None] | None:
    """(months, days, trigger) of a retention rule; None where it is none."""
    found = RULE.fullmatch(text.strip())
    if found is None or not any(found.groups()[:4]):
        return None
    years, months, weeks, days = (int(part or 0) for part in found.groups()[:4])
    return 12 * years + months, 7 * weeks + days, found[5]


def version(event: RegisterDataset) -> Fact:
    return told(event, "version", "retention_rule", "status")


def checks(limits: Limits) -> tuple[Check, ...]:
    def ruled(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts):
            common: dict[str, Any] = {
                "subject": dataset, "item": line[1], "at": line[0], "events": (line[1],),
            }  # fmt: skip
            if line[4]["status"] != "active":
                yield Judgement("not_applicable", **common)
            elif rule_of(line[4]["retention_rule"]) is None:
                yield Judgement("violation", "NO_RULE", **common)
            else:
                yield Judgement("pass", **common)

    def overdue(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts, "retention")
        if not lines or lines[-1][4]["class"] in ("card", "request_docs"):
            return
        common: dict[str, Any] = {
            "subject": record, "item": "overdue", "events": (lines[0][1],),
        }  # fmt: skip
        dataset = lines[-1][4]["dataset"]
        if dataset is None:
            yield Judgement("not_applicable", at=lines[0][0], **common)  # RET-04
            return
        entry = view.latest(DATASETS, dataset, FOREVER - 1)
        rule = rule_of(entry.retention_rule) if entry is not None else None
        if rule is None:
            missing = (f"retention rule of dataset {dataset}",)
            yield Judgement("indeterminate", at=lines[0][0], missing=missing, **common)
            return
        months, days, trigger = rule
        begins = [
            date.fromisoformat(line[4]["on"])
            for line in lines
            if trigger in (None, line[4]["trigger"])
        ]
        if not begins:
            yield Judgement("not_applicable", at=lines[0][0], **common)
            return
        due = add_months(max(begins), months) + timedelta(days=days)
        last = due + timedelta(days=limits.grace_days)
        common["facts"] = {"due": f"{last}"}
        gone = next(iter(standing(facts, "disposed")), None)
        if gone is None and held(facts, view.now):
            yield Judgement("not_applicable", at=lines[0][0], **common)
            return
        end = released(facts, day_end(last))
        grave = released(facts, day_end(last + timedelta(days=limits.high_days)))
        until = day_end(date.fromisoformat(gone[4]["on"])) if gone else view.now
        if gone is not None and until <= end:
            yield Judgement("pass", at=gone[0], **common)
        elif until > end:
            yield Judgement(
                "violation", "OVERDUE", at=end, detected=end, since=lines[0][0],
                severity="high" if until > grave else "medium", closed=gone is not None,
                until=grave if gone is None and until <= grave else None, **common,
            )  # fmt: skip
        else:
            yield Judgement("not_applicable", at=lines[0][0], until=end, **common)

    def verified(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for gone in standing(facts):
            common: dict[str, Any] = {
                "subject": record, "item": gone[1], "at": gone[0], "events": (gone[1],),
            }  # fmt: skip
            if gone[4]["verified_by_ref"] in (None, "", gone[4]["actor_ref"]):
                yield Judgement("violation", "UNVERIFIED", **common)
            else:
                yield Judgement("pass", **common)

    def of_dataset(line: RegisterDataset, view: View) -> list[str]:
        return [each.record_id for each in view.all(DATASET_RECORDS, line.dataset_id)]

    def disposal(event: RecordDisposed) -> Fact:
        return told(event, "disposed", "actor_ref", "verified_by_ref")

    return (
        Case(
            "rule",
            ("NO_RULE",),
            (RegisterDataset,),
            one_key("dataset_id"),
            version,
            ruled,
            span=moment,
            by={RegisterDataset: "dataset_id"},
        ),
        Case(
            "overdue",
            ("OVERDUE",),
            (RecordRetention, RecordDisposed, HoldChanged),
            by_record,
            fact,
            overdue,
            span=moment,
            by={RecordRetention: "record_id"},
            touches={RegisterDataset: of_dataset},
            awaits=(RecordDisposed,),
        ),
        Case(
            "verification",
            ("UNVERIFIED",),
            (RecordDisposed,),
            by_record,
            disposal,
            verified,
            span=moment,
            by={RecordDisposed: "record_id"},
        ),
    )


def dataset(rule: str = "P1Y@purpose_end", **given: Any) -> RegisterDataset:
    return event(
        RegisterDataset,
        "2025-01-10 09:00:00",
        **{"dataset_id": "ds-members", "status": "active", "retention_rule": rule, **given},
    )


def rows(at: str, **given: Any) -> RecordRetention:
    return event(
        RecordRetention,
        at,
        **{
            "record_id": "rec-1",
            "record_class": "dataset_row_group",
            "dataset_id": "ds-members",
            "trigger": "purpose_end",
            "trigger_on": "2025-10-01",
            **given,
        },
    )


def disposed(at: str, **given: Any) -> RecordDisposed:
    return event(
        RecordDisposed,
        at,
        **{
            "record_id": "rec-1",
            "record_class": "dataset_row_group",
            "method": "erase",
            "disposed_on": at[:10],
            "actor_ref": "sato",
            "verified_by_ref": "abe",
            **given,
        },
    )


ENDED = "2025-10-01 18:00:00"

CONTROL = Control(
    id="RET-01",
    title=Text("不要個人データの消去", "Delete when no longer needed"),
    requirement=Text(
        "保存期間を定め、経過後は遅滞なく消去し記録する。",
        "Each dataset has a retention rule; records past it are disposed without delay with a "
        "record.",
    ),
    sources=sources(
        seeds="PYX-2.d.i; PER-1.t11; PIC-U1.3; JUS-U1.5",
        appi="Art.22",
        ppc_guideline="3-4-1; 10-5(4)",
        pms_guideline="J.9.1",
    ),
    params=Limits(),
    codes={
        "NO_RULE": Code(
            "medium",
            Text(
                "台帳に保存期間がない、または「期間@起算」の形でない。",
                "The register states no retention rule, or not in the form duration@trigger.",
            ),
            Text("{subject}：保存期間の定めがない。", "{subject}: no retention rule is stated."),
        ),
        "OVERDUE": Code(
            "medium",
            Text(
                "保存期間と猶予の終わりまでに消去していない（high_days を過ぎれば high）。",
                "Not disposed of by the end of its period and the grace; high after high_days.",
            ),
            Text(
                "{subject}：{due} の終わりまでに消去していない。",
                "{subject}: not disposed of by the end of {due}.",
            ),
        ),
        "UNVERIFIED": Code(
            "low",
            Text(
                "消去を、行った者以外が確認していない。",
                "Nobody but who did it has verified the disposal.",
            ),
            Text(
                "{subject}：消去を別の者が確認していない。",
                "{subject}: the disposal was not verified by another person.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("区分、期限、消去日、件数", "Class, due, disposed, count"),
    response=Text("消去を実行する。", "Run deletion."),
    false_positives=Text(
        "バックアップ：失効の周期を文書にする。", "Backups: document their expiry cycle."
    ),
    examples=(
        breach(
            "NO_RULE",
            "保存期間の欄が空白",
            "the rule is blank",
            dataset(""),
            subject="ds-members",
            severity="medium",
        ),
        fine("NO_RULE", "五年と定めた", "five years", dataset("P5Y@contract_end")),
        breach("NO_RULE", "「5年」と書いただけ", "only the words", dataset("5 years")),
        breach(
            "OVERDUE",
            "猶予の翌日に消去した",
            "disposed of on the day after the grace",
            dataset(),
            rows(ENDED),
            disposed("2026-11-01 10:00:00", disposed_on="2026-11-01"),
            subject="rec-1",
            severity="medium",
        ),
        fine(
            "OVERDUE",
            "猶予の最終日に消去した",
            "disposed of on the last day",
            dataset(),
            rows(ENDED),
            disposed("2026-11-01 10:00:00", disposed_on="2026-10-31"),
        ),
        breach(
            "OVERDUE",
            "半年を過ぎても消去していない",
            "still there half a year later",
            dataset(),
            rows(ENDED),
            severity="high",
            until="2027-04-30T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "保全中",
            "held back",
            dataset(),
            rows(ENDED),
            event(
                HoldChanged,
                "2026-10-01 10:00:00",
                record_id="rec-1",
                state="placed",
                reason="litigation",
            ),
            until="2027-04-30T00:00:01+09:00",
        ),
        unknown(
            "OVERDUE", "台帳にないデータの記録", "a dataset that is not registered", rows(ENDED)
        ),
        breach(
            "UNVERIFIED",
            "行った者が自分で確認した",
            "verified by who did it",
            disposed("2026-10-20 10:00:00", verified_by_ref="sato"),
            subject="rec-1",
            severity="low",
        ),
        fine(
            "UNVERIFIED",
            "別の者が確認した",
            "verified by somebody else",
            disposed("2026-10-20 10:00:00", verified_by_ref="abe"),
        ),
    ),
)
