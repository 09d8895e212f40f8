"""GOV-04  内部監査（年1回以上・独立性） — internal audits cover everybody and are independent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import StringConstraints

from controls.books.duties import ACTIVITIES, department, departments, holders
from controls.calendar import day_end, day_start, jst_day
from controls.deadlines import due_by
from controls.events import PmsActivity, RoleChanged, StaffChanged
from controls.examples import breach, event, fine, unknown
from controls.kernel import DAY, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told

MonthDay = Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class Limits(Params):
    report_days: int = limit(
        30, "d", "代表者への報告までの日数。", "Days in which it is reported to the top."
    )
    fiscal_year_start: MonthDay = limit("04-01", "", "年度の始まり。", "First day of the year.")
    new_dept_days: int = limit(
        90,
        "d",
        "年度末の前にこの日数に満たない部門は対象としない。",
        "Departments younger than this at the year's end are left out.",
    )


def by_audit(activity: PmsActivity) -> str:
    if activity.activity != "internal_audit":
        return ""
    return f"{activity.period}|{','.join(activity.scope)}"


def fact(activity: PmsActivity) -> Fact:
    return told(
        activity, "audit", "scope", "audit_kind", "independent", "performed_by_ref",
        "reported_to_top", "activity",
    )  # fmt: skip


def checks(limits: Limits) -> tuple[Check, ...]:
    month, first = (int(part) for part in limits.fiscal_year_start.split("-"))

    def year_of(day: date) -> int:
        return day.year if (day.month, day.day) >= (month, first) else day.year - 1

    def covered(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        audits = view.all(ACTIVITIES, "internal_audit")
        for year in range(year_of(jst_day(view.began)), year_of(jst_day(view.now)) + 1):
            begins, ends = date(year, month, first), date(year + 1, month, first)
            end = day_start(ends)
            common: dict[str, Any] = {"subject": f"{year}", "item": f"{year}", "at": end}
            made = [a for a in audits if begins <= jst_day(a.occurred_at) < ends]
            operation = {d for a in made if a.audit_kind != "conformity" for d in a.scope}
            conformity = any(a.audit_kind != "operation" for a in made)
            since = end - limits.new_dept_days * DAY
            wanted = {d for d, came in departments(end - 1, view).items() if came <= since}
            missing = sorted(wanted - operation)
            if view.now <= end:
                yield Judgement("not_applicable", until=end, **common)
            elif conformity and not missing:
                yield Judgement("pass", **common)
            elif begins < jst_day(view.began):
                said = (f"internal audits before {jst_day(view.began)}",)
                yield Judgement("indeterminate", missing=said, **common)
            else:
                facts_of = {"missing": ", ".join(missing) or "conformity"}
                yield Judgement(
                    "violation", "OVERDUE", since=day_start(begins), facts=facts_of, **common
                )

    def independent(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for audit in standing(facts):
            at, said = audit[0], audit[4]
            person = said["performed_by_ref"]
            common: dict[str, Any] = {
                "subject": key, "item": audit[1], "at": at, "events": (audit[1],),
            }  # fmt: skip
            dept = department(person, at, view)
            own = dept in said["scope"] and len(departments(at, view)) > 1
            manages = person in holders("protection_manager", at, view)
            if said["independent"] is False or own or manages:
                yield Judgement("violation", "NOT_INDEPENDENT", **common)
            elif dept is None and said["independent"] is None:
                yield Judgement("indeterminate", missing=(f"staff {person}",), **common)
            else:
                yield Judgement("pass", **common)

    def reported(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        audits = standing(facts)
        if not audits:
            return
        told_on = [a[0] for a in audits if a[4]["reported_to_top"]]
        end = day_end(jst_day(audits[0][0]) + timedelta(days=limits.report_days))
        yield due_by(
            end, min(told_on, default=None), "NOT_REPORTED", view, begun=audits[0][0],
            subject=key, item="report", events=(audits[0][1],),
        )  # fmt: skip

    def of_person(change: Any, view: View) -> Iterable[str]:
        audits = view.all(ACTIVITIES, "internal_audit")
        return [by_audit(a) for a in audits if a.performed_by_ref == change.person_ref]

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        return Case(
            name,
            (code,),
            (PmsActivity,),
            by_audit,
            fact,
            judge,
            span=moment,
            by={PmsActivity: "activity"},
            **more,
        )

    return (
        Case(
            "coverage",
            ("OVERDUE",),
            (PmsActivity,),
            lambda activity: "",
            fact,
            covered,
            span=moment,
            touches={
                PmsActivity: lambda a, view: ("year",) if a.activity == "internal_audit" else (),
                StaffChanged: lambda change, view: ("year",),
            },
            awaits=(PmsActivity,),
            periodic=("year",),
            began=True,
        ),
        case(
            "independence",
            "NOT_INDEPENDENT",
            independent,
            touches={RoleChanged: of_person, StaffChanged: of_person},
        ),
        case("report", "NOT_REPORTED", reported, awaits=(PmsActivity,)),
    )


def audit(at: str, **given: Any) -> PmsActivity:
    said = {
        "activity": "internal_audit", "period": "2025", "scope": ["sales", "it"],
        "performed_by_ref": "ito", "independent": True, "reported_to_top": True,
        "next_due": "2027-02-10", **given,
    }  # fmt: skip
    return event(PmsActivity, at, **said)


def joined(person: str, dept: str) -> StaffChanged:
    return event(
        StaffChanged, "2025-04-01 00:00:00", person_ref=person, dept_id=dept, change="joined",
        kind="employee", effective_on="2025-04-01",
    )  # fmt: skip


STAFF = (joined("sato", "sales"), joined("kato", "it"))
YEAR_END = "2026-04-01T00:00:01+09:00"
FIRST = event(PmsActivity, "2025-04-01 00:00:00", next_due="2026-03-20")
"""The first event: monitoring begins with the fiscal year."""

CONTROL = Control(
    id="GOV-04",
    title=Text("内部監査（年1回以上・独立性）", "Internal audit at least yearly and independent"),
    requirement=Text(
        "適合性監査と運用監査を全部門に年1回以上実施し、自部門監査を避け、代表者に報告する。",
        "Conformity and operation audits cover every department yearly; auditors do not audit "
        "their own department; result reported to top management.",
    ),
    sources=sources(
        seeds="PYX-10.1; PER-4.3.5b; PIC-B5; JUS-0.2; JUS-8b",
        appi="Art.23",
        ppc_guideline="10-3(5)",
        pms_guideline="J.6.2",
    ),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "high",
            Text(
                "年度の終わりに、運用監査を受けていない部門がある、又は適合性監査がない。",
                "At the year's end a department had no operation audit, or there was no "
                "conformity audit.",
            ),
            Text(
                "{subject} 年度：監査がない（{missing}）。",
                "Fiscal year {subject}: not audited ({missing}).",
            ),
        ),
        "NOT_INDEPENDENT": Code(
            "high",
            Text(
                "自部門の監査、又は個人情報保護管理者による監査。",
                "An audit of one's own department, or by the protection manager.",
            ),
            Text("{subject}：監査が独立していない。", "{subject}: the audit is not independent."),
        ),
        "NOT_REPORTED": Code(
            "medium",
            Text(
                "監査から report_days の終わりまでに代表者へ報告していない。",
                "Not reported to the top by the end of report_days.",
            ),
            Text("{subject}：代表者に報告していない。", "{subject}: not reported to the top."),
        ),
    },
    checks=checks,
    evidence=Text(
        "計画、J 項目ごとのチェックリスト、指摘、報告日、監査員の一覧",
        "Plan, checklist per J item, findings, report date, auditor list",
    ),
    response=Text("日程を決め、経営に上げる。", "Schedule; management escalation."),
    false_positives=Text(
        "組織変更：年度末に new_dept_days に満たない部門は除く。",
        "Reorganised departments: those younger than new_dept_days at the fiscal year end are "
        "left out.",
    ),
    examples=(
        breach(
            "OVERDUE",
            "年度が明けてからの監査",
            "audited in the first second of the next year",
            FIRST,
            *STAFF,
            audit("2026-04-01 00:00:00"),
            subject="2025",
            severity="high",
            until=YEAR_END,
        ),
        fine(
            "OVERDUE",
            "年度の最後の一秒の監査",
            "audited in the last second of the year",
            FIRST,
            *STAFF,
            audit("2026-03-31 23:59:59"),
            until=YEAR_END,
        ),
        breach(
            "OVERDUE",
            "一部門の漏れ",
            "one department left out",
            FIRST,
            *STAFF,
            audit("2026-02-10 10:00:00", scope=["sales"]),
            until=YEAR_END,
        ),
        unknown(
            "OVERDUE",
            "監視の開始より前に始まった年度",
            "a year that had begun before monitoring did",
            event(PmsActivity, "2025-06-02 09:00:00", next_due="2026-03-20"),
            until=YEAR_END,
        ),
        breach(
            "NOT_INDEPENDENT",
            "自部門の監査",
            "somebody of the department itself",
            *STAFF,
            audit("2025-06-10 10:00:00", performed_by_ref="sato", independent=None),
            subject="2025|sales,it",
            severity="high",
        ),
        fine(
            "NOT_INDEPENDENT",
            "他部門の監査",
            "somebody of another department",
            *STAFF,
            audit("2025-06-10 10:00:00", performed_by_ref="sato", independent=None, scope=["it"]),
        ),
        breach(
            "NOT_INDEPENDENT",
            "独立でないと記録された監査",
            "recorded as not independent",
            *STAFF,
            audit("2025-06-10 10:00:00", independent=False),
        ),
        fine(
            "NOT_INDEPENDENT",
            "独立と記録された監査",
            "recorded as independent",
            *STAFF,
            audit("2025-06-10 10:00:00", independent=True),
        ),
        breach(
            "NOT_REPORTED",
            "31 日目の報告",
            "reported in the first second after the thirtieth day",
            *STAFF,
            audit("2025-06-10 10:00:00", reported_to_top=False),
            audit("2025-07-11 00:00:01", reported_to_top=True),
            subject="2025|sales,it",
            severity="medium",
        ),
        fine(
            "NOT_REPORTED",
            "30 日目の終わりの報告",
            "reported at its end",
            *STAFF,
            audit("2025-06-10 10:00:00", reported_to_top=False),
            audit("2025-07-11 00:00:00", reported_to_top=True),
        ),
    ),
)
