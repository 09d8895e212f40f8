"""GOV-09  観測不能事項の定期確認（申告） — what no event shows is attested by its owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.duties import ATTESTATIONS, CAUSED, PUBLISHED
from controls.calendar import add_business_days, add_months, day_end, jst_day
from controls.deadlines import due_by
from controls.events import AttestationRecorded, NonconformityChanged, PolicyChanged
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.policies import attested
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, told


class Limits(Params):
    months: int = limit(12, "months", "申告の間隔。", "Months between two attestations.")
    raise_bd: int = limit(
        5,
        "bd",
        "否定の申告から不適合を起票するまでの営業日。",
        "Business days in which a denial is raised as a nonconformity.",
    )
    stale_days: int = limit(
        30,
        "d",
        "方針の施行から申告し直すまでの日数。",
        "Days from a policy's effective date in which it is attested again.",
    )
    clauses: tuple[str, ...] = limit(
        attested(), "", "申告を求める条項。", "The clauses that have to be attested."
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def answers(clause: str, view: View) -> list[AttestationRecorded]:
        return sorted(view.all(ATTESTATIONS, clause), key=lambda a: (a.occurred_at, a.event_id))

    def holds(answer: AttestationRecorded) -> bool:
        return answer.answer == "true" or (
            answer.answer == "not_applicable" and bool(answer.basis.strip())
        )

    def term(answer: AttestationRecorded) -> date:
        last = add_months(jst_day(answer.occurred_at), limits.months)
        return last if answer.valid_until is None else min(last, answer.valid_until)

    def denied(clause: str, at: int, view: View) -> bool:
        """The latest answer up to then denies the clause: that is its own finding."""
        before = [a for a in answers(clause, view) if a.occurred_at <= at]
        return bool(before) and before[-1].answer == "false"

    def attests(clause: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        began = jst_day(view.began)
        good = [a for a in answers(clause, view) if holds(a)]
        spans = [(max(jst_day(a.occurred_at), began), term(a)) for a in good]
        nexts = [a.occurred_at for a in good[1:]]
        if not good or jst_day(good[0].occurred_at) > began:
            spans.insert(0, (began, add_months(began, limits.months)))
            nexts = [a.occurred_at for a in good]
        for place, (start, last) in enumerate(spans):
            if last < began:
                continue
            end = day_end(last)
            done = nexts[place] if place < len(nexts) else None
            common: dict[str, Any] = {
                "subject": f"{clause}|{start}", "item": f"{start} {place}",
                "facts": {"last": f"{start}"},
            }  # fmt: skip
            if view.now > end and (done is None or done > end) and denied(clause, end, view):
                yield Judgement("not_applicable", at=end, **common)
            else:
                yield due_by(end, done, "MISSING", view, begun=day_end(start), **common)

    def raised(clause: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for answer in answers(clause, view):
            if answer.answer != "false":
                continue
            end = day_end(add_business_days(jst_day(answer.occurred_at), limits.raise_bd))
            found = [
                nc.occurred_at for nc in view.all(CAUSED, answer.event_id) if nc.step == "raised"
            ]
            yield due_by(
                end, min(found, default=None), "DENIED", view, begun=answer.occurred_at,
                subject=f"{clause}|{answer.period}", item=answer.event_id,
                events=(answer.event_id,),
            )  # fmt: skip

    def fresh(clause: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        for version in view.all(PUBLISHED, "published"):
            end = day_end(version.effective_on + timedelta(days=limits.stale_days))
            given = answers(clause, view)
            if end <= view.began or not given:
                continue
            since = [a.occurred_at for a in given if jst_day(a.occurred_at) >= version.effective_on]
            common: dict[str, Any] = {
                "subject": f"{clause}|{version.version}", "item": version.event_id,
                "facts": {"version": version.version},
            }  # fmt: skip
            good = [a for a in given if holds(a) and a.occurred_at <= end]
            missing = not good or day_end(term(good[-1])) < end
            if missing and not since:
                yield Judgement("not_applicable", at=end, until=None, **common)
            else:
                done = min(since, default=None)
                yield due_by(end, done, "STALE", view, begun=version.occurred_at, **common)

    def clauses_of(answer: AttestationRecorded, view: View) -> Iterable[str]:
        return [clause for clause in answer.statement_ids if clause in limits.clauses]

    def of_nonconformity(change: NonconformityChanged, view: View) -> Iterable[str]:
        answer = view.event(change.correlation_id or "")
        return clauses_of(answer, view) if isinstance(answer, AttestationRecorded) else ()

    def of_policy(change: PolicyChanged, view: View) -> Iterable[str]:
        return limits.clauses if change.step == "published" else ()

    def case(name: str, code: str, judge: Any, awaited: type[Any]) -> Case:
        return Case(
            name,
            (code,),
            (AttestationRecorded,),
            lambda answer: "",
            lambda answer: told(answer, "answer"),
            judge,
            span=moment,
            touches={
                AttestationRecorded: clauses_of,
                NonconformityChanged: of_nonconformity,
                PolicyChanged: of_policy,
            },
            awaits=(awaited,),
            periodic=limits.clauses,
            began=True,
        )

    return (
        case("attested", "MISSING", attests, AttestationRecorded),
        case("denied", "DENIED", raised, NonconformityChanged),
        case("fresh", "STALE", fresh, AttestationRecorded),
    )


CLAUSES = attested()
OTHERS = CLAUSES[1:]


def answer(at: str, given: str = "true", **more: Any) -> AttestationRecorded:
    said = {
        "statement_ids": list(CLAUSES), "period": "2026", "answer": given, "role": "owner",
        "basis": "seen", **more,
    }  # fmt: skip
    return event(AttestationRecorded, at, **said)


def nonconformity(at: str, cause: str) -> NonconformityChanged:
    return event(
        NonconformityChanged, at, nc_id="nc-1", step="raised", due="2026-12-31",
        correlation_id=cause,
    )  # fmt: skip


def policy(effective_on: str) -> PolicyChanged:
    return event(
        PolicyChanged, "2026-06-01 10:00:00", policy_id="privacy", version="6", step="published",
        effective_on=effective_on,
    )  # fmt: skip


FIRST = answer("2025-11-10 10:00:00")
REST = answer("2026-11-09 10:00:00", statement_ids=list(OTHERS))
ONE = [CLAUSES[0]]
NO = answer("2026-06-10 10:00:00", "false", statement_ids=ONE)

CONTROL = Control(
    id="GOV-09",
    title=Text("観測不能事項の定期確認（申告）", "Attestations for unobservable statements"),
    requirement=Text(
        "ログで確認できない事項は責任者が根拠を示して期ごとに申告する（Pマーク有効期間を含む）。",
        "Each statement marked attestation is confirmed by its owner with a stated basis each "
        "period; includes PrivacyMark validity.",
    ),
    sources=sources(
        seeds="PYX-00.1; PYX-00.2; PYX-7.0b; PYX-7.a.3; PYX-7.b.3; PYX-7.c.3; PYX-8.0; PER-0.1; "
        "PER-0.4; PER-1.10; PER-1.11; PER-3-1.c; PER-3-1.e; MIX-P6a; MIX-H0; MIX-D; "
        "MIX-V; MIX-X.A; MIX-X.B; MIX-X.C; MIX-X.D; MIX-ST2; MIX-AC2; MIX-ID2; MIX-B5n; "
        "PIC-B0; PIC-B2; PIC-H0; PIC-C1; PIC-C3; PIC-C4; PIC-C5; JUS-0.1; JUS-0.2; "
        "JUS-0.3; JUS-8a; JUS-V; JUS-C3; JUS-S3; JUS-L11; JUS-L12; JUS-P1; JUS-P4",
        appi="Art.23",
        ppc_guideline="10-3(5)",
        pms_guideline="J.6.1",
    ),
    params=Limits(),
    codes={
        "MISSING": Code(
            "medium",
            Text(
                "前の申告から months が、又はその有効期限が過ぎた。",
                "months since the last attestation, or past its own end.",
            ),
            Text("{subject}：{last} 以来、申告がない。", "{subject}: not attested since {last}."),
        ),
        "DENIED": Code(
            "high",
            Text(
                "否定の申告から raise_bd 営業日の終わりまでに不適合を起票していない。",
                "Denied, and no nonconformity raised by the end of raise_bd business days.",
            ),
            Text(
                "{subject}：守られていないと申告され、起票がない。",
                "{subject}: denied by its owner, and nothing was raised.",
            ),
        ),
        "STALE": Code(
            "low",
            Text(
                "方針の施行から stale_days の終わりまでに申告し直していない。",
                "Not attested again by the end of stale_days after a policy took effect.",
            ),
            Text(
                "{subject}：版 {version} の施行より前の申告。",
                "{subject}: attested before version {version} took effect.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "条項、回答、申告者、根拠、日付（自己申告として別に出力する）",
        "Statement × answer × who × basis × date; exported apart and labelled self-declared",
    ),
    response=Text("責任者に催促する。", "Remind owner."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "MISSING",
            "一年を一秒過ぎた申告",
            "attested a second after the year",
            FIRST,
            REST,
            answer("2026-11-11 00:00:01", statement_ids=ONE),
            subject=f"{CLAUSES[0]}|2025-11-10",
            severity="medium",
        ),
        fine(
            "MISSING",
            "一年の終わりの申告",
            "attested as it ends",
            FIRST,
            REST,
            answer("2026-11-11 00:00:00", statement_ids=ONE),
        ),
        breach(
            "MISSING",
            "有効期限の切れた申告",
            "past its own end",
            answer("2025-11-10 10:00:00", statement_ids=list(OTHERS)),
            answer("2025-11-10 10:00:00", statement_ids=ONE, valid_until="2026-03-31"),
            until="2026-04-01T00:00:01+09:00",
        ),
        breach(
            "DENIED",
            "六営業日目の起票",
            "raised in the first second after the fifth business day",
            FIRST,
            NO,
            nonconformity("2026-06-18 00:00:01", NO.event_id),
            subject=f"{CLAUSES[0]}|2026",
            severity="high",
        ),
        fine(
            "DENIED",
            "五営業日目の終わりの起票",
            "raised at its end",
            FIRST,
            NO,
            nonconformity("2026-06-18 00:00:00", NO.event_id),
        ),
        breach(
            "STALE",
            "施行から 31 日目の申告",
            "attested again in the first second after the thirtieth day",
            FIRST,
            answer("2026-06-05 10:00:00", statement_ids=list(OTHERS)),
            policy("2026-06-01"),
            answer("2026-07-02 00:00:01", statement_ids=ONE),
            subject=f"{CLAUSES[0]}|6",
            severity="low",
        ),
        fine(
            "STALE",
            "30 日目の終わりの申告",
            "attested again at its end",
            FIRST,
            answer("2026-06-05 10:00:00", statement_ids=list(OTHERS)),
            policy("2026-06-01"),
            answer("2026-07-02 00:00:00", statement_ids=ONE),
        ),
    ),
)
