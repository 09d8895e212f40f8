"""OUT-01  委託先の選定評価 — data is entrusted to contractors that were assessed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from controls.books.contractors import ASSESSMENTS, FINDINGS_CLOSED
from controls.calendar import jst_day
from controls.events import ContractorAssessed, ContractorDataEntrusted, ContractorFindingClosed
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Check, Each, Look


class Limits(Params):
    valid_months: int = limit(
        12,
        "months",
        "評価の有効期間の目安（判定は評価票の期限による）。",
        "How long an assessment is proposed to hold (its own date decides).",
    )
    expired_high_days: int = limit(
        30, "d", "期限をこれより過ぎると重大とする日数。", "Days expired from which it is high."
    )
    carriers: tuple[str, ...] = limit(
        (),
        "",
        "内容を知らない運送・郵便の事業者。",
        "Carriers and post that do not know the content.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def assessed(provision: ContractorDataEntrusted, view: View) -> Judgement | None:
        at, contractor = provision.occurred_at, provision.contractor_id
        if contractor in limits.carriers:
            return NOT_APPLICABLE
        subject = f"{contractor}|{provision.provision_id}"
        latest = view.latest(ASSESSMENTS, contractor, at)
        if latest is None:
            return Judgement("violation", "NOT_ASSESSED", subject, since=at - DAY)
        if latest.result == "fail":
            return Judgement("violation", "FAILED", subject)
        if latest.result == "conditional":
            closed = view.entries(FINDINGS_CLOSED, contractor, at)
            if not any(each.occurred_at >= latest.occurred_at for each in closed):
                return Judgement("indeterminate", missing=(f"finding_closed of {contractor}",))
        day = jst_day(at)
        if latest.valid_until >= day:
            return PASS
        grave = day > latest.valid_until + timedelta(days=limits.expired_high_days)
        return Judgement(
            "violation",
            "EXPIRED",
            subject,
            severity="high" if grave else "medium",
            facts={"valid_until": f"{latest.valid_until}"},
        )

    def later(event: Any) -> tuple[Look, ...]:
        since = event.occurred_at
        return (Look(ContractorDataEntrusted, "contractor_id", event.contractor_id, since),)

    return (
        Each(
            "assessed",
            ("FAILED", "EXPIRED", "NOT_ASSESSED"),
            (ContractorDataEntrusted,),
            assessed,
            by={ContractorDataEntrusted: "contractor_id"},
            revisits={ContractorAssessed: later, ContractorFindingClosed: later},
            awaits=(ContractorAssessed,),
        ),
    )


def assessment(at: str, **given: Any) -> ContractorAssessed:
    return event(
        ContractorAssessed,
        at,
        **{
            "contractor_id": "ctr-printer",
            "result": "pass",
            "valid_until": "2027-03-31",
            "country": "JP",
            **given,
        },
    )


def provided(at: str, **given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        at,
        **{"contractor_id": "ctr-printer", "provision_id": "prov-1", "country": "JP", **given},
    )


ASSESSED, AT = "2026-04-01 10:00:00", "2026-11-11 10:00:00"

CONTROL = Control(
    id="OUT-01",
    title=Text("委託先の選定評価", "Contractor assessed before entrustment"),
    requirement=Text(
        "安全管理措置を確認し合格・有効な委託先にのみ委託する。",
        "PD is entrusted only to contractors with a valid passed assessment of security measures.",
    ),
    sources=sources(
        seeds="PYX-5.1; PER-2-3.3; PER-4.7a; MIX-O1",
        appi="Art.25",
        ppc_guideline="3-4-4(1)",
        pms_guideline="J.9.4*",
    ),
    params=Limits(),
    codes={
        "FAILED": Code(
            "critical",
            Text("直近の評価が不合格である。", "The latest assessment failed."),
            Text(
                "{subject}：不合格の委託先に委託した。",
                "{subject}: entrusted to a contractor that failed its assessment.",
            ),
        ),
        "EXPIRED": Code(
            "medium",
            Text(
                "直近の評価の期限が過ぎている（expired_high_days を超えれば high）。",
                "The latest assessment has run out; high when by more than expired_high_days.",
            ),
            Text(
                "{subject}：委託先の評価は {valid_until} で期限切れである。",
                "{subject}: the contractor's assessment ran out on {valid_until}.",
            ),
        ),
        "NOT_ASSESSED": Code(
            "high",
            Text("提供の時までに評価の記録がない。", "No assessment at or before the provision."),
            Text(
                "{subject}：評価のない委託先に委託した。",
                "{subject}: entrusted to a contractor that was never assessed.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "評価票、基準の版、最初の提供との前後",
        "Assessment sheet, criteria, date vs first provision",
    ),
    response=Text("提供を止める。", "Stop the feed."),
    false_positives=Text("親会社の評価", "Assessment of the parent company"),
    examples=(
        breach(
            "NOT_ASSESSED",
            "評価の一秒前の提供",
            "provided one second before the assessment",
            provided("2026-04-01 09:59:59"),
            assessment(ASSESSED),
            subject="ctr-printer|prov-1",
            severity="high",
        ),
        fine(
            "NOT_ASSESSED",
            "評価と同時の提供",
            "provided at that very moment",
            provided("2026-04-01 10:00:00"),
            assessment(ASSESSED),
        ),
        breach(
            "EXPIRED",
            "期限の翌日の提供",
            "on the day after it had run out",
            assessment(ASSESSED, valid_until="2026-11-10"),
            provided(AT),
            subject="ctr-printer|prov-1",
            severity="medium",
        ),
        fine(
            "EXPIRED",
            "期限の当日の提供",
            "on its last day",
            assessment(ASSESSED, valid_until="2026-11-11"),
            provided(AT),
        ),
        breach(
            "EXPIRED",
            "期限から 31 日を過ぎた提供",
            "thirty-one days after it had run out",
            assessment(ASSESSED, valid_until="2026-10-11"),
            provided(AT),
            severity="high",
        ),
        breach(
            "FAILED",
            "不合格の委託先への提供",
            "the contractor failed",
            assessment(ASSESSED, result="fail"),
            provided(AT),
            subject="ctr-printer|prov-1",
            severity="critical",
        ),
        fine(
            "FAILED",
            "合格した委託先への提供",
            "the contractor passed",
            assessment(ASSESSED, result="pass"),
            provided(AT),
        ),
        fine(
            "FAILED",
            "条件付き合格で指摘は是正済み",
            "conditional, its finding settled",
            assessment(ASSESSED, result="conditional"),
            event(ContractorFindingClosed, "2026-05-01 10:00:00", contractor_id="ctr-printer"),
            provided(AT),
        ),
        unknown(
            "FAILED",
            "条件付き合格で是正の記録がない",
            "conditional, nothing settled",
            assessment(ASSESSED, result="conditional"),
            provided(AT),
        ),
    ),
)
