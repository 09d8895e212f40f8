"""INC-07  再発防止・公表・緊急事態訓練 — prevention, publication and the yearly drill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import comes_round
from controls.events import IncidentDetected, IncidentStep, NonconformityChanged, PmsActivity
from controls.examples import breach, event, fine, unknown
from controls.incident.dossier import (
    BY,
    fact,
    known_at,
    unknown_incident,
    versions,
    withdrawn,
)
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing


class Limits(Params):
    decide_days: int = limit(
        30,
        "d",
        "再発防止策と公表を決めるまでの日数。",
        "Days to decide on prevention, publication.",
    )
    verify_days: int = limit(
        120, "d", "有効性を確認するまでの日数。", "Days to the check of effectiveness."
    )
    drill_months: int = limit(
        12, "months", "緊急時手順の訓練の間隔。", "Months between two emergency drills."
    )


def by_incident(event: Any) -> str:
    """The incident, also of a nonconformity that was raised for one."""
    if isinstance(event, NonconformityChanged):
        return (event.source == "incident" and event.correlation_id) or ""
    return event.incident_id or ""


def dossier(event: Any) -> Fact:
    """The facts of the dossier, and the corrective actions for it."""
    if not isinstance(event, NonconformityChanged):
        return fact(event)
    what: str = event.step
    if what == "effectiveness_verified" and event.effective is not True:
        what = "not_effective"
    return [event.occurred_at, event.event_id, event.corrects_event_id or "", what, {}]


def drill_of(event: PmsActivity) -> str:
    return "drill" if event.activity == "emergency_drill" else ""


def drill_fact(event: PmsActivity) -> Fact:
    return [event.occurred_at, event.event_id, event.corrects_event_id or "", "drill"]


def checks(limits: Limits) -> tuple[Check, ...]:
    def done_by(name: str, code: str, days: int, steps: frozenset[str]) -> Any:
        def judge(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            events = tuple(f[1] for f in facts)
            common: dict[str, Any] = {"subject": incident, "item": name, "events": events}
            if not versions(facts):
                yield Judgement("indeterminate", **unknown_incident(facts, incident), **common)
                return
            known = known_at(facts)
            end = day_end(jst_day(known) + timedelta(days=days))
            done = [f[0] for f in standing(facts) if f[3] in steps or decided(f, name)]
            closing = [f[0] for f in standing(facts, "closed")] if name == "publication" else []
            if closing and closing[0] < end:
                end = closing[0]  # an incident is not closed without the decision
            if withdrawn(facts, view.now):
                yield Judgement("not_applicable", at=known, **common)
            elif done and done[0] <= end:
                yield Judgement("pass", at=done[0], **common)
            elif done or view.now > end or closing:
                yield Judgement(
                    "violation", code, at=end, detected=end, since=known, closed=bool(done),
                    **common,
                )  # fmt: skip
            else:
                yield Judgement("not_applicable", at=known, until=end, **common)

        return judge

    def decided(f: Fact, name: str) -> bool:
        return name == "publication" and bool(len(f) > 4 and f[4].get("publication"))

    def drilled(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        done = [f[0] for f in standing(facts, "drill")]
        due = partial(add_months, count=limits.drill_months)
        for judged in comes_round("DRILL_OVERDUE", jst_day(view.began), done, due, view):
            yield replace(judged, subject=view.org_id)

    def case(name: str, code: str, days: int, *steps: str) -> Case:
        return Case(
            name,
            (code,),
            (IncidentDetected, IncidentStep, NonconformityChanged),
            by_incident,
            dossier,
            done_by(name, code, days, frozenset(steps)),
            span=moment,
            by=BY,
            awaits=(IncidentStep, NonconformityChanged),
        )

    decide, verify = limits.decide_days, limits.verify_days
    return (
        case("corrective", "NO_CORRECTIVE", decide, "corrective_decided", "plan_approved"),
        case("verified", "NOT_VERIFIED", verify, "corrective_verified", "effectiveness_verified"),
        case("publication", "NO_PUBLICATION_DECISION", decide, "published"),
        Case(
            "drill",
            ("DRILL_OVERDUE",),
            (PmsActivity,),
            drill_of,
            drill_fact,
            drilled,
            span=moment,
            awaits=(PmsActivity,),
            periodic=("drill",),
            began=True,
        ),
    )


def incident(at: str, **given: Any) -> IncidentDetected:
    return event(
        IncidentDetected,
        at,
        **{"incident_id": "inc-1", "known_at": "2026-10-01 10:00:00", **given},
    )


def step(at: str, name: str, **given: Any) -> IncidentStep:
    return event(IncidentStep, at, **{"incident_id": "inc-1", "step": name, **given})


def drill(at: str, **given: Any) -> PmsActivity:
    return event(
        PmsActivity,
        at,
        **{"activity": "emergency_drill", "next_due": "2027-04-10", "period": "drill", **given},
    )


KNOWN = "2026-10-01 12:00:00"
CORRECTED = step("2026-10-20 10:00:00", "corrective_decided")
VERIFIED = step("2026-12-20 10:00:00", "corrective_verified")
PUBLISHED = step("2026-10-05 10:00:00", "published")

CONTROL = Control(
    id="INC-07",
    title=Text("再発防止・公表・緊急事態訓練", "Prevention, publication and drill"),
    requirement=Text(
        "原因究明・再発防止・有効性確認と公表判断を行い、緊急時手順を年次で訓練する。",
        "Each incident ends with cause, measures and effectiveness check; publication is decided; "
        "the emergency procedure is tested yearly.",
    ),
    sources=sources(
        seeds="PER-4.3.4",
        appi="Art.23; Art.26",
        ppc_guideline="3-5-2(2)-(5); 10-3(4)",
        pms_guideline="J.4.4.2; J.7.1",
    ),
    params=Limits(),
    codes={
        "NO_CORRECTIVE": Code(
            "high",
            Text(
                "知った日から decide_days の終わりまでに再発防止策を決めていない。",
                "No corrective action was decided by the end of decide_days.",
            ),
            Text(
                "{subject}：再発防止策を決めていない。",
                "{subject}: no corrective action was decided in time.",
            ),
        ),
        "NOT_VERIFIED": Code(
            "medium",
            Text(
                "知った日から verify_days の終わりまでに有効性を確認していない。",
                "Its effect was not verified by the end of verify_days.",
            ),
            Text(
                "{subject}：再発防止策の有効性を確認していない。",
                "{subject}: the corrective action was not verified in time.",
            ),
        ),
        "NO_PUBLICATION_DECISION": Code(
            "medium",
            Text(
                "decide_days の終わりまで、または終結の時までに、公表するかを決めていない。",
                "Whether to publish was not decided by the end of decide_days or at the closing.",
            ),
            Text(
                "{subject}：公表するかどうかを決めていない。",
                "{subject}: whether to publish was not decided.",
            ),
        ),
        "DRILL_OVERDUE": Code(
            "low",
            Text(
                "前の訓練（なければ最初の記録）から drill_months が過ぎた。",
                "drill_months have passed since the last drill, or since the first event.",
            ),
            Text(
                "{subject}：緊急事態の訓練が {last} 以来ない。",
                "{subject}: no emergency drill since {last}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("事故の記録一式", "Incident file"),
    response=Text("是正処置をとる。", "CAPA."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NO_CORRECTIVE",
            "31 日目の最初の一秒の決定",
            "decided in the first second after the thirtieth day",
            incident(KNOWN),
            PUBLISHED,
            step("2026-11-01 00:00:01", "corrective_decided"),
            VERIFIED,
            subject="inc-1",
            severity="high",
        ),
        fine(
            "NO_CORRECTIVE",
            "30 日目の終わりの決定",
            "decided at the end of the thirtieth day",
            incident(KNOWN),
            PUBLISHED,
            step("2026-11-01 00:00:00", "corrective_decided"),
            VERIFIED,
        ),
        breach(
            "NOT_VERIFIED",
            "120 日目の翌日の確認",
            "verified on the day after the hundred and twentieth",
            incident(KNOWN),
            PUBLISHED,
            CORRECTED,
            step("2027-01-30 00:00:01", "corrective_verified"),
            subject="inc-1",
            severity="medium",
        ),
        fine(
            "NOT_VERIFIED",
            "120 日目の終わりの確認",
            "verified at its end",
            incident(KNOWN),
            PUBLISHED,
            CORRECTED,
            step("2027-01-30 00:00:00", "corrective_verified"),
        ),
        breach(
            "NO_PUBLICATION_DECISION",
            "公表を決めずに終結した",
            "closed without the decision",
            incident(KNOWN),
            step("2026-10-10 10:00:00", "closed", publication_decision=None),
            CORRECTED,
            VERIFIED,
            subject="inc-1",
            severity="medium",
        ),
        fine(
            "NO_PUBLICATION_DECISION",
            "公表しないと決めて終結した",
            "closed with the decision not to publish",
            incident(KNOWN),
            step("2026-10-10 10:00:00", "closed", publication_decision="not_publish"),
            CORRECTED,
            VERIFIED,
        ),
        breach(
            "DRILL_OVERDUE",
            "前の訓練から一年を過ぎた",
            "a year and a second after the last drill",
            drill("2026-04-10 10:00:00", activity="emergency_drill"),
            subject="example-kk",
            severity="low",
            until="2027-04-11T00:00:01+09:00",
        ),
        breach(
            "DRILL_OVERDUE",
            "一年を一秒過ぎた訓練",
            "a drill one second after the year",
            drill("2026-04-10 10:00:00"),
            drill("2027-04-11 00:00:01"),
        ),
        fine(
            "DRILL_OVERDUE",
            "一年の終わりの訓練",
            "a drill as the year ends",
            drill("2026-04-10 10:00:00"),
            drill("2027-04-11 00:00:00"),
        ),
        breach(
            "DRILL_OVERDUE",
            "訓練の記録が一度もない",
            "never a drill since the first event",
            drill("2026-04-10 10:00:00", activity="self_inspection"),
            until="2027-04-11T00:00:01+09:00",
        ),
        fine(
            "DRILL_OVERDUE",
            "一年以内の訓練",
            "a drill within the year",
            drill("2026-04-10 10:00:00", activity="emergency_drill"),
            until="2027-04-11T00:00:00+09:00",
        ),
        fine(
            "DRILL_OVERDUE",
            "一年ごとの訓練",
            "a drill every year",
            drill("2026-04-10 10:00:00"),
            drill("2027-04-10 10:00:00"),
            until="2027-04-11T00:00:01+09:00",
        ),
        unknown(
            "NO_CORRECTIVE",
            "検知の記録がない事故の是正",
            "corrective action for what nobody detected",
            step("2026-10-20 10:00:00", "corrective_decided"),
        ),
    ),
)
