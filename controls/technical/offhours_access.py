"""TEC-06  時間外アクセス — access to personal data out of hours is explained."""

from __future__ import annotations

from typing import Any

from controls.books.access import (
    ACCESSES,
    OWNED,
    Access,
    exports,
    pd_access,
    permitted,
)
from controls.books.access import by_dataset as accesses_of
from controls.calendar import in_hours, jst_day
from controls.events import (
    AccessDatastoreQuery,
    AccessFileActivity,
    ApprovalGranted,
    RegisterDataset,
)
from controls.examples import breach, event, fine
from controls.kernel import (
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Hours,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Check, Each, Look


class Limits(Params):
    business_hours: Hours = limit(
        "07:00-22:00", "JST", "勤務時間（終わりは含まない）。", "Working hours, end exclusive."
    )
    calendar: str = limit("jp_business_days", "", "営業日の暦。", "The calendar of business days.")


def checks(limits: Limits) -> tuple[Check, ...]:
    def in_time(access: Access, view: View) -> Judgement | None:
        at = access.occurred_at
        if access.actor_kind in OWNED or not pd_access(access, view):
            return NOT_APPLICABLE
        if in_hours(at, limits.business_hours) or permitted(
            view, "offhours", (access.actor_ref,), at, access.dataset_id
        ):
            return PASS
        return Judgement(
            "violation",
            "OFFHOURS",
            f"{access.actor_ref}|{jst_day(at)}",
            severity="medium" if exports(access) else "low",
        )

    def by_approval(approval: ApprovalGranted) -> tuple[Look, ...]:
        since, until = approval.occurred_at, approval.valid_to
        return tuple(Look(kind, "actor_ref", approval.for_ref, since, until) for kind in ACCESSES)

    return (
        Each(
            "hours",
            ("OFFHOURS",),
            ACCESSES,
            in_time,
            by={AccessDatastoreQuery: "account_ref", AccessFileActivity: "actor_ref"},
            revisits={ApprovalGranted: by_approval, RegisterDataset: accesses_of},
        ),
    )


def query(at: str, **given: Any) -> AccessDatastoreQuery:
    said = {"actor_ref": "sato", "dataset_id": "ds-members", "operation": "read", **given}
    return event(AccessDatastoreQuery, at, **said)


def approval(until: str) -> ApprovalGranted:
    return event(
        ApprovalGranted, "2026-11-11 15:00:00", kind="offhours", for_ref="sato",
        valid_from="2026-11-11 22:00:00", valid_to=until,
    )  # fmt: skip


LATE = "2026-11-11 22:00:00"

CONTROL = Control(
    id="TEC-06",
    title=Text("時間外アクセス", "Out-of-hours PD access explained"),
    requirement=Text(
        "時間外・休日のアクセスは勤務又は承認を要する。",
        "PD access outside working time needs shift or approval.",
    ),
    sources=sources(
        seeds="PER-4.6.1a", appi="Art.23", ppc_guideline="10-3(2)", pms_guideline="J.9.2*"
    ),
    params=Limits(),
    codes={
        "OFFHOURS": Code(
            "low",
            Text(
                "時間外又は休日に、承認なく個人データに触れた（出力は medium）。",
                "Personal data out of hours or on a closed day without approval; an export: "
                "medium.",
            ),
            Text(
                "{subject}：時間外に {events} 件のアクセス。",
                "{subject}: {events} accesses out of hours.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("主体と日ごとの集計", "Aggregated per actor-day"),
    response=Text("週次で確認する。", "Weekly review."),
    false_positives=Text("フレックス勤務。", "Flex time."),
    examples=(
        breach(
            "OFFHOURS",
            "22 時の閲覧",
            "read as the hours end",
            query(LATE),
            subject="sato|2026-11-11",
            severity="low",
        ),
        fine("OFFHOURS", "22 時の一秒前の閲覧", "a second before", query("2026-11-11 21:59:59")),
        breach(
            "OFFHOURS",
            "時間外の出力",
            "an export out of hours",
            query(LATE, operation="export"),
            severity="medium",
        ),
        breach("OFFHOURS", "祝日の閲覧", "read on a holiday", query("2026-11-23 10:00:00")),
        breach(
            "OFFHOURS",
            "承認の終わりの一秒後",
            "a second after the approval ended",
            approval("2026-11-11 22:59:59"),
            query("2026-11-11 23:00:00"),
        ),
        fine(
            "OFFHOURS",
            "承認の終わり",
            "as the approval ends",
            approval("2026-11-11 23:00:00"),
            query("2026-11-11 23:00:00"),
        ),
        fine("OFFHOURS", "自動処理", "a job", query(LATE, actor_kind="service")),
    ),
)
