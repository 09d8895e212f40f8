"""ORG-05  内部規程の整備と見直し — rules for every stage are in force, reviewed and known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.core import STAFF
from controls.books.duties import RULES, active
from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import due_by
from controls.events import RulesChanged, StaffChanged
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Fact, moment, standing, told

_D = timedelta(days=1)


class Limits(Params):
    months: int = limit(12, "months", "見直しの間隔。", "Months between two reviews.")
    ack_days: int = limit(30, "d", "施行から周知までの日数。", "Days to acknowledge a version.")
    ack_rate: float = limit(
        0.95, "ratio", "周知を確認すべき従業者の割合。", "Share of the staff that acknowledges."
    )
    kinds: tuple[str, ...] = limit(
        ("pms_rule", "work_rules"), "", "備えるべき規程の種類。", "Kinds of rules there must be."
    )
    stages: tuple[str, ...] = limit(
        ("acquisition", "use", "storage", "provision", "transport", "disposal"),
        "",
        "規程が定めるべき取扱いの段階。",
        "Stages of handling that rules must cover.",
    )


REVIEWS = ("approved", "reviewed")


def fact(change: RulesChanged) -> Fact:
    return told(change, change.step, "version", "next_review")


def checks(limits: Limits) -> tuple[Check, ...]:
    def covers(change: RulesChanged, key: str) -> bool:
        stages = limits.stages if change.stages is None else change.stages
        return key in (change.kind, *stages)

    def in_force(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        """Between the versions in force that cover a kind or a stage."""
        assert view.began is not None
        spans = []
        for rule in view.keys(RULES):
            versions = [c for c in view.all(RULES, rule) if c.step == "effective"]
            ends = [*(c.occurred_at for c in versions), FOREVER][1:]
            spans += [
                (version.occurred_at, end)
                for version, end in zip(versions, ends, strict=True)
                if covers(version, key)
            ]
        reached = view.began
        for since, end in [*sorted(spans), (FOREVER, FOREVER)]:
            if since > reached and reached != FOREVER:
                done = None if since == FOREVER else since
                day = jst_day(reached) + _D  # the first whole day without
                yield due_by(
                    day_end(day), done, "NO_RULE", view, begun=reached, subject=key,
                    item=f"without {day}",
                )  # fmt: skip
            reached = max(reached, end)
        if spans:
            yield Judgement("pass", None, key, view.began, item="held")

    def reviewed(rule: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        steps = [f for f in standing(facts) if f[3] != "acknowledged"]
        began = jst_day(view.began)
        for place, step in enumerate(steps):
            day = max(jst_day(step[0]), began)
            last = add_months(day, limits.months)
            planned = date.fromisoformat(step[4]["next_review"])
            if step[3] != "approved" and planned >= day:
                last = min(last, planned)
            end = day_end(last)
            common: dict[str, Any] = {
                "subject": f"{rule}|{day}", "item": step[1], "events": (step[1],),
                "facts": {"last": f"{day}"},
            }  # fmt: skip
            after = steps[place + 1 :]
            if after and (after[0][0] <= end or after[0][0] < view.began):
                yield Judgement("pass", at=after[0][0], **common)
                continue
            done = min((f[0] for f in after if f[3] in REVIEWS), default=None)
            yield due_by(end, done, "REVIEW_OVERDUE", view, begun=step[0], **common)

    def known(rule: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        changes = view.all(RULES, rule)
        versions = [c for c in changes if c.step == "effective"]
        for place, version in enumerate(versions):
            name, at = version.version, version.occurred_at
            end = day_end(jst_day(at) + timedelta(days=limits.ack_days))
            common: dict[str, Any] = {
                "subject": f"{rule}|{name}", "item": version.event_id,
                "events": (version.event_id,),
            }  # fmt: skip
            following = versions[place + 1 : place + 2]
            if end <= view.began or (following and following[0].occurred_at <= end):
                yield Judgement("not_applicable", at=at, **common)
                continue
            if view.now <= end:
                yield Judgement("not_applicable", at=at, until=end, **common)
                continue
            told_of = {
                c.actor_ref
                for c in changes
                if (c.step, c.version) == ("acknowledged", name) and c.occurred_at <= end
            }
            staff = [person for person in view.keys(STAFF) if concerned(person, at, end, view)]
            aware = sum(person in told_of for person in staff)
            if not staff or aware / len(staff) >= limits.ack_rate:
                yield Judgement("pass", at=end, **common)
            elif at < view.began:
                missing = (f"acknowledgements of {rule} {name} before {jst_day(view.began)}",)
                yield Judgement("indeterminate", at=end, missing=missing, **common)
            else:
                said = {"aware": aware, "staff": len(staff)}
                yield Judgement("violation", "ACK_LOW", at=end, since=at, facts=said, **common)

    def concerned(person: str, at: int, end: int, view: View) -> bool:
        """On the staff when it took effect and at the deadline, and not on leave then."""
        last = view.latest(STAFF, person, end - 1)
        there = active(person, at, view) and active(person, end - 1, view)
        return there and last is not None and last.change != "leave_start"

    every = (*limits.kinds, *limits.stages)

    def named(change: RulesChanged, view: View) -> tuple[str, ...]:
        return every if change.step == "effective" else ()

    def all_rules(change: StaffChanged, view: View) -> list[str]:
        return view.keys(RULES)

    return (
        Case(
            "force",
            ("NO_RULE",),
            (RulesChanged,),
            lambda change: "",
            fact,
            in_force,
            span=moment,
            touches={RulesChanged: named},
            periodic=every,
            began=True,
            awaits=(RulesChanged,),
        ),
        Case(
            "review",
            ("REVIEW_OVERDUE",),
            (RulesChanged,),
            lambda change: "" if change.step == "acknowledged" else change.rule_id,
            fact,
            reviewed,
            span=moment,
            by={RulesChanged: "rule_id"},
            began=True,
            awaits=(RulesChanged,),
        ),
        Case(
            "acknowledgement",
            ("ACK_LOW",),
            (RulesChanged,),
            lambda change: "",
            fact,
            known,
            span=moment,
            touches={RulesChanged: lambda change, view: (change.rule_id,), StaffChanged: all_rules},
            began=True,
            awaits=(RulesChanged,),
        ),
    )


def rule(at: str, step: str, **given: Any) -> RulesChanged:
    said = {
        "rule_id": "pms", "version": "1", "step": step, "kind": "pms_rule",
        "next_review": "2030-01-01", **given,
    }  # fmt: skip
    return event(RulesChanged, at, **said)


def joined(person: str, on: str = "2026-11-02", **given: Any) -> StaffChanged:
    said = {
        "person_ref": person, "change": "joined", "kind": "employee", "dept_id": "sales",
        "effective_on": on, **given,
    }  # fmt: skip
    return event(StaffChanged, "2026-11-02 08:00:00", **said)


def read(at: str, person: str) -> RulesChanged:
    return rule(at, "acknowledged", actor_ref=person)


PMS = rule("2026-11-02 09:00:00", "effective")
WORK = rule("2026-11-02 09:00:00", "effective", rule_id="work", kind="work_rules")
BOTH = (PMS, WORK)
STAFF_OF_TWO = (joined("sato"), joined("ito"))
WORKED = (
    WORK,
    rule("2026-11-20 10:00:00", "effective", version="2", rule_id="work", kind="work_rules"),
)
"""Replaced before anybody had to have read it."""

CONTROL = Control(
    id="ORG-05",
    title=Text("内部規程の整備と見直し", "Internal rules in force and reviewed"),
    requirement=Text(
        "取得から廃棄までの規程を承認・施行し年次で見直し、改定時に周知する。",
        "Handling rules for each life-cycle stage are approved, in force, reviewed yearly and "
        "acknowledged by staff after change.",
    ),
    sources=sources(
        seeds="PER-4.2; PER-4.3.2a; MIX-P6b; MIX-M.B; JUS-1a",
        appi="Art.23",
        ppc_guideline="10-2",
        pms_guideline="J.4.5.4",
    ),
    params=Limits(),
    codes={
        "NO_RULE": Code(
            "high",
            Text(
                "ある種類又は段階を定める規程が、丸一日施行されていなかった。",
                "No rule in force covered a kind or a stage for a whole day.",
            ),
            Text("{subject}：施行中の規程がない。", "{subject}: no rule in force."),
        ),
        "REVIEW_OVERDUE": Code(
            "medium",
            Text(
                "定めた見直しの日、又は前の手続から months の終わりまでに見直していない。",
                "Not reviewed by the planned day, or by the end of months since the last step.",
            ),
            Text(
                "{subject}：{last} 以来、規程を見直していない。",
                "{subject}: not reviewed since {last}.",
            ),
        ),
        "ACK_LOW": Code(
            "medium",
            Text(
                "施行から ack_days の終わりに、周知を確認した従業者が ack_rate に満たない。",
                "At the end of ack_days fewer than ack_rate of the staff had acknowledged it.",
            ),
            Text(
                "{subject}：周知は {staff} 人中 {aware} 人。",
                "{subject}: {aware} of {staff} acknowledged it.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "規程の一覧、版、承認、周知の確認",
        "Document list, versions, approvals, acknowledgements",
    ),
    response=Text("改める。", "Revise."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NO_RULE",
            "丸一日を一秒過ぎた施行",
            "in force a second after a whole day",
            PMS,
            rule("2026-11-04 00:00:01", "effective", rule_id="work", kind="work_rules"),
            subject="work_rules",
            severity="high",
            until="2026-11-04 00:00:02",
        ),
        fine(
            "NO_RULE",
            "その日の終わりの施行",
            "in force as the day ends",
            PMS,
            rule("2026-11-04 00:00:00", "effective", rule_id="work", kind="work_rules"),
            until="2026-11-04 00:00:02",
        ),
        breach(
            "NO_RULE",
            "承認しただけの規程",
            "a rule that is approved only",
            PMS,
            rule("2026-11-02 09:00:00", "approved", rule_id="work", kind="work_rules"),
            subject="work_rules",
            until="2026-11-04 00:00:02",
        ),
        breach(
            "NO_RULE",
            "廃棄の段階を落とした改定",
            "a version that leaves disposal out",
            PMS,
            rule(
                "2026-11-02 09:00:00", "effective", rule_id="work", kind="work_rules", stages=[]
            ),
            rule(
                "2026-11-10 09:00:00", "effective", version="2",
                stages=["acquisition", "use", "storage", "provision", "transport"],
            ),
            subject="disposal",
            until="2026-11-12 00:00:01",
        ),
        breach(
            "REVIEW_OVERDUE",
            "一年を一秒過ぎた見直し",
            "reviewed a second after the year",
            *BOTH,
            rule("2027-11-03 00:00:01", "reviewed"),
            rule("2027-11-02 09:00:00", "reviewed", rule_id="work", kind="work_rules"),
            subject="pms|2026-11-02",
            severity="medium",
        ),
        fine(
            "REVIEW_OVERDUE",
            "一年の終わりの見直し",
            "reviewed as it ends",
            *BOTH,
            rule("2027-11-03 00:00:00", "reviewed"),
            rule("2027-11-02 09:00:00", "reviewed", rule_id="work", kind="work_rules"),
        ),
        breach(
            "REVIEW_OVERDUE",
            "定めた見直しの日を過ぎた",
            "past the planned day",
            rule("2026-11-02 09:00:00", "effective", next_review="2026-12-01"),
            WORK,
            subject="pms|2026-11-02",
            until="2026-12-02 00:00:01",
        ),
        breach(
            "ACK_LOW",
            "31 日目の周知",
            "acknowledged in the first second after the thirtieth day",
            *STAFF_OF_TWO,
            PMS,
            read("2026-11-10 09:00:00", "sato"),
            read("2026-12-03 00:00:01", "ito"),
            *WORKED,
            subject="pms|1",
            severity="medium",
            until="2026-12-03 00:00:02",
        ),
        fine(
            "ACK_LOW",
            "30 日目の終わりの周知",
            "acknowledged as the thirtieth day ends",
            *STAFF_OF_TWO,
            PMS,
            read("2026-11-10 09:00:00", "sato"),
            read("2026-12-03 00:00:00", "ito"),
            *WORKED,
            until="2026-12-03 00:00:02",
        ),
        fine(
            "ACK_LOW",
            "期限に休職中の従業者",
            "somebody on leave at the deadline",
            *STAFF_OF_TWO,
            PMS,
            read("2026-11-10 09:00:00", "sato"),
            joined("ito", "2026-11-20", change="leave_start"),
            *WORKED,
            until="2026-12-03 00:00:02",
        ),
    ),
)  # fmt: skip
