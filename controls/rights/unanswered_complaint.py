"""REQ-07  苦情・相談への対応 — complaints and inquiries are handled promptly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from controls.calendar import JST, add_business_days, day_end, day_start, is_business_day, jst_day
from controls.deadlines import due_by
from controls.events import AlertChanged, ComplaintReceived, ComplaintUpdated, IncidentDetected
from controls.examples import breach, event, fine, unknown
from controls.kernel import MINUTE, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told


class Limits(Params):
    ack_bd: int = limit(
        1, "bd", "受領を知らせるまでの営業日。", "Business days to acknowledgement."
    )
    close_bd: int = limit(10, "bd", "終えるまでの営業日。", "Business days to the end.")
    report_bd: int = limit(
        1,
        "bd",
        "漏えい等の申出を事故として報告するまでの営業日。",
        "Business days in which a word of a leak becomes an incident or a candidate for one.",
    )
    desk_hours: str = limit(
        "09:00-17:00 business days (PYX)", "", "公表した受付時間。", "The published hours."
    )
    desk_close: str = limit(
        "17:00",
        "JST",
        "この時刻から後の申出は翌営業日に始まる。",
        "What comes at this time or later begins on the next business day.",
    )
    leak_topics: tuple[str, ...] = limit(
        ("leak", "loss", "misdelivery", "unauthorized_use"),
        "",
        "漏えい等の申出。",
        "Topics that speak of a leak.",
    )
    excluded_topics: tuple[str, ...] = limit(
        ("sales",), "", "対象外の申出（営業）。", "Topics that are no complaint."
    )


def by_complaint(event: Any) -> str:
    """The complaint, also of an incident or alert that was raised for one."""
    if isinstance(event, (IncidentDetected, AlertChanged)):
        return event.correlation_id or ""
    return event.complaint_id or ""


def fact(event: Any) -> Fact:
    if isinstance(event, ComplaintReceived):
        return told(event, "received", "received_at", "about")
    if isinstance(event, ComplaintUpdated):
        return told(event, event.step, "escalated")
    if isinstance(event, IncidentDetected):
        return told(event, "incident")
    return told(event, "incident" if event.incident_candidate else "alert")


def first_day(received_at: int, close: str) -> date:
    """The business day on which the desk has it: the next one for what comes after hours."""
    day = jst_day(received_at)
    closing = datetime.strptime(close, "%H:%M").replace(tzinfo=JST)
    minutes = closing.hour * 60 + closing.minute
    if is_business_day(day) and received_at < day_start(day) + minutes * MINUTE:
        return day
    return add_business_days(day, 1)


def checks(limits: Limits) -> tuple[Check, ...]:
    def done_by(name: str, code: str, days: int, ends: Any, concerns: Any = None) -> Any:
        def judge(complaint: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            made = standing(facts, "received")
            common: dict[str, Any] = {"subject": complaint, "item": name}
            if not made:
                ours = any(f[3] not in ("incident", "alert") for f in facts)
                if ours and name == "closing":  # an incident may stand for something else
                    missing = (f"complaint.received {complaint}",)
                    yield Judgement("indeterminate", at=facts[0][0], missing=missing, **common)
                return
            received_at, about = made[0][4]["received_at"], made[0][4]["about"]
            common["events"] = (made[0][1],)
            if about in limits.excluded_topics or (concerns and about not in concerns):
                yield Judgement("not_applicable", at=received_at, **common)
                return
            end = day_end(add_business_days(first_day(received_at, limits.desk_close), days))
            done = min((f[0] for f in standing(facts) if ends(f)), default=None)
            yield due_by(end, done, code, view, begun=received_at, **common)

        return judge

    def case(
        name: str, code: str, days: int, ends: Any, awaited: type[Any], concerns: Any = None
    ) -> Case:
        return Case(
            name,
            (code,),
            (ComplaintReceived, ComplaintUpdated, IncidentDetected, AlertChanged),
            by_complaint,
            fact,
            done_by(name, code, days, ends, concerns),
            span=moment,
            by={ComplaintReceived: "complaint_id", ComplaintUpdated: "complaint_id"},
            awaits=(awaited,),
        )

    def acknowledged(f: Fact) -> bool:
        return f[3] in ("acknowledged", "answered", "closed")

    def ended(f: Fact) -> bool:
        return f[3] == "closed" or (len(f) > 4 and bool(f[4].get("escalated")))

    def reported(f: Fact) -> bool:
        return bool(f[3] == "incident")

    topics = limits.leak_topics
    return (
        case("acknowledgement", "ACK_LATE", limits.ack_bd, acknowledged, ComplaintUpdated),
        case("closing", "CLOSE_LATE", limits.close_bd, ended, ComplaintUpdated),
        case("report", "NOT_REPORTED", limits.report_bd, reported, IncidentDetected, topics),
    )


def complaint(at: str, about: str = "service") -> ComplaintReceived:
    return event(ComplaintReceived, at, complaint_id="cmp-1", received_at=at, about=about)


def update(at: str, step: str, **given: Any) -> ComplaintUpdated:
    return event(ComplaintUpdated, at, complaint_id="cmp-1", step=step, **given)


def incident(at: str, **given: Any) -> IncidentDetected:
    return event(IncidentDetected, at, incident_id="inc-1", correlation_id="cmp-1", **given)


def alert(candidate: bool) -> AlertChanged:
    return event(
        AlertChanged, "2026-11-05 10:00:00", alert_id="al-1", correlation_id="cmp-1",
        incident_candidate=candidate,
    )  # fmt: skip


MORNING = "2026-11-04 10:00:00"
ACKNOWLEDGED = update("2026-11-05 10:00:00", "acknowledged")
CLOSED = update("2026-11-10 10:00:00", "closed")

CONTROL = Control(
    id="REQ-07",
    title=Text("苦情・相談への対応", "Complaints and inquiries handled promptly"),
    requirement=Text(
        "窓口は公表時間に受け付け、期限内に受領・回答し記録する。",
        "The desk works in published hours, acknowledges and closes in time, records content and "
        "action.",
    ),
    sources=sources(
        seeds="PYX-2.a.vi; PYX-11.2; PYX-12.1; PYX-12.2; PER-3-2.1; MIX-P7; MIX-U.H; MIX-OF; "
        "PIC-B4a; PIC-B4b; PIC-U1.6; PIC-K1; JUS-7; JUS-10; JUS-R0b; JUS-C1; JUS-C2; JUS-C3",
        appi="Art.40",
        ppc_guideline="3-9",
        pms_guideline="J.11.1*",
    ),
    params=Limits(),
    codes={
        "ACK_LATE": Code(
            "low",
            Text(
                "ack_bd 営業日の終わりまでに受領を知らせていない。",
                "Not acknowledged by the end of ack_bd business days.",
            ),
            Text(
                "{subject}：受領を期限内に知らせていない。",
                "{subject}: not acknowledged in time.",
            ),
        ),
        "CLOSE_LATE": Code(
            "medium",
            Text(
                "close_bd 営業日の終わりまでに終えず、上申もしていない。",
                "Neither closed nor escalated by the end of close_bd business days.",
            ),
            Text("{subject}：期限内に終えていない。", "{subject}: not closed in time."),
        ),
        "NOT_REPORTED": Code(
            "high",
            Text(
                "漏えい等の申出を report_bd 営業日の終わりまでに事故として報告していない。",
                "A word of a leak, and no incident or candidate by the end of report_bd business "
                "days.",
            ),
            Text(
                "{subject}：漏えい等の申出を報告していない。",
                "{subject}: speaks of a leak, and was not reported.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("受付簿", "Ledger"),
    response=Text("窓口責任者", "Desk manager"),
    false_positives=Text(
        "夜間の FAX・メールは翌営業日に始まる。",
        "Fax and e-mail at night start on the next business day.",
    ),
    examples=(
        breach(
            "ACK_LATE",
            "翌営業日の後の受領",
            "acknowledged in the first second after the next business day",
            complaint(MORNING),
            update("2026-11-06 00:00:01", "acknowledged"),
            CLOSED,
            subject="cmp-1",
            severity="low",
        ),
        fine(
            "ACK_LATE",
            "翌営業日の終わりの受領",
            "acknowledged at its end",
            complaint(MORNING),
            update("2026-11-06 00:00:00", "acknowledged"),
            CLOSED,
        ),
        breach(
            "ACK_LATE",
            "窓口が閉まる一秒前の申出",
            "a complaint one second before the desk closes",
            complaint("2026-11-04 16:59:59"),
            update("2026-11-06 10:00:00", "acknowledged"),
            CLOSED,
        ),
        fine(
            "ACK_LATE",
            "窓口が閉まった時の申出",
            "a complaint as the desk closes",
            complaint("2026-11-04 17:00:00"),
            update("2026-11-06 10:00:00", "acknowledged"),
            CLOSED,
        ),
        breach(
            "CLOSE_LATE",
            "十営業日の後の終結",
            "closed one second after ten business days",
            complaint(MORNING),
            ACKNOWLEDGED,
            update("2026-11-19 00:00:01", "closed"),
            subject="cmp-1",
            severity="medium",
        ),
        fine(
            "CLOSE_LATE",
            "十営業日目の終わりの終結",
            "closed at their end",
            complaint(MORNING),
            ACKNOWLEDGED,
            update("2026-11-19 00:00:00", "closed"),
        ),
        fine(
            "CLOSE_LATE",
            "上申した",
            "escalated instead",
            complaint(MORNING),
            update("2026-11-05 10:00:00", "acknowledged", escalated=True),
            until="2026-11-19T00:00:01+09:00",
        ),
        breach(
            "NOT_REPORTED",
            "報告のない漏えいの申出",
            "a word of a leak, and an alert that is no incident candidate",
            complaint(MORNING, "leak"),
            alert(candidate=False),
            ACKNOWLEDGED,
            CLOSED,
            subject="cmp-1",
            severity="high",
        ),
        fine(
            "NOT_REPORTED",
            "事故の候補とした",
            "the alert is an incident candidate",
            complaint(MORNING, "leak"),
            alert(candidate=True),
            ACKNOWLEDGED,
            CLOSED,
        ),
        breach(
            "NOT_REPORTED",
            "翌営業日の後の検知",
            "an incident one second after the next business day",
            complaint(MORNING, "misdelivery"),
            ACKNOWLEDGED,
            incident("2026-11-06 00:00:01"),
            CLOSED,
        ),
        fine(
            "NOT_REPORTED",
            "翌営業日の終わりの検知",
            "an incident at its end",
            complaint(MORNING, "misdelivery"),
            ACKNOWLEDGED,
            incident("2026-11-06 00:00:00"),
            CLOSED,
        ),
        fine(
            "ACK_LATE",
            "営業の売り込み",
            "a sales call",
            complaint(MORNING, "sales"),
            until="2026-11-19T00:00:01+09:00",
        ),
        unknown(
            "CLOSE_LATE",
            "登録のない申出の対応",
            "steps of what nobody registered",
            CLOSED,
        ),
    ),
)
