"""ORG-04  運用の確認・ログ点検 — departments inspect themselves, logs are reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from controls.books.access import SYSTEM_SOURCES
from controls.books.core import DATASETS, STAFF, SYSTEM_DATASETS
from controls.books.duties import ACTIVITIES, CAUSED, staffed
from controls.books.systems import pd_listed
from controls.calendar import add_business_days, add_months, day_end, jst_day
from controls.deadlines import comes_round, due_by
from controls.events import (
    NonconformityChanged,
    PmsActivity,
    RegisterDataset,
    RegisterSource,
    StaffChanged,
)
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told


class Limits(Params):
    inspect_months: int = limit(
        3, "months", "部門の自己点検の間隔。", "Months between two self-inspections."
    )
    log_days: int = limit(35, "d", "ログ点検の間隔。", "Days between two log reviews.")
    external_months: int = limit(
        12, "months", "外部・情報管理部門の確認の間隔。", "Months between two outside checks."
    )
    raise_bd: int = limit(
        10, "bd", "指摘から不適合の起票までの営業日数。", "Business days to raise what was found."
    )


PERFORMERS = ("external", "info_mgmt")
FINDING = ("self_inspection", "log_review", "external_check", "internal_audit")


def by_activity(done: PmsActivity) -> str:
    if done.activity not in FINDING:
        return ""
    return f"{done.activity}|{done.period}|{','.join(done.scope)}"


def fact(done: PmsActivity) -> Fact:
    return told(done, done.activity, "findings", "decisions")


def checks(limits: Limits) -> tuple[Check, ...]:
    def inspected(dept: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        span = staffed(dept, view)
        if span is None:
            return
        done = [a.occurred_at for a in view.all(ACTIVITIES, "self_inspection") if dept in a.scope]
        yield from comes_round(
            "INSPECTION_MISSED", max(span[0], jst_day(view.began)), done,
            partial(add_months, count=limits.inspect_months), view, prefix=f"{dept}|",
            gone=span[1],
        )  # fmt: skip

    def reviewed(system: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        span = pd_listed(system, view)
        if span is None:
            return
        done = [
            activity.occurred_at
            for activity in view.all(ACTIVITIES, "log_review")
            if concerns(activity, system, view)
        ]
        yield from comes_round(
            "LOG_REVIEW_MISSED", jst_day(max(span.since, view.began)), done, next_review, view,
            prefix=f"{system}|", gone=None if span.until is None else jst_day(span.until),
        )  # fmt: skip

    def next_review(day: date) -> date:
        return day + timedelta(days=limits.log_days)

    def concerns(activity: PmsActivity, system: str, view: View) -> bool:
        if activity.system_ids is not None:
            return system in activity.system_ids
        owners = {
            now.owner_dept
            for line in view.entries(SYSTEM_DATASETS, system, activity.occurred_at)
            if (now := view.latest(DATASETS, line.dataset_id, activity.occurred_at)) is not None
            and system in now.storage_systems
        }
        return bool(owners & set(activity.scope))

    def checked(performer: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        done = [
            activity.occurred_at
            for activity in view.all(ACTIVITIES, "external_check")
            if (activity.performer_kind or "external") == performer
        ]
        yield from comes_round(
            "EXTERNAL_MISSED", jst_day(view.began), done,
            partial(add_months, count=limits.external_months), view, prefix=f"{performer}|",
        )  # fmt: skip

    def raised(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for done in standing(facts):
            if not done[4]["findings"] or done[4]["decisions"]:
                continue
            times = [
                change.occurred_at
                for change in view.all(CAUSED, done[1])
                if change.step == "raised"
            ]
            end = day_end(add_business_days(jst_day(done[0]), limits.raise_bd))
            yield due_by(
                end, min(times, default=None), "FINDINGS_NOT_RAISED", view, begun=done[0],
                subject=key, item=done[1], events=(done[1],), facts={"found": done[4]["findings"]},
            )  # fmt: skip

    def depts(change: Any, view: View) -> list[str]:
        if isinstance(change, PmsActivity):
            return list(change.scope) if change.activity == "self_inspection" else []
        return [each.dept_id for each in view.all(STAFF, change.person_ref)]

    def systems(change: Any, view: View) -> list[str]:
        if isinstance(change, PmsActivity):
            if change.activity != "log_review":
                return []
            known = [*view.keys(SYSTEM_DATASETS), *view.keys(SYSTEM_SOURCES)]
            return known if change.system_ids is None else list(change.system_ids)
        if isinstance(change, RegisterDataset):
            lines = view.all(DATASETS, change.dataset_id)
            return [system for line in lines for system in line.storage_systems]
        return [change.system_id] if change.system_id else []

    def performers(change: PmsActivity, view: View) -> tuple[str, ...]:
        return PERFORMERS if change.activity == "external_check" else ()

    def activities(change: NonconformityChanged, view: View) -> list[str]:
        cause = view.event(change.correlation_id or "")
        return [by_activity(cause)] if isinstance(cause, PmsActivity) else []

    def periodic(name: str, code: str, judge: Any, **more: Any) -> Case:
        return Case(
            name, (code,), (PmsActivity,), lambda done: "", fact, judge, span=moment, began=True,
            awaits=(PmsActivity,), **more,
        )  # fmt: skip

    return (
        periodic(
            "inspection", "INSPECTION_MISSED", inspected,
            touches={PmsActivity: depts, StaffChanged: depts},
        ),
        periodic(
            "logs", "LOG_REVIEW_MISSED", reviewed,
            touches={PmsActivity: systems, RegisterDataset: systems, RegisterSource: systems},
        ),
        periodic(
            "outside", "EXTERNAL_MISSED", checked,
            periodic=PERFORMERS, touches={PmsActivity: performers},
        ),
        Case(
            "findings",
            ("FINDINGS_NOT_RAISED",),
            (PmsActivity,),
            by_activity,
            fact,
            raised,
            span=moment,
            by={PmsActivity: "activity"},
            touches={NonconformityChanged: activities},
            awaits=(NonconformityChanged,),
        ),
    )  # fmt: skip


def done(at: str, activity: str, **given: Any) -> PmsActivity:
    said = {
        "activity": activity, "period": "2026-11", "scope": ["sales"], "next_due": "2027-02-10",
        **given,
    }  # fmt: skip
    return event(PmsActivity, at, **said)


def raised(at: str, cause: PmsActivity, **given: Any) -> NonconformityChanged:
    said = {"nc_id": "nc-1", "step": "raised", "correlation_id": cause.event_id, **given}
    return event(NonconformityChanged, at, **said)


STAFFED = event(
    StaffChanged, "2026-11-02 09:00:00", person_ref="sato", change="joined", kind="employee",
    dept_id="sales", effective_on="2026-11-02",
)  # fmt: skip
LISTED = event(
    RegisterDataset, "2026-11-02 09:00:00", dataset_id="ds-members", owner_dept="sales",
    storage_systems=["sys-crm"], version=1,
)  # fmt: skip
BEGUN = done("2026-11-02 09:00:00", "plan_approved")
"""The first event."""
INSPECTED = done("2026-11-10 09:00:00", "self_inspection", findings=2)
"""Something was found, and no decision says what becomes of it."""

CONTROL = Control(
    id="ORG-04",
    title=Text("運用の確認・ログ点検", "Self-inspection and log review performed"),
    requirement=Text(
        "各部門が定期点検し責任者がログを点検、情報管理部門と外部専門家が年次で確認する。",
        "Departments self-inspect and the responsible person reviews logs on schedule; "
        "information-management dept. and an outside expert check yearly.",
    ),
    sources=sources(
        seeds="PYX-9.2; PER-4.3.2c; PER-4.3.5a; PER-4.3.5b; MIX-P6b; MIX-M.C1",
        appi="Art.23; Art.24",
        ppc_guideline="10-3(2); 10-3(5)",
        pms_guideline="J.6.1",
    ),
    params=Limits(),
    codes={
        "INSPECTION_MISSED": Code(
            "medium",
            Text(
                "部門の前の自己点検から inspect_months の終わりまでに次の点検がない。",
                "No self-inspection of the department by the end of inspect_months.",
            ),
            Text(
                "{subject}：{last} 以来、自己点検がない。",
                "{subject}: no self-inspection since {last}.",
            ),
        ),
        "LOG_REVIEW_MISSED": Code(
            "medium",
            Text(
                "個人データのあるシステムのログを log_days の終わりまでに点検していない。",
                "The logs of a system with personal data were not reviewed by the end of log_days.",
            ),
            Text(
                "{subject}：{last} 以来、ログを点検していない。",
                "{subject}: logs not reviewed since {last}.",
            ),
        ),
        "EXTERNAL_MISSED": Code(
            "low",
            Text(
                "外部又は情報管理部門による確認が external_months の終わりまでにない。",
                "No check by an outsider, or by information management, by the end of "
                "external_months.",
            ),
            Text("{subject}：{last} 以来、確認がない。", "{subject}: no check since {last}."),
        ),
        "FINDINGS_NOT_RAISED": Code(
            "medium",
            Text(
                "点検の指摘を raise_bd 営業日の終わりまでに不適合として起票していない。",
                "What was found was not raised as a nonconformity in raise_bd business days.",
            ),
            Text(
                "{subject}：指摘 {found} 件が起票されていない。",
                "{subject}: {found} finding(s) not raised.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "予定と実施の表、点検者、見た標本",
        "Schedule vs done table; reviewer; samples looked at",
    ),
    response=Text("担当を割り当てる。", "Assign."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "INSPECTION_MISSED",
            "三月を一秒過ぎた点検",
            "inspected a second after three months",
            STAFFED,
            done("2027-02-03 00:00:01", "self_inspection"),
            subject="sales|2026-11-02",
            severity="medium",
            until="2027-02-03 00:00:02",
        ),
        fine(
            "INSPECTION_MISSED",
            "三月の終わりの点検",
            "inspected as they end",
            STAFFED,
            done("2027-02-03 00:00:00", "self_inspection"),
            until="2027-02-03 00:00:02",
        ),
        breach(
            "INSPECTION_MISSED",
            "他の部門だけの点検",
            "another department's inspection",
            STAFFED,
            done("2027-02-03 00:00:00", "self_inspection", scope=["it"]),
            until="2027-02-03 00:00:02",
        ),
        breach(
            "LOG_REVIEW_MISSED",
            "35 日を一秒過ぎた点検",
            "reviewed a second after thirty-five days",
            LISTED,
            done("2026-12-08 00:00:01", "log_review", system_ids=["sys-crm"]),
            subject="sys-crm|2026-11-02",
            severity="medium",
            until="2026-12-08 00:00:02",
        ),
        fine(
            "LOG_REVIEW_MISSED",
            "35 日の終わりの点検",
            "reviewed as they end",
            LISTED,
            done("2026-12-08 00:00:00", "log_review", system_ids=["sys-crm"]),
            until="2026-12-08 00:00:02",
        ),
        fine(
            "LOG_REVIEW_MISSED",
            "システムを挙げない所管部門の点検",
            "a review by the owning department that names no system",
            LISTED,
            done("2026-12-08 00:00:00", "log_review"),
            until="2026-12-08 00:00:02",
        ),
        breach(
            "EXTERNAL_MISSED",
            "一年を一秒過ぎた外部の確認",
            "somebody from outside checks a second after the year",
            BEGUN,
            done("2027-11-02 09:00:00", "external_check", performer_kind="info_mgmt"),
            done("2027-11-03 00:00:01", "external_check", performer_kind="external"),
            subject="external|2026-11-02",
            severity="low",
            until="2027-11-03 00:00:02",
        ),
        fine(
            "EXTERNAL_MISSED",
            "一年の終わりの外部の確認",
            "somebody from outside checks as it ends",
            BEGUN,
            done("2027-11-02 09:00:00", "external_check", performer_kind="info_mgmt"),
            done("2027-11-03 00:00:00", "external_check", performer_kind="external"),
            until="2027-11-03 00:00:02",
        ),
        breach(
            "EXTERNAL_MISSED",
            "情報管理部門の確認がない",
            "nobody from information management checks",
            BEGUN,
            done("2027-11-02 09:00:00", "external_check"),
            subject="info_mgmt|2026-11-02",
            until="2027-11-03 00:00:02",
        ),
        breach(
            "FINDINGS_NOT_RAISED",
            "10 営業日を一秒過ぎた起票",
            "raised a second after ten business days",
            INSPECTED,
            raised("2026-11-26 00:00:01", INSPECTED),
            subject="self_inspection|2026-11|sales",
            severity="medium",
            until="2026-11-26 00:00:02",
        ),
        fine(
            "FINDINGS_NOT_RAISED",
            "10 営業日の終わりの起票",
            "raised as they end",
            INSPECTED,
            raised("2026-11-26 00:00:00", INSPECTED),
            until="2026-11-26 00:00:02",
        ),
        fine(
            "FINDINGS_NOT_RAISED",
            "処置を決めた点検",
            "a decision says what becomes of it",
            done("2026-11-10 09:00:00", "self_inspection", findings=2, decisions=["mend it"]),
            until="2026-11-26 00:00:02",
        ),
    ),
)  # fmt: skip
