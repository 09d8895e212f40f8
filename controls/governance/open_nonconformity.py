"""GOV-06  是正処置の完了と有効性確認 — corrective action is closed and verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.duties import CAUSED
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import NonconformityChanged
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    verify_days: int = limit(
        90, "d", "実施から有効性確認までの日数。", "Days from the action to its verification."
    )
    renew_days: int = limit(
        10,
        "d",
        "有効でないときに改めて起票するまでの日数。",
        "Days in which an ineffective action is raised anew.",
    )


SETTING = ("raised", "plan_approved", "extended")
"""Steps that set the due date."""


def fact(change: NonconformityChanged) -> Fact:
    return told(change, change.step, "due", "effective")


def due_in_force(facts: Sequence[Fact]) -> int:
    """The end of the due date: that of the latest step that set one before the former ran out."""
    lines = [f for f in standing(facts) if f[3] in SETTING] or standing(facts)
    end = day_end(date.fromisoformat(lines[0][4]["due"]))
    for line in lines[1:]:
        if line[0] <= end:
            end = day_end(date.fromisoformat(line[4]["due"]))
    return end


def checks(limits: Limits) -> tuple[Check, ...]:
    def closed(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        if lines:
            done = min((f[0] for f in lines if f[3] == "done"), default=None)
            yield due_by(
                due_in_force(facts), done, "OVERDUE", view, begun=lines[0][0], subject=name,
                item="done",
            )  # fmt: skip

    def reasoned(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for done in standing(facts, "done")[:1]:
            before = {f[3] for f in standing(facts) if f[0] <= done[0]}
            common: dict[str, Any] = {
                "subject": name, "item": "cause", "at": done[0], "events": (done[1],),
            }  # fmt: skip
            if {"cause_analysed", "plan_approved"} <= before:
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "NO_CAUSE", **common)

    def verified(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for done in standing(facts, "done")[:1]:
            end = day_end(jst_day(done[0]) + timedelta(days=limits.verify_days))
            looked = [
                f[0]
                for f in standing(facts, "effectiveness_verified")
                if f[4]["effective"] is not None
            ]
            yield due_by(
                end, min(looked, default=None), "NOT_VERIFIED", view, begun=done[0],
                subject=name, item="verified", events=(done[1],),
            )  # fmt: skip

    def renewed(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for look in standing(facts, "effectiveness_verified"):
            if look[4]["effective"] is not False:
                continue
            end = day_end(jst_day(look[0]) + timedelta(days=limits.renew_days))
            raised = [
                nc.occurred_at
                for nc in view.all(CAUSED, name)
                if nc.step == "raised" and nc.nc_id != name
            ]
            yield due_by(
                end, min(raised, default=None), "INEFFECTIVE", view, begun=look[0], subject=name,
                item=look[1], events=(look[1],),
            )  # fmt: skip

    def extended(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for second in standing(facts, "extended")[1:2]:
            yield Judgement(
                "violation", "EXTENDED_TWICE", name, second[0], item="extended",
                events=(second[1],),
            )  # fmt: skip

    def source(change: NonconformityChanged, view: View) -> Iterable[str]:
        return (change.correlation_id,) if change.correlation_id else ()

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        return Case(
            name,
            (code,),
            (NonconformityChanged,),
            one_key("nc_id"),
            fact,
            judge,
            span=moment,
            by={NonconformityChanged: "nc_id"},
            **more,
        )

    awaits = (NonconformityChanged,)
    return (
        case("done", "OVERDUE", closed, awaits=awaits),
        case("cause", "NO_CAUSE", reasoned),
        case("verified", "NOT_VERIFIED", verified, awaits=awaits),
        case(
            "renewed", "INEFFECTIVE", renewed, awaits=awaits,
            touches={NonconformityChanged: source},
        ),
        case("extended", "EXTENDED_TWICE", extended),
    )  # fmt: skip


def change(at: str, step: str, **given: Any) -> NonconformityChanged:
    said = {"nc_id": "nc-1", "due": "2026-11-30", "severity": "minor", **given}
    return event(NonconformityChanged, at, step=step, **said)


RAISED = change("2026-11-02 10:00:00", "raised")
CAUSE = change("2026-11-04 10:00:00", "cause_analysed")
PLAN = change("2026-11-05 10:00:00", "plan_approved")
DONE = change("2026-11-20 10:00:00", "done")
VERIFIED = change("2026-12-10 10:00:00", "effectiveness_verified", effective=True)

CONTROL = Control(
    id="GOV-06",
    title=Text("是正処置の完了と有効性確認", "Corrective action closed and verified"),
    requirement=Text(
        "不適合は原因・計画・実施・有効性確認を期限内に完了する。",
        "Each nonconformity (audit, incident, complaint, alert, assessor) gets cause, plan, "
        "action and effectiveness check by its due date.",
    ),
    sources=sources(
        seeds="PYX-10.1; PER-4.3.5c; MIX-P4; PIC-B3; JUS-4b; JUS-8b",
        appi="Art.23",
        ppc_guideline="10-3(5); 3-5-2(4)",
        pms_guideline="J.7.1",
    ),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "high",
            Text(
                "期限の日の終わりまでに実施していない。",
                "Not done by the end of the due date in force.",
            ),
            Text("{subject}：期限内に実施していない。", "{subject}: not done in time."),
        ),
        "NO_CAUSE": Code(
            "medium",
            Text(
                "原因の分析又は計画の承認なしに実施した。",
                "Done without the cause analysed or the plan approved.",
            ),
            Text(
                "{subject}：原因又は計画なしに実施した。",
                "{subject}: done without cause or plan.",
            ),
        ),
        "NOT_VERIFIED": Code(
            "medium",
            Text(
                "実施から verify_days の終わりまでに有効性を確認していない。",
                "Not verified by the end of verify_days after it was done.",
            ),
            Text("{subject}：有効性を確認していない。", "{subject}: its effect was not verified."),
        ),
        "INEFFECTIVE": Code(
            "high",
            Text(
                "有効でなかったのに renew_days の終わりまでに改めて起票していない。",
                "Found ineffective, and not raised anew by the end of renew_days.",
            ),
            Text("{subject}：有効でないまま。", "{subject}: ineffective, and left so."),
        ),
        "EXTENDED_TWICE": Code(
            "medium",
            Text("期限を二度延ばした。", "Extended for the second time."),
            Text("{subject}：期限を二度延ばした。", "{subject}: extended twice."),
        ),
    },
    checks=checks,
    evidence=Text("承認を含む是正の経過", "CAPA chain with approvals"),
    response=Text(
        "保護管理者、次いで代表者に上げる。",
        "Escalate to protection manager then representative.",
    ),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "OVERDUE",
            "期限の翌日の実施",
            "done in the first second after the due date",
            RAISED,
            CAUSE,
            PLAN,
            change("2026-12-01 00:00:01", "done"),
            VERIFIED,
            subject="nc-1",
            severity="high",
        ),
        fine(
            "OVERDUE",
            "期限の日の終わりの実施",
            "done as it ends",
            RAISED,
            CAUSE,
            PLAN,
            change("2026-12-01 00:00:00", "done"),
            VERIFIED,
        ),
        fine(
            "OVERDUE",
            "一度延ばした期限",
            "extended once",
            RAISED,
            CAUSE,
            PLAN,
            change("2026-11-25 10:00:00", "extended", due="2026-12-10"),
            change("2026-12-01 00:00:01", "done"),
            VERIFIED,
        ),
        breach(
            "NO_CAUSE",
            "実施の後の計画の承認",
            "the plan approved a second after it was done",
            RAISED,
            CAUSE,
            change("2026-11-20 10:00:01", "plan_approved"),
            DONE,
            VERIFIED,
            subject="nc-1",
            severity="medium",
        ),
        fine(
            "NO_CAUSE",
            "実施と同時の計画の承認",
            "in the second in which it was done",
            RAISED,
            CAUSE,
            change("2026-11-20 10:00:00", "plan_approved"),
            DONE,
            VERIFIED,
        ),
        breach(
            "NOT_VERIFIED",
            "91 日目の確認",
            "verified in the first second after the ninetieth day",
            RAISED,
            CAUSE,
            PLAN,
            DONE,
            change("2027-02-19 00:00:01", "effectiveness_verified", effective=True),
            subject="nc-1",
            severity="medium",
        ),
        fine(
            "NOT_VERIFIED",
            "90 日目の終わりの確認",
            "verified at its end",
            RAISED,
            CAUSE,
            PLAN,
            DONE,
            change("2027-02-19 00:00:00", "effectiveness_verified", effective=True),
        ),
        breach(
            "INEFFECTIVE",
            "11 日目の起票",
            "raised anew in the first second after the tenth day",
            RAISED,
            CAUSE,
            PLAN,
            DONE,
            change("2026-12-10 10:00:00", "effectiveness_verified", effective=False),
            change("2026-12-21 00:00:01", "raised", nc_id="nc-2", correlation_id="nc-1",
                   due="2027-03-01"),
            subject="nc-1",
            severity="high",
        ),
        fine(
            "INEFFECTIVE",
            "10 日目の終わりの起票",
            "raised anew at its end",
            RAISED,
            CAUSE,
            PLAN,
            DONE,
            change("2026-12-10 10:00:00", "effectiveness_verified", effective=False),
            change("2026-12-21 00:00:00", "raised", nc_id="nc-2", correlation_id="nc-1",
                   due="2027-03-01"),
        ),
        breach(
            "EXTENDED_TWICE",
            "二度目の延長",
            "extended for the second time",
            RAISED,
            CAUSE,
            PLAN,
            change("2026-11-24 10:00:00", "extended", due="2026-12-10"),
            change("2026-11-25 10:00:00", "extended", due="2026-12-10"),
            change("2026-12-01 10:00:00", "done"),
            VERIFIED,
            subject="nc-1",
            severity="medium",
        ),
        fine(
            "EXTENDED_TWICE",
            "一度だけの延長",
            "the same step, extended once",
            RAISED,
            CAUSE,
            PLAN,
            change("2026-11-24 10:00:00", "plan_approved", due="2026-12-10"),
            change("2026-11-25 10:00:00", "extended", due="2026-12-10"),
            change("2026-12-01 10:00:00", "done"),
            VERIFIED,
        ),
    ),
)  # fmt: skip
