"""GOV-05  マネジメントレビュー — the top reviews the system with all it needs to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from controls.books.duties import holders
from controls.calendar import add_months, day_start, jst_day
from controls.deadlines import comes_round
from controls.events import PmsActivity, RoleChanged
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told

INPUTS = (
    "audit_results",
    "self_inspection",
    "incidents",
    "complaints",
    "law_changes",
    "risk_changes",
    "nonconformities",
    "improvement_proposals",
)


class Limits(Params):
    months: int = limit(12, "months", "レビューの間隔。", "Months between two reviews.")
    inputs: tuple[str, ...] = limit(
        INPUTS, "", "レビューのインプット。", "What the review has to look at."
    )


OURS = {"management_review": "review", "internal_audit": "audit"}


def fact(activity: PmsActivity) -> Fact:
    return told(
        activity, OURS[activity.activity], "period", "performed_by_ref", "inputs_covered",
        "decisions",
    )  # fmt: skip


def checks(limits: Limits) -> tuple[Check, ...]:
    def held(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        done = [f[0] for f in standing(facts, "review")]
        due = partial(add_months, count=limits.months)
        yield from comes_round("OVERDUE", jst_day(view.began), done, due, view)

    def informed(review: Fact, facts: Sequence[Fact], view: View) -> dict[str, Any]:
        missing = [name for name in limits.inputs if name not in review[4]["inputs_covered"]]
        if not review[4]["decisions"]:
            missing.append("decisions")
        return {"broken": bool(missing), "facts": {"missing": ", ".join(missing)}}

    def after_audit(review: Fact, facts: Sequence[Fact], view: View) -> dict[str, Any]:
        before = [f[0] for f in standing(facts, "review") if f[:2] < review[:2]]
        since = before[-1] if before else day_start(add_months(jst_day(review[0]), -limits.months))
        audits = [f for f in standing(facts, "audit") if since <= f[0] <= review[0]]
        return {"broken": not audits}

    def by_top(review: Fact, facts: Sequence[Fact], view: View) -> dict[str, Any]:
        top = holders("representative", review[0], view)
        if not top:
            return {"missing": ("roles representative",)}
        return {"broken": review[4]["performed_by_ref"] not in top}

    def each(code: str, look: Any) -> Any:
        def judge(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            for review in standing(facts, "review"):
                found = look(review, facts, view)
                common: dict[str, Any] = {
                    "subject": review[4]["period"], "item": review[1], "at": review[0],
                    "events": (review[1],), "facts": found.get("facts", {}),
                }  # fmt: skip
                if "missing" in found:
                    yield Judgement("indeterminate", missing=found["missing"], **common)
                elif found["broken"]:
                    yield Judgement("violation", code, **common)
                elif code == "INPUTS":
                    yield Judgement("pass", **common)

        return judge

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        return Case(
            name,
            (code,),
            (PmsActivity,),
            lambda activity: "review" if activity.activity in OURS else "",
            fact,
            judge,
            span=moment,
            periodic=("review",),
            began=True,
            **more,
        )

    return (
        case("held", "OVERDUE", held, awaits=(PmsActivity,)),
        case("inputs", "INPUTS", each("INPUTS", informed)),
        case("order", "ORDER", each("ORDER", after_audit)),
        case(
            "top", "NOT_TOP", each("NOT_TOP", by_top),
            touches={
                RoleChanged: lambda c, v: ("review",) if c.role == "representative" else ()
            },
        ),
    )  # fmt: skip


def review(at: str, **given: Any) -> PmsActivity:
    said = {
        "activity": "management_review", "period": "2026", "performed_by_ref": "president",
        "inputs_covered": list(INPUTS), "decisions": ["more training"],
        "next_due": "2027-11-10", **given,
    }  # fmt: skip
    return event(PmsActivity, at, **said)


def audit(at: str) -> PmsActivity:
    return event(PmsActivity, at, activity="internal_audit", period=at[:10], next_due="2027-11-10")


TOP = event(
    RoleChanged, "2025-04-01 09:00:00", role="representative", person_ref="president",
    state="assigned", effective_on="2025-04-01",
)  # fmt: skip
AUDITED = audit("2026-11-02 10:00:00")
HELD = "2026-11-10 10:00:00"

CONTROL = Control(
    id="GOV-05",
    title=Text("マネジメントレビュー", "Management review held with required inputs"),
    requirement=Text(
        "代表者が年1回以上、所定のインプットでレビューし決定を記録する。",
        "Top management reviews the PMS at least yearly with the required inputs and records "
        "decisions.",
    ),
    sources=sources(
        seeds="PYX-9.6; PYX-10.1; PER-4.3.5c; PIC-B5; JUS-8b",
        appi="Art.23",
        ppc_guideline="10-3(5)",
        pms_guideline="J.6.3",
    ),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "high",
            Text(
                "前のレビュー（なければ監視の開始）から months が過ぎた。",
                "months since the last review, or since monitoring began.",
            ),
            Text("{last} 以来、レビューがない。", "No management review since {last}."),
        ),
        "INPUTS": Code(
            "medium",
            Text(
                "インプットが足りない、又は決定の記録がない。",
                "Inputs are missing, or no decision was recorded.",
            ),
            Text("{subject}：{missing} がない。", "{subject}: without {missing}."),
        ),
        "ORDER": Code(
            "medium",
            Text(
                "前のレビューから後に内部監査がない。",
                "No internal audit since the review before.",
            ),
            Text(
                "{subject}：監査の前のレビュー。",
                "{subject}: reviewed without an audit before it.",
            ),
        ),
        "NOT_TOP": Code(
            "medium",
            Text("代表者によるレビューでない。", "Not made by the representative."),
            Text("{subject}：代表者でない者のレビュー。", "{subject}: not made by the top."),
        ),
    },
    checks=checks,
    evidence=Text(
        "議事録、インプット、決定、代表者", "Minutes ref, inputs, decisions, top manager"
    ),
    response=Text("日程を決める。", "Schedule."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "OVERDUE",
            "一年を一秒過ぎたレビュー",
            "a second after the year",
            TOP,
            audit("2025-11-05 10:00:00"),
            review("2025-11-10 10:00:00", period="2025"),
            AUDITED,
            review("2026-11-11 00:00:01"),
            subject="2025-11-10",
            severity="high",
        ),
        fine(
            "OVERDUE",
            "一年の終わりのレビュー",
            "as the year ends",
            TOP,
            audit("2025-11-05 10:00:00"),
            review("2025-11-10 10:00:00", period="2025"),
            AUDITED,
            review("2026-11-11 00:00:00"),
        ),
        breach(
            "INPUTS",
            "苦情を見ていない",
            "complaints were not looked at",
            AUDITED,
            event(RoleChanged, "2026-11-01 09:00:00", role="representative",
                  person_ref="president", effective_on="2026-11-01"),
            review(HELD, inputs_covered=[i for i in INPUTS if i != "complaints"]),
            subject="2026",
            severity="medium",
        ),
        fine(
            "INPUTS",
            "すべてのインプット",
            "with every input",
            AUDITED,
            event(RoleChanged, "2026-11-01 09:00:00", role="representative",
                  person_ref="president", effective_on="2026-11-01"),
            review(HELD, inputs_covered=list(INPUTS)),
        ),
        breach(
            "ORDER",
            "監査の一秒前のレビュー",
            "a second before the audit",
            event(RoleChanged, "2026-11-01 09:00:00", role="representative",
                  person_ref="president", effective_on="2026-11-01"),
            audit("2026-11-10 10:00:01"),
            review(HELD),
            subject="2026",
            severity="medium",
        ),
        fine(
            "ORDER",
            "監査と同時のレビュー",
            "in the second of the audit",
            event(RoleChanged, "2026-11-01 09:00:00", role="representative",
                  person_ref="president", effective_on="2026-11-01"),
            audit("2026-11-10 10:00:00"),
            review(HELD),
        ),
        breach(
            "NOT_TOP",
            "部長によるレビュー",
            "made by a head of department",
            AUDITED,
            event(RoleChanged, "2026-11-01 09:00:00", role="representative",
                  person_ref="president", effective_on="2026-11-01"),
            review(HELD, performed_by_ref="head"),
            subject="2026",
            severity="medium",
        ),
        fine(
            "NOT_TOP",
            "代表者によるレビュー",
            "made by the representative",
            AUDITED,
            event(RoleChanged, "2026-11-01 09:00:00", role="representative",
                  person_ref="president", effective_on="2026-11-01"),
            review(HELD, performed_by_ref="president"),
        ),
        unknown(
            "NOT_TOP",
            "代表者の記録がない",
            "nobody is known as the representative",
            AUDITED,
            review(HELD),
        ),
    ),
)  # fmt: skip
