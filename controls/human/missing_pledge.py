"""HUM-03  秘密保持誓約・就業規則 — everybody signs a pledge, the work rules demand it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.access import ACCESSES, pd_access
from controls.books.core import STAFF
from controls.books.duties import active
from controls.books.people import PLEDGES
from controls.calendar import day_end, day_start, jst_day
from controls.deadlines import due_by
from controls.events import (
    AccessDatastoreQuery,
    PledgeSigned,
    RulesChanged,
    StaffChanged,
)
from controls.examples import breach, event, fine
from controls.kernel import DAY, Code, Control, Judgement, Params, Text, arrival, limit, sources
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    sign_days: int = limit(7, "d", "入社から誓約までの日数。", "Days from joining to the pledge.")
    backdate_days: int = limit(
        14, "d", "署名から記録までの日数。", "Days from the signature to its record."
    )


OUTSIDE = ("service", "principal", "contractor")
LOADED = 30 * DAY
"""Who is recorded so long (ms) after joining had joined before the monitoring began."""


def checks(limits: Limits) -> tuple[Check, ...]:
    def prompt(pledge: PledgeSigned) -> bool:
        """Recorded within backdate_days of its signature."""
        return (jst_day(pledge.observed_at) - pledge.signed_on).days <= limits.backdate_days

    def pledges(person: str, view: View) -> list[PledgeSigned]:
        """The pledges that count: of joining, of dispatched staff also those of a project."""
        change = view.latest(STAFF, person, FOREVER - 1)
        kinds = {"joining"} | ({"project"} if change and change.kind == "dispatched" else set())
        return [p for p in view.all(PLEDGES, person) if p.kind in kinds]

    def signed(person: str, day: date, view: View) -> bool:
        return any(p.signed_on <= day for p in pledges(person, view))

    def placed(told_of: Any, view: View) -> Iterable[str]:
        """The person; of an access only where no pledge is known yet."""
        if isinstance(told_of, (PledgeSigned, StaffChanged)):
            return (told_of.person_ref,)
        if told_of.actor_kind in OUTSIDE or not pd_access(told_of, view):
            return ()
        ours = view.latest(STAFF, told_of.actor_ref, told_of.occurred_at) is not None
        day = jst_day(told_of.occurred_at)
        known = [p for p in pledges(told_of.actor_ref, view) if prompt(p)]
        return (told_of.actor_ref,) if ours and not any(p.signed_on <= day for p in known) else ()

    def fact(told_of: Any) -> Fact:
        return told(told_of, "access" if isinstance(told_of, ACCESSES) else "books")

    def loaded(person: str, view: View) -> bool:
        """Joined before monitoring began, and no pledge was ever told of."""
        joined = [c for c in view.all(STAFF, person) if c.change == "joined"]
        early = joined and arrival(joined[-1]) > day_end(joined[-1].effective_on) + LOADED
        return bool(early) and not view.all(PLEDGES, person)

    def broken(person: str, facts: Sequence[Fact], view: View) -> list[Fact]:
        """Accesses of active staff before any pledge, or before one that was recorded in time."""
        good = [p.signed_on for p in pledges(person, view) if prompt(p)]
        return [
            f
            for f in standing(facts, "access")
            if active(person, f[0], view) and not any(on <= jst_day(f[0]) for on in good)
        ]

    def accessed(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        found = broken(person, facts, view)
        if not found:
            return
        common: dict[str, Any] = {"subject": person, "item": "access", "at": found[0][0]}
        if loaded(person, view):
            yield Judgement("indeterminate", missing=(f"pledges {person}",), **common)
        else:
            yield Judgement(
                "violation", "NO_PLEDGE_ACCESS", events=tuple(f[1] for f in found[:20]),
                count=len(found), since=found[0][0] - DAY, closed=bool(pledges(person, view)),
                **common,
            )  # fmt: skip

    def in_time(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        joined = [c for c in view.all(STAFF, person) if c.change == "joined"]
        if not joined or joined[-1].kind == "contractor_staff":
            return
        last = joined[-1]
        end = day_end(last.effective_on + timedelta(days=limits.sign_days))
        common: dict[str, Any] = {"subject": person, "item": f"joined {last.effective_on}"}
        if loaded(person, view):
            missing = (f"pledges {person}",)
            yield Judgement("indeterminate", at=last.occurred_at, missing=missing, **common)
        elif broken(person, facts, view):
            yield Judgement("not_applicable", at=end, **common)
        else:
            done = [day_end(p.signed_on) for p in pledges(person, view)]
            yield due_by(
                end, min(done, default=None), "NOT_SIGNED", view, begun=last.occurred_at, **common
            )

    def demanded(rule: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts, "effective")
        for place, line in enumerate(lines):
            common: dict[str, Any] = {
                "subject": f"{rule}|{line[4]['version']}", "item": line[1], "at": line[0],
                "events": (line[1],),
            }  # fmt: skip
            if line[4]["has_confidentiality"]:
                yield Judgement("pass", **common)
            else:
                closed = any(f[4]["has_confidentiality"] for f in lines[place + 1 :])
                yield Judgement("violation", "RULE_CLAUSE_MISSING", closed=closed, **common)

    def backdated(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        for pledge in view.all(PLEDGES, person):
            since_then = pledge.signed_on >= jst_day(view.began)
            if since_then and not prompt(pledge):
                yield Judgement(
                    "violation", "BACKDATED", person, pledge.observed_at, item=pledge.event_id,
                    events=(pledge.event_id,),
                )  # fmt: skip

    def by_change(change: StaffChanged) -> tuple[Look, ...]:
        since = day_start(change.effective_on)
        return tuple(Look(kind, "actor_ref", change.person_ref, since) for kind in ACCESSES)

    def of_person(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (*ACCESSES, PledgeSigned, StaffChanged),
            one_key("person_ref"),
            fact,
            judge,
            span=moment,
            across=True,
            placed=placed,
            revisits={StaffChanged: by_change},
            merge=few,
            awaits=(PledgeSigned,),
        )

    return (
        of_person("access", "NO_PLEDGE_ACCESS", accessed),
        of_person("signature", "NOT_SIGNED", in_time),
        Case(
            "rule",
            ("RULE_CLAUSE_MISSING",),
            (RulesChanged,),
            lambda change: change.rule_id if change.kind == "work_rules" else "",
            lambda change: told(change, change.step, "version", "has_confidentiality"),
            demanded,
            span=moment,
            by={RulesChanged: "rule_id"},
        ),
        Case(
            "backdating",
            ("BACKDATED",),
            (PledgeSigned,),
            one_key("person_ref"),
            lambda pledge: told(pledge, "pledge"),
            backdated,
            span=moment,
            by={PledgeSigned: "person_ref"},
            began=True,
        ),
    )


def few(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    """Of the accesses of a day without a pledge the first twenty."""
    kept: list[Fact] = []
    days: dict[date, int] = {}
    held = {fact[1]: fact for fact in (*facts, *new)}
    for fact in sorted(held.values()):
        day = jst_day(fact[0])
        days[day] = days.get(day, 0) + (fact[3] == "access")
        if fact[3] != "access" or days[day] <= 20:
            kept.append(fact)
    return kept


def joined(**given: Any) -> StaffChanged:
    said = {"person_ref": "sato", "kind": "employee", "change": "joined", **given}
    return event(StaffChanged, "2026-11-02 09:00:00", effective_on="2026-11-02", **said)


def pledge(on: str, at: str = "2026-11-20 09:00:00", **given: Any) -> PledgeSigned:
    said = {"person_ref": "sato", "kind": "joining", "signed_on": on, "version": "1", **given}
    return event(PledgeSigned, at, **said)


def query() -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery, "2026-11-10 10:00:00", actor_ref="sato", dataset_id="ds-members",
        operation="read",
    )  # fmt: skip


def rules(confidentiality: bool) -> RulesChanged:
    return event(
        RulesChanged, "2026-11-02 09:00:00", rule_id="work", version="3", step="effective",
        kind="work_rules", has_confidentiality=confidentiality, next_review="2027-11-02",
    )  # fmt: skip


CONTROL = Control(
    id="HUM-03",
    title=Text("秘密保持誓約・就業規則", "Confidentiality pledge and work rules"),
    requirement=Text(
        "就業規則に秘密保持を定め、アクセス前に誓約書を取得する。",
        "Confidentiality duty is in the work rules in force and each person signs a pledge before "
        "access.",
    ),
    sources=sources(
        seeds="PYX-9.2; PER-4.4b; MIX-M.D2",
        appi="Art.24",
        ppc_guideline="10-4",
        pms_guideline="J.9.3*",
    ),
    params=Limits(),
    codes={
        "NO_PLEDGE_ACCESS": Code(
            "medium",
            Text(
                "誓約の前に個人データに触れた。",
                "Personal data before a pledge was signed.",
            ),
            Text("{subject}：誓約の前のアクセス。", "{subject}: access before the pledge."),
        ),
        "NOT_SIGNED": Code(
            "medium",
            Text(
                "入社から sign_days の終わりまでに誓約がない。",
                "No pledge by the end of sign_days after joining.",
            ),
            Text("{subject}：誓約がない。", "{subject}: has not signed."),
        ),
        "RULE_CLAUSE_MISSING": Code(
            "high",
            Text(
                "施行中の就業規則に秘密保持がない。",
                "The work rules in force do not demand confidentiality.",
            ),
            Text("{subject}：秘密保持の定めがない。", "{subject}: no duty of confidentiality."),
        ),
        "BACKDATED": Code(
            "low",
            Text(
                "署名から backdate_days を過ぎて記録した誓約。",
                "A pledge recorded more than backdate_days after its signature.",
            ),
            Text("{subject}：遡った誓約。", "{subject}: a backdated pledge."),
        ),
    },
    checks=checks,
    evidence=Text(
        "誓約番号、版、日付、本人、規程の条項", "Pledge id, version, date, who; rule clause ref"
    ),
    response=Text("誓約を取り、権限を止める。", "Collect pledge; suspend grant."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NO_PLEDGE_ACCESS",
            "翌日の誓約",
            "signed on the day after",
            joined(),
            query(),
            pledge("2026-11-11"),
            subject="sato",
            severity="medium",
        ),
        fine(
            "NO_PLEDGE_ACCESS",
            "その日の誓約",
            "signed on that day",
            joined(),
            query(),
            pledge("2026-11-10"),
            also=("NOT_SIGNED",),
        ),
        breach(
            "NOT_SIGNED",
            "八日目の誓約",
            "signed on the eighth day",
            joined(),
            pledge("2026-11-10"),
            subject="sato",
            severity="medium",
        ),
        fine("NOT_SIGNED", "七日目の誓約", "signed on the seventh", joined(),
             pledge("2026-11-09")),
        breach(
            "RULE_CLAUSE_MISSING",
            "秘密保持のない就業規則",
            "work rules without confidentiality",
            rules(confidentiality=False),
            subject="work|3",
            severity="high",
        ),
        fine("RULE_CLAUSE_MISSING", "秘密保持のある規則", "with it", rules(confidentiality=True)),
        breach(
            "BACKDATED",
            "15 日後の記録",
            "recorded fifteen days later",
            joined(),
            pledge("2026-11-05"),
            subject="sato",
            severity="low",
        ),
        fine("BACKDATED", "14 日後の記録", "recorded fourteen days later", joined(),
             pledge("2026-11-06")),
    ),
)  # fmt: skip
