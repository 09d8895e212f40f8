"""PHY-02  入退室の整合（共連れ検知） — every entry has its exit, and consoles their people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from controls.books.core import BADGES, SOURCES, ZONES
from controls.calendar import day_start, jst_day, jst_text
from controls.events import AccessAuthAttempt, BadgeRead, RegisterSource
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
    HOUR,
    MINUTE,
    NOT_APPLICABLE,
    PASS,
    SECOND,
    ClockTime,
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
from controls.shapes import Case, Check, Each, Fact, Look, standing

KEPT = 8 * DAY
"""How long reads are remembered one by one, stays over several days and reads that come days later
included; before that only the last of each zone."""


class Limits(Params):
    reorder_wait_seconds: int = limit(
        300,
        "s",
        "前後して届く読取りをこの時間だけ待つ。",
        "How long to wait for reads that arrive out of order.",
    )
    close_hour: ClockTime = limit(
        "22:00",
        "JST",
        "終業（施錠）の時刻。",
        "The clock time at which the premises close.",
    )
    grace_hours: int = limit(
        4,
        "h",
        "終業の時刻からこの時間までに退室すればよい。",
        "An exit within this time after closing still counts.",
    )
    in_only_zones: list[str] = limit(
        [],
        "zone_id",
        "入室側にしか読取り機のない区域。",
        "Zones that have a reader on the way in only.",
    )


Read = tuple[int, str, bool, bool, int]
"""(at, event_id, inward, management zone, arrived)."""

Pair = tuple[str, Read | None, Read, Read | None]
"""Zone, the read before, the read, the read after."""


def counts(read: BadgeRead) -> bool:
    """Only granted reads say where somebody is; free access and drills pair up with nothing."""
    return read.result == "granted" and read.mode not in ("free_access", "drill")


def remembered(read: BadgeRead) -> Fact:
    return [
        read.occurred_at,
        read.event_id,
        read.corrects_event_id or "",
        read.direction == "in",
        read.zone_class == "management",
        read.zone_id,
        arrival(read),
    ]


def as_read(read: BadgeRead) -> Read:
    at, event_id, _, inward, management, _zone, arrived = remembered(read)
    return at, event_id, inward, management, arrived


def around(at: int) -> tuple[int, int]:
    """The stretch (ms) within which a read can be judged by others, with a margin before it."""
    return at - 4 * DAY, at + 2 * DAY


def before(read: Read) -> Callable[[BadgeRead], bool]:
    """Whether another read comes before this one."""
    return lambda other: (other.occurred_at, other.event_id) < read[:2]


def forget(facts: Sequence[Fact], floor: int) -> list[Fact]:
    """Reads before the floor go, but for a day's (their deadlines lie above it) and the last of
    each zone (it says who is inside)."""
    last = {fact[5]: fact for fact in facts if fact[0] < floor - DAY}
    return [*sorted(last.values()), *(fact for fact in facts if fact[0] >= floor - DAY)]


def walk(holder: str, facts: Sequence[Fact], view: View, wait: int) -> Iterator[Pair]:
    """Every read with its neighbours: zone by zone, oldest first.

    The read before is the last one that had arrived when the wait (ms) after the read was over.
    What came before the first remembered read is asked of the book; nothing there = outside.
    """
    zones: dict[str, list[Read]] = {}
    for at, event_id, _, inward, management, zone, arrived in standing(facts):
        zones.setdefault(zone, []).append((at, event_id, inward, management, arrived))
    for zone, reads in zones.items():
        earlier = view.latest(BADGES, f"{holder}|{zone}", reads[0][0], before(reads[0]))
        line = [*([] if earlier is None else [as_read(earlier)]), *reads]
        for place, read in enumerate(line):
            nth = place - 1
            while nth >= 0 and line[nth][4] > read[0] + wait:
                nth -= 1
            after = line[place + 1] if place + 1 < len(line) else None
            yield zone, line[nth] if nth >= 0 else None, read, after


class Walk:
    """`walk`, once for the checks that look at the same facts one after the other."""

    def __init__(self, wait: int) -> None:
        self._wait = wait
        self._of: tuple[Sequence[Fact], View] | None = None
        self._pairs: list[Pair] = []

    def __call__(self, holder: str, facts: Sequence[Fact], view: View) -> list[Pair]:
        if self._of is None or self._of[0] is not facts or self._of[1] is not view:
            self._of = facts, view
            self._pairs = list(walk(holder, facts, view, self._wait))
        return self._pairs


def checks(limits: Limits) -> tuple[Check, ...]:
    wait = limits.reorder_wait_seconds * SECOND
    hours, minutes = limits.close_hour.split(":")
    closed = ((int(hours) + limits.grace_hours) * HOUR + int(minutes) * MINUTE) % DAY
    one_sided = frozenset(limits.in_only_zones)
    pairs = Walk(wait)

    def holder(read: BadgeRead) -> str:
        return read.holder_ref if counts(read) and read.zone_id not in one_sided else ""

    def leave_by(at: int) -> int:
        """The first closing time, grace included, after the entry."""
        today = day_start(jst_day(at)) + closed
        return today if today > at else today + DAY

    def unpaired(code: str, subject: str, read: Read, since: int, view: View) -> Judgement:
        at, event_id, _, management, _ = read
        until = at + wait
        if view.now <= until:
            return Judgement(
                "indeterminate",
                None,
                subject,
                at,
                events=(event_id,),
                missing=("badge.read",),
                until=until,
            )
        severe = management and code == "EXIT_WITHOUT_ENTRY"
        return Judgement(
            "violation",
            code,
            subject,
            at,
            until,
            "high" if severe else None,
            (event_id,),
            since=since,
            facts={"at": jst_text(at)},
        )

    def exits(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for zone, before, read, _ in pairs(person, facts, view):
            if not read[2] and (before is None or not before[2]):
                since = max(before[0] if before else 0, read[0] - DAY)
                yield unpaired("EXIT_WITHOUT_ENTRY", f"{person}|{zone}", read, since, view)

    def entries(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for zone, before, read, _ in pairs(person, facts, view):
            if read[2] and before is not None and before[2]:
                yield unpaired("DOUBLE_ENTRY", f"{person}|{zone}", read, before[0], view)

    def stays(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for zone, _, read, after in pairs(person, facts, view):
            at, event_id, inward, *_ = read
            if not inward or (after is not None and after[2]):
                continue
            due, subject = leave_by(at), f"{person}|{zone}"
            if after is not None and after[0] <= due:
                continue
            if view.now <= due:
                yield Judgement("pass", None, subject, at, events=(event_id,), until=due)
            else:
                yield Judgement(
                    "violation",
                    "NO_EXIT",
                    subject,
                    due,
                    events=(event_id,),
                    since=at,
                    facts={"since": jst_text(at)},
                )

    def zone_of(attempt: AccessAuthAttempt, view: View) -> str | None:
        """The zone in which the console stands; None where it stands in none."""
        source = view.latest(SOURCES, attempt.source_id, attempt.occurred_at)
        if source is not None and source.zone_id:
            return str(source.zone_id)
        known = view.latest(ZONES, attempt.system_id, attempt.occurred_at)
        return attempt.system_id if known is not None else None

    def local_use(attempt: AccessAuthAttempt, view: View) -> Judgement | None:
        if attempt.remote or attempt.outcome != "success":
            return None
        at, zone = attempt.occurred_at, zone_of(attempt, view)
        if zone is None:
            return None
        if zone in one_sided:
            return NOT_APPLICABLE
        if not attempt.actor_ref:
            return Judgement("indeterminate", missing=(f"actor at a console of {zone}",))
        key = f"{attempt.actor_ref}|{zone}"
        read = view.latest(BADGES, key, at, lambda r: arrival(r) <= at + wait)
        if read is not None and read.direction == "in":
            return PASS
        until = at + wait
        if view.now <= until:
            return Judgement("indeterminate", None, key, missing=("badge.read",), until=until)
        since = max(0 if read is None else read.occurred_at, at - DAY)
        return Judgement("violation", "LOCAL_USE_WHILE_OUT", key, detected=until, since=since)

    def by_read(read: BadgeRead) -> tuple[Look, ...]:
        if not counts(read):
            return ()
        since = read.occurred_at
        return (
            Look(AccessAuthAttempt, "actor_ref", read.holder_ref, since),
            Look(AccessAuthAttempt, "system_id", read.zone_id, since),
        )

    def by_source(source: RegisterSource) -> tuple[Look, ...]:
        since = source.occurred_at
        return (Look(AccessAuthAttempt, "source_id", source.monitored_source_id, since),)

    def reads(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (BadgeRead,),
            holder,
            remembered,
            judge,
            keep=KEPT,
            span=around,
            margin=2 * DAY,
            forget=forget,
            by={BadgeRead: "holder_ref"},
            awaits=(BadgeRead,),
        )

    return (
        reads("exit", "EXIT_WITHOUT_ENTRY", exits),
        reads("entry", "DOUBLE_ENTRY", entries),
        reads("stay", "NO_EXIT", stays),
        Each(
            "local_use",
            ("LOCAL_USE_WHILE_OUT",),
            (AccessAuthAttempt,),
            local_use,
            by={AccessAuthAttempt: "actor_ref"},
            revisits={BadgeRead: by_read, RegisterSource: by_source},
            awaits=(BadgeRead,),
        ),
    )


def badge(at: str, direction: str, **given: Any) -> BadgeRead:
    return event(
        BadgeRead,
        at,
        **{
            "holder_ref": "sato",
            "zone_id": "zone-desk",
            "zone_class": "handling",
            "direction": direction,
            "result": "granted",
            **given,
        },
    )


def sign_in(at: str, **given: Any) -> AccessAuthAttempt:
    return event(
        AccessAuthAttempt,
        at,
        **{
            "actor_ref": "sato",
            "account_ref": "acct-sato",
            "system_id": "zone-desk",
            "outcome": "success",
            "remote": False,
            **given,
        },
    )


def console(**given: Any) -> RegisterSource:
    return event(
        RegisterSource,
        "2026-04-01 09:00:00",
        **{"monitored_source_id": "console-7", "zone_id": "zone-desk", **given},
    )


CONTROL = Control(
    id="PHY-02",
    title=Text("入退室の整合（共連れ検知）", "Entry and exit pair up"),
    requirement=Text(
        "入室と退室が対応し、区域内端末の使用者は在室者である。",
        "Every entry has an exit and the reverse; PD terminals in a zone are used only by "
        "persons inside.",
    ),
    sources=sources(
        seeds="PER-4.5.1", appi="Art.23", ppc_guideline="10-5(1)", pms_guideline="J.9.2*"
    ),
    params=Limits(),
    codes={
        "EXIT_WITHOUT_ENTRY": Code(
            "medium",
            Text(
                "在室していない者の退室記録があり、待ち時間のうちに入室記録が届かない。"
                "管理区域では重大度は高。",
                "Somebody who was outside read out, and no entry arrives within the wait; "
                "severity high for a management zone.",
            ),
            Text(
                "{subject}：入室記録のない退室が {events} 件ある（最近 {at}）。",
                "{subject}: {events} exits without an entry (latest {at}).",
            ),
        ),
        "DOUBLE_ENTRY": Code(
            "medium",
            Text(
                "在室中の者の入室記録があり、待ち時間のうちに間の退室記録が届かない。",
                "Somebody inside read in again, and no exit between arrives within the wait.",
            ),
            Text(
                "{subject}：退室記録のないままの再入室が {events} 件ある（最近 {at}）。",
                "{subject}: {events} entries while already inside (latest {at}).",
            ),
        ),
        "NO_EXIT": Code(
            "low",
            Text(
                "入室の後、最初の終業時刻と猶予時間までに退室記録がない。",
                "No exit by the first closing time and grace after the entry.",
            ),
            Text(
                "{subject}：{since} の入室などに猶予時刻までの退室記録がない（{events} 件）。",
                "{subject}: no exit by closing time and grace for {events} entries, such as the "
                "one of {since}.",
            ),
        ),
        "LOCAL_USE_WHILE_OUT": Code(
            "high",
            Text(
                "区域内の端末でその場からの認証が成功したが、本人の在室記録がない。",
                "A sign-in at a console of the zone succeeded while its person was outside.",
            ),
            Text(
                "{subject}：在室記録のない者による区域内端末の使用が {events} 件ある。",
                "{subject}: {events} uses of a console in the zone while read as outside.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "入室と退室の対、対のない記録の一覧、本人などの説明。",
        "The table of read pairs, the list of those unresolved, and the explanations.",
    ),
    response=Text(
        "警備が現場を確認し、本人と前後 60 秒の読取りの者に事情を聴く。",
        "Guards check the place; ask the holder and those who read within 60 seconds.",
    ),
    false_positives=Text(
        "読取り機が一時切断され、記録が後からまとめて届く（待ち時間の後に確定し、後に届けば改める）。"
        "区域の中に区域がある。",
        "A reader offline that sends its reads later (final after the wait, amended when they "
        "come); zones inside zones.",
    ),
    examples=(
        breach(
            "EXIT_WITHOUT_ENTRY",
            "入室を拒まれた者の退室（共連れの疑い）",
            "out, though the entry had been denied: tailgating",
            badge("2026-11-11 09:00:00", "in", result="denied"),
            badge("2026-11-11 12:00:00", "out"),
            subject="sato|zone-desk",
            severity="medium",
            until="2026-11-11 12:05:01",
        ),
        fine(
            "EXIT_WITHOUT_ENTRY",
            "入室してからの退室",
            "in, then out",
            badge("2026-11-11 09:00:00", "in", result="granted"),
            badge("2026-11-11 12:00:00", "out"),
            until="2026-11-11 12:05:01",
        ),
        unknown(
            "EXIT_WITHOUT_ENTRY",
            "待ち時間（300 秒）のうちは暫定",
            "provisional while the wait (300 seconds) runs",
            badge("2026-11-11 12:00:00", "out"),
            until="2026-11-11 12:05:00",
        ),
        fine(
            "EXIT_WITHOUT_ENTRY",
            "遅れて届いた入室記録",
            "an entry that arrives late",
            badge("2026-11-11 09:00:00", "in", arrived="2026-11-11 12:04:00"),
            badge("2026-11-11 12:00:00", "out"),
            until="2026-11-11 12:05:01",
        ),
        breach(
            "EXIT_WITHOUT_ENTRY",
            "猶予の一秒後に届いた入室記録では遡らない",
            "an entry that arrives one second after the wait",
            badge("2026-11-11 09:00:00", "in", arrived="2026-11-11 12:05:01"),
            badge("2026-11-11 12:00:00", "out"),
            until="2026-11-11 13:00:00",
        ),
        breach(
            "EXIT_WITHOUT_ENTRY",
            "管理区域では重大度が上がる",
            "more severe in a management zone",
            badge("2026-11-11 12:00:00", "out", zone_class="management"),
            severity="high",
            until="2026-11-11 12:05:01",
        ),
        fine(
            "EXIT_WITHOUT_ENTRY",
            "避難訓練の読取りは数えない",
            "reads of a drill do not count",
            badge("2026-11-11 12:00:00", "out", zone_class="management", mode="drill"),
            until="2026-11-11 12:05:01",
        ),
        breach(
            "EXIT_WITHOUT_ENTRY",
            "二度の退室は一つの入室に対応しない",
            "two exits do not pair with one entry",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 12:00:00", "out"),
            badge("2026-11-11 13:00:00", "out"),
            until="2026-11-11 13:05:01",
        ),
        fine(
            "EXIT_WITHOUT_ENTRY",
            "退室の後の再入室",
            "out, then in again",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 12:00:00", "out"),
            badge("2026-11-11 13:00:00", "in"),
            until="2026-11-11 13:05:01",
        ),
        breach(
            "DOUBLE_ENTRY",
            "退室しないままの再入室",
            "in again without an exit",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 13:00:00", "in"),
            subject="sato|zone-desk",
            severity="medium",
            until="2026-11-11 13:05:01",
        ),
        fine(
            "DOUBLE_ENTRY",
            "別の区域への入室",
            "in to another zone",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 13:00:00", "in", zone_id="zone-store"),
            until="2026-11-11 13:05:01",
        ),
        breach(
            "DOUBLE_ENTRY",
            "再入室の一秒後の退室は間にない",
            "an exit one second after the second entry is not between",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 13:00:01", "out"),
            badge("2026-11-11 13:00:00", "in"),
            until="2026-11-11 13:05:01",
        ),
        fine(
            "DOUBLE_ENTRY",
            "再入室の一秒前の退室",
            "an exit one second before the second entry",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 12:59:59", "out"),
            badge("2026-11-11 13:00:00", "in"),
            until="2026-11-11 13:05:01",
        ),
        breach(
            "NO_EXIT",
            "翌 02:00 の一秒後の退室",
            "out one second after 02:00 the next morning",
            badge("2026-11-11 20:00:00", "in"),
            badge("2026-11-12 02:00:01", "out"),
            subject="sato|zone-desk",
            severity="low",
        ),
        fine(
            "NO_EXIT",
            "翌 02:00 ちょうどの退室",
            "out at 02:00 sharp",
            badge("2026-11-11 20:00:00", "in"),
            badge("2026-11-12 02:00:00", "out"),
        ),
        breach(
            "NO_EXIT",
            "退室記録がない",
            "no exit at all",
            badge("2026-11-11 20:00:00", "in"),
            until="2026-11-12 02:00:01",
        ),
        fine(
            "NO_EXIT",
            "02:00 の入室は次の 02:00 まで",
            "in at 02:00 may stay to the next 02:00",
            badge("2026-11-12 02:00:00", "in"),
            until="2026-11-13 02:00:00",
        ),
        fine(
            "NO_EXIT",
            "再入室があれば DOUBLE_ENTRY だけを数える",
            "where an entry follows, DOUBLE_ENTRY is raised in its place",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-12 09:00:00", "in"),
            also=("DOUBLE_ENTRY",),
            until="2026-11-12 09:05:01",
        ),
        breach(
            "LOCAL_USE_WHILE_OUT",
            "退室の一秒後に区域内の端末で認証",
            "signed in at a console of the zone one second after leaving it",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 12:00:00", "out"),
            sign_in("2026-11-11 12:00:01"),
            subject="sato|zone-desk",
            severity="high",
            until="2026-11-11 12:05:02",
        ),
        fine(
            "LOCAL_USE_WHILE_OUT",
            "退室の一秒前の認証",
            "signed in one second before leaving",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 12:00:00", "out"),
            sign_in("2026-11-11 11:59:59"),
            until="2026-11-11 12:05:02",
        ),
        fine(
            "LOCAL_USE_WHILE_OUT",
            "遠隔からの認証は在室を要しない",
            "a remote sign-in needs nobody inside",
            badge("2026-11-11 09:00:00", "in"),
            badge("2026-11-11 12:00:00", "out"),
            sign_in("2026-11-11 12:00:01", remote=True),
            until="2026-11-11 12:05:02",
        ),
        breach(
            "LOCAL_USE_WHILE_OUT",
            "台帳が区域を示す端末",
            "a console whose zone the register of sources names",
            console(),
            sign_in("2026-11-11 10:00:00", source_id="console-7", system_id="sys-crm"),
            subject="sato|zone-desk",
            until="2026-11-11 10:05:01",
        ),
        fine(
            "LOCAL_USE_WHILE_OUT",
            "区域にない端末",
            "a console that stands in no zone",
            console(zone_id=None),
            sign_in("2026-11-11 10:00:00", source_id="console-7", system_id="sys-crm"),
            until="2026-11-11 10:05:01",
        ),
        unknown(
            "LOCAL_USE_WHILE_OUT",
            "待ち時間のうちは暫定",
            "provisional while the wait runs",
            console(),
            sign_in("2026-11-11 10:00:00", source_id="console-7", system_id="sys-crm"),
            until="2026-11-11 10:05:00",
        ),
    ),
)
