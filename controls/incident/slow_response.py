"""INC-01  事故の即時報告・拡大防止 — incidents are escalated and contained at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from controls.events import AlertChanged, IncidentDetected, IncidentStep
from controls.examples import breach, event, fine, unknown
from controls.incident.dossier import (
    BY,
    by_incident,
    fact,
    known_at,
    unknown_incident,
    versions,
    withdrawn,
)
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing

DECIDED = frozenset({"escalated", "resolved", "false_positive", "risk_accepted"})
"""Steps of an alert that decide what it was; an acknowledgement does not."""


class Limits(Params):
    esc_hours: int = limit(
        1, "h", "知ってから責任者へ報告するまでの時間。", "From knowledge to escalation."
    )
    contain_hours: int = limit(
        24, "h", "知ってから拡大を防止するまでの時間。", "From knowledge to containment."
    )
    triage_hours: int = limit(
        4, "h", "事故の候補である通報を切り分けるまでの時間。", "From an alert to its triage."
    )


def by_alert(event: Any) -> str:
    """An alert, or the alert from which an incident was detected."""
    if isinstance(event, AlertChanged):
        return event.alert_id
    return event.correlation_id or ""


def signal(event: Any) -> Fact:
    """[at, event_id, corrects, what, candidate]"""
    head = [event.occurred_at, event.event_id, event.corrects_event_id or ""]
    if isinstance(event, AlertChanged):
        return [*head, event.step, bool(event.incident_candidate)]
    return [*head, "incident", False]


def checks(limits: Limits) -> tuple[Check, ...]:
    def step_by(
        step: str, code: str, hours: int
    ) -> Callable[[str, Sequence[Fact], View], Iterator[Judgement]]:
        def judge(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            events = tuple(f[1] for f in facts)
            common: dict[str, Any] = {"subject": incident, "item": step, "events": events}
            if not versions(facts):
                yield Judgement("indeterminate", **unknown_incident(facts, incident), **common)
                return
            known = known_at(facts)
            end = known + hours * HOUR
            done = next((f[0] for f in standing(facts, step)), None)
            if withdrawn(facts, view.now):
                yield Judgement("not_applicable", at=known, **common)
            elif done is not None and done <= end:
                yield Judgement("pass", at=done, **common)
            elif view.now > end or done is not None:
                over = done is not None
                yield Judgement(
                    "violation", code, at=end, detected=end, since=known, closed=over, **common
                )
            else:
                yield Judgement("not_applicable", at=known, until=end, **common)

        return judge

    def triage(alert: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        raised = [f for f in standing(facts, "raised") if f[4]]
        if not raised:
            return
        at = raised[0][0]
        end = at + limits.triage_hours * HOUR
        common: dict[str, Any] = {
            "subject": alert, "item": "triage", "events": (raised[0][1],)
        }  # fmt: skip
        decided = [f[0] for f in standing(facts) if f[3] in DECIDED or f[3] == "incident"]
        if decided and decided[0] <= end:
            yield Judgement("pass", at=decided[0], **common)
        elif decided or view.now > end:
            yield Judgement(
                "violation", "UNTRIAGED", at=end, detected=end, since=at, closed=bool(decided),
                **common,
            )  # fmt: skip
        else:
            yield Judgement("not_applicable", at=at, until=end, **common)

    def incident(name: str, code: str, hours: int) -> Case:
        return Case(
            name,
            (code,),
            (IncidentDetected, IncidentStep),
            by_incident,
            fact,
            step_by(name, code, hours),
            span=moment,
            by=BY,
            awaits=(IncidentStep,),
        )

    return (
        incident("escalated", "ESCALATION_LATE", limits.esc_hours),
        incident("contained", "CONTAIN_LATE", limits.contain_hours),
        Case(
            "triage",
            ("UNTRIAGED",),
            (AlertChanged, IncidentDetected),
            by_alert,
            signal,
            triage,
            span=moment,
            by={AlertChanged: "alert_id"},
            awaits=(AlertChanged,),
        ),
    )


def incident(at: str, **given: Any) -> IncidentDetected:
    return event(
        IncidentDetected,
        at,
        **{"incident_id": "inc-1", "known_at": "2026-11-11 10:00:00", **given},
    )


def step(at: str, name: str) -> IncidentStep:
    return event(IncidentStep, at, incident_id="inc-1", step=name)


def alert(at: str, name: str, **given: Any) -> AlertChanged:
    return event(AlertChanged, at, **{"alert_id": "alt-1", "step": name, **given})


CONTROL = Control(
    id="INC-01",
    title=Text("事故の即時報告・拡大防止", "Escalated and contained at once"),
    requirement=Text(
        "事故・兆候を責任者へ直ちに報告し拡大を防ぎ、強い兆候は必ず切り分ける。",
        "A known or suspected incident reaches the responsible person immediately and is "
        "contained; strong signals are triaged.",
    ),
    sources=sources(
        seeds="PYX-9.4; PER-4.3.4; MIX-P4; MIX-M0a; MIX-M.C2; JUS-4b",
        appi="Art.23; Art.26",
        ppc_guideline="10-3(4); 3-5-2(1)",
        pms_guideline="J.4.4.2",
    ),
    params=Limits(),
    codes={
        "ESCALATION_LATE": Code(
            "high",
            Text(
                "知った時から esc_hours 以内に責任者への報告がない。",
                "No escalation within esc_hours of knowledge.",
            ),
            Text(
                "{subject}：知った時から直ちに責任者へ報告していない。",
                "{subject}: the incident was not escalated at once.",
            ),
        ),
        "CONTAIN_LATE": Code(
            "high",
            Text(
                "知った時から contain_hours 以内に拡大を防止していない。",
                "No containment within contain_hours of knowledge.",
            ),
            Text(
                "{subject}：期間内に拡大を防止していない。",
                "{subject}: the incident was not contained in time.",
            ),
        ),
        "UNTRIAGED": Code(
            "high",
            Text(
                "事故の候補を triage_hours 以内に切り分けていない（確認だけでは決定でない）。",
                "An alert that may be an incident was not decided within triage_hours; an "
                "acknowledgement decides nothing.",
            ),
            Text(
                "{subject}：事故の候補を切り分けていない。",
                "{subject}: the incident candidate was not triaged.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("知った時刻、実施者、各時刻", "known_at, who, times"),
    response=Text("当番を呼び出す。", "Page."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "ESCALATION_LATE",
            "一時間を一秒過ぎた報告",
            "escalated one second after the hour",
            incident("2026-11-11 10:30:00"),
            step("2026-11-11 11:00:01", "escalated"),
            step("2026-11-11 12:00:00", "contained"),
            subject="inc-1",
            severity="high",
        ),
        fine(
            "ESCALATION_LATE",
            "ちょうど一時間での報告",
            "escalated at the very end of the hour",
            incident("2026-11-11 10:30:00"),
            step("2026-11-11 11:00:00", "escalated"),
            step("2026-11-11 12:00:00", "contained"),
        ),
        breach(
            "CONTAIN_LATE",
            "24 時間を一秒過ぎた封じ込め",
            "contained one second after the day",
            incident("2026-11-11 10:10:00"),
            step("2026-11-11 10:40:00", "escalated"),
            step("2026-11-12 10:00:01", "contained"),
            subject="inc-1",
            severity="high",
        ),
        fine(
            "CONTAIN_LATE",
            "24 時間以内の封じ込め",
            "contained within the day",
            incident("2026-11-11 10:10:00"),
            step("2026-11-11 10:40:00", "escalated"),
            step("2026-11-12 10:00:00", "contained"),
        ),
        fine(
            "CONTAIN_LATE",
            "事故でなかったと取り下げた",
            "withdrawn: it was none",
            incident("2026-11-11 10:10:00"),
            step("2026-11-11 10:40:00", "escalated"),
            step("2026-11-11 11:00:00", "withdrawn"),
            until="2026-11-13T00:00:00+09:00",
        ),
        breach(
            "UNTRIAGED",
            "確認しただけの候補",
            "only acknowledged",
            alert("2026-11-11 10:00:00", "raised", incident_candidate=True),
            alert("2026-11-11 10:10:00", "acknowledged"),
            subject="alt-1",
            severity="high",
            until="2026-11-11T14:00:01+09:00",
        ),
        fine(
            "UNTRIAGED",
            "誤検知と決めた候補",
            "decided to be a false positive",
            alert("2026-11-11 10:00:00", "raised", incident_candidate=True),
            alert("2026-11-11 10:10:00", "false_positive"),
            until="2026-11-11T14:00:01+09:00",
        ),
        breach(
            "UNTRIAGED",
            "四時間を一秒過ぎた決定",
            "decided one second after four hours",
            alert("2026-11-11 10:00:00", "raised", incident_candidate=True),
            alert("2026-11-11 14:00:01", "resolved"),
        ),
        fine(
            "UNTRIAGED",
            "候補から事故が起票された",
            "an incident was opened from it",
            alert("2026-11-11 10:00:00", "raised", incident_candidate=True),
            incident("2026-11-11 10:30:00", correlation_id="alt-1"),
            step("2026-11-11 10:40:00", "escalated"),
            step("2026-11-11 12:00:00", "contained"),
            until="2026-11-11T14:00:01+09:00",
        ),
        unknown(
            "ESCALATION_LATE",
            "検知の記録がない事故の報告",
            "a step of an incident that nobody detected",
            step("2026-11-11 10:40:00", "escalated"),
        ),
    ),
)
