"""HUM-01  年次教育（全従業者） — everyone completes the yearly training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.core import STAFF
from controls.books.duties import active
from controls.books.people import COURSES, PASS_SCORE, TRAININGS, passed
from controls.calendar import day_end, day_start, jst_day
from controls.deadlines import due_by
from controls.events import StaffChanged, TrainingCompleted, TrainingPlanned
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, told


class Limits(Params):
    makeup_days: int = limit(30, "d", "補講までの日数。", "Days for make-up training.")
    retake_days: int = limit(30, "d", "再受講までの日数。", "Days to take it again.")
    pass_score: int = limit(PASS_SCORE, "points", "合格点。", "The score to pass.")
    plan_days: int = limit(
        90, "d", "年度の始まりから計画までの日数。", "Days from the year's start to the plan."
    )
    fiscal_year_start: str = limit("04-01", "", "年度の始まり。", "First day of the year.")
    return_days: int = limit(30, "d", "復職から受講までの日数。", "Days after a leave.")
    joiner_days: int = limit(
        30, "d", "期限の前にこれより遅く入った者は導入教育による。", "Later joiners: HUM-02."
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    month, first = (int(part) for part in limits.fiscal_year_start.split("-"))

    def required(person: str, course: TrainingPlanned, view: View) -> bool:
        """Somebody of the audience who was there in time."""
        at = day_end(course.due_on) - 1
        change = view.latest(STAFF, person, at)
        if change is None or not active(person, at, view):
            return False
        joined = [c for c in view.entries(STAFF, person, at) if c.change == "joined"]
        early = course.due_on - timedelta(days=limits.joiner_days)
        in_time = bool(joined) and joined[-1].effective_on <= early
        return in_time and course.audience in ("all", change.kind, change.dept_id)

    def back(person: str, course: TrainingPlanned, view: View) -> date | None:
        """The last day for somebody who was on leave when the course was due; None without."""
        last = view.latest(STAFF, person, day_end(course.due_on) - 1)
        if last is None or last.change != "leave_start":
            return course.due_on
        ends = [
            c.effective_on
            for c in view.all(STAFF, person)
            if c.change == "leave_end" and c.effective_on > course.due_on
        ]
        return min(ends) + timedelta(days=limits.return_days) if ends else None

    def taken(person: str, course: str, view: View) -> list[TrainingCompleted]:
        return [t for t in view.all(TRAININGS, person) if t.course_id == course]

    def attended(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for course in view.all(COURSES, "all"):
            if not required(person, course, view):
                continue
            last = back(person, course, view)
            done = taken(person, course.course_id, view)
            common: dict[str, Any] = {
                "subject": f"{person}|{course.course_id}", "item": course.course_id,
            }  # fmt: skip
            if last is None or last < jst_day(course.occurred_at):
                yield Judgement("not_applicable", at=course.occurred_at, **common)
                continue
            end = day_end(last)
            times = [day_end(t.completed_on) for t in done]
            yield due_by(
                end, min(times, default=None), "NOT_DONE", view, begun=course.occurred_at, **common
            )

    def succeeded(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for course in view.all(COURSES, "all"):
            done = taken(person, course.course_id, view)
            failed = [t for t in done if not passed(t, limits.pass_score)]
            if not failed or not required(person, course, view):
                continue
            begun = min(t.completed_on for t in failed)
            end = day_end(begun + timedelta(days=limits.retake_days))
            good = [day_end(t.completed_on) for t in done if passed(t, limits.pass_score)]
            yield due_by(
                end, min(good, default=None), "NOT_PASSED", view, begun=day_end(begun),
                subject=f"{person}|{course.course_id}", item=f"passed {course.course_id}",
            )  # fmt: skip

    def planned(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        now = jst_day(view.now)
        for year in range(jst_day(view.began).year, now.year + 2):
            begins = date(year, month, first)
            if day_start(begins) < view.began:
                continue
            if begins > now:
                soon = day_start(begins)
                yield Judgement("not_applicable", None, f"{year}", soon, until=soon, item=f"{year}")
                return
            made = [c.occurred_at for c in view.all(COURSES, "all") if c.fiscal_year == year]
            end = day_end(begins + timedelta(days=limits.plan_days))
            yield due_by(
                end, min(made, default=None), "PLAN_MISSING", view, begun=day_start(begins),
                subject=f"{year}", item=f"{year}",
            )  # fmt: skip

    def covered(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for course in (c for c in view.all(COURSES, "all") if c.course_id == name):
            end = day_end(course.due_on + timedelta(days=limits.makeup_days))
            common: dict[str, Any] = {"subject": name, "item": course.event_id, "at": end}
            if end < course.occurred_at:
                continue
            if view.now <= end:
                yield Judgement("not_applicable", until=end, **common)
                continue
            people = [p for p in view.keys(STAFF) if required(p, course, view)]
            missing = [
                p
                for p in people
                if active(p, end - 1, view)
                and back(p, course, view) == course.due_on
                and not any(
                    passed(t, limits.pass_score) and day_end(t.completed_on) <= end
                    for t in taken(p, name, view)
                )
            ]
            if missing:
                said = {"missing": len(missing), "people": len(people)}
                yield Judgement(
                    "violation", "COVERAGE_LOW", detected=end, since=course.occurred_at,
                    facts=said, **common,
                )  # fmt: skip
            else:
                yield Judgement("pass", **common)

    def everybody(course: TrainingPlanned, view: View) -> Iterable[str]:
        return view.keys(STAFF)

    def courses(change: StaffChanged, view: View) -> Iterable[str]:
        return {c.course_id for c in view.all(COURSES, "all") if c.due_on >= change.effective_on}

    def of_person(name: str, code: str, judge: Any) -> Case:
        kinds = (TrainingCompleted, StaffChanged)
        return Case(
            name,
            (code,),
            kinds,
            one_key("person_ref"),
            lambda change: told(change, "change"),
            judge,
            span=moment,
            by=dict.fromkeys(kinds, "person_ref"),
            touches={TrainingPlanned: everybody},
            awaits=(TrainingCompleted,),
        )

    return (
        of_person("done", "NOT_DONE", attended),
        of_person("passed", "NOT_PASSED", succeeded),
        Case(
            "plan",
            ("PLAN_MISSING",),
            (TrainingPlanned,),
            lambda course: "",
            lambda course: told(course, "course"),
            planned,
            span=moment,
            touches={TrainingPlanned: lambda course, view: ("plan",)},
            awaits=(TrainingPlanned,),
            periodic=("plan",),
            began=True,
        ),
        Case(
            "coverage",
            ("COVERAGE_LOW",),
            (TrainingPlanned,),
            one_key("course_id"),
            lambda course: told(course, "course"),
            covered,
            span=moment,
            by={TrainingPlanned: "course_id"},
            touches={
                TrainingCompleted: lambda done, view: (done.course_id,),
                StaffChanged: courses,
            },
            awaits=(TrainingCompleted,),
        ),
    )


def joined(on: str, person: str = "sato") -> StaffChanged:
    return event(
        StaffChanged, "2025-04-01 09:00:00", person_ref=person, kind="employee", change="joined",
        dept_id="sales", effective_on=on,
    )  # fmt: skip


def course(**given: Any) -> TrainingPlanned:
    said = {"course_id": "c-2025", "fiscal_year": 2025, "due_on": "2025-09-30", **given}
    return event(TrainingPlanned, "2025-05-12 10:00:00", audience="all", **said)


def completed(on: str, **given: Any) -> TrainingCompleted:
    said = {"person_ref": "sato", "course_id": "c-2025", "passed": True, **given}
    return event(TrainingCompleted, "2025-12-20 10:00:00", completed_on=on, **said)


STAFFED = joined("2025-04-01")

CONTROL = Control(
    id="HUM-01",
    title=Text("年次教育（全従業者）", "Yearly training completed by everyone"),
    requirement=Text(
        "役員・派遣を含む全従業者が年1回教育を受け理解度を確認し、欠席者・不合格者に補講する。",
        "All persons engaged (officers, part-time, dispatched) finish the yearly course and pass "
        "a comprehension check; absentees get make-up training.",
    ),
    sources=sources(
        seeds="PYX-9.2; PER-4.4a; MIX-M.D1",
        appi="Art.24",
        ppc_guideline="10-4; 3-4-3",
        pms_guideline="J.4.2; J.4.3*; J.9.3*",
    ),
    params=Limits(),
    codes={
        "NOT_DONE": Code(
            "medium",
            Text("期限の日の終わりまでに受講していない。", "Not taken by the end of the due day."),
            Text("{subject}：受講していない。", "{subject}: not taken in time."),
        ),
        "NOT_PASSED": Code(
            "medium",
            Text(
                "不合格から retake_days の終わりまでに合格していない。",
                "Failed, and not passed by the end of retake_days.",
            ),
            Text("{subject}：合格していない。", "{subject}: not passed."),
        ),
        "PLAN_MISSING": Code(
            "medium",
            Text(
                "年度の始まりから plan_days の終わりまでに計画がない。",
                "No course planned by the end of plan_days of the year.",
            ),
            Text("{subject} 年度の教育計画がない。", "No training planned for {subject}."),
        ),
        "COVERAGE_LOW": Code(
            "high",
            Text(
                "期限から makeup_days の終わりに合格していない在籍者がいる。",
                "At the end of makeup_days somebody still active has not passed.",
            ),
            Text(
                "{subject}：{people} 人のうち {missing} 人が合格していない。",
                "{subject}: {missing} of {people} have not passed.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "その日の名簿、受講、点数（内容は方針・役割・違反の結果を含む）",
        "Roster as of date × completion × score; contents cover policy, roles, consequences of "
        "violation",
    ),
    response=Text(
        "補講を割り当て、makeup_days の後は権限を止める。",
        "Assign make-up; suspend access after makeup_days.",
    ),
    false_positives=Text("教育の後に入った者：HUM-02。", "People who joined after it: HUM-02."),
    examples=(
        breach(
            "NOT_DONE",
            "期限の翌日の受講",
            "taken on the day after",
            STAFFED,
            course(),
            completed("2025-10-01"),
            subject="sato|c-2025",
            severity="medium",
        ),
        fine("NOT_DONE", "期限の日の受講", "taken on the day", STAFFED, course(),
             completed("2025-09-30")),
        fine(
            "NOT_DONE",
            "期限の間近に入った者",
            "somebody who joined shortly before",
            joined("2025-09-10"),
            course(),
            until="2025-10-01T00:00:01+09:00",
        ),
        breach(
            "NOT_PASSED",
            "31 日目の合格",
            "passed on the thirty-first day after",
            STAFFED,
            course(),
            completed("2025-09-30", score=60),
            completed("2025-10-31", score=90),
            subject="sato|c-2025",
            severity="medium",
            also=("COVERAGE_LOW",),
        ),
        fine(
            "NOT_PASSED",
            "30 日目の合格",
            "passed on the thirtieth",
            STAFFED,
            course(),
            completed("2025-09-30", score=60),
            completed("2025-10-30", score=90),
        ),
        breach(
            "PLAN_MISSING",
            "翌年度の計画",
            "planned for another year",
            course(fiscal_year=2025),
            course(course_id="c-x", fiscal_year=2025, due_on="2025-12-20"),
            subject="2026",
            until="2026-07-01T00:00:01+09:00",
        ),
        fine(
            "PLAN_MISSING",
            "今年度の計画",
            "planned for this year",
            course(fiscal_year=2025),
            course(course_id="c-x", fiscal_year=2026, due_on="2025-12-20"),
            until="2026-07-01T00:00:01+09:00",
        ),
        breach(
            "COVERAGE_LOW",
            "補講の後の受講",
            "taken the day after the make-up term",
            STAFFED,
            course(),
            completed("2025-10-31"),
            also=("NOT_DONE",),
            subject="c-2025",
            severity="high",
        ),
        fine(
            "COVERAGE_LOW",
            "補講での受講",
            "taken on its last day",
            STAFFED,
            course(),
            completed("2025-10-30"),
            also=("NOT_DONE",),
        ),
    ),
)  # fmt: skip
