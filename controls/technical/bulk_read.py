"""TEC-05  大量閲覧・出力の承認 — bulk reads and exports need an approval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from math import sqrt
from typing import Any

from controls.books.access import exports
from controls.books.core import APPROVALS
from controls.calendar import day_end, day_start, jst_day
from controls.events import AccessDatastoreQuery, AccessFileActivity, ApprovalGranted
from controls.examples import breach, event, fine
from controls.kernel import (
    DAY,
    HOUR,
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
from controls.shapes import Case, Check, Each, Fact, Look, Revisits

Access = AccessDatastoreQuery | AccessFileActivity

KEPT = 27 * HOUR
"""A day, the lateness of the access lane and some: so long a day's accesses are remembered one by
one; then only the sum of the day (ms)."""

LATE_DAYS = 7
"""Days for which sums reach further back than they are compared, for accesses that come late."""

SHOWN = 20

CROWD = 1000
"""Accesses of one actor that are remembered one by one; beyond that, one fact a minute for those
that differ in nothing an approval asks about, so that a busy job stays small."""


class Limits(Params):
    export_n: int = limit(
        1000,
        "persons",
        "一回の出力がこの人数以上なら事前承認を要する。",
        "An export of this many persons or more needs a prior approval.",
    )
    day_n: int = limit(
        3000,
        "persons",
        "一人が一日に閲覧・出力する延べ人数がこれ以上なら検知する。",
        "One actor's accesses of a day reach this many persons.",
    )
    spike_min: int = limit(
        200,
        "persons",
        "一日の延べ人数がこれに満たなければ急増とはみなさない。",
        "A day below this many persons is no spike.",
    )
    sigma: float = limit(
        4.0,
        "sigma",
        "平均から標準偏差の何倍を超えたら急増とみなすか。",
        "How many standard deviations above its mean a day is a spike.",
    )
    spike_days: int = limit(
        30,
        "d",
        "比べる過去の日数。",
        "How many days back a day is compared with.",
    )
    min_active_days: int = limit(
        5,
        "d",
        "比べるのに要る利用のあった日数。",
        "How many of them must have seen accesses.",
    )
    registered_jobs: list[str] = limit(
        [],
        "refs",
        "登録済みの定期処理の主体（service）。",
        "Actors (services) of registered jobs.",
    )


def persons(access: Access) -> int:
    if isinstance(access, AccessDatastoreQuery):
        count = access.principals_count
        return access.rows if count is None else count
    return access.dlp_principals or 0


def remembered(access: Access) -> Fact:
    """`[at, event_id, persons, rows, dataset, ticket, by a service]`, and how many accesses the
    fact stands for where that is more than one."""
    people = persons(access)
    rows, ticket = people, None
    if isinstance(access, AccessDatastoreQuery):
        rows, ticket = access.rows, access.ticket_id
    service = access.actor_kind == "service"
    return [
        access.occurred_at,
        access.event_id,
        people,
        rows,
        access.dataset_id,
        ticket,
        service,
    ]


def number(facts: Sequence[Fact]) -> int:
    return sum(fact[7] if len(fact) > 7 else 1 for fact in facts)


def approvals(actor: str, fact: Fact, view: View) -> list[ApprovalGranted]:
    """The approvals that cover actor or ticket, dataset and time, whatever the number of rows."""
    at, _, _, _, dataset, ticket, _ = fact[:7]
    found = view.entries(APPROVALS, actor, at) if actor else []
    if ticket:
        found = found + view.entries(APPROVALS, view.ref(ticket), at)
    return [
        a
        for a in found
        if a.kind == "bulk_export"
        and a.valid_from <= at <= a.valid_to
        and a.dataset_id in (None, dataset)
    ]


def fits(approval: ApprovalGranted, fact: Fact) -> bool:
    return approval.max_rows is None or bool(fact[3] <= approval.max_rows)


def checks(limits: Limits) -> tuple[Check, ...]:
    history = timedelta(days=limits.spike_days)

    def is_job(actor: str, view: View) -> bool:
        return any(view.ref(job) == actor for job in limits.registered_jobs)

    def export(access: Access, view: View) -> Judgement | None:
        if not exports(access):
            return None
        actor, service = access.actor_ref, access.actor_kind == "service"
        if service and is_job(actor, view):
            return NOT_APPLICABLE
        if persons(access) < limits.export_n:
            return PASS
        fact = remembered(access)
        found = approvals(actor, fact, view)
        fitting = [approval for approval in found if fits(approval, fact)]
        if fitting:
            standing = service and any(approval.for_ref == actor for approval in fitting)
            return NOT_APPLICABLE if standing else PASS
        code = "ABOVE_APPROVED" if found else "BULK_EXPORT"
        subject = f"{actor}|{access.dataset_id or ''}|{access.event_id}"
        words: dict[str, Any] = {"persons": fact[2], "rows": fact[3]}
        if found:
            words["approved"] = max(a.max_rows for a in found if a.max_rows is not None)
        return Judgement("violation", code, subject, facts=words)

    def unapproved(actor: str, facts: Sequence[Fact], view: View) -> list[Fact]:
        """The accesses that no approval covers and no registered job made."""
        tickets = {fact[5] for fact in facts if fact[5]}
        if is_job(actor, view):
            facts = [fact for fact in facts if not fact[6]]
        keys = [actor, *(view.ref(ticket) for ticket in tickets)]
        if not any(view.all(APPROVALS, key) for key in keys):
            return [fact for fact in facts if fact[2]]
        return [
            fact
            for fact in facts
            if fact[2] and not any(fits(a, fact) for a in approvals(actor, fact, view))
        ]

    def by_day(facts: Sequence[Fact]) -> dict[date, list[Fact]]:
        days: dict[date, list[Fact]] = {}
        end = 0
        for fact in facts:  # in order, so the calendar is asked once a day
            if fact[0] >= end:
                day = jst_day(fact[0])
                end, of_day = day_end(day), days.setdefault(day, [])
            of_day.append(fact)
        return days

    def passing(facts: Sequence[Fact], bound: float, least: int) -> Fact | None:
        """The access with which the day's sum is above `bound` and at `least`."""
        total = 0
        for fact in facts:
            total += fact[2]
            if total > bound and total >= least:
                return fact
        return None

    def exceeding(
        code: str, actor: str, day: date, facts: Sequence[Fact], fact: Fact, **words: Any
    ) -> Judgement:
        """Known with the access that passed the bound; lasts to the last access of the day."""
        return Judgement(
            "violation",
            code,
            f"{actor}|{day}",
            facts[-1][0],
            fact[0],
            events=tuple(f[1] for f in facts[:SHOWN]),
            count=number(facts),
            item=f"{day}|{fact[1]}",
            facts={"persons": sum(f[2] for f in facts), **words},
        )

    def cumulative(actor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if sum(fact[2] for fact in facts) < limits.day_n:
            return
        for day, accesses in by_day(unapproved(actor, facts, view)).items():
            fact = passing(accesses, -1, limits.day_n)
            if fact is not None:
                yield exceeding("CUMULATIVE", actor, day, accesses, fact)

    def packed(facts: list[Fact]) -> list[Fact]:
        if len(facts) <= CROWD:
            return facts
        held: dict[Any, Fact] = {}
        for fact in facts:
            alone = fact[1] if fact[3] >= limits.export_n else ""
            kind = (fact[0] // MINUTE, *fact[4:7], alone)
            other = held.get(kind)
            if other is not None:
                most, together = max(other[3], fact[3]), number((other, fact))
                fact = [*fact[:2], other[2] + fact[2], most, *fact[4:7], together]
            held[kind] = fact
        return sorted(held.values(), key=lambda fact: fact[:2])

    def today(facts: Sequence[Fact], floor: int) -> list[Fact]:
        since = day_start(jst_day(floor))
        return packed([fact for fact in facts if fact[2] and fact[0] >= since])

    def summed(fact: Fact) -> bool:
        """`[start of the day, name, persons, accesses, at, event_id]` of a day that is over: its
        last access, and the id of the one that passed the bound."""
        return len(fact) == 6

    def bound_of(day: date, sums: dict[date, int]) -> float | None:
        """Mean and deviation of the active days before; None where there are too few."""
        active = [n for d, n in sums.items() if day - history <= d < day and n]
        count, total = len(active), sum(active)
        if count < max(limits.min_active_days, 1):
            return None
        spread = sqrt(count * sum(n * n for n in active) - total * total)
        return (total + limits.sigma * spread) / count

    def spikes(
        actor: str, facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[date, list[Fact], Fact, float]]:
        """Day, its accesses (none where it is kept in sum), the passing one, and the bound."""
        single = [f for f in facts if not summed(f)]
        least = limits.spike_min
        if sum(f[2] for f in single) < least and all(f[2] < least for f in facts):
            return
        over = {jst_day(f[0]): f for f in facts if summed(f)}
        days = by_day(unapproved(actor, single, view))
        sums = {day: fact[2] for day, fact in over.items()}
        sums |= {day: sum(f[2] for f in accesses) for day, accesses in days.items()}
        for day, total in sums.items():
            if total < least:
                continue
            bound = bound_of(day, sums)
            if bound is None or total <= bound:
                continue
            accesses = days.get(day, [])
            passed = passing(accesses, bound, least) if accesses else over[day]
            if passed is not None:
                yield day, accesses, passed, bound

    def spike(actor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for day, accesses, fact, bound in spikes(actor, facts, view):
            words = {"bound": f"{bound:.0f}"}
            if accesses:
                yield exceeding("SPIKE", actor, day, accesses, fact, **words)
            else:
                _, _, total, count, at, event_id = fact
                yield Judgement(
                    "violation",
                    "SPIKE",
                    f"{actor}|{day}",
                    at,
                    events=(event_id,),
                    count=count,
                    item=f"{day}|{event_id}",
                    facts={"persons": total, **words},
                )

    def in_sum(actor: str, facts: Sequence[Fact], floor: int, view: View) -> list[Fact]:
        """Days that are over become their sum; sums too old to be compared with go."""
        first = next((f for f in facts if not summed(f)), None)
        if first is None or day_end(jst_day(first[0])) > floor:
            return [f for f in facts if summed(f)] + packed([f for f in facts if not summed(f)])
        passed = {day: fact for day, _, fact, _ in spikes(actor, facts, view)}
        oldest = jst_day(floor) - history - timedelta(days=LATE_DAYS)
        kept = [f for f in facts if summed(f) and jst_day(f[0]) >= oldest]
        single = [f for f in facts if not summed(f) and f[2]]
        for day, accesses in by_day(unapproved(actor, single, view)).items():
            if day_end(day) <= floor and day >= oldest:
                last, total = accesses[-1], sum(f[2] for f in accesses)
                name, event_id = f"day|{day}", passed.get(day, last)[1]
                kept.append([day_start(day), name, total, number(accesses), last[0], event_id])
        return sorted(kept) + packed([f for f in single if day_end(jst_day(f[0])) > floor])

    def by_approval(approval: ApprovalGranted) -> tuple[Look, ...]:
        if approval.kind != "bulk_export":
            return ()
        since, until = max(approval.occurred_at, approval.valid_from), approval.valid_to
        return (  # of a ticket only the pseudonym is known here, so every query may be meant
            Look(AccessDatastoreQuery, None, "", since, until),
            Look(AccessFileActivity, "actor_ref", approval.for_ref, since, until),
        )

    def actor_of(access: Access) -> str:
        return access.actor_ref

    def actor_with_persons(access: Access) -> str:
        return access.actor_ref if persons(access) else ""

    def of_late(at: int) -> tuple[int, int]:
        """A day that is completed late, and those after it that are compared with it."""
        since = day_start(jst_day(at))
        return since, since + (LATE_DAYS + 1) * DAY - 1

    on = (AccessDatastoreQuery, AccessFileActivity)
    by = {AccessDatastoreQuery: "actor_ref", AccessFileActivity: "actor_ref"}
    revisits: Revisits = {ApprovalGranted: by_approval}
    return (
        Each("export", ("ABOVE_APPROVED", "BULK_EXPORT"), on, export, by=by, revisits=revisits),
        Case(
            "day",
            ("CUMULATIVE",),
            on,
            actor_of,
            remembered,
            cumulative,
            keep=KEPT,
            span=lambda at: (day_start(jst_day(at)), day_end(jst_day(at)) - 1),
            forget=today,
            by=by,
            revisits=revisits,
        ),
        Case(
            "spike",
            ("SPIKE",),
            on,
            actor_with_persons,
            remembered,
            spike,
            keep=KEPT,
            span=of_late,
            condense=in_sum,
            by=by,
            ripples=True,
            revisits=revisits,
        ),
    )


def query(at: str, count: int, **given: Any) -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery,
        at,
        **{
            "actor_ref": "sato",
            "account_ref": "acct-sato",
            "dataset_id": "ds-members",
            "operation": "read",
            "rows": count,
            "principals_count": count,
            **given,
        },
    )


def extract(count: int, **given: Any) -> AccessDatastoreQuery:
    return query("2026-11-11 10:00:00", count, **{"operation": "export", **given})


def copied(count: int, **given: Any) -> AccessFileActivity:
    return event(
        AccessFileActivity,
        "2026-11-11 10:00:00",
        **{
            "actor_ref": "sato",
            "dataset_id": "ds-members",
            "operation": "copy",
            "dlp_principals": count,
            **given,
        },
    )


def approval(at: str = "2026-11-10 09:00:00", **given: Any) -> ApprovalGranted:
    return event(
        ApprovalGranted,
        at,
        **{
            "kind": "bulk_export",
            "for_ref": "sato",
            "valid_from": "2026-11-10 09:00:00",
            "valid_to": "2026-11-11 10:00:00",
            **given,
        },
    )


def days(*counts: int) -> list[AccessDatastoreQuery]:
    """A read a day from 2 November on."""
    return [query(f"2026-11-{2 + n:02} 10:00:00", count) for n, count in enumerate(counts)]


CONTROL = Control(
    id="TEC-05",
    title=Text("大量閲覧・出力の承認", "Bulk read or export approved"),
    requirement=Text(
        "大量の閲覧・出力は事前承認を要し、日次累計も監視する。",
        "Large reads/exports need prior approval; daily accumulation counts.",
    ),
    sources=sources(
        seeds="PYX-9.4; PER-4.6.4; MIX-P4; PIC-B3; JUS-4b",
        appi="Art.23",
        ppc_guideline="10-3(2); 10-6(4)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "BULK_EXPORT": Code(
            "high",
            Text(
                "上限以上の人数の出力に、主体・データ・時点の合う承認がない。",
                "An export of as many persons as the limit, without an approval for actor, "
                "dataset and time.",
            ),
            Text(
                "{subject}：承認のない {persons} 人分の出力がある。",
                "{subject}: {persons} persons exported without an approval.",
            ),
        ),
        "ABOVE_APPROVED": Code(
            "high",
            Text(
                "承認はあるが、出力した行数が承認された行数を超える。",
                "An approval covers the export, but not so many rows.",
            ),
            Text(
                "{subject}：承認された {approved} 行を超える {rows} 行の出力がある。",
                "{subject}: {rows} rows exported, {approved} approved.",
            ),
        ),
        "CUMULATIVE": Code(
            "medium",
            Text(
                "承認のない閲覧・出力の延べ人数が一日（日本時間）で上限に達した。",
                "Accesses without an approval reached the limit within one day (JST).",
            ),
            Text(
                "{subject}：承認のない閲覧・出力が一日で {persons} 人分（{events} 件）に達した。",
                "{subject}: {persons} persons in {events} accesses of one day, no approval.",
            ),
        ),
        "SPIKE": Code(
            "medium",
            Text(
                "承認のない延べ人数が、過去の利用日の平均と標準偏差から見て急増した。",
                "The day's persons without an approval lie far above the active days before.",
            ),
            Text(
                "{subject}：{persons} 人分の閲覧・出力は通常の上限（{bound}）を超える。",
                "{subject}: {persons} persons; the days before bound it at {bound}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "照会文のダイジェスト、対象人数、チケット、承認。",
        "Query digest, number of persons, ticket, approval.",
    ),
    response=Text(
        "本人に確認し、出力したファイルを保全する。",
        "Contact the person and hold the files.",
    ),
    false_positives=Text(
        "月末の一括処理：定期処理として登録する。",
        "Month-end batches: register the job.",
    ),
    examples=(
        breach(
            "BULK_EXPORT",
            "承認のない 1,000 人分の出力",
            "a thousand persons exported without an approval",
            extract(1000, event_id="evt-1"),
            subject="sato|ds-members|evt-1",
            severity="high",
        ),
        fine(
            "BULK_EXPORT",
            "999 人分の出力",
            "999 persons exported",
            extract(1000, principals_count=999),
        ),
        breach(
            "BULK_EXPORT",
            "人数が不明なら行数で数える",
            "rows count where the persons are not known",
            extract(1000, principals_count=None),
        ),
        breach(
            "BULK_EXPORT",
            "ファイルの外部共有も出力",
            "sharing a file outside is an export too",
            copied(1000, operation="share_external"),
        ),
        fine(
            "BULK_EXPORT",
            "ファイルの閲覧は出力でない",
            "reading a file is no export",
            copied(1000, operation="read"),
        ),
        breach(
            "BULK_EXPORT",
            "出力の一秒後の承認",
            "approved one second after the export",
            approval("2026-11-11 10:00:01"),
            extract(1000),
        ),
        fine(
            "BULK_EXPORT",
            "出力と同時の承認。期間の最後の一秒まで有効",
            "approved in the same second; valid to its last second",
            approval("2026-11-11 10:00:00"),
            extract(1000),
        ),
        fine(
            "BULK_EXPORT",
            "チケットへの承認",
            "approved by ticket",
            approval(for_ref="TCK-7"),
            extract(1000, ticket_id="TCK-7"),
        ),
        fine(
            "BULK_EXPORT",
            "後から届いた承認の記録",
            "an approval whose record arrives later",
            approval("2026-11-10 09:00:00", for_ref="TCK-7", arrived="2026-11-11 15:00:00"),
            extract(1000, ticket_id="TCK-7"),
        ),
        breach(
            "BULK_EXPORT",
            "別のデータへの承認",
            "approved for another dataset",
            approval(dataset_id="ds-staff"),
            extract(1000),
        ),
        fine(
            "BULK_EXPORT",
            "そのデータへの承認",
            "approved for the dataset",
            approval(dataset_id="ds-members"),
            extract(1000),
        ),
        breach(
            "ABOVE_APPROVED",
            "承認された行数を一行超える",
            "one row more than approved",
            approval(max_rows=1500),
            extract(1200, rows=1501),
            severity="high",
        ),
        fine(
            "ABOVE_APPROVED",
            "承認された行数ちょうど",
            "as many rows as approved",
            approval(max_rows=1500),
            extract(1200, rows=1500),
        ),
        fine(
            "ABOVE_APPROVED",
            "二つの承認の広い方",
            "the wider of two approvals",
            approval(max_rows=1500),
            approval(max_rows=2000),
            extract(1200, rows=2000),
        ),
        breach(
            "CUMULATIVE",
            "一日で 3,000 人分",
            "three thousand persons in one day",
            query("2026-11-11 00:00:00", 1500),
            query("2026-11-11 23:59:59", 1500),
            subject="sato|2026-11-11",
            severity="medium",
        ),
        fine(
            "CUMULATIVE",
            "日付（日本時間）をまたぐ累計はしない",
            "sums do not reach across midnight (JST)",
            query("2026-11-11 00:00:00", 1500),
            query("2026-11-12 00:00:00", 1500),
        ),
        fine(
            "CUMULATIVE",
            "一日で 2,999 人分",
            "2,999 persons in one day",
            query("2026-11-11 00:00:00", 1500),
            query("2026-11-11 23:59:59", 1500, principals_count=1499),
        ),
        breach(
            "CUMULATIVE",
            "照会とファイルを合わせて数える",
            "queries and files count together",
            query("2026-11-11 09:00:00", 2400),
            copied(600),
        ),
        breach(
            "CUMULATIVE",
            "一回の大量出力も累計に入る",
            "a single bulk export counts as well",
            extract(3000),
            also=("BULK_EXPORT",),
        ),
        fine(
            "CUMULATIVE",
            "承認された出力は数えない",
            "approved exports do not count",
            approval(),
            extract(3000),
        ),
        breach(
            "SPIKE",
            "平均 120・標準偏差 40 の者の 281 人分",
            "281 persons after a mean of 120 and a deviation of 40",
            *days(100, 100, 100, 100, 200, 281),
            subject="sato|2026-11-07",
            severity="medium",
        ),
        fine(
            "SPIKE",
            "280 人分は上限ちょうど",
            "280 persons are the bound itself",
            *days(100, 100, 100, 100, 200),
            query("2026-11-07 10:00:00", 281, principals_count=280),
        ),
        breach(
            "SPIKE",
            "毎日 40 人分の者の 200 人分",
            "two hundred persons after forty a day",
            *days(40, 40, 40, 40, 40),
            query("2026-11-11 10:00:00", 200),
        ),
        fine(
            "SPIKE",
            "199 人分では急増とみなさない",
            "199 persons are no spike",
            *days(40, 40, 40, 40, 40),
            query("2026-11-11 10:00:00", 200, principals_count=199),
        ),
        fine(
            "SPIKE",
            "利用のあった日が四日では比べない",
            "four active days are too few to compare with",
            *days(40, 40, 40, 40),
            query("2026-11-05 11:00:00", 40),
            query("2026-11-11 10:00:00", 200),
        ),
        fine(
            "SPIKE",
            "承認された出力は数えない",
            "an approved export does not count",
            approval(),
            *days(40, 40, 40, 40, 40),
            extract(900),
        ),
    ),
)
