"""TEC-03  識別と認証 — personal ids, and more than a password where it matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from controls.books.access import OWNED, pd_system
from controls.books.core import ACCOUNTS, GRANTS
from controls.calendar import jst_day
from controls.events import (
    AccessAuthAttempt,
    AccessDatastoreQuery,
    AccessPrivilegeChanged,
    RegisterDataset,
    RegisterSource,
)
from controls.examples import breach, event, fine
from controls.kernel import (
    DAY,
    MINUTE,
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look


class Limits(Params):
    concurrent_minutes: int = limit(
        10,
        "min",
        "この時間内に別の端末又は国から使われたら検知する。",
        "Use from another device or country within this time.",
    )
    federated_methods: tuple[str, ...] = limit(
        ("saml", "oidc"),
        "",
        "多要素を認証元で判定する方式。",
        "Methods whose factors are judged at the identity provider.",
    )


def in_use(facts: Sequence[Fact], floor: int) -> list[Fact]:
    return [fact for fact in facts if fact[4] >= floor]


def checks(limits: Limits) -> tuple[Check, ...]:
    window = limits.concurrent_minutes * MINUTE

    def uses(events: Sequence[Any]) -> Mapping[str, list[Fact]]:
        """Of each account its use by people: `[since, event_id, device, country, until, kind]`."""
        found: dict[str, list[Fact]] = {}
        for use in events:
            query = isinstance(use, AccessDatastoreQuery)
            if use.actor_kind in OWNED or (not query and use.outcome != "success"):
                continue
            country, kind = ("", "") if query else (use.country or "", use.account_kind)
            at, device = use.occurred_at, use.device_id or ""
            line = found.setdefault(use.account_ref, [])
            line.append([at, use.event_id, device, country, at, kind])
        return {account: joined((), line) for account, line in found.items()}

    def joined(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
        """Uses of one device, country and kind that follow one another within the window are one:
        whatever falls among them is within the window of one of them."""
        spans: dict[tuple[str, str, str], list[Fact]] = {}
        for since, event_id, device, country, until, kind in sorted([*facts, *new]):
            line = spans.setdefault((device, country, kind), [])
            if line and since - line[-1][4] <= window:
                line[-1][4] = max(line[-1][4], until)
            else:
                line.append([since, event_id, device, country, until, kind])
        return sorted(span for line in spans.values() for span in line)

    def person(attempt: AccessAuthAttempt) -> bool:
        return attempt.outcome == "success" and attempt.actor_kind not in OWNED

    def identified(attempt: AccessAuthAttempt, view: View) -> Judgement | None:
        if not person(attempt) or attempt.account_kind == "service":
            return NOT_APPLICABLE
        shared = attempt.account_kind == "shared"
        if shared and pd_system(attempt.system_id, attempt.occurred_at, view):
            subject = f"{attempt.account_ref}|{attempt.system_id}"
            return Judgement("violation", "SHARED_ID", subject)
        return PASS

    def privileged(attempt: AccessAuthAttempt, view: View) -> bool:
        at, day = attempt.occurred_at, jst_day(attempt.occurred_at)
        grants = {
            (right.dataset_id, right.role): right
            for right in view.entries(GRANTS, attempt.account_ref, at)
            if right.system_id == attempt.system_id
        }
        return any(
            right.change == "granted"
            and right.privileged
            and (right.valid_until is None or right.valid_until >= day)
            for right in grants.values()
        )

    def strong(attempt: AccessAuthAttempt, view: View) -> Judgement | None:
        if not person(attempt) or attempt.account_kind == "service" or attempt.mfa:
            return None
        if attempt.auth_method in limits.federated_methods:
            return None
        if attempt.remote or attempt.account_kind == "admin" or privileged(attempt, view):
            subject = f"{attempt.account_ref}|{attempt.system_id}"
            return Judgement("violation", "NO_MFA", subject)
        return None

    def personal(account: str, facts: Sequence[Fact], view: View) -> bool:
        kinds = {fact[5] for fact in facts} - {""}
        if kinds:
            return kinds == {"personal"}
        known = view.latest(ACCOUNTS, account, facts[-1][4])
        return known is not None and known.account_kind == "personal"

    def apart(one: Fact, other: Fact) -> bool:
        """Two devices, or two countries, of which both are known."""
        return any(one[n] and other[n] and one[n] != other[n] for n in (2, 3))

    def concurrent(account: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        days: set[Any] = set()
        for place, use in enumerate(facts):
            for other in facts[place + 1 :]:
                if other[0] - use[4] > window:
                    break
                at = max(other[0], use[0])
                day = jst_day(at)
                if day in days or not apart(use, other):
                    continue
                if personal(account, (use, other), view):
                    days.add(day)
                    subject = f"{account}|{day}"
                    yield Judgement(
                        "violation", "CONCURRENT", subject, at, events=(use[1], other[1]),
                        item=subject,
                    )  # fmt: skip

    def by_right(right: AccessPrivilegeChanged) -> tuple[Look, ...]:
        return (Look(AccessAuthAttempt, "account_ref", right.account_ref, right.occurred_at),)

    def by_dataset(line: RegisterDataset) -> tuple[Look, ...]:
        since = line.occurred_at
        return tuple(
            Look(AccessAuthAttempt, "system_id", system, since) for system in line.storage_systems
        )

    def by_source(source: RegisterSource) -> tuple[Look, ...]:
        system, since = source.system_id or "", source.occurred_at
        return (Look(AccessAuthAttempt, "system_id", system, since),) if system else ()

    by = {AccessAuthAttempt: "account_ref"}
    return (
        Each(
            "identity",
            ("SHARED_ID",),
            (AccessAuthAttempt,),
            identified,
            by=by,
            revisits={RegisterDataset: by_dataset, RegisterSource: by_source},
        ),
        Each(
            "factors",
            ("NO_MFA",),
            (AccessAuthAttempt,),
            strong,
            by=by,
            revisits={AccessPrivilegeChanged: by_right},
        ),
        Case(
            "concurrent",
            ("CONCURRENT",),
            (AccessAuthAttempt, AccessDatastoreQuery),
            lambda use: use.account_ref,
            lambda use: [use.occurred_at, use.event_id],
            concurrent,
            keep=4 * DAY,
            forget=in_use,
            gather=uses,
            merge=joined,
            across=True,
        ),
    )


def sign_in(at: str = "10:00:00", **given: Any) -> AccessAuthAttempt:
    said = {
        "actor_ref": "sato", "account_ref": "acct-sato", "system_id": "sys-crm",
        "outcome": "success", "mfa": True, "account_kind": "personal", **given,
    }  # fmt: skip
    return event(AccessAuthAttempt, f"2026-11-11 {at}", **said)


def right(privileged: bool) -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged, "2026-11-02 09:00:00", account_ref="acct-sato",
        system_id="sys-crm", role="dba", privileged=privileged,
    )  # fmt: skip


def query(at: str, device: str) -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery, f"2026-11-11 {at}", actor_ref="sato", account_ref="acct-sato",
        device_id=device,
    )  # fmt: skip


CRM = event(
    RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-members", storage_systems=["sys-crm"]
)

CONTROL = Control(
    id="TEC-03",
    title=Text(
        "識別と認証（個人ID・多要素）", "Individual identification and strong authentication"
    ),
    requirement=Text(
        "個人IDで識別し、遠隔・特権は多要素認証とする。",
        "PD systems are used with personal IDs; remote and privileged use needs MFA.",
    ),
    sources=sources(
        seeds="PYX-9.3; PER-4.6.2; MIX-U.A; MIX-ID1",
        appi="Art.23",
        ppc_guideline="10-6(2)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "SHARED_ID": Code(
            "medium",
            Text(
                "個人データのシステムを共用 ID で利用した。",
                "A system with personal data was used with a shared id.",
            ),
            Text(
                "{subject}：共用 ID で {events} 回の利用。",
                "{subject}: {events} sign-ins with a shared id.",
            ),
        ),
        "NO_MFA": Code(
            "high",
            Text(
                "遠隔又は特権の利用で多要素認証をしていない。",
                "Remote or privileged use without a second factor.",
            ),
            Text(
                "{subject}：多要素認証なしに {events} 回の利用。",
                "{subject}: {events} sign-ins without a second factor.",
            ),
        ),
        "CONCURRENT": Code(
            "medium",
            Text(
                "一つの個人 ID が concurrent_minutes の間に別の端末又は国から使われた。",
                "One personal id on two devices, or in two countries, within concurrent_minutes.",
            ),
            Text(
                "{subject}：別の端末又は国から同時に使われた。",
                "{subject}: used on two devices or in two countries at once.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("認証の記録", "Auth row"),
    response=Text("多要素を必須とし、ID を分ける。", "Force MFA, split account."),
    false_positives=Text("仮想デスクトップと電話の併用。", "VDI + phone."),
    examples=(
        breach(
            "SHARED_ID",
            "共用 ID の利用",
            "a shared id",
            CRM,
            sign_in(account_kind="shared"),
            subject="acct-sato|sys-crm",
            severity="medium",
        ),
        fine("SHARED_ID", "個人 ID の利用", "a personal one", CRM, sign_in()),
        fine(
            "SHARED_ID",
            "個人データのないシステム",
            "a system without personal data",
            CRM,
            sign_in(account_kind="shared", system_id="sys-lunch"),
        ),
        breach(
            "NO_MFA",
            "遠隔からのパスワードだけの利用",
            "from outside with a password alone",
            sign_in(mfa=False, remote=True),
            subject="acct-sato|sys-crm",
            severity="high",
        ),
        fine("NO_MFA", "社内からの利用", "from the office", sign_in(mfa=False, remote=False)),
        breach(
            "NO_MFA",
            "特権の利用",
            "with a privilege",
            right(privileged=True),
            sign_in(mfa=False),
        ),
        fine(
            "NO_MFA",
            "特権でない利用",
            "with an ordinary right",
            right(privileged=False),
            sign_in(mfa=False),
        ),
        fine(
            "NO_MFA",
            "連携認証",
            "judged at the identity provider",
            sign_in(mfa=False, remote=True, auth_method="saml"),
        ),
        breach(
            "CONCURRENT",
            "十分以内の別の端末",
            "another device ten minutes later",
            sign_in(device_id="pc-7"),
            query("10:10:00", "pc-9"),
            subject="acct-sato|2026-11-11",
            severity="medium",
        ),
        fine(
            "CONCURRENT",
            "十分と一秒後の別の端末",
            "ten minutes and a second later",
            sign_in(device_id="pc-7"),
            query("10:10:01", "pc-9"),
        ),
        breach(
            "CONCURRENT",
            "別の国からの利用",
            "from two countries",
            sign_in(country="JP"),
            sign_in("10:05:00", country="BR"),
        ),
    ),
)
