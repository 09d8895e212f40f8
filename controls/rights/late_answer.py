"""REQ-02  遅滞ない対応 — every request of a principal is answered within two weeks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from controls.calendar import day_end, day_start, jst_day, pausable_due
from controls.events import (
    RequestDecided,
    RequestFee,
    RequestIdentityChecked,
    RequestReceived,
    RequestResponded,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import Clock, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, one_key, standing

Stops = list[tuple[date, date | None]]


class Limits(Params):
    warn_days: int = limit(
        10,
        "d",
        "到達日（0 日目）からこの日数の終わりに未回答なら予告する。",
        "Unanswered at the end of so many calendar days from arrival (day 0): a warning.",
    )
    target_days: int = limit(
        14,
        "d",
        "回答の目安の日数（法律は「遅滞なく」とだけ定める。第39条の 2 週間に合わせた既定値）。",
        "Days in which to answer; the law says only “without delay”, two weeks are those of "
        "Art. 39.",
    )
    hard_days: int = limit(
        30,
        "d",
        "これを過ぎれば重大な遅延とする日数。",
        "Days after which the delay is a serious one.",
    )


def fact(event: Any) -> Fact:
    """[at, event_id, corrects, what, ...] with what the judge asks of each step."""
    head = [event.occurred_at, event.event_id, event.corrects_event_id or ""]
    if isinstance(event, RequestReceived):
        return [*head, "received", event.arrived_on.isoformat()]
    if isinstance(event, RequestFee):
        enough = event.amount_received >= event.amount_due
        return [*head, "fee", event.step, enough]
    if isinstance(event, RequestIdentityChecked):
        return [*head, event.target, event.result]
    if isinstance(event, RequestDecided):
        return [*head, "decided", event.decision]
    return [*head, "responded"]


def stops(facts: Sequence[Fact]) -> Stops:
    """From each notice that something is wanting to the day on which it is made good.

    What may be wanting is the fee, and the papers of the principal and of the agent; a waiver
    makes a fee good.
    """
    found: Stops = []
    for what in ("fee", "principal", "agent"):
        notice: date | None = None
        for step in standing(facts, what):
            if step[4] in ("insufficient_notified", "insufficient"):
                notice = notice or jst_day(step[0])
            elif notice and (step[4] in ("verified", "waived") or step[4:] == ["received", True]):
                found.append((notice, jst_day(step[0])))
                notice = None
        if notice:
            found.append((notice, None))
    return found


def arrived_on(facts: Sequence[Fact]) -> date | None:
    return min((date.fromisoformat(f[4]) for f in standing(facts, "received")), default=None)


def not_made(facts: Sequence[Fact]) -> bool:
    """The latest decision treats the request as not made."""
    return [f[4] for f in standing(facts, "decided")][-1:] == ["treated_as_not_made"]


def checks(limits: Limits) -> tuple[Check, ...]:
    terms = {
        "SOON": limits.warn_days,
        "LATE": limits.target_days,
        "HARD_LATE": limits.hard_days,
    }

    def answer(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        events = tuple(f[1] for f in facts)
        common: dict[str, Any] = {"subject": request, "item": "answer", "events": events}
        arrived = arrived_on(facts)
        if arrived is None:
            missing = (f"request.received {request}",)
            yield Judgement("indeterminate", at=facts[0][0], missing=missing, **common)
            return
        if not_made(facts):
            yield Judgement("not_applicable", at=facts[0][0], **common)
            return
        responses = [f[0] for f in standing(facts, "responded")]
        judged = responses[0] if responses else view.now
        stopped, start = stops(facts), day_start(arrived)
        due = {code: pausable_due(arrived, days, stopped) for code, days in terms.items()}
        ends = {code: day_end(day) for code, day in due.items() if day is not None}
        broken = [code for code, end in ends.items() if judged > end]
        late = [code for code in broken if code != "SOON"]
        until = min((end for end in ends.values() if end >= judged), default=None)
        clock = Clock(start, ends.get("LATE"))
        if responses:
            if not late:
                yield Judgement("pass", at=judged, **common)
                return
            code = late[-1]
            yield Judgement(
                "violation",
                code,
                at=ends[code],
                detected=ends[code],
                closed=True,
                facts={"due": f"{due[code]}"},
                **common,
            )
        elif broken:
            code = broken[-1]
            yield Judgement(
                "violation",
                code,
                at=ends[code],
                detected=ends[code],
                until=until,
                since=start,
                clock=clock,
                facts={"due": f"{due[code]}"},
                **common,
            )
        else:
            yield Judgement("not_applicable", at=start, until=until, clock=clock, **common)

    def decision(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        responses = standing(facts, "responded")
        decisions = standing(facts, "decided")
        if not responses or not_made(facts):
            return
        first = responses[0]
        if decisions and decisions[0][0] <= first[0]:
            return
        arrived = arrived_on(facts)
        since = facts[0][0] if arrived is None else min(day_start(arrived), first[0])
        yield Judgement(
            "violation",
            "NO_DECISION",
            request,
            first[0],
            events=(first[1],),
            item="decision",
            since=since,
            closed=bool(decisions),
        )

    def moment(at: int) -> tuple[int, int]:
        return at, at

    on = (RequestReceived, RequestFee, RequestIdentityChecked, RequestDecided, RequestResponded)
    key = one_key("request_id")
    by = dict.fromkeys(on, "request_id")
    return (
        Case(
            "answer",
            ("SOON", "LATE", "HARD_LATE"),
            on,
            key,
            fact,
            answer,
            span=moment,
            by=by,
            awaits=(RequestResponded,),
            clock=Text("請求への回答", "answer to a request"),
        ),
        Case(
            "decision",
            ("NO_DECISION",),
            on,
            key,
            fact,
            decision,
            span=moment,
            by=by,
            awaits=(RequestDecided,),
        ),
    )


def received(at: str, **given: Any) -> RequestReceived:
    return event(RequestReceived, at, **{"request_id": "req-1", **given})


def fee(at: str, step: str, due: int, paid: int) -> RequestFee:
    return event(
        RequestFee, at, request_id="req-1", step=step, amount_due=due, amount_received=paid
    )


def identity(at: str, result: str, **given: Any) -> RequestIdentityChecked:
    return event(RequestIdentityChecked, at, **{"request_id": "req-1", "result": result, **given})


def decided(at: str, **given: Any) -> RequestDecided:
    return event(RequestDecided, at, **{"request_id": "req-1", "decision": "accept", **given})


def responded(at: str) -> RequestResponded:
    return event(RequestResponded, at, request_id="req-1")


CONTROL = Control(
    id="REQ-02",
    title=Text("遅滞ない対応", "Answered without delay"),
    requirement=Text(
        "全ての請求を受け付け遅滞なく対応する（目安：到達後2週間以内）。",
        "Every request kind is accepted by the published channel and answered without delay; "
        "target inside two weeks of arrival.",
    ),
    sources=sources(
        seeds="PYX-11.1; PER-3-1.0; PER-3-1.t; PER-3-1.p; MIX-P5a; MIX-R1; PIC-D1; PIC-D3; JUS-7; "
        "JUS-R0; JUS-R1",
        appi="Art.32(2); Art.33; Art.34; Art.35; Art.28(3); Art.39",
        ppc_guideline="3-8-1; 3-8-2; 3-8-3; 3-8-4; 3-8-5; 3-8-9",
        pms_guideline="J.10.4*; J.10.5*; J.10.6*; J.10.7*",
    ),
    params=Limits(),
    codes={
        "SOON": Code(
            "info",
            Text(
                "到達日に予告日数と停止日数を加えた日の終わりに未回答である。",
                "Not answered at the end of arrival + warn_days + stopped days.",
            ),
            Text(
                "{subject}：{due} の終わりに未回答（期限が近い）。",
                "{subject}: still unanswered at the end of {due}; the term runs out soon.",
            ),
        ),
        "LATE": Code(
            "medium",
            Text(
                "到達日に目安日数と停止日数を加えた日の終わりまでに回答していない。",
                "Not answered by the end of arrival + target_days + stopped days.",
            ),
            Text(
                "{subject}：目安の日（{due}）までに回答していない。",
                "{subject}: not answered by the end of {due}.",
            ),
        ),
        "HARD_LATE": Code(
            "high",
            Text(
                "到達日に重大な遅延の日数と停止日数を加えた日の終わりまでに回答していない。",
                "Not answered by the end of arrival + hard_days + stopped days.",
            ),
            Text(
                "{subject}：{due} を過ぎても回答していない（重大な遅延）。",
                "{subject}: not answered by the end of {due}, a serious delay.",
            ),
        ),
        "NO_DECISION": Code(
            "low",
            Text(
                "回答の時までに決定の記録がない。",
                "The answer went out with no decision recorded at or before it.",
            ),
            Text(
                "{subject}：決定の記録がないまま回答した。",
                "{subject}: answered without a recorded decision.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("時計の停止を含む対応の経過", "The timeline, with the stops of the clock"),
    response=Text("窓口の責任者が対応する。", "The desk manager takes it up."),
    false_positives=Text(
        "年末年始の休業：暦日で数えるため期間は進む。",
        "New Year closure: calendar days still run.",
    ),
    examples=(
        breach(
            "SOON",
            "10 日目が終わった",
            "the tenth day has ended",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            subject="req-1",
            severity="info",
            until="2026-11-13 00:00:01",
        ),
        fine(
            "SOON",
            "到達が一日遅ければ 10 日目はまだ終わらない",
            "arrived a day later, the tenth day has not ended",
            received("2026-11-02 10:00:00", arrived_on="2026-11-03"),
            until="2026-11-13 00:00:01",
        ),
        fine(
            "SOON",
            "10 日目の終わりちょうど",
            "exactly at the end of the tenth day",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            until="2026-11-13 00:00:00",
        ),
        breach(
            "LATE",
            "15 日目の最初の一秒の回答",
            "answered in the first second past the fourteenth day",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            decided("2026-11-10 10:00:00"),
            responded("2026-11-17 00:00:01"),
            subject="req-1",
            severity="medium",
        ),
        fine(
            "LATE",
            "14 日目の終わりちょうどの回答",
            "answered exactly at the end of the fourteenth day",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            decided("2026-11-10 10:00:00"),
            responded("2026-11-17 00:00:00"),
        ),
        breach(
            "LATE",
            "未回答のまま 14 日目が終わった（予告は置き換わる）",
            "unanswered when the fourteenth day ended; the warning gives way",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            until="2026-11-17 00:00:01",
        ),
        breach(
            "LATE",
            "不足の通知から納付まで 4 日停止し、5 日遅れた",
            "four days' stop for the fee, five days over",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            fee("2026-11-06 10:00:00", "insufficient_notified", 1000, 500),
            fee("2026-11-10 10:00:00", "received", 1000, 1000),
            decided("2026-11-12 10:00:00"),
            responded("2026-11-21 09:00:00"),
        ),
        fine(
            "LATE",
            "停止が 4 日あれば 18 日目は期限内",
            "with four days' stop the eighteenth day is in time",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            fee("2026-11-06 10:00:00", "insufficient_notified", 1000, 500),
            fee("2026-11-10 10:00:00", "received", 1000, 1000),
            decided("2026-11-12 10:00:00"),
            responded("2026-11-20 09:00:00"),
        ),
        fine(
            "LATE",
            "不足が残る間は時計が止まったまま",
            "while the fee is still short no clock runs",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            fee("2026-11-06 10:00:00", "insufficient_notified", 1000, 0),
            fee("2026-11-10 10:00:00", "received", 1000, 999),
            until="2027-03-01 00:00:00",
        ),
        breach(
            "LATE",
            "重なる停止は一度だけ数える",
            "stops that overlap count once",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            fee("2026-11-06 10:00:00", "insufficient_notified", 1000, 500),
            identity("2026-11-06 11:00:00", "insufficient"),
            identity("2026-11-10 09:00:00", "verified"),
            fee("2026-11-10 10:00:00", "received", 1000, 1000),
            until="2026-11-21 00:00:01",
        ),
        fine(
            "LATE",
            "請求がなかったものとされた",
            "treated as not made",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            decided("2026-11-10 10:00:00", decision="treated_as_not_made", ground="fee"),
            until="2026-12-25 00:00:00",
        ),
        unknown(
            "LATE",
            "受付の記録がない請求の回答",
            "an answer to a request whose arrival is not known",
            decided("2026-11-10 10:00:00"),
            responded("2026-11-17 00:00:00"),
        ),
        breach(
            "HARD_LATE",
            "31 日目の最初の一秒の回答",
            "answered in the first second past the thirtieth day",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            decided("2026-11-10 10:00:00"),
            responded("2026-12-03 00:00:01"),
            subject="req-1",
            severity="high",
        ),
        fine(
            "HARD_LATE",
            "30 日目の終わりちょうどの回答は遅延にとどまる",
            "answered exactly at the end of the thirtieth day: late, no more",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            decided("2026-11-10 10:00:00"),
            responded("2026-12-03 00:00:00"),
            also=("LATE",),
        ),
        breach(
            "HARD_LATE",
            "期限の後の停止では治らない",
            "a stop after the term has run out mends nothing",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            identity("2026-12-03 10:00:00", "insufficient"),
            until="2027-01-15 00:00:00",
        ),
        breach(
            "NO_DECISION",
            "決定が回答の一秒後",
            "decided one second after the answer",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            decided("2026-11-10 10:00:01"),
            responded("2026-11-10 10:00:00"),
            subject="req-1",
            severity="low",
        ),
        fine(
            "NO_DECISION",
            "決定と回答が同時",
            "decided in the second of the answer",
            received("2026-11-02 10:00:00", arrived_on="2026-11-02"),
            decided("2026-11-10 10:00:00"),
            responded("2026-11-10 10:00:00"),
        ),
    ),
)
