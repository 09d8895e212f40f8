"""REQ-03  手数料の適正 — fees as published and as the law allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.rights import CHARGEABLE, FEE
from controls.calendar import add_business_days, day_end, jst_day
from controls.deadlines import due_by
from controls.events import RequestDecided, RequestFee, RequestReceived
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.rights.request import by_request, day, decision, fact, first, no_request
from controls.shapes import Case, Check, Fact, moment, standing


class Limits(Params):
    chargeable: tuple[str, ...] = limit(
        CHARGEABLE,
        "",
        "手数料を徴収できる請求（法 38 条）。",
        "Kinds of request for which a fee may be taken (Art. 38).",
    )
    amount: int = limit(FEE, "yen", "公表した手数料。", "The published fee.")
    notify_bd: int = limit(
        3, "bd", "不足を通知するまでの営業日。", "Business days in which a shortfall is notified."
    )
    due_days: int = limit(
        14,
        "d",
        "期限を示さない通知の後、納付を待つ日数。",
        "Days that a notice without a due date leaves to pay.",
    )
    instruments: dict[str, str] = limit(
        {"PYX": "postal_order", "JUS": "stamps"},
        "",
        "組織ごとの納付方法。",
        "The means of payment each organisation has published.",
    )
    left_open_bd: int = limit(
        5,
        "bd",
        "期限の後、扱いを決めるまでの営業日。",
        "Business days after the due date in which the request is decided.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def charged(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        made = first(facts, RequestReceived)
        fees = [f for f in standing(facts, "fee") if f[4]["amount_due"] > 0]
        if not fees or all(f[4]["step"] == "waived" for f in fees):
            return
        common: dict[str, Any] = {"subject": request, "item": "amount"}
        if made is None:
            yield Judgement("indeterminate", **no_request(facts, request), **common)
            return
        free = made["kind"] not in limits.chargeable
        asked = [f for f in fees if f[4]["step"] != "waived"]
        wrong = asked if free else [f for f in asked if f[4]["amount_due"] != limits.amount]
        if wrong:
            code = "NOT_CHARGEABLE" if free else "WRONG_AMOUNT"
            yield Judgement(
                "violation", code, at=wrong[0][0], events=(wrong[0][1],),
                facts={"amount": wrong[0][4]["amount_due"]}, **common,
            )  # fmt: skip
        else:
            yield Judgement("pass", at=asked[0][0], **common)

    def paid_with(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for paid in standing(facts, "fee"):
            published = limits.instruments.get(paid[4]["org_id"])
            known = paid[4]["step"] == "received" and published is not None
            if known and paid[4]["instrument"] not in (published, "none"):
                yield Judgement(
                    "violation", "WRONG_INSTRUMENT", request, paid[0], events=(paid[1],),
                    item="instrument",
                )  # fmt: skip
                return

    def full(facts: Sequence[Fact]) -> int | None:
        """When the whole fee was there, or was waived."""
        for step in standing(facts, "fee"):
            said = step[4]
            whole = said["step"] == "received" and said["amount_received"] >= said["amount_due"]
            if whole or said["step"] == "waived":
                return int(step[0])
        return None

    def short_since(facts: Sequence[Fact]) -> date | None:
        """The day on which it was plain that the fee falls short."""
        fees = standing(facts, "fee")
        for step in fees:
            if step[4]["step"] == "received":
                enough = step[4]["amount_received"] >= step[4]["amount_due"]
                return None if enough else jst_day(step[0])
        made = first(facts, RequestReceived)
        for step in fees:
            if step[4]["step"] == "due" and step[4]["amount_due"] > 0:
                arrived = made and day(made["arrived_on"])
                return day(step[4]["due_date"]) or arrived or jst_day(step[0])
        return None

    def notices(facts: Sequence[Fact]) -> list[Fact]:
        return [f for f in standing(facts, "fee") if f[4]["step"] == "insufficient_notified"]

    def not_made(facts: Sequence[Fact]) -> Fact | None:
        """The decision that takes the request as not made for want of the fee."""
        decided = decision(facts)
        if decided is None or decided[4]["decision"] != "treated_as_not_made":
            return None
        return decided if decided[4]["ground"] in ("fee", "na") else None

    def notified(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        short = short_since(facts)
        if short is None:
            return
        told = [n[0] for n in notices(facts)]
        end = day_end(add_business_days(short, limits.notify_bd))
        common: dict[str, Any] = {"subject": request, "item": "notice"}
        settled = [at for at in (full(facts),) if at is not None]
        closed = not_made(facts)
        if not told and closed is not None and closed[0] <= end:
            yield Judgement("not_applicable", at=closed[0], **common)
        else:
            done = min((*told, *settled), default=None)
            yield due_by(end, done, "NOT_NOTIFIED", view, begun=facts[0][0], **common)

    def last_day(notice: Fact) -> date:
        return day(notice[4]["due_date"]) or jst_day(notice[0]) + timedelta(days=limits.due_days)

    def closed_early(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        decided = not_made(facts)
        if decided is None or not standing(facts, "fee"):
            return
        before = [n for n in notices(facts) if n[0] <= decided[0]]
        early = not before or jst_day(decided[0]) <= last_day(before[-1])
        common: dict[str, Any] = {
            "subject": request, "item": "closing", "at": decided[0], "events": (decided[1],),
        }  # fmt: skip
        if early:
            yield Judgement("violation", "CLOSED_EARLY", **common)
        else:
            yield Judgement("pass", **common)

    def left_open(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        told = notices(facts)
        if not told:
            return
        decided = decision(facts)
        paid = full(facts)
        ends = [at for at in (paid, None if decided is None else int(decided[0])) if at is not None]
        end = day_end(add_business_days(last_day(told[-1]), limits.left_open_bd))
        yield due_by(
            end, min(ends, default=None), "LEFT_OPEN", view, begun=told[-1][0],
            subject=request, item="open",
        )  # fmt: skip

    on = (RequestReceived, RequestFee, RequestDecided)

    def case(name: str, judge: Any, *codes: str, awaits: tuple[type[Any], ...] = ()) -> Case:
        return Case(
            name,
            codes,
            on,
            by_request,
            fact,
            judge,
            span=moment,
            by=dict.fromkeys(on, "request_id"),
            awaits=awaits,
        )

    return (
        case("amount", charged, "NOT_CHARGEABLE", "WRONG_AMOUNT"),
        case("instrument", paid_with, "WRONG_INSTRUMENT"),
        case("notice", notified, "NOT_NOTIFIED", awaits=(RequestFee,)),
        case("closing", closed_early, "CLOSED_EARLY"),
        case("open", left_open, "LEFT_OPEN", awaits=(RequestFee, RequestDecided)),
    )


def received(**given: Any) -> RequestReceived:
    said = {"request_id": "req-1", "kind": "disclosure", "arrived_on": "2026-11-02", **given}
    return event(RequestReceived, "2026-11-02 10:00:00", **said)


def fee(at: str, step: str, paid: int = 0, due: int = 1_000, **given: Any) -> RequestFee:
    return event(
        RequestFee, at, request_id="req-1", step=step, amount_due=due, amount_received=paid,
        **{"instrument": "postal_order", **given},
    )  # fmt: skip


def not_made_on(at: str, **given: Any) -> RequestDecided:
    said = {"decision": "treated_as_not_made", "ground": "fee", **given}
    return event(RequestDecided, at, request_id="req-1", **said)


SHORT = fee("2026-11-04 10:00:00", "received", 600)
TOLD = fee("2026-11-05 10:00:00", "insufficient_notified", 600, due_date="2026-11-19")
"""Notified one day after; to be paid by 19 November."""

CONTROL = Control(
    id="REQ-03",
    title=Text("手数料の適正", "Fee charged as published and as law allows"),
    requirement=Text(
        "手数料は利用目的通知・開示（提供記録を含む）に限り公表額とし、不足は通知・期限設定し、"
        "未納は請求なしとみなす。",
        "A fee is taken only for purpose notice, disclosure or third-party-record disclosure, at "
        "the published amount; a shortfall is notified with a due date, then the request is "
        "treated as not made; no refund on refusal.",
    ),
    sources=sources(
        seeds="PYX-11.4; PYX-11.5; JUS-R1; JUS-R4.0; JUS-R4.b; JUS-N0c",
        appi="Art.38",
        ppc_guideline="3-8-8",
        pms_guideline="J.10.2*",
    ),
    params=Limits(),
    codes={
        "NOT_CHARGEABLE": Code(
            "high",
            Text(
                "手数料を徴収できない請求に手数料を課した。",
                "A fee for a kind of request that is free.",
            ),
            Text(
                "{subject}：徴収できない手数料 {amount} 円を課した。",
                "{subject}: {amount} yen were charged for what is free.",
            ),
        ),
        "WRONG_AMOUNT": Code(
            "medium",
            Text("公表額と異なる手数料。", "A fee other than the published one."),
            Text(
                "{subject}：手数料 {amount} 円は公表額と異なる。",
                "{subject}: {amount} yen is not the published fee.",
            ),
        ),
        "WRONG_INSTRUMENT": Code(
            "info",
            Text(
                "公表した方法によらない納付を受けた。", "Paid by other means than those published."
            ),
            Text(
                "{subject}：公表した方法によらない納付。",
                "{subject}: paid by other means than those published.",
            ),
        ),
        "NOT_NOTIFIED": Code(
            "medium",
            Text(
                "不足から notify_bd 営業日の終わりまでに通知していない。",
                "A shortfall not notified by the end of notify_bd business days.",
            ),
            Text(
                "{subject}：手数料の不足を通知していない。",
                "{subject}: the shortfall was not notified.",
            ),
        ),
        "CLOSED_EARLY": Code(
            "high",
            Text(
                "不足の通知なしに、又は期限の日までに、請求がなかったものとした。",
                "Taken as not made without notice of the shortfall, or before its day had passed.",
            ),
            Text(
                "{subject}：期限を待たずに請求がなかったものとした。",
                "{subject}: taken as not made before the due day had passed.",
            ),
        ),
        "LEFT_OPEN": Code(
            "low",
            Text(
                "期限から left_open_bd 営業日の終わりまでに扱いを決めていない。",
                "Undecided at the end of left_open_bd business days after the due date.",
            ),
            Text(
                "{subject}：手数料の未納のまま扱いを決めていない。",
                "{subject}: left open with its fee unpaid.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "請求額、受領額、通知日、期限、結果", "Due, received, notice date, due date, outcome"
    ),
    response=Text("返金又は通知する。", "Refund or notify."),
    false_positives=Text("切手は手で評価する。", "Stamps valued by hand."),
    examples=(
        breach(
            "NOT_CHARGEABLE",
            "訂正の請求に手数料",
            "a fee for a correction",
            received(kind="correction"),
            fee("2026-11-04 10:00:00", "received", 1_000),
            subject="req-1",
            severity="high",
        ),
        fine(
            "NOT_CHARGEABLE",
            "開示の請求",
            "the same for a disclosure",
            received(kind="disclosure"),
            fee("2026-11-04 10:00:00", "received", 1_000),
        ),
        breach(
            "WRONG_AMOUNT",
            "公表額でない手数料",
            "one yen more than published",
            received(),
            fee("2026-11-02 11:00:00", "due", due=1_001, due_date="2026-11-30"),
            subject="req-1",
            severity="medium",
        ),
        fine(
            "WRONG_AMOUNT",
            "公表額",
            "the published fee",
            received(),
            fee("2026-11-02 11:00:00", "due", due=1_000, due_date="2026-11-30"),
        ),
        breach(
            "WRONG_INSTRUMENT",
            "切手による納付",
            "paid in stamps where postal orders are published",
            received(),
            fee("2026-11-04 10:00:00", "received", 1_000, org_id="PYX", instrument="stamps"),
            subject="req-1",
            severity="info",
        ),
        fine(
            "WRONG_INSTRUMENT",
            "定額小為替による納付",
            "paid by postal order",
            received(),
            fee("2026-11-04 10:00:00", "received", 1_000, org_id="PYX", instrument="postal_order"),
        ),
        breach(
            "NOT_NOTIFIED",
            "四営業日目の通知",
            "notified in the first second after the third business day",
            received(),
            SHORT,
            fee("2026-11-10 00:00:01", "insufficient_notified", 600),
            fee("2026-11-12 10:00:00", "received", 1_000),
            subject="req-1",
            severity="medium",
        ),
        fine(
            "NOT_NOTIFIED",
            "三営業日目の終わりの通知",
            "notified at the end of the third business day",
            received(),
            SHORT,
            fee("2026-11-10 00:00:00", "insufficient_notified", 600),
            fee("2026-11-12 10:00:00", "received", 1_000),
        ),
        breach(
            "NOT_NOTIFIED",
            "何も納められないまま",
            "nothing came, and nobody said so",
            received(),
            fee("2026-11-02 11:00:00", "due", due_date="2026-11-16"),
            subject="req-1",
            until="2026-11-20T00:00:01+09:00",
        ),
        fine(
            "NOT_NOTIFIED",
            "期限から三営業日まで",
            "three business days from the due date",
            received(),
            fee("2026-11-02 11:00:00", "due", due_date="2026-11-16"),
            until="2026-11-20T00:00:00+09:00",
        ),
        breach(
            "CLOSED_EARLY",
            "期限の日のうちに請求なしとした",
            "taken as not made on the due day itself",
            received(),
            SHORT,
            TOLD,
            not_made_on("2026-11-19 23:59:59"),
            subject="req-1",
            severity="high",
        ),
        fine(
            "CLOSED_EARLY",
            "期限の翌日",
            "the day after",
            received(),
            SHORT,
            TOLD,
            not_made_on("2026-11-20 00:00:00"),
        ),
        breach(
            "LEFT_OPEN",
            "期限から五営業日を過ぎた",
            "undecided when five business days after the due date have ended",
            received(),
            SHORT,
            TOLD,
            subject="req-1",
            severity="low",
            until="2026-11-28T00:00:01+09:00",
        ),
        fine(
            "LEFT_OPEN",
            "五営業日の終わり",
            "at the end of the fifth",
            received(),
            SHORT,
            TOLD,
            until="2026-11-28T00:00:00+09:00",
        ),
        breach(
            "LEFT_OPEN",
            "五営業日の後の決定",
            "decided one second later",
            received(),
            SHORT,
            TOLD,
            not_made_on("2026-11-28 00:00:01"),
        ),
        fine(
            "LEFT_OPEN",
            "五営業日の終わりの決定",
            "decided at its end",
            received(),
            SHORT,
            TOLD,
            not_made_on("2026-11-28 00:00:00"),
        ),
        unknown(
            "NOT_CHARGEABLE",
            "登録のない請求の手数料",
            "a fee for a request nobody registered",
            fee("2026-11-04 10:00:00", "received", 1_000),
        ),
    ),
)
