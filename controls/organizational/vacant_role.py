"""ORG-01  責任者の選任と分離 — responsible roles are filled, and by different people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.books.core import ROLES
from controls.books.duties import PERSON_ROLES, PUBLISHED, tenures, uncovered
from controls.calendar import add_business_days, day_end, day_start, jst_day
from controls.deadlines import due_by
from controls.events import PolicyChanged, RoleChanged, StaffChanged
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, told

_D = timedelta(days=1)
APART = ("audit_officer|protection_manager", "audit_officer|representative")
"""Roles that one person may not hold on one day."""


class Limits(Params):
    vacancy_days: int = limit(
        0, "bd", "空席を許す営業日数。", "Business days that a role may be vacant."
    )
    roles: tuple[str, ...] = limit(
        ("representative", "protection_manager", "audit_officer", "desk_manager"),
        "",
        "選任を要する役割。",
        "The roles that have to be filled.",
    )
    republish_days: int = limit(
        30, "d", "公表した者の退任から公表し直すまでの日数。", "Days to publish another name."
    )


def fact(change: RoleChanged) -> Fact:
    return told(change, change.state)


def checks(limits: Limits) -> tuple[Check, ...]:
    republish = timedelta(days=limits.republish_days)

    def filled(role: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        held = tenures(role, view)
        for first, following in uncovered(jst_day(view.began), ((t.first, t.last) for t in held)):
            last = [t for t in held if t.last == first - _D]
            vacant = add_business_days(first - _D, 1)
            end = day_end(add_business_days(first - _D, limits.vacancy_days + 1))
            code, subject = "VACANT", f"{role}|{vacant}"
            if {t.person for t in last} == {t.person for t in last[:1]} and last and last[0].left:
                code, subject, end = "HOLDER_LEFT", f"{role}|{last[0].person}", day_start(first)
            elif following is not None and day_start(following) < end:
                continue  # no business day too many
            common: dict[str, Any] = {"subject": subject, "item": f"{code} {first}"}
            if view.now <= end:
                yield Judgement("not_applicable", at=day_start(first), until=end, **common)
            else:
                yield Judgement(
                    "violation", code, at=end, since=day_start(first),
                    closed=following is not None and day_start(following) <= view.now, **common,
                )  # fmt: skip
        if any(t.last is None for t in held):
            yield Judgement("pass", None, role, view.began, item="held")

    def apart(pair: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        one, other = (tenures(role, view) for role in pair.split("|"))
        for held in one:
            for also in (t for t in other if t.person == held.person):
                first = max(held.first, also.first, jst_day(view.began))
                last = min((t.last for t in (held, also) if t.last is not None), default=None)
                if last is not None and last < first:
                    continue
                at = day_start(first)
                common: dict[str, Any] = {
                    "subject": f"{held.person}|{pair}", "item": f"{held.person} {first}", "at": at,
                }  # fmt: skip
                if view.now < at:
                    yield Judgement("not_applicable", until=at, **common)
                else:
                    over = last is not None and day_end(last) <= view.now
                    yield Judgement("violation", "SAME_PERSON", closed=over, **common)

    def published(role: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        changes = view.all(ROLES, role)
        for ended in (c for c in changes if c.state == "ended"):
            day, person = ended.effective_on, ended.person_ref
            named = [
                c.publicly_named
                for c in changes
                if (c.person_ref, c.state) == (person, "assigned") and c.effective_on <= day
            ]
            end = day_end(day + republish)
            if not (named and named[-1]) or end <= view.began:
                continue
            since = day_start(day - republish)
            out = [
                p.occurred_at for p in view.all(PUBLISHED, "published") if p.occurred_at >= since
            ]
            yield due_by(
                end, min(out, default=None), "PUBLIC_NAME_OLD", view, begun=ended.occurred_at,
                subject=f"{role}|{person}|{day}", item=ended.event_id, events=(ended.event_id,),
            )  # fmt: skip

    def roles_of(change: StaffChanged, view: View) -> list[str]:
        return [held.role for held in view.all(PERSON_ROLES, change.person_ref)]

    def needed(change: Any, view: View) -> list[str]:
        roles = [change.role] if isinstance(change, RoleChanged) else roles_of(change, view)
        return [role for role in roles if role in limits.roles]

    def pairs(change: Any, view: View) -> list[str]:
        roles = [change.role] if isinstance(change, RoleChanged) else roles_of(change, view)
        return [pair for pair in APART if set(pair.split("|")) & set(roles)]

    def named(change: Any, view: View) -> list[str]:
        if isinstance(change, RoleChanged):
            return [change.role]
        return view.keys(ROLES) if change.step == "published" else []

    def case(name: str, codes: tuple[str, ...], judge: Any, **more: Any) -> Case:
        return Case(
            name, codes, (RoleChanged,), lambda change: "", fact, judge, span=moment, began=True,
            **more,
        )  # fmt: skip

    return (
        case(
            "vacancy",
            ("VACANT", "HOLDER_LEFT"),
            filled,
            periodic=limits.roles,
            touches={RoleChanged: needed, StaffChanged: needed},
            awaits=(RoleChanged,),
        ),
        case(
            "separation", ("SAME_PERSON",), apart, touches={RoleChanged: pairs, StaffChanged: pairs}
        ),
        case(
            "publication",
            ("PUBLIC_NAME_OLD",),
            published,
            touches={RoleChanged: named, PolicyChanged: named},
            awaits=(PolicyChanged,),
        ),
    )


def role(at: str, name: str, person: str, on: str, **given: Any) -> RoleChanged:
    said = {"role": name, "person_ref": person, "state": "assigned", "effective_on": on, **given}
    return event(RoleChanged, at, **said)


def ended(at: str, name: str, person: str, on: str, **given: Any) -> RoleChanged:
    return role(at, name, person, on, state="ended", **given)


def gone(at: str, person: str, on: str) -> StaffChanged:
    return event(
        StaffChanged, at, person_ref=person, change="left", kind="employee", dept_id="d",
        effective_on=on,
    )  # fmt: skip


BEGIN = "2026-11-02 09:00:00"
"""A Monday; the 3rd is a holiday."""
TOP = role(BEGIN, "representative", "president", "2020-04-01")
MANAGER = role(BEGIN, "protection_manager", "sato", "2020-04-01", publicly_named=True)
AUDITOR = role(BEGIN, "audit_officer", "ito", "2020-04-01")
DESK = role(BEGIN, "desk_manager", "kato", "2020-04-01")
ALL = (TOP, MANAGER, AUDITOR, DESK)

CONTROL = Control(
    id="ORG-01",
    title=Text("責任者の選任と分離", "Responsible roles filled and separated"),
    requirement=Text(
        "個人情報保護管理者と監査責任者を別人で選任し空席を作らない。公表名と一致させる。",
        "Protection manager and audit officer are appointed, different persons, never vacant; "
        "names published match.",
    ),
    sources=sources(
        seeds="PYX-9.5; PER-3-2.2; PER-4.3.1; MIX-OF; JUS-1b; JUS-C4",
        appi="Art.23",
        ppc_guideline="10-3(1)",
        pms_guideline="J.2.3.1; J.2.3.2",
    ),
    params=Limits(),
    codes={
        "VACANT": Code(
            "high",
            Text(
                "役割に就く者がいない営業日が vacancy_days を超えて続いた。",
                "Nobody held the role on more than vacancy_days business days in a row.",
            ),
            Text("{subject}：責任者が空席。", "{subject}: nobody holds the role."),
        ),
        "SAME_PERSON": Code(
            "high",
            Text(
                "監査責任者が、同じ日に個人情報保護管理者又は代表者でもあった。",
                "The audit officer was the protection manager or the representative on one day.",
            ),
            Text("{subject}：分離すべき役割の兼任。", "{subject}: one person holds both roles."),
        ),
        "HOLDER_LEFT": Code(
            "high",
            Text(
                "ただ一人の責任者が退職し、翌日までに後任が就いていない。",
                "The only holder left, and nobody else was assigned by the next day.",
            ),
            Text("{subject}：責任者が退職し後任がない。", "{subject}: left, with no successor."),
        ),
        "PUBLIC_NAME_OLD": Code(
            "low",
            Text(
                "公表した責任者の退任から republish_days の終わりまでに公表し直していない。",
                "A published holder's term ended and nothing was published by the end of "
                "republish_days.",
            ),
            Text("{subject}：公表名が古い。", "{subject}: the published name is out of date."),
        ),
    },
    checks=checks,
    evidence=Text("役割の経過と任命の文書", "Role timeline with appointment documents"),
    response=Text("選任する。", "Appoint."),
    false_positives=Text("遅れて記録された代行の任命", "Acting appointments recorded late"),
    examples=(
        breach(
            "VACANT",
            "一営業日の空席",
            "vacant on one business day",
            *ALL,
            ended("2026-11-10 09:00:00", "desk_manager", "kato", "2026-11-10"),
            role("2026-11-11 09:00:00", "desk_manager", "mori", "2026-11-12"),
            subject="desk_manager|2026-11-11",
            severity="high",
            until="2026-11-13 00:00:00",
        ),
        fine(
            "VACANT",
            "翌日からの後任",
            "a successor from the next day on",
            *ALL,
            ended("2026-11-10 09:00:00", "desk_manager", "kato", "2026-11-10"),
            role("2026-11-11 09:00:00", "desk_manager", "mori", "2026-11-11"),
            until="2026-11-13 00:00:00",
        ),
        fine(
            "VACANT",
            "週末だけの空席",
            "vacant over a weekend only",
            *ALL,
            ended("2026-11-13 09:00:00", "desk_manager", "kato", "2026-11-13"),
            role("2026-11-16 09:00:00", "desk_manager", "mori", "2026-11-16"),
            until="2026-11-17 00:00:01",
        ),
        breach(
            "VACANT",
            "監視の開始から誰もいない",
            "nobody since monitoring began",
            TOP,
            MANAGER,
            AUDITOR,
            subject="desk_manager|2026-11-02",
            until="2026-11-03 00:00:01",
        ),
        breach(
            "SAME_PERSON",
            "監査責任者による管理者の兼任",
            "the audit officer becomes the manager as well",
            *ALL,
            role("2026-11-10 09:00:00", "protection_manager", "ito", "2026-11-10"),
            subject="ito|audit_officer|protection_manager",
            severity="high",
        ),
        fine(
            "SAME_PERSON",
            "問合せ窓口の責任者による兼任",
            "the desk's manager becomes the manager as well",
            *ALL,
            role("2026-11-10 09:00:00", "protection_manager", "kato", "2026-11-10"),
        ),
        fine(
            "SAME_PERSON",
            "監査責任者を退いた翌日の就任",
            "the day after the term as audit officer",
            *ALL,
            role("2026-11-09 09:00:00", "audit_officer", "mori", "2026-11-09"),
            ended("2026-11-09 10:00:00", "audit_officer", "ito", "2026-11-09"),
            role("2026-11-10 09:00:00", "protection_manager", "ito", "2026-11-10"),
        ),
        breach(
            "HOLDER_LEFT",
            "後任は退職の二日後から",
            "the successor begins two days after the last day",
            *ALL,
            gone("2026-11-10 18:00:00", "kato", "2026-11-10"),
            role("2026-11-10 09:00:00", "desk_manager", "mori", "2026-11-12"),
            subject="desk_manager|kato",
            severity="high",
            until="2026-11-13 00:00:00",
        ),
        fine(
            "HOLDER_LEFT",
            "後任は退職の翌日から",
            "the successor begins on the next day",
            *ALL,
            gone("2026-11-10 18:00:00", "kato", "2026-11-10"),
            role("2026-11-10 09:00:00", "desk_manager", "mori", "2026-11-11"),
            until="2026-11-13 00:00:00",
        ),
        breach(
            "PUBLIC_NAME_OLD",
            "31 日目の公表",
            "published in the first second after the thirtieth day",
            *ALL,
            role("2026-11-10 09:00:00", "protection_manager", "mori", "2026-11-10"),
            ended("2026-11-10 09:00:00", "protection_manager", "sato", "2026-11-10"),
            event(PolicyChanged, "2026-12-11 00:00:01", step="published"),
            subject="protection_manager|sato|2026-11-10",
            severity="low",
        ),
        fine(
            "PUBLIC_NAME_OLD",
            "30 日目の終わりの公表",
            "published as the thirtieth day ends",
            *ALL,
            role("2026-11-10 09:00:00", "protection_manager", "mori", "2026-11-10"),
            ended("2026-11-10 09:00:00", "protection_manager", "sato", "2026-11-10"),
            event(PolicyChanged, "2026-12-11 00:00:00", step="published"),
        ),
        fine(
            "PUBLIC_NAME_OLD",
            "公表していない責任者の退任",
            "a holder whose name was not published",
            *ALL,
            role("2026-11-10 09:00:00", "desk_manager", "mori", "2026-11-10"),
            ended("2026-11-10 09:00:00", "desk_manager", "kato", "2026-11-10"),
            until="2026-12-12 00:00:00",
        ),
    ),
)  # fmt: skip
