"""TEC-02  権限棚卸しと休眠アカウント — access is reviewed, unused accounts are closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.access import SYSTEM_SOURCES
from controls.books.core import ACCOUNTS, DATASETS, STAFF
from controls.books.systems import OWNER_ACCOUNTS
from controls.calendar import day_end, jst_day
from controls.deadlines import comes_round, due_by
from controls.events import (
    AccessAccountChanged,
    AccessAuthAttempt,
    AccessReviewed,
    RegisterDataset,
    RegisterSource,
    StaffChanged,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    arrival,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, remember, standing, told


class Limits(Params):
    review_days: int = limit(100, "d", "棚卸しの間隔。", "Days between two reviews.")
    dormant_days: int = limit(
        90, "d", "使われないままでよい日数。", "Days for which an account may lie unused."
    )
    break_glass: tuple[str, ...] = limit(
        (), "account_ref", "緊急用の口座。", "Accounts for emergencies."
    )
    member_systems: tuple[str, ...] = limit(
        (), "system_id", "会員の口座のシステム。", "Systems with members' accounts."
    )


OPEN = ("created", "enabled")
CLOSED = ("disabled", "deleted")
LATE = 10 * DAY
"""Uses older than this before the newest (ms) are thinned."""


def use(told_of: Any) -> Fact:
    """`[at, event_id, corrects, what, system]`: a sign-in, or what the books say."""
    head = [told_of.occurred_at, told_of.event_id, told_of.corrects_event_id or ""]
    if isinstance(told_of, AccessAuthAttempt):
        return [*head, "used", told_of.system_id]
    return [*head, "books", ""]


def by_account(attempt: AccessAuthAttempt) -> str:
    person = attempt.outcome == "success" and attempt.actor_kind != "principal"
    return attempt.account_ref if person else ""


def checks(limits: Limits) -> tuple[Check, ...]:
    term = timedelta(days=limits.dormant_days)

    def watched(change: AccessAccountChanged) -> bool:
        member = change.actor_kind == "principal" or change.system_id in limits.member_systems
        return not member

    def thinned(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
        """Of old uses only those between which an account lay idle for a while."""
        every = remember(facts, new)
        cut = every[-1][0] - LATE if every else 0
        after: list[Fact | None] = []
        following: dict[str, Fact] = {}
        for fact in reversed(every):
            after.append(following.get(fact[4]))
            following[fact[4]] = fact
        kept: list[Fact] = []
        before: dict[str, Fact] = {}
        for fact, then in zip(every, reversed(after), strict=True):
            last = before.get(fact[4])
            idle = last is None or then is None or then[0] - last[0] > DAY * 5
            if fact[3] == "books" or fact[0] >= cut or idle:
                kept.append(fact)
                before[fact[4]] = fact
        return kept

    def staff_on(person: str, day: date, view: View) -> str | None:
        """The last change of somebody up to a day."""
        changes = [c for c in view.all(STAFF, person) if c.effective_on <= day]
        return changes[-1].change if changes else None

    def dormant(account: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        plain = {view.ref(name) for name in limits.break_glass} | {*limits.break_glass}
        if account in plain:
            return
        systems: dict[str, list[AccessAccountChanged]] = {}
        for change in view.all(ACCOUNTS, account):
            if change.account_kind == "personal" and watched(change):
                systems.setdefault(change.system_id, []).append(change)
        for system, changes in systems.items():
            uses = [f[0] for f in standing(facts, "used") if f[4] == system]
            yield from idle(f"{account}|{system}", system, changes, uses, view)

    def idle(
        subject: str, system: str, changes: Sequence[Any], uses: Sequence[int], view: View
    ) -> Iterator[Judgement]:
        # what was told later than it happened has been watched since then only
        opened = [max(c.occurred_at, arrival(c)) for c in changes if c.change in OPEN]
        closed = [c.occurred_at for c in changes if c.change in CLOSED]
        signs = sorted((*opened, *uses))
        for place, sign in enumerate(signs):
            after = signs[place + 1] if place + 1 < len(signs) else None
            if after is not None and after <= sign + limits.dormant_days * DAY:
                continue  # sooner than the end of the day on which the term is over
            end = day_end(jst_day(sign) + term)
            if after is not None and after <= end:
                continue
            shut = next((c for c in closed if sign <= c <= end), None)
            common: dict[str, Any] = {"subject": subject, "item": f"{subject} {jst_day(sign)}"}
            owner = changes[-1].owner_ref
            orphan = staff_on(owner, jst_day(end), view) in (None, "left")
            if shut is not None or (orphan and view.now > end):
                yield Judgement("not_applicable", at=sign, **common)
            elif not any(
                s.kind == "authentication" for s in view.entries(SYSTEM_SOURCES, system, end)
            ):
                if view.now > end:
                    missing = (f"authentication source of {system}",)
                    yield Judgement("indeterminate", at=end, missing=missing, **common)
                else:
                    yield Judgement("not_applicable", at=sign, until=end, **common)
            else:
                over = any(c > end for c in closed)
                yield due_by(end, after, "DORMANT", view, begun=sign, over=over, **common)

    def orphaned(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        lines = standing(facts)
        for place, line in enumerate(lines):
            said = line[4]
            if line[3] not in OPEN or said["member"] or said["account_ref"] in limits.break_glass:
                continue
            end = day_end(max(jst_day(line[0]), jst_day(view.began)))
            shut = next((f[0] for f in lines[place + 1 :] if f[3] in CLOSED), None)
            common: dict[str, Any] = {"subject": key, "item": line[1], "events": (line[1],)}
            if staff_on(said["owner_ref"], jst_day(end - 1), view) is not None or (
                shut is not None and shut <= end
            ):
                yield Judgement("pass", at=line[0], **common)
            elif view.now <= end:
                yield Judgement("not_applicable", at=line[0], until=end, **common)
            else:
                joined = bool(view.all(STAFF, said["owner_ref"]))
                yield Judgement(
                    "violation", "ORPHAN", at=end, detected=end, since=line[0],
                    closed=shut is not None or joined, **common,
                )  # fmt: skip

    def reviewed(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        system, _, dataset = key.partition("|")
        lines = [d for d in view.all(DATASETS, dataset) if system in d.storage_systems]
        listed = [d for d in lines if d.status == "active"]
        if not listed:
            return
        began = max(jst_day(view.began), jst_day(listed[0].occurred_at))
        latest = view.all(DATASETS, dataset)[-1]
        there = latest.status == "active" and system in latest.storage_systems
        gone = None if there else jst_day(latest.occurred_at)
        done = [f[0] for f in standing(facts, "complete")]
        yield from comes_round(
            "REVIEW_OVERDUE", began, done, in_days, view, prefix=f"{key}|", gone=gone
        )

    def in_days(day: date) -> date:
        return day + timedelta(days=limits.review_days)

    def pairs(line: RegisterDataset, view: View) -> Iterable[str]:
        systems = {s for d in view.all(DATASETS, line.dataset_id) for s in d.storage_systems}
        return [f"{system}|{line.dataset_id}" for system in {*systems, *line.storage_systems}]

    def account_fact(change: AccessAccountChanged) -> Fact:
        said = told(change, change.change, "account_ref", "owner_ref")
        said[4]["member"] = not watched(change)
        return said

    def account_key(change: AccessAccountChanged) -> str:
        return f"{change.account_ref}|{change.system_id}"

    def of_owner(change: StaffChanged, view: View) -> Iterable[str]:
        return [account_key(c) for c in view.all(OWNER_ACCOUNTS, change.person_ref)]

    def owned(change: Any, view: View) -> Iterable[str]:
        """The accounts that a change of account or of staff concerns."""
        if isinstance(change, AccessAccountChanged):
            return (change.account_ref,)
        return [c.account_ref for c in view.all(OWNER_ACCOUNTS, change.person_ref)]

    def of_system(source: RegisterSource, view: View) -> Iterable[str]:
        if not source.system_id or source.kind != "authentication":
            return ()
        return [
            account
            for account in view.keys(ACCOUNTS)
            if any(c.system_id == source.system_id for c in view.all(ACCOUNTS, account))
        ]

    return (
        Case(
            "review",
            ("REVIEW_OVERDUE",),
            (AccessReviewed,),
            lambda review: f"{review.system_id}|{review.dataset_id}",
            lambda review: told(review, "complete" if review.complete else "begun"),
            reviewed,
            span=moment,
            by={AccessReviewed: "dataset_id"},
            touches={RegisterDataset: pairs},
            awaits=(AccessReviewed,),
            began=True,
        ),
        Case(
            "dormant",
            ("DORMANT",),
            (AccessAuthAttempt,),
            by_account,
            use,
            dormant,
            span=moment,
            by={AccessAuthAttempt: "account_ref"},
            merge=thinned,
            asks={AccessAccountChanged: owned, StaffChanged: owned, RegisterSource: of_system},
            awaits=(AccessAuthAttempt,),
        ),
        Case(
            "orphan",
            ("ORPHAN",),
            (AccessAccountChanged,),
            account_key,
            account_fact,
            orphaned,
            span=moment,
            by={AccessAccountChanged: "account_ref"},
            touches={StaffChanged: of_owner},
            awaits=(StaffChanged,),
            began=True,
        ),
    )


def review(at: str, **given: Any) -> AccessReviewed:
    said = {
        "system_id": "sys-crm", "dataset_id": "ds-members", "complete": True,
        "period_end": "2026-06-30", **given,
    }  # fmt: skip
    return event(AccessReviewed, at, **said)


def account(at: str = "2026-07-01 09:00:00", **given: Any) -> AccessAccountChanged:
    said = {
        "account_ref": "acct-sato", "owner_ref": "sato", "system_id": "sys-crm",
        "change": "created", "account_kind": "personal", **given,
    }  # fmt: skip
    return event(AccessAccountChanged, at, **said)


def sign_in(at: str) -> AccessAuthAttempt:
    return event(
        AccessAuthAttempt, at, account_ref="acct-sato", system_id="sys-crm", outcome="success"
    )


def joined(on: str) -> StaffChanged:
    return event(
        StaffChanged, "2026-06-20 09:00:00", person_ref="sato", change="joined", effective_on=on
    )


LISTED = event(
    RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-members", storage_systems=["sys-crm"]
)
STAFFED = joined("2026-07-01")
LOGIN = event(
    RegisterSource, "2026-04-01 09:00:00", monitored_source_id="idp", kind="authentication",
    system_id="sys-crm",
)  # fmt: skip

CONTROL = Control(
    id="TEC-02",
    title=Text("権限棚卸しと休眠アカウント", "Access reviewed, dormant accounts removed"),
    requirement=Text(
        "権限を定期に見直し、未使用IDを停止する。",
        "Grants on each PD dataset are reviewed periodically; unused accounts are disabled.",
    ),
    sources=sources(
        seeds="PER-4.6.1a",
        appi="Art.23",
        ppc_guideline="10-6(1); 10-3(5)",
        pms_guideline="J.9.2*; J.6.1",
    ),
    params=Limits(),
    codes={
        "REVIEW_OVERDUE": Code(
            "medium",
            Text(
                "前の棚卸しから review_days が過ぎた。",
                "review_days have passed since the last complete review.",
            ),
            Text(
                "{subject}：{last} 以来、権限の棚卸しがない。",
                "{subject}: rights not reviewed since {last}.",
            ),
        ),
        "DORMANT": Code(
            "low",
            Text(
                "dormant_days の間使われていない個人の口座が開いている。",
                "A personal account is open and has not been used for dormant_days.",
            ),
            Text("{subject}：使われていない口座。", "{subject}: lies unused."),
        ),
        "ORPHAN": Code(
            "high",
            Text(
                "在籍しない者の口座が一日の終わりに開いている（退職者は HUM-04）。",
                "An account whose owner was never on the staff is open at the end of a day; "
                "leavers are HUM-04.",
            ),
            Text("{subject}：持ち主のいない口座。", "{subject}: an account of nobody."),
        ),
    },
    checks=checks,
    evidence=Text("棚卸し票（口座・判断・確認者）", "Review sheet: accounts × decision × reviewer"),
    response=Text("停止する。", "Disable."),
    false_positives=Text("季節雇用の従業者。", "Seasonal staff."),
    examples=(
        breach(
            "REVIEW_OVERDUE",
            "101 日目の棚卸し",
            "reviewed in the first second after the hundredth day",
            LISTED,
            review("2026-07-11 00:00:01"),
            subject="sys-crm|ds-members|2026-04-01",
            severity="medium",
        ),
        fine(
            "REVIEW_OVERDUE",
            "100 日目の棚卸し",
            "reviewed at its end",
            LISTED,
            review("2026-07-11 00:00:00"),
        ),
        breach(
            "REVIEW_OVERDUE",
            "途中の棚卸し",
            "a review that was not completed",
            LISTED,
            review("2026-07-10 10:00:00", complete=False),
            until="2026-07-11T00:00:01+09:00",
        ),
        breach(
            "DORMANT",
            "91 日目の利用",
            "used in the first second after the ninetieth day",
            LOGIN,
            STAFFED,
            account(),
            sign_in("2026-09-30 00:00:01"),
            subject="acct-sato|sys-crm",
            severity="low",
        ),
        fine(
            "DORMANT",
            "90 日目の終わりの利用",
            "used as it ends",
            LOGIN,
            STAFFED,
            account(),
            sign_in("2026-09-30 00:00:00"),
        ),
        fine(
            "DORMANT",
            "停止した口座",
            "closed in time",
            LOGIN,
            STAFFED,
            account(),
            account("2026-09-01 10:00:00", change="disabled"),
            until="2026-09-30T00:00:01+09:00",
        ),
        unknown(
            "DORMANT",
            "認証の記録がないシステム",
            "a system whose sign-ins nobody reports",
            STAFFED,
            account(),
            until="2026-09-30T00:00:01+09:00",
        ),
        breach(
            "ORPHAN",
            "翌日に入社する者の口座",
            "the account of somebody who joins the day after",
            joined("2026-07-02"),
            account(),
            subject="acct-sato|sys-crm",
            severity="high",
            until="2026-07-02T00:00:01+09:00",
        ),
        fine(
            "ORPHAN",
            "当日に入社する者の口座",
            "of somebody who joins that day",
            joined("2026-07-01"),
            account(),
            until="2026-07-02T00:00:01+09:00",
        ),
    ),
)
