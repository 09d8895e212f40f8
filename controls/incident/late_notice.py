"""INC-05  本人への通知 — the principals concerned are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.calendar import day_end, jst_day
from controls.events import IncidentDetected, IncidentNotified, IncidentReported, IncidentStep
from controls.examples import breach, event, fine
from controls.incident.dossier import (
    BY,
    REVISITS,
    by_incident,
    fact,
    owed,
    started,
    unknown_incident,
    versions,
    withdrawn,
)
from controls.kernel import Clock, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing

ALTERNATIVE = frozenset({"alternative_publication", "alternative_desk", "mixed"})


class Limits(Params):
    notify_days: int = limit(
        14,
        "d",
        "本人へ通知するまでの日数（法律は「速やかに」。社内の目安であり、延期は記録する）。",
        "Days to the notice (the law says promptly; a house default, deferral is recorded).",
    )
    partial_days: int = limit(
        14, "d", "その後、全員へ通知するまでの日数。", "Days after that until everyone is told."
    )
    items: tuple[str, ...] = limit(
        ("summary", "items", "cause", "secondary", "other"),
        "",
        "通知に要る事項（規則 10 条）。",
        "What a notice must state (Rule 10).",
    )
    client_hours: int = limit(
        120,
        "h",
        "受託者が委託元へ通知すれば義務を免れる時間（INC-03 の期限と同じ）。",
        "An entrustee that tells its client within this time is free (as INC-03).",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def deadline(facts: Sequence[Fact], start: int) -> date:
        """The last day; a deferral that was recorded before its end replaces it."""
        day = jst_day(start) + timedelta(days=limits.notify_days)
        for step in standing(facts):
            until = step[4].get("deferral")
            if until and step[0] <= day_end(day):
                day = date.fromisoformat(until)
        return day

    def due(facts: Sequence[Fact], at: int, view: View) -> bool:
        return owed(facts, at, view, limits.client_hours)

    def told(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        events = tuple(f[1] for f in facts)
        common: dict[str, Any] = {"subject": incident, "item": "notice", "events": events}
        if not versions(facts):
            yield Judgement("indeterminate", **unknown_incident(facts, incident), **common)
            return
        start = started(facts)
        if start is None:
            yield Judgement("not_applicable", at=facts[0][0], **common)
            return
        day = deadline(facts, start)
        end = day_end(day)
        first = next((n[0] for n in standing(facts, "notice")), None)
        if not due(facts, min(view.now, end), view):
            yield Judgement("not_applicable", at=start, **common)
        elif first is not None and first <= end:
            yield Judgement("pass", at=first, **common)
        elif first is not None or view.now > end:
            over = first is not None or withdrawn(facts, view.now)
            yield Judgement(
                "violation", "LATE", at=end, detected=end, since=start, closed=over,
                clock=None if over else Clock(start, end), facts={"deadline": f"{day}"}, **common,
            )  # fmt: skip
        else:
            yield Judgement(
                "not_applicable", at=start, until=end, clock=Clock(start, end), **common
            )

    def covered(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        start = started(facts) if versions(facts) else None
        if start is None:
            return
        end = day_end(deadline(facts, start) + timedelta(days=limits.partial_days))
        notices = standing(facts, "notice")
        known = [n for n in notices if n[0] <= end]
        if not known or not due(facts, min(view.now, end), view):
            return
        last = known[-1]
        common: dict[str, Any] = {"subject": incident, "item": "coverage", "events": (last[1],)}
        whole = last[4]["notified"] >= last[4]["total"]
        otherwise = any(n[4]["method"] in ALTERNATIVE and n[4]["reason"] for n in known)
        if whole or otherwise:
            yield Judgement("pass", at=last[0], **common)
        elif view.now > end:
            mended = any(n[4]["notified"] >= n[4]["total"] for n in notices)
            yield Judgement(
                "violation", "PARTIAL", at=end, detected=end, since=start, closed=mended,
                facts={"notified": last[4]["notified"], "total": last[4]["total"]}, **common,
            )  # fmt: skip
        else:
            yield Judgement("not_applicable", at=last[0], until=end, **common)

    def worded(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not versions(facts):
            return
        for notice in standing(facts, "notice"):
            if not due(facts, notice[0], view):
                continue
            lacking = [item for item in limits.items if item not in notice[4]["items"]]
            common: dict[str, Any] = {
                "subject": incident, "item": notice[1], "at": notice[0], "events": (notice[1],),
            }  # fmt: skip
            if lacking:
                told = {"lacking": ", ".join(lacking)}
                yield Judgement("violation", "ITEMS", facts=told, **common)
            else:
                yield Judgement("pass", **common)

    def reasoned(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not versions(facts):
            return
        for notice in standing(facts, "notice"):
            if notice[4]["method"] not in ALTERNATIVE or not due(facts, notice[0], view):
                continue
            verdict: Any = "pass" if notice[4]["reason"] else "violation"
            code = None if notice[4]["reason"] else "NO_REASON"
            yield Judgement(verdict, code, incident, notice[0], item=notice[1], events=(notice[1],))

    def case(name: str, code: str, judge: Any, clock: Text | None = None) -> Case:
        return Case(
            name,
            (code,),
            (IncidentDetected, IncidentStep, IncidentReported, IncidentNotified),
            by_incident,
            fact,
            judge,
            span=moment,
            by=BY,
            revisits=REVISITS,
            awaits=(IncidentNotified,),
            clock=clock,
        )

    return (
        case("notice", "LATE", told, Text("本人への通知", "notice to the principals")),
        case("coverage", "PARTIAL", covered),
        case("items", "ITEMS", worded),
        case("reason", "NO_REASON", reasoned),
    )


def incident(at: str, **given: Any) -> IncidentDetected:
    return event(
        IncidentDetected,
        at,
        **{
            "incident_id": "inc-1",
            "known_at": "2026-11-11 10:00:00",
            "dataset_ids": ["ds-members"],
            "principals_max": 1_001,
            "role": "controller",
            **given,
        },
    )


def notified(at: str, **given: Any) -> IncidentNotified:
    return event(
        IncidentNotified,
        at,
        **{
            "incident_id": "inc-1",
            "principals_notified": 1_001,
            "principals_total": 1_001,
            "method": "mail",
            "items": ["summary", "items", "cause", "secondary", "other"],
            **given,
        },
    )


def step(at: str, **given: Any) -> IncidentStep:
    return event(IncidentStep, at, **{"incident_id": "inc-1", "step": "contained", **given})


KNOWN = "2026-11-11 11:00:00"

CONTROL = Control(
    id="INC-05",
    title=Text("本人への通知", "Principals notified"),
    requirement=Text(
        "本人へ所定事項を速やかに通知し、困難な場合は代替措置を取る。",
        "Affected principals are told the five matters promptly, or an alternative measure is "
        "taken with the reason.",
    ),
    sources=sources(
        seeds="PER-4.3.4",
        appi="Art.26(2)",
        ppc_guideline="3-5-4 (Rule 10)",
        pms_guideline="J.4.4.2",
    ),
    params=Limits(),
    codes={
        "LATE": Code(
            "high",
            Text(
                "目安の日（または記録した延期日）の終わりまでに通知がない。",
                "No notice by the end of the day set, or of the day to which it was deferred.",
            ),
            Text(
                "{subject}：本人への通知が {deadline} の終わりまでにない。",
                "{subject}: the principals were not told by the end of {deadline}.",
            ),
        ),
        "PARTIAL": Code(
            "medium",
            Text(
                "その後 partial_days の終わりまでに全員へ通知せず、理由のある代替措置もない。",
                "Not everyone was told partial_days later, and no alternative has a reason.",
            ),
            Text(
                "{subject}：{total} 人中 {notified} 人にしか通知していない。",
                "{subject}: {notified} of {total} principals were told.",
            ),
        ),
        "ITEMS": Code(
            "medium",
            Text("通知に所定の事項が欠けている。", "A notice lacks one of the matters."),
            Text("{subject}：通知に {lacking} がない。", "{subject}: the notice lacks {lacking}."),
        ),
        "NO_REASON": Code(
            "medium",
            Text(
                "代替措置をとったが、通知が困難な理由の記録がない。",
                "An alternative was taken without a recorded reason.",
            ),
            Text(
                "{subject}：代替措置の理由の記録がない。",
                "{subject}: the alternative measure has no recorded reason.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("人数、方法、文面のハッシュ", "Counts, method, text hash"),
    response=Text("通知する。", "Send."),
    false_positives=Text(
        "害を避けるための延期は認められる：記録が要る。",
        "Deferral to avoid harm is allowed: it needs a record.",
    ),
    examples=(
        breach(
            "LATE",
            "15 日目の最初の瞬間を過ぎた通知",
            "told one second after the fourteenth day",
            incident(KNOWN),
            notified("2026-11-26 00:00:01"),
            subject="inc-1",
            severity="high",
        ),
        fine(
            "LATE",
            "14 日目の終わりの通知",
            "told at the end of the fourteenth day",
            incident(KNOWN),
            notified("2026-11-26 00:00:00"),
        ),
        fine(
            "LATE",
            "記録した延期日までの通知",
            "told by the day to which it was deferred",
            incident(KNOWN),
            step("2026-11-20 10:00:00", deferral_until="2026-12-05"),
            notified("2026-12-05 12:00:00"),
        ),
        breach(
            "PARTIAL",
            "28 日目の終わりに一部のみ",
            "only some after the twenty-eighth day",
            incident(KNOWN),
            notified("2026-11-20 10:00:00", principals_notified=900),
            subject="inc-1",
            severity="medium",
            until="2026-12-10T00:00:01+09:00",
        ),
        fine(
            "PARTIAL",
            "全員に通知した",
            "everyone was told",
            incident(KNOWN),
            notified("2026-11-20 10:00:00", principals_notified=1_001),
            until="2026-12-10T00:00:01+09:00",
        ),
        fine(
            "PARTIAL",
            "残りは理由を記録して公表した",
            "the rest by publication, with the reason",
            incident(KNOWN),
            notified(
                "2026-11-20 10:00:00",
                principals_notified=900,
                method="mixed",
                difficulty_reason="addresses unknown",
            ),
            until="2026-12-10T00:00:01+09:00",
        ),
        breach(
            "ITEMS",
            "原因を述べない通知",
            "a notice that does not state the cause",
            incident(KNOWN),
            notified("2026-11-20 10:00:00", items=["summary", "items", "secondary", "other"]),
            subject="inc-1",
            severity="medium",
        ),
        fine(
            "ITEMS",
            "五つの事項を述べた通知",
            "a notice with all five matters",
            incident(KNOWN),
            notified("2026-11-20 10:00:00"),
        ),
        breach(
            "NO_REASON",
            "理由のない公表",
            "publication without a reason",
            incident(KNOWN),
            notified("2026-11-20 10:00:00", method="alternative_publication"),
            subject="inc-1",
            severity="medium",
        ),
        fine(
            "NO_REASON",
            "理由を記録した公表",
            "publication with its reason",
            incident(KNOWN),
            notified(
                "2026-11-20 10:00:00",
                method="alternative_publication",
                difficulty_reason="addresses unknown",
            ),
        ),
    ),
)
