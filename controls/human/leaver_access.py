"""HUM-04  退職・異動時の権限・貸与物の処理 — leavers and movers give back what they had."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.core import OWNER_GRANTS, STAFF
from controls.books.people import HOLDER_TAKEOUTS, PLEDGES, gone, owners
from controls.books.systems import OWNER_ACCOUNTS
from controls.calendar import day_end, day_start
from controls.deadlines import due_by
from controls.events import (
    AccessAccountChanged,
    AccessAuthAttempt,
    AccessDatastoreQuery,
    AccessPrivilegeChanged,
    AssetLost,
    AssetReturned,
    AssetTakenOut,
    BadgeRead,
    PledgeSigned,
    StaffChanged,
)
from controls.examples import breach, event, fine
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    revoke_hours: int = limit(
        0, "h", "退職日の終わりから停止までの時間。", "Hours after the last day to the closing."
    )
    asset_days: int = limit(3, "d", "貸与物を返すまでの日数。", "Days to give things back.")
    move_days: int = limit(5, "d", "異動から権限の停止までの日数。", "Days to end old rights.")
    pledge_days: int = limit(7, "d", "退職から誓約までの日数。", "Days to the leaving pledge.")


CLOSED = ("disabled", "deleted")


def checks(limits: Limits) -> tuple[Check, ...]:
    def used(use: AccessAuthAttempt | AccessDatastoreQuery, view: View) -> Judgement | None:
        failed = isinstance(use, AccessAuthAttempt) and use.outcome == "failure"
        for person in owners(use, view):
            if gone(person, use.occurred_at, view) is not None:
                code = "LEAVER_ATTEMPT" if failed else "LEAVER_LOGIN"
                return Judgement("violation", code, f"{person}|{use.account_ref}")
        return None

    def entered(read: BadgeRead, view: View) -> Judgement | None:
        if read.result != "granted" or gone(read.holder_ref, read.occurred_at, view) is None:
            return None
        return Judgement("violation", "BADGE_USED", f"{read.holder_ref}|{read.zone_id}")

    def leavings(person: str, view: View) -> list[tuple[StaffChanged, int]]:
        """Each leaving, and when somebody came back after it (ms; far away where never)."""
        changes = view.all(STAFF, person)
        found = []
        for place, change in enumerate(changes):
            if change.change == "left":
                again = [c for c in changes[place + 1 :] if c.change == "joined"]
                back = day_start(again[0].effective_on) if again else 1 << 62
                found.append((change, back))
        return found

    def revoked(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        for owner in dict.fromkeys(f[4]["owner_ref"] for f in lines):
            for leaving, back in leavings(owner, view):
                end = day_end(leaving.effective_on) + limits.revoke_hours * HOUR
                before = [f for f in lines if f[0] <= end]
                common: dict[str, Any] = {
                    "subject": f"{owner}|{key}", "item": f"{owner} {leaving.effective_on}",
                }  # fmt: skip
                if not before or back <= end:
                    continue
                if before[-1][3] in CLOSED:
                    yield Judgement("pass", at=before[-1][0], **common)
                    continue
                shut = [f[0] for f in lines if f[0] > end and f[3] in CLOSED]
                yield due_by(
                    end, min(shut, default=None), "NOT_REVOKED", view, begun=leaving.occurred_at,
                    **common,
                )  # fmt: skip

    def returned(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for out in standing(facts, "out"):
            holder, name = out[4]["holder_ref"], out[4]["takeout_id"]
            back = [
                f[0]
                for f in standing(facts, "back")
                if f[0] >= out[0] and (name is None or f[4]["takeout_id"] == name)
            ]
            lost = any(f[0] >= out[0] for f in standing(facts, "lost"))
            for leaving, again in leavings(holder, view):
                end = day_end(leaving.effective_on + timedelta(days=limits.asset_days))
                if out[0] > end or again <= out[0]:
                    continue
                common: dict[str, Any] = {
                    "subject": f"{holder}|{asset}", "item": f"{out[1]} {leaving.effective_on}",
                    "events": (out[1],),
                }  # fmt: skip
                if lost:
                    yield Judgement("not_applicable", at=out[0], **common)
                else:
                    yield due_by(
                        end, min(back, default=None), "ASSET_OUT", view,
                        begun=leaving.occurred_at, **common,
                    )  # fmt: skip

    def moved(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        for owner in dict.fromkeys(f[4]["owner_ref"] for f in lines):
            changes = view.all(STAFF, owner)
            for before, move in itertools.pairwise(changes):
                if move.change != "moved" or move.dept_id == before.dept_id:
                    continue
                yield from left_over(key, owner, lines, move, view)

    def left_over(
        key: str, owner: str, lines: Sequence[Fact], move: StaffChanged, view: View
    ) -> Iterator[Judgement]:
        """A right older than the move that nobody gave again."""
        since = day_start(move.effective_on)
        end = day_end(move.effective_on + timedelta(days=limits.move_days))
        old = [f for f in lines if f[0] < since]
        common: dict[str, Any] = {
            "item": f"{owner} {move.effective_on}",
        }  # fmt: skip
        if not old or old[-1][3] != "granted":
            return
        right = "|".join(part or old[-1][1] for part in key.split("|"))
        common["subject"] = f"{owner}|{right}"
        until = old[-1][4]["valid_until"]
        after = [f[0] for f in lines if f[0] >= since]
        if until is not None and day_end(date.fromisoformat(until)) <= end:
            yield Judgement("pass", at=since, **common)
        else:
            yield due_by(end, min(after, default=None), "MOVER_GRANT", view, begun=since, **common)

    def pledged(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for leaving, _ in leavings(person, view):
            if leaving.kind == "contractor_staff":
                continue
            joined = [
                c.effective_on
                for c in view.all(STAFF, person)
                if c.change == "joined" and c.effective_on <= leaving.effective_on
            ]
            since = max(joined, default=date.min)
            signed = [
                day_end(p.signed_on)
                for p in view.all(PLEDGES, person)
                if p.kind == "leaving" and p.signed_on >= since
            ]
            end = day_end(leaving.effective_on + timedelta(days=limits.pledge_days))
            yield due_by(
                end, min(signed, default=None), "NO_PLEDGE", view, begun=leaving.occurred_at,
                subject=person, item=f"{leaving.effective_on}",
            )  # fmt: skip

    def by_change(change: StaffChanged) -> tuple[Look, ...]:
        person, since = change.person_ref, day_start(change.effective_on)
        return (
            Look(AccessAuthAttempt, "actor_ref", person, since),
            Look(AccessDatastoreQuery, "actor_ref", person, since),
            Look(BadgeRead, "holder_ref", person, since),
        )

    def by_account(change: AccessAccountChanged) -> tuple[Look, ...]:
        since = change.occurred_at
        return (
            Look(AccessAuthAttempt, "account_ref", change.account_ref, since),
            Look(AccessDatastoreQuery, "account_ref", change.account_ref, since),
        )

    def account_key(change: Any) -> str:
        return f"{change.account_ref}|{change.system_id}"

    def right_key(right: Any) -> str:
        return f"{account_key(right)}|{right.dataset_id or ''}|{right.role}"

    def asset_fact(told_of: Any) -> Fact:
        if isinstance(told_of, AssetTakenOut):
            return told(told_of, "out", "holder_ref", "takeout_id")
        if isinstance(told_of, AssetReturned):
            return told(told_of, "back", "takeout_id")
        return told(told_of, "lost")

    def accounts(change: StaffChanged, view: View) -> Iterable[str]:
        return [account_key(c) for c in view.all(OWNER_ACCOUNTS, change.person_ref)]

    def assets(change: StaffChanged, view: View) -> Iterable[str]:
        return [out.asset_id for out in view.all(HOLDER_TAKEOUTS, change.person_ref)]

    def rights(change: StaffChanged, view: View) -> Iterable[str]:
        return [right_key(right) for right in view.all(OWNER_GRANTS, change.person_ref)]

    uses = (AccessAuthAttempt, AccessDatastoreQuery)
    things = (AssetTakenOut, AssetReturned, AssetLost)
    return (
        Each(
            "use",
            ("LEAVER_LOGIN", "LEAVER_ATTEMPT"),
            uses,
            used,
            by=dict.fromkeys(uses, "account_ref"),
            revisits={
                StaffChanged: lambda change: by_change(change)[:2],
                AccessAccountChanged: by_account,
            },
        ),
        Each(
            "badge",
            ("BADGE_USED",),
            (BadgeRead,),
            entered,
            by={BadgeRead: "holder_ref"},
            revisits={StaffChanged: lambda change: by_change(change)[2:]},
        ),
        Case(
            "accounts",
            ("NOT_REVOKED",),
            (AccessAccountChanged,),
            account_key,
            lambda change: told(change, change.change, "owner_ref"),
            revoked,
            span=moment,
            touches={StaffChanged: accounts},
            awaits=(AccessAccountChanged,),
        ),
        Case(
            "assets",
            ("ASSET_OUT",),
            things,
            one_key("asset_id"),
            asset_fact,
            returned,
            span=moment,
            touches={StaffChanged: assets},
            awaits=(AssetReturned,),
        ),
        Case(
            "rights",
            ("MOVER_GRANT",),
            (AccessPrivilegeChanged,),
            right_key,
            lambda right: told(right, right.change, "owner_ref", "valid_until"),
            moved,
            span=moment,
            touches={StaffChanged: rights},
            awaits=(AccessPrivilegeChanged,),
        ),
        Case(
            "pledge",
            ("NO_PLEDGE",),
            (StaffChanged, PledgeSigned),
            one_key("person_ref"),
            lambda change: told(change, "books"),
            pledged,
            span=moment,
            awaits=(PledgeSigned,),
        ),
    )


def change(kind: str, on: str, dept: str = "sales", at: str = "") -> StaffChanged:
    return event(
        StaffChanged, at or f"{on} 09:00:00", person_ref="sato", kind="employee", change=kind,
        dept_id=dept, effective_on=on,
    )  # fmt: skip


def account(at: str, kind: str) -> AccessAccountChanged:
    return event(
        AccessAccountChanged, at, account_ref="acct-sato", owner_ref="sato", system_id="sys-crm",
        change=kind,
    )  # fmt: skip


def right(at: str, kind: str = "granted") -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged, at, account_ref="acct-sato", owner_ref="sato",
        system_id="sys-crm", dataset_id="ds-members", role="clerk", change=kind,
    )  # fmt: skip


def sign_in(at: str, **given: Any) -> AccessAuthAttempt:
    said = {"actor_ref": "sato", "account_ref": "acct-sato", "outcome": "success", **given}
    return event(AccessAuthAttempt, at, **said)


def read(at: str) -> BadgeRead:
    return event(
        BadgeRead, at, holder_ref="sato", zone_id="zone-desk", result="granted", direction="in"
    )


def pledge(on: str) -> PledgeSigned:
    return event(
        PledgeSigned, "2026-11-25 09:00:00", person_ref="sato", kind="leaving", signed_on=on,
        version="1",
    )  # fmt: skip


def back(at: str) -> AssetReturned:
    return event(AssetReturned, at, asset_id="pc-7", takeout_id="out-1")


LEFT = change("left", "2026-11-10", at="2026-11-04 09:00:00")
SIGNED = pledge("2026-11-10")
SHUT = account("2026-11-10 18:00:00", "disabled")
OPEN = account("2026-04-01 09:00:00", "created")
OUT = event(
    AssetTakenOut, "2026-11-02 09:00:00", asset_id="pc-7", holder_ref="sato", takeout_id="out-1",
    due_back="2026-11-20 09:00:00",
)  # fmt: skip

CONTROL = Control(
    id="HUM-04",
    title=Text("退職・異動時の権限・貸与物の処理", "Leaver and mover off-boarding"),
    requirement=Text(
        "退職・異動時に権限・カード・機器を停止回収し、以後の使用を許さない。",
        "Accounts, grants, badges and devices end with employment or the old duty; no use "
        "afterwards; leaving pledge is taken.",
    ),
    sources=sources(
        seeds="PER-4.6.1b",
        appi="Art.23; Art.24",
        ppc_guideline="10-6(1); 10-6(2); 10-4",
        pms_guideline="J.9.2*; J.9.3*",
    ),
    params=Limits(),
    codes={
        "LEAVER_LOGIN": Code(
            "critical",
            Text(
                "退職日の終わりの後にログイン又は利用した。",
                "Signed in or queried after the end of the last day.",
            ),
            Text(
                "{subject}：退職の後に {events} 件の利用。",
                "{subject}: {events} uses after leaving.",
            ),
        ),
        "LEAVER_ATTEMPT": Code(
            "medium",
            Text(
                "退職日の終わりの後にログインを試みた。",
                "Tried to sign in after the end of the last day.",
            ),
            Text("{subject}：退職の後のログインの試み。", "{subject}: tried after leaving."),
        ),
        "NOT_REVOKED": Code(
            "high",
            Text(
                "退職日の終わりから revoke_hours までに口座を止めていない。",
                "An account still open revoke_hours after the last day.",
            ),
            Text("{subject}：口座が開いている。", "{subject}: still open."),
        ),
        "BADGE_USED": Code(
            "high",
            Text("退職の後に入退室カードが使われた。", "The badge was used after leaving."),
            Text("{subject}：退職の後の入退室。", "{subject}: the badge after leaving."),
        ),
        "ASSET_OUT": Code(
            "high",
            Text(
                "退職日から asset_days の終わりまでに貸与物を返していない。",
                "Not given back by the end of asset_days.",
            ),
            Text("{subject}：貸与物が戻らない。", "{subject}: not given back."),
        ),
        "MOVER_GRANT": Code(
            "medium",
            Text(
                "異動から move_days の終わりに前の権限が残る。",
                "A right of the old duty at the end of move_days after the move.",
            ),
            Text("{subject}：前の部署の権限。", "{subject}: a right of the old duty."),
        ),
        "NO_PLEDGE": Code(
            "low",
            Text(
                "退職から pledge_days の終わりまでに誓約がない。",
                "No leaving pledge by the end of pledge_days.",
            ),
            Text("{subject}：退職時の誓約がない。", "{subject}: no leaving pledge."),
        ),
    },
    checks=checks,
    evidence=Text(
        "人事の日付、停止の記録、最後の利用、返却物",
        "HR date, disable events, last use, items returned",
    ),
    response=Text(
        "停止し、接続を切り、事故とし、見たものを調べる。",
        "Disable, end sessions, open incident, review what was read.",
    ),
    false_positives=Text(
        "本人名義の代理や自動処理、遅れて届く人事情報（過去を見直す）。",
        "Mailbox delegation / service tokens under the person's name; HR feed arriving late "
        "(re-evaluate past events).",
    ),
    examples=(
        breach(
            "LEAVER_LOGIN",
            "退職日の翌日の最初の一秒のログイン",
            "signed in a second after the last day",
            LEFT,
            SIGNED,
            sign_in("2026-11-11 00:00:01"),
            subject="sato|acct-sato",
            severity="critical",
        ),
        fine(
            "LEAVER_LOGIN",
            "退職日の終わりのログイン",
            "signed in as the last day ends",
            LEFT,
            SIGNED,
            sign_in("2026-11-11 00:00:00"),
        ),
        breach(
            "LEAVER_ATTEMPT",
            "退職の後の失敗したログイン",
            "a failed attempt after it",
            LEFT,
            SIGNED,
            sign_in("2026-11-11 00:00:01", outcome="failure"),
            severity="medium",
        ),
        fine(
            "LEAVER_ATTEMPT",
            "退職日の失敗したログイン",
            "a failed attempt as it ends",
            LEFT,
            SIGNED,
            sign_in("2026-11-11 00:00:00", outcome="failure"),
        ),
        breach(
            "NOT_REVOKED",
            "翌日の停止",
            "closed a second after the last day",
            OPEN,
            LEFT,
            SIGNED,
            account("2026-11-11 00:00:01", "disabled"),
            subject="sato|acct-sato|sys-crm",
            severity="high",
        ),
        fine(
            "NOT_REVOKED",
            "退職日の終わりの停止",
            "closed as it ends",
            OPEN,
            LEFT,
            SIGNED,
            account("2026-11-11 00:00:00", "disabled"),
        ),
        breach(
            "BADGE_USED",
            "退職の後の入室",
            "entered a second after the last day",
            LEFT,
            SIGNED,
            read("2026-11-11 00:00:01"),
            subject="sato|zone-desk",
            severity="high",
        ),
        fine(
            "BADGE_USED",
            "退職日の終わりの入室",
            "entered as it ends",
            LEFT,
            SIGNED,
            read("2026-11-11 00:00:00"),
        ),
        breach(
            "ASSET_OUT",
            "四日目の返却",
            "given back a second after the third day",
            OUT,
            LEFT,
            SIGNED,
            back("2026-11-14 00:00:01"),
            subject="sato|pc-7",
            severity="high",
        ),
        fine(
            "ASSET_OUT",
            "三日目の終わりの返却",
            "given back as it ends",
            OUT,
            LEFT,
            SIGNED,
            back("2026-11-14 00:00:00"),
        ),
        breach(
            "MOVER_GRANT",
            "六日目の取消し",
            "taken away a second after the fifth day",
            change("joined", "2026-04-01"),
            right("2026-04-02 09:00:00"),
            change("moved", "2026-11-02", "it"),
            right("2026-11-08 00:00:01", "revoked"),
            subject="sato|acct-sato|sys-crm|ds-members|clerk",
            severity="medium",
        ),
        fine(
            "MOVER_GRANT",
            "五日目の終わりの取消し",
            "taken away as it ends",
            change("joined", "2026-04-01"),
            right("2026-04-02 09:00:00"),
            change("moved", "2026-11-02", "it"),
            right("2026-11-08 00:00:00", "revoked"),
        ),
        breach(
            "NO_PLEDGE",
            "八日目の誓約",
            "signed on the eighth day",
            LEFT,
            pledge("2026-11-18"),
            subject="sato",
            severity="low",
        ),
        fine("NO_PLEDGE", "七日目の誓約", "signed on the seventh", LEFT, pledge("2026-11-17")),
    ),
)
