"""RET-04  法定・PMS記録の保存 — records that the law wants are kept long enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.records import DISPOSALS, DUPLICATES
from controls.calendar import add_months, jst_day
from controls.events import HoldChanged, RecordDisposed, RecordRetention, TransferRecordCreated
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.retention.record import by_record, fact, held, kept
from controls.shapes import Case, Check, Fact, moment, standing


class Limits(Params):
    each_years: int = limit(
        3, "y", "都度作成した提供記録の保存年数。", "Years for a record of each provision."
    )
    batch_years: int = limit(
        3,
        "y",
        "一括の提供記録の、最終提供日からの保存年数。",
        "Years for a batch record, from the last provision.",
    )
    contract_substitute_years: int = limit(
        1,
        "y",
        "契約書で代える記録の、最終提供日からの保存年数。",
        "Years for a contract that stands for records, from the last provision.",
    )
    access_log_years: int = limit(3, "y", "アクセスログの保存年数。", "Years for access logs.")
    pms_record_years: int = limit(3, "y", "PMS記録の保存年数。", "Years for PMS records.")


def checks(limits: Limits) -> tuple[Check, ...]:
    third_party = {
        "each": limits.each_years,
        "batch": limits.batch_years,
        "contract_substitute": limits.contract_substitute_years,
    }
    internal = {"access_log": limits.access_log_years, "pms_record": limits.pms_record_years}

    def minimum_of(created: Fact) -> date | None:
        """Until when a record of a provision is kept; None where its last provision is unknown."""
        method, last = created[4]["method"], created[4]["last"]
        if method == "each":
            base = jst_day(created[0])
        elif last is None:
            return None
        else:
            base = date.fromisoformat(last)
        return add_months(base, 12 * third_party[method])

    def minimum(facts: Sequence[Fact], record_class: str) -> date | None:
        if record_class == "third_party_record":
            days = [minimum_of(created) for created in standing(facts, "created")]
            return None if None in days else max((d for d in days if d), default=None)
        triggers = [date.fromisoformat(f[4]["on"]) for f in kept(facts, record_class)]
        last = max(triggers, default=None)
        return last and add_months(last, 12 * internal[record_class])

    def disposal(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for gone in standing(facts, "disposed"):
            record_class, original = gone[4]["class"], gone[4]["original"]
            common: dict[str, Any] = {
                "subject": record, "item": gone[1], "at": gone[0], "events": (gone[1],),
            }  # fmt: skip
            if held(facts, gone[0]):
                yield Judgement("violation", "UNDER_HOLD", **common)
                continue
            if record_class not in internal and record_class != "third_party_record":
                continue
            if original and original != record:
                others = view.entries(DISPOSALS, original, FOREVER - 1)
                if not others:
                    yield Judgement("not_applicable", **common)
                    continue
            day = minimum(facts, record_class)
            if day is None:
                missing = (f"{record_class} {record}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif date.fromisoformat(gone[4]["on"]) < day:
                told = {"disposed": gone[4]["on"], "minimum": f"{day}"}
                yield Judgement("violation", "EARLY", facts=told, **common)
            else:
                yield Judgement("pass", **common)

    def planned(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for created in standing(facts, "created"):
            day = minimum_of(created)
            common: dict[str, Any] = {
                "subject": record, "item": created[1], "at": created[0], "events": (created[1],),
            }  # fmt: skip
            if day is None:
                missing = (f"last_provided_on of {record}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif date.fromisoformat(created[4]["until"]) < day - timedelta(days=1):
                told = {"until": created[4]["until"], "minimum": f"{day}"}
                yield Judgement("violation", "RETAIN_UNTIL_SHORT", facts=told, **common)
            else:
                yield Judgement("pass", **common)

    def copies(gone: RecordDisposed, view: View) -> list[str]:
        return [line.record_id for line in view.all(DUPLICATES, gone.record_id)]

    def case(name: str, codes: tuple[str, ...], judge: Any) -> Case:
        return Case(
            name,
            codes,
            (TransferRecordCreated, RecordRetention, RecordDisposed, HoldChanged),
            by_record,
            fact,
            judge,
            span=moment,
            by={RecordDisposed: "record_id"},
            touches={RecordDisposed: copies},
        )

    return (
        case("disposal", ("UNDER_HOLD", "EARLY"), disposal),
        case("planned", ("RETAIN_UNTIL_SHORT",), planned),
    )


def created(at: str, **given: Any) -> TransferRecordCreated:
    return event(
        TransferRecordCreated,
        at,
        **{"record_id": "rec-1", "method": "each", "retain_until": "2029-11-10", **given},
    )


def logs(at: str, **given: Any) -> RecordRetention:
    return event(
        RecordRetention,
        at,
        **{
            "record_id": "rec-1",
            "record_class": "access_log",
            "trigger": "created",
            "trigger_on": "2023-11-11",
            **given,
        },
    )


def disposed(at: str, **given: Any) -> RecordDisposed:
    return event(
        RecordDisposed,
        at,
        **{
            "record_id": "rec-1",
            "record_class": "access_log",
            "method": "erase",
            "disposed_on": at[:10],
            "verified_by_ref": "checker",
            **given,
        },
    )


def hold(at: str, state: str) -> HoldChanged:
    return event(HoldChanged, at, record_id="rec-1", state=state, reason="litigation")


CONTROL = Control(
    id="RET-04",
    title=Text("法定・PMS記録の保存", "Statutory and PMS records kept long enough"),
    requirement=Text(
        "提供記録は原則3年（契約書代替は最終提供から1年、一括は最終提供から3年）、"
        "ログ・PMS記録は定めた期間保存し、保全中は廃棄しない。",
        "Third-party records 3 years (contract substitute 1 year from last provision; batch 3 "
        "years from last), logs and PMS records for the set period, nothing under hold is "
        "destroyed.",
    ),
    sources=sources(
        seeds="",
        appi="Art.29(2); Art.30(4); Art.31(3)",
        ppc_guideline="3-6-5 (Rule 21); 3-6-6 (Rule 25); 3-7-4-4 (Rule 29)",
        pms_guideline="J.4.5.5; J.8.8.2*; J.8.8.3*",
    ),
    params=Limits(),
    codes={
        "UNDER_HOLD": Code(
            "critical",
            Text("保全中の記録を廃棄した。", "A record was destroyed while it was held back."),
            Text(
                "{subject}：保全中の記録を廃棄した。",
                "{subject}: destroyed although it was held back.",
            ),
        ),
        "EARLY": Code(
            "high",
            Text(
                "最低の保存期間が過ぎる前に廃棄した。",
                "Destroyed before its minimum period was over.",
            ),
            Text(
                "{subject}：{minimum} まで保存すべき記録を {disposed} に廃棄した。",
                "{subject}: destroyed on {disposed}, to be kept until {minimum}.",
            ),
        ),
        "RETAIN_UNTIL_SHORT": Code(
            "medium",
            Text(
                "記録に定めた保存期限が最低の期間に足りない。",
                "The record's own date of disposal is earlier than the minimum allows.",
            ),
            Text(
                "{subject}：保存期限 {until} が最低の {minimum} に足りない。",
                "{subject}: planned until {until}, where {minimum} is the minimum.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("最低の期間と実際", "Minimum vs actual"),
    response=Text("復元し、廃棄の処理を止める。", "Restore, stop the job."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "UNDER_HOLD",
            "保全中のログを消した",
            "logs erased while held back",
            logs("2026-10-01 09:00:00"),
            hold("2026-11-01 10:00:00", "placed"),
            disposed("2026-12-01 10:00:00"),
            subject="rec-1",
            severity="critical",
        ),
        fine(
            "UNDER_HOLD",
            "保全の解除後に消した",
            "erased after the hold was lifted",
            logs("2026-10-01 09:00:00"),
            hold("2026-11-01 10:00:00", "released"),
            disposed("2026-12-01 10:00:00"),
        ),
        breach(
            "EARLY",
            "3年目の前日に消した",
            "erased on the day before the three years were over",
            logs("2026-10-01 09:00:00"),
            disposed("2026-11-11 10:00:00", disposed_on="2026-11-10"),
            subject="rec-1",
            severity="high",
        ),
        fine(
            "EARLY",
            "3年目の当日に消した",
            "erased on the day itself",
            logs("2026-10-01 09:00:00"),
            disposed("2026-11-11 10:00:00", disposed_on="2026-11-11"),
        ),
        breach(
            "EARLY",
            "都度の提供記録を3年の前に廃棄した",
            "a record of a provision destroyed within its three years",
            created("2023-11-11 10:00:00", retain_until="2026-11-10"),
            disposed("2026-11-10 10:00:00", record_class="third_party_record"),
        ),
        fine(
            "EARLY",
            "原本を残して写しを廃棄した",
            "a copy destroyed, the original kept",
            logs("2026-10-01 09:00:00"),
            disposed("2026-11-10 10:00:00", duplicate_of="rec-0"),
        ),
        breach(
            "RETAIN_UNTIL_SHORT",
            "保存期限が一日足りない",
            "its date is a day too early",
            created("2026-11-11 10:00:00", retain_until="2029-11-09"),
            subject="rec-1",
            severity="medium",
        ),
        fine(
            "RETAIN_UNTIL_SHORT",
            "3年目の前日まで保存する",
            "kept to the day before the anniversary",
            created("2026-11-11 10:00:00", retain_until="2029-11-10"),
        ),
        fine(
            "RETAIN_UNTIL_SHORT",
            "契約書で代える記録は最終提供から1年",
            "a contract that stands for records: a year from the last provision",
            created(
                "2026-11-11 10:00:00",
                method="contract_substitute",
                last_provided_on="2026-11-01",
                retain_until="2027-10-31",
            ),
        ),
        unknown(
            "RETAIN_UNTIL_SHORT",
            "最終提供日のない一括の記録",
            "a batch record without its last provision",
            created("2026-11-11 10:00:00", method="batch", last_provided_on=None),
        ),
    ),
)
