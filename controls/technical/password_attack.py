"""TEC-04  認証攻撃の検知 — a password attack, and the sign-in that follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.events import AccessAuthAttempt
from controls.examples import breach, event, fine
from controls.kernel import (
    HOUR,
    MINUTE,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Fact
from controls.technical.bursts import SUCCESS, attack, bursts, forgotten, thinned

LATENESS = HOUR
"""Lateness of the access lane, for which windows are exact (ms)."""

REACH = 12
"""Hours before and after a late attempt in which the burst that it belongs to is looked for."""

SPRAY_KEPT = 96 * HOUR
"""How long `books` remembers the failures of one address (ms)."""

CROWD = 30
"""Failures of an attack that are remembered one by one in one minute; beyond that their first
and last, so that a hundred thousand failures take no more room than some hundreds."""

NOWHERE = ("", "other")
"""Addresses that could not be read: no place from which one could attack."""


class Limits(Params):
    n: int = limit(
        10,
        "attempts",
        "窓の中でこの数の認証失敗に達したら攻撃とみなす。",
        "This many failures within the window are an attack.",
    )
    window_minutes: int = limit(
        10,
        "min",
        "失敗を数える窓の長さ。失敗がこの時間途絶えれば一連は終わる。",
        "The window for counting failures; a burst ends after this time without one.",
    )
    accounts_n: int = limit(
        20,
        "accounts",
        "窓の中で一つの接続元からこの数のアカウントが失敗したら攻撃とみなす。",
        "Failures of this many accounts from one source within the window are a spray.",
    )
    scanners: list[str] = limit(
        [],
        "refs",
        "許可された検査用のアカウント又は主体。",
        "Accounts or actors of permitted scanners.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    window = limits.window_minutes * MINUTE
    watched = bool(limits.scanners)

    def exempt(view: View) -> set[str]:
        return {view.ref(scanner) for scanner in limits.scanners}

    def of_account(attempt: AccessAuthAttempt) -> Fact:
        who = SUCCESS if attempt.outcome == "success" else "failure"
        actor = attempt.actor_ref if watched else ""
        return [attempt.occurred_at, attempt.event_id, who, actor]

    def judged(account: str, facts: Sequence[Fact], view: View) -> list[Fact]:
        apart = exempt(view)
        if account in apart:
            return []
        return [f for f in facts if f[3] not in apart] if apart else list(facts)

    def brute(account: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        attempts = judged(account, facts, view)
        if len(attempts) < limits.n and not any(len(f) > 5 for f in attempts[:1]):
            return
        for burst in bursts(attempts, window, limits.n, distinct=False):
            yield from attack("BRUTE", account, burst, window)
            if burst.reached is not None and burst.success is not None:
                at, event_id = burst.success[:2]
                subject = f"{account}|{burst.first}"
                yield Judgement("violation", "BRUTE_SUCCESS", subject, at, events=(event_id,))

    def remember_account(account: str, facts: Sequence[Fact], floor: int, view: View) -> list[Fact]:
        attempts = judged(account, facts, view)
        found = bursts(attempts, window, limits.n, distinct=False)
        kept = forgotten(found, attempts, window, floor)
        return thinned(kept, [b.after for b in found], lambda f: f[0] // MINUTE, CROWD)

    def failed_from(attempt: AccessAuthAttempt) -> str:
        failed = attempt.outcome == "failure" and attempt.account_ref
        return attempt.src_ip if failed and attempt.src_ip not in NOWHERE else ""

    def of_source(attempt: AccessAuthAttempt) -> Fact:
        actor = attempt.actor_ref if watched else ""
        return [attempt.occurred_at, attempt.event_id, attempt.account_ref, actor]

    def judged_from(facts: Sequence[Fact], view: View) -> list[Fact]:
        apart = exempt(view)
        return [f for f in facts if f[2] not in apart and f[3] not in apart]

    def spray(source: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for burst in bursts(judged_from(facts, view), window, limits.accounts_n, distinct=True):
            yield from attack("SPRAY", source, burst, window)

    def remember_source(source: str, facts: Sequence[Fact], floor: int, view: View) -> list[Fact]:
        failures = judged_from(facts, view)
        found = bursts(failures, window, limits.accounts_n, distinct=True)
        kept = forgotten(found, failures, window, floor)
        settled = view.now - LATENESS - window
        old = [[f for f in b.before if f[0] < settled] for b in found]
        new = [[f for f in b.before if f[0] >= settled] for b in found]
        kept = thinned(kept, old, lambda f: (f[2], f[0] // window), 2)
        kept = thinned(kept, new, lambda f: (f[2], f[0] // MINUTE), CROWD)
        return thinned(kept, [b.after for b in found], lambda f: f[0] // window, CROWD)

    return (
        Case(
            "brute",
            ("BRUTE_SUCCESS", "BRUTE"),
            (AccessAuthAttempt,),
            lambda attempt: attempt.account_ref,
            of_account,
            brute,
            keep=window + LATENESS,
            span=lambda at: ((at // HOUR - REACH) * HOUR, (at // HOUR + REACH) * HOUR - 1),
            margin=(REACH - 1) * HOUR - window,
            condense=remember_account,
            by={AccessAuthAttempt: "account_ref"},
        ),
        Case(
            "spray",
            ("SPRAY",),
            (AccessAuthAttempt,),
            failed_from,
            of_source,
            spray,
            keep=SPRAY_KEPT,
            condense=remember_source,
            across=True,
        ),
    )


def attempt(at: str, outcome: str = "failure", **given: Any) -> AccessAuthAttempt:
    return event(
        AccessAuthAttempt,
        f"2026-11-11 {at}",
        **{
            "actor_ref": "",
            "account_ref": "acct-sato",
            "outcome": outcome,
            "src_ip": "203.0.113.0/24",
            **given,
        },
    )


def failures(count: int) -> list[AccessAuthAttempt]:
    """One failure a minute from 10:00 on."""
    return [attempt(f"10:{minute:02}:00") for minute in range(count)]


def failures_of(count: int) -> list[AccessAuthAttempt]:
    """Failures of as many accounts, one every ten seconds from 10:00 on."""
    return [attempt(f"10:{n // 6:02}:{n % 6}0", account_ref=f"acct-{n:02}") for n in range(count)]


CONTROL = Control(
    id="TEC-04",
    title=Text("認証攻撃の検知", "Password attack then success"),
    requirement=Text(
        "失敗多発後の成功を乗取りの疑いとして扱う。",
        "Repeated failures followed by success are treated as suspected takeover (staff or "
        "member accounts).",
    ),
    sources=sources(
        seeds="PER-4.6.2; MIX-X.D",
        appi="Art.23; Art.26",
        ppc_guideline="10-6(3); 3-5-3-1(3)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "BRUTE": Code(
            "medium",
            Text(
                "一つのアカウントの認証失敗が窓の中で上限に達した。",
                "Failures of one account within the window reached the limit.",
            ),
            Text(
                "{subject}：一連の認証失敗が {events} 件ある。",
                "{subject}: a burst of {events} failed sign-ins.",
            ),
        ),
        "BRUTE_SUCCESS": Code(
            "critical",
            Text(
                "上限に達した一連の失敗の後、窓の時間内に認証が成功した。",
                "A sign-in succeeded within the window after the last failure of such a burst.",
            ),
            Text(
                "{subject}：失敗の多発に続く成功があり、乗取りの疑いがある（計 {events} 件）。",
                "{subject}: a success followed the failures, {events} attempts in all: suspected "
                "takeover.",
            ),
        ),
        "SPRAY": Code(
            "high",
            Text(
                "一つの接続元から、窓の中で上限の数のアカウントの認証が失敗した。",
                "From one source, as many accounts failed within the window as the limit says.",
            ),
            Text(
                "{subject}：一つの接続元から多数のアカウントへの認証失敗が {events} 件ある。",
                "{subject}: {events} failed sign-ins to many accounts from one source.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "失敗と成功の件数、最初と最後、丸めた接続元。",
        "Counts, the first and the last attempt, the truncated source.",
    ),
    response=Text(
        "アカウントを止め、認証情報を再設定し、漏えい等の疑いとして INC-01 に進む。",
        "Lock the account, reset its credentials, go on to INC-01.",
    ),
    false_positives=Text(
        "端末に保存された古いパスワードによる繰返し。",
        "A device that repeats an expired stored password.",
    ),
    examples=(
        breach(
            "BRUTE",
            "9 分に 10 回の失敗",
            "ten failures in nine minutes",
            *failures(10),
            subject=f"acct-sato|{failures(1)[0].event_id}",
            severity="medium",
        ),
        fine(
            "BRUTE",
            "9 回の失敗の後の成功",
            "nine failures, then a success",
            *failures(9),
            attempt("10:09:00", "success"),
        ),
        breach(
            "BRUTE",
            "10 回目がちょうど 10 分後",
            "the tenth exactly ten minutes after the first",
            *failures(9),
            attempt("10:10:00"),
        ),
        fine(
            "BRUTE",
            "10 回目が 10 分と 1 秒後",
            "the tenth one second later",
            *failures(9),
            attempt("10:10:01"),
        ),
        breach(
            "BRUTE",
            "続く失敗も同じ一連に属する",
            "further failures belong to the same burst",
            *failures(25),
        ),
        breach(
            "BRUTE_SUCCESS",
            "最後の失敗の 10 分後の成功",
            "a success ten minutes after the last failure",
            *failures(10),
            attempt("10:19:00", "success"),
            subject=f"acct-sato|{failures(1)[0].event_id}",
            severity="critical",
        ),
        fine(
            "BRUTE_SUCCESS",
            "その 1 秒後の成功は一連の後",
            "one second later the burst is over",
            *failures(10),
            attempt("10:19:01", "success"),
            also=("BRUTE",),
        ),
        fine(
            "BRUTE_SUCCESS",
            "別のアカウントの成功",
            "a success of another account",
            *failures(10),
            attempt("10:19:00", "success", account_ref="acct-abe"),
            also=("BRUTE",),
        ),
        breach(
            "SPRAY",
            "一つの接続元から 20 のアカウントに失敗",
            "failures of twenty accounts from one source",
            *failures_of(20),
            subject=f"203.0.113.0/24|{failures_of(1)[0].event_id}",
            severity="high",
        ),
        fine(
            "SPRAY",
            "20 件でもアカウントは 19",
            "twenty failures of nineteen accounts",
            *failures_of(19),
            attempt("10:03:10", account_ref="acct-18"),
        ),
        breach(
            "SPRAY",
            "20 番目がちょうど 10 分後",
            "the twentieth exactly ten minutes after the first",
            *failures_of(19),
            attempt("10:10:00", account_ref="acct-19"),
        ),
        fine(
            "SPRAY",
            "20 番目が 10 分と 1 秒後",
            "the twentieth one second later",
            *failures_of(19),
            attempt("10:10:01", account_ref="acct-19"),
        ),
        fine(
            "SPRAY",
            "20 番目は別の接続元",
            "the twentieth from another source",
            *failures_of(19),
            attempt("10:03:10", account_ref="acct-19", src_ip="198.51.100.0/24"),
        ),
    ),
)
