"""ORG-06  違反・兆候の報告連絡 — violations reach the responsible person in time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from controls.calendar import add_business_days, day_end, jst_day
from controls.deadlines import due_by
from controls.events import AlertChanged
from controls.examples import breach, event, fine
from controls.kernel import HOUR, MINUTE, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told

SLA = re.compile(r"(\d+)(m|h|bd)")


class Limits(Params):
    ack: dict[str, str] = limit(
        {"critical": "15m", "high": "1h", "medium": "1bd", "low": "5bd"},
        "m, h, bd",
        "重大度ごとの受領までの時間（m と h は昼夜、bd は営業日）。",
        "Time to acknowledgement by severity; m and h elapse day and night, bd are business days.",
    )
    fix: dict[str, str] = limit(
        {"critical": "24h", "high": "3bd", "medium": "10bd", "low": "30bd"},
        "h, bd",
        "重大度ごとの処置までの時間。",
        "Time to the end by severity.",
    )


CLOSING = ("resolved", "false_positive", "risk_accepted")
ANSWERING = ("acknowledged", *CLOSING)
EXCUSED = ("false_positive", "risk_accepted")
OWN = "ORG-06"
"""No alerts on alerts."""


def fact(change: AlertChanged) -> Fact:
    return told(
        change, change.step, "control_id", "severity", "by_ref", "about_ref", "reason",
        "approver_ref",
    )  # fmt: skip


def after(raised: int, term: str) -> int:
    """The instant (ms) at which a term that begins with the alert is over."""
    found = SLA.fullmatch(term)
    assert found is not None, term
    count, unit = int(found[1]), found[2]
    if unit == "bd":
        return day_end(add_business_days(jst_day(raised), count))
    return raised + count * (MINUTE if unit == "m" else HOUR)


def checks(limits: Limits) -> tuple[Check, ...]:
    def answered(name: str, code: str, terms: dict[str, str], steps: Sequence[str]) -> Any:
        def judge(alert: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            raised = next(iter(standing(facts, "raised")), None)
            if raised is None:
                return
            common: dict[str, Any] = {"subject": alert, "item": name, "events": (raised[1],)}
            term = terms.get(raised[4]["severity"])
            if term is None or raised[4]["control_id"] == OWN:
                yield Judgement("not_applicable", at=raised[0], **common)
                return
            done = min((f[0] for f in standing(facts) if f[3] in steps), default=None)
            yield due_by(after(raised[0], term), done, code, view, begun=raised[0], **common)

        return judge

    def excused(alert: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        acknowledged = {f[4]["by_ref"] for f in standing(facts, "acknowledged")}
        for step in standing(facts):
            said = step[4]
            if step[3] not in EXCUSED or said["control_id"] == OWN:
                continue
            approver = said["approver_ref"] or said["by_ref"]
            common: dict[str, Any] = {
                "subject": alert, "item": step[1], "at": step[0], "events": (step[1],),
            }  # fmt: skip
            if not said["reason"] or approver == said["about_ref"] or approver in acknowledged:
                yield Judgement("violation", "SELF_CLOSED", **common)
            else:
                yield Judgement("pass", **common)

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        return Case(
            name,
            (code,),
            (AlertChanged,),
            one_key("alert_id"),
            fact,
            judge,
            span=moment,
            by={AlertChanged: "alert_id"},
            **more,
        )

    ack, fix = limits.ack, limits.fix
    return (
        case(
            "acknowledgement", "ACK_LATE", answered("ack", "ACK_LATE", ack, ANSWERING),
            awaits=(AlertChanged,),
        ),
        case(
            "fix", "FIX_LATE", answered("fix", "FIX_LATE", fix, CLOSING), awaits=(AlertChanged,)
        ),
        case("closing", "SELF_CLOSED", excused),
    )  # fmt: skip


def alert(at: str, step: str, **given: Any) -> AlertChanged:
    said = {
        "alert_id": "al-1", "control_id": "TEC-01", "severity": "high", "by_ref": "soc",
        **given,
    }  # fmt: skip
    return event(AlertChanged, at, step=step, **said)


RAISED = alert("2026-11-11 10:00:00", "raised")
ACKNOWLEDGED = alert("2026-11-11 10:30:00", "acknowledged")
RESOLVED = alert("2026-11-12 10:00:00", "resolved", by_ref="boss")

CONTROL = Control(
    id="ORG-06",
    title=Text("違反・兆候の報告連絡", "Violations reach the responsible person in time"),
    requirement=Text(
        "違反アラートを重大度別の期限で受領・処置し、誤検知・受容は理由と別人承認を要する。",
        "Each violation alert is acknowledged and resolved within the severity SLA; "
        "false-positive and risk-accept need a reason and another person's approval.",
    ),
    sources=sources(
        seeds="MIX-M.C2",
        appi="Art.23; Art.24",
        ppc_guideline="10-3(1); 10-3(4)",
        pms_guideline="J.4.4.1*; J.7.1",
    ),
    params=Limits(),
    codes={
        "ACK_LATE": Code(
            "medium",
            Text(
                "重大度の期限までに受領していない。",
                "Not acknowledged within the time of its severity.",
            ),
            Text("{subject}：受領が遅れた。", "{subject}: not acknowledged in time."),
        ),
        "FIX_LATE": Code(
            "high",
            Text(
                "重大度の期限までに処置を終えていない。",
                "Not closed within the time of its severity.",
            ),
            Text("{subject}：処置が遅れた。", "{subject}: not closed in time."),
        ),
        "SELF_CLOSED": Code(
            "high",
            Text(
                "理由なく、又は本人・受領者の承認で、誤検知や受容とした。",
                "Dismissed without a reason, or by the person concerned or who acknowledged it.",
            ),
            Text(
                "{subject}：別人の承認なく終えた。",
                "{subject}: dismissed without another's approval.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("アラートの経過", "Alert timeline"),
    response=Text("次の段階へ連絡する。", "Page next level."),
    false_positives=Text(
        "分と時間は昼夜を問わず、bd は営業日。",
        "m and h elapse day and night, bd are business days.",
    ),
    examples=(
        breach(
            "ACK_LATE",
            "一時間を一秒過ぎた受領",
            "acknowledged a second after the hour",
            RAISED,
            alert("2026-11-11 11:00:01", "acknowledged"),
            RESOLVED,
            subject="al-1",
            severity="medium",
        ),
        fine(
            "ACK_LATE",
            "一時間での受領",
            "acknowledged in the hour",
            RAISED,
            alert("2026-11-11 11:00:00", "acknowledged"),
            RESOLVED,
        ),
        fine(
            "ACK_LATE",
            "アラートについてのアラート",
            "an alert about alerts",
            alert("2026-11-11 10:00:00", "raised", control_id="ORG-06"),
            until="2026-12-01T00:00:00+09:00",
        ),
        breach(
            "FIX_LATE",
            "三営業日の後の処置",
            "resolved in the first second after the third business day",
            RAISED,
            ACKNOWLEDGED,
            alert("2026-11-17 00:00:01", "resolved", by_ref="boss"),
            subject="al-1",
            severity="high",
        ),
        fine(
            "FIX_LATE",
            "三営業日目の終わりの処置",
            "resolved at its end",
            RAISED,
            ACKNOWLEDGED,
            alert("2026-11-17 00:00:00", "resolved", by_ref="boss"),
        ),
        breach(
            "SELF_CLOSED",
            "受領した者による誤検知の判断",
            "dismissed by who acknowledged it",
            RAISED,
            ACKNOWLEDGED,
            alert("2026-11-12 10:00:00", "false_positive", reason="test", approver_ref="soc"),
            subject="al-1",
            severity="high",
        ),
        fine(
            "SELF_CLOSED",
            "別人による誤検知の判断",
            "dismissed by somebody else",
            RAISED,
            ACKNOWLEDGED,
            alert("2026-11-12 10:00:00", "false_positive", reason="test", approver_ref="boss"),
        ),
        breach(
            "SELF_CLOSED",
            "理由のない受容",
            "accepted without a reason",
            RAISED,
            ACKNOWLEDGED,
            alert("2026-11-12 10:00:00", "risk_accepted", approver_ref="boss"),
        ),
    ),
)
