"""RET-03  開示等書類の2年保存と廃棄 — the papers of a request are kept two years, then disposed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.records import REQUEST_RECORDS, RESPONSES
from controls.calendar import add_months, day_end, jst_day
from controls.events import HoldChanged, RecordDisposed, RecordRetention, RequestResponded
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.retention.record import by_record, fact, held, kept, released
from controls.shapes import Case, Check, Fact, moment, standing


class Limits(Params):
    years: int = limit(2, "y", "対応完了からの保存年数。", "Years kept after completion.")
    grace_days: int = limit(
        30, "d", "保存期間の後、廃棄までの日数。", "Days after that in which it is disposed of."
    )
    high_days: int = limit(
        90, "d", "期限をこれより過ぎると重大とする日数。", "Days overdue from which it is high."
    )
    recoverable: tuple[str, ...] = limit(
        ("format_only", "trash"),
        "",
        "復元できる廃棄の方法。",
        "Methods from which it can be recovered.",
    )


def completed(facts: Sequence[Fact], view: View) -> date | None:
    """The day on which the request was done with: as recorded, or the later day of its answer."""
    papers = kept(facts, "request_docs")
    days = [
        date.fromisoformat(f[4]["on"]) for f in papers if f[4]["trigger"] == "request_completed"
    ]
    for request in {f[4]["request"] for f in papers if f[4]["request"]}:
        days += [jst_day(answer.occurred_at) for answer in view.all(RESPONSES, request)]
    return max(days, default=None)


def checks(limits: Limits) -> tuple[Check, ...]:
    def due(facts: Sequence[Fact], view: View) -> date | None:
        day = completed(facts, view)
        return day and add_months(day, 12 * limits.years)

    def overdue(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        day = due(facts, view)
        if day is None:
            return
        last = day + timedelta(days=limits.grace_days)
        common: dict[str, Any] = {
            "subject": record, "item": "overdue", "events": (facts[0][1],),
            "facts": {"due": f"{last}"},
        }  # fmt: skip
        gone = next(iter(standing(facts, "disposed")), None)
        ends = day_end(last), day_end(last + timedelta(days=limits.high_days))
        until = day_end(date.fromisoformat(gone[4]["on"])) if gone else view.now
        if gone is None and held(facts, view.now):
            yield Judgement("not_applicable", at=facts[0][0], **common)
            return
        end, grave = (released(facts, end) for end in ends)
        if gone is not None and until <= end:
            yield Judgement("pass", at=gone[0], **common)
        elif until > end:
            yield Judgement(
                "violation", "OVERDUE", at=end, detected=end, since=facts[0][0],
                severity="high" if until > grave else "medium", closed=gone is not None,
                until=grave if gone is None and until <= grave else None, **common,
            )  # fmt: skip
        else:
            yield Judgement("not_applicable", at=facts[0][0], until=end, **common)

    def early(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        day = due(facts, view)
        if day is None:
            return
        for gone in standing(facts, "disposed"):
            common: dict[str, Any] = {
                "subject": record, "item": gone[1], "at": gone[0], "events": (gone[1],),
            }  # fmt: skip
            if held(facts, gone[0]):
                yield Judgement("not_applicable", **common)  # RET-04 UNDER_HOLD
            elif date.fromisoformat(gone[4]["on"]) < day:
                told = {"disposed": gone[4]["on"], "due": f"{day}"}
                yield Judgement("violation", "EARLY", facts=told, **common)
            else:
                yield Judgement("pass", **common)

    def method(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not kept(facts, "request_docs"):
            return
        for gone in standing(facts, "disposed"):
            common: dict[str, Any] = {
                "subject": record, "item": gone[1], "at": gone[0], "events": (gone[1],),
            }  # fmt: skip
            if gone[4]["method"] in limits.recoverable:
                told = {"method": gone[4]["method"]}
                yield Judgement("violation", "NO_METHOD", facts=told, **common)
            else:
                yield Judgement("pass", **common)

    def of_request(answer: RequestResponded, view: View) -> list[str]:
        return [line.record_id for line in view.all(REQUEST_RECORDS, answer.request_id)]

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (RecordRetention, RecordDisposed, HoldChanged),
            by_record,
            fact,
            judge,
            span=moment,
            by={RecordRetention: "record_id"},
            touches={RequestResponded: of_request},
            awaits=(RecordDisposed,),
        )

    return (
        case("overdue", "OVERDUE", overdue),
        case("early", "EARLY", early),
        case("method", "NO_METHOD", method),
    )


def papers(at: str, **given: Any) -> RecordRetention:
    return event(
        RecordRetention,
        at,
        **{
            "record_id": "rec-1",
            "record_class": "request_docs",
            "trigger": "request_completed",
            "trigger_on": "2024-11-10",
            **given,
        },
    )


def disposed(at: str, **given: Any) -> RecordDisposed:
    return event(
        RecordDisposed,
        at,
        **{
            "record_id": "rec-1",
            "record_class": "request_docs",
            "method": "shred",
            "disposed_on": at[:10],
            "verified_by_ref": "checker",
            **given,
        },
    )


def hold(at: str, state: str) -> HoldChanged:
    return event(HoldChanged, at, record_id="rec-1", state=state, reason="litigation")


LOADED = "2026-10-01 09:00:00"

CONTROL = Control(
    id="RET-03",
    title=Text("開示等書類の2年保存と廃棄", "Request documents two years then disposed"),
    requirement=Text(
        "開示等の提出書類は対応完了後2年保存し廃棄する。",
        "Submitted request/identity documents are kept two years from completion, then disposed.",
    ),
    sources=sources(
        seeds="JUS-R6b", appi="Art.22", ppc_guideline="3-4-1", pms_guideline="J.9.1; J.4.5.5"
    ),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "medium",
            Text(
                "完了日に保存年数と猶予日数を加えた日の終わりまでに廃棄していない"
                "（high_days を超えて過ぎれば high）。",
                "Not disposed of by the end of completion + years + grace_days; high when more "
                "than high_days past it.",
            ),
            Text(
                "{subject}：{due} の終わりまでに廃棄していない。",
                "{subject}: not disposed of by the end of {due}.",
            ),
        ),
        "EARLY": Code(
            "medium",
            Text(
                "完了日から保存年数が過ぎる前に廃棄した。",
                "Disposed of before the years were over.",
            ),
            Text(
                "{subject}：{due} まで保存すべきところを {disposed} に廃棄した。",
                "{subject}: disposed of on {disposed}, to be kept until {due}.",
            ),
        ),
        "NO_METHOD": Code(
            "high",
            Text("復元できる方法で廃棄した。", "Disposed of in a way that can be undone."),
            Text(
                "{subject}：復元できる方法（{method}）で廃棄した。",
                "{subject}: disposed of by {method}, which can be undone.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "請求の番号、完了日、期限、廃棄日、方法", "Request id, completed, due, disposed, method"
    ),
    response=Text("廃棄する。", "Dispose."),
    false_positives=Text(
        "この約束をしていない組織では適用しない。",
        "Organisations without this promise: config off.",
    ),
    examples=(
        breach(
            "OVERDUE",
            "猶予の翌日に廃棄した",
            "disposed of on the day after the grace",
            papers(LOADED),
            disposed("2026-12-11 10:00:00", disposed_on="2026-12-11"),
            subject="rec-1",
            severity="medium",
        ),
        fine(
            "OVERDUE",
            "猶予の最終日に廃棄した",
            "disposed of on the last day of the grace",
            papers(LOADED),
            disposed("2026-12-11 10:00:00", disposed_on="2026-12-10"),
        ),
        breach(
            "OVERDUE",
            "期限を 90 日より過ぎても廃棄していない",
            "still there more than ninety days later",
            papers(LOADED),
            subject="rec-1",
            severity="high",
            until="2027-03-11T00:00:01+09:00",
        ),
        breach(
            "OVERDUE",
            "90 日ちょうどまでは中程度",
            "medium up to the ninetieth day",
            papers(LOADED),
            severity="medium",
            until="2027-03-11T00:00:00+09:00",
        ),
        fine(
            "OVERDUE",
            "係争のため保全中",
            "held back for litigation",
            papers(LOADED),
            hold("2026-11-01 10:00:00", "placed"),
            until="2027-03-11T00:00:01+09:00",
        ),
        breach(
            "OVERDUE",
            "回答が完了日より後の日であった",
            "the answer came a day later than recorded, and still it is overdue",
            papers(LOADED, request_id="req-1"),
            event(RequestResponded, "2024-11-11 10:00:00", request_id="req-1"),
            until="2026-12-12T00:00:01+09:00",
        ),
        breach(
            "EARLY",
            "2年目の前日に廃棄した",
            "disposed of on the day before the two years were over",
            papers(LOADED),
            disposed("2026-11-10 10:00:00", disposed_on="2026-11-09"),
            subject="rec-1",
            severity="medium",
        ),
        fine(
            "EARLY",
            "2年目の当日に廃棄した",
            "disposed of on the day itself",
            papers(LOADED),
            disposed("2026-11-10 10:00:00", disposed_on="2026-11-10"),
        ),
        breach(
            "NO_METHOD",
            "ごみ箱に捨てた",
            "thrown into the dustbin",
            papers(LOADED),
            disposed("2026-11-25 10:00:00", method="trash"),
            subject="rec-1",
            severity="high",
        ),
        fine(
            "NO_METHOD",
            "裁断した",
            "shredded",
            papers(LOADED),
            disposed("2026-11-25 10:00:00", method="shred"),
        ),
    ),
)
