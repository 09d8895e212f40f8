"""PHY-01  管理区域・取扱区域の入退室権限 — only authorised entry to controlled areas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.books.premises import visiting, zone_rights
from controls.events import AccessPrivilegeChanged, BadgeRead, VisitorRegistered
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
from controls.shapes import Case, Check, Each, Fact, Look, standing


class Limits(Params):
    n: int = limit(3, "reads", "拒否がこの回数に達したら検知する。", "So many denials are a burst.")
    window_minutes: int = limit(
        10, "min", "その回数を数える時間。", "The time in which they are counted."
    )
    right_hours: int = limit(
        24,
        "h",
        "入室権限の記録がこの時間内に届けば有効と扱う。",
        "A right that was in force but is recorded within this time still counts.",
    )


CONTROLLED = ("management", "handling")


def checks(limits: Limits) -> tuple[Check, ...]:
    wait, window = limits.right_hours * HOUR, limits.window_minutes * MINUTE

    def entered(read: BadgeRead, view: View) -> Judgement | None:
        if read.result != "granted" or read.direction != "in":
            return None
        at = read.occurred_at
        if read.zone_class not in CONTROLLED or visiting(read.holder_ref, read.zone_id, at, view):
            return NOT_APPLICABLE
        if zone_rights(read.holder_ref, read.zone_id, at, view, wait):
            return PASS
        subject, until = f"{read.holder_ref}|{read.zone_id}", at + wait
        if view.now <= until:
            missing = ("access.privilege_changed",)
            return Judgement("indeterminate", None, subject, missing=missing, until=until)
        return Judgement(
            "violation", "UNAUTHORISED_GRANT", subject, detected=until, since=at - wait
        )

    def denied(read: BadgeRead) -> str:
        controlled = read.result == "denied" and read.zone_class in CONTROLLED
        return read.holder_ref if controlled else ""

    def bursts(holder: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        burst: list[Fact] = []
        for fact in (*standing(facts), None):
            if burst and (fact is None or fact[0] - burst[-1][0] > window):
                yield from burst_of(holder, burst)
                burst = []
            if fact is not None:
                burst.append(fact)

    def burst_of(holder: str, burst: Sequence[Fact]) -> Iterator[Judgement]:
        for place in range(limits.n - 1, len(burst)):
            begin = burst[place - limits.n + 1]
            if burst[place][0] - begin[0] <= window:
                first = burst[0][1]
                yield Judgement(
                    "violation", "DENIED_BURST", f"{holder}|{first}", burst[place][0],
                    events=tuple(f[1] for f in burst), item=first,
                )  # fmt: skip
                return

    def by_right(right: AccessPrivilegeChanged) -> tuple[Look, ...]:
        return (Look(BadgeRead, "holder_ref", right.owner_ref, right.occurred_at),)

    def by_visit(visit: VisitorRegistered) -> tuple[Look, ...]:
        return (Look(BadgeRead, "holder_ref", visit.visitor_ref, visit.in_at),)

    return (
        Each(
            "right",
            ("UNAUTHORISED_GRANT",),
            (BadgeRead,),
            entered,
            by={BadgeRead: "holder_ref"},
            revisits={AccessPrivilegeChanged: by_right, VisitorRegistered: by_visit},
            awaits=(AccessPrivilegeChanged,),
        ),
        Case(
            "denials",
            ("DENIED_BURST",),
            (BadgeRead,),
            denied,
            lambda read: [read.occurred_at, read.event_id, read.corrects_event_id or "", "denied"],
            bursts,
            keep=3 * DAY,
            span=lambda at: (at - DAY, at + DAY),
            margin=DAY // 2,
            by={BadgeRead: "holder_ref"},
        ),
    )


def read(at: str, **given: Any) -> BadgeRead:
    said = {
        "holder_ref": "sato", "zone_id": "zone-server", "zone_class": "management",
        "direction": "in", "result": "granted", **given,
    }  # fmt: skip
    return event(BadgeRead, f"2026-11-11 {at}", **said)


def right(at: str, **given: Any) -> AccessPrivilegeChanged:
    said = {"account_ref": "badge-7", "owner_ref": "sato", "system_id": "zone-server", **given}
    return event(AccessPrivilegeChanged, at, role="zone_entry", **said)


def visit(*zones: str) -> VisitorRegistered:
    return event(
        VisitorRegistered, "2026-11-11 09:50:00", visit_id="v-1", visitor_ref="sato",
        host_ref="ito", zones=list(zones), in_at="2026-11-11 09:50:00", notice_given=True,
    )  # fmt: skip


NEXT_DAY = "2026-11-12T10:00:01+09:00"

CONTROL = Control(
    id="PHY-01",
    title=Text("管理区域・取扱区域の入退室権限", "Only authorised entry to controlled areas"),
    requirement=Text(
        "管理区域・取扱区域へは権限者のみ入る。",
        "Entry to management/handling zones only by holders of a current zone right.",
    ),
    sources=sources(
        seeds="PYX-9.3; PER-4.5.1; MIX-M.E1",
        appi="Art.23",
        ppc_guideline="10-5(1)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "UNAUTHORISED_GRANT": Code(
            "high",
            Text(
                "入室権限のない者を区域に入れた。",
                "The door opened for somebody without a right to the zone.",
            ),
            Text(
                "{subject}：権限なしに入室した。",
                "{subject}: entered without a right.",
            ),
        ),
        "DENIED_BURST": Code(
            "medium",
            Text(
                "window_minutes の間に n 回拒否された。",
                "n denials of one holder within window_minutes.",
            ),
            Text(
                "{subject}：入室を {events} 回拒否された。",
                "{subject}: denied {events} times.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("その日の区域一覧、読取記録", "Zone list as of date, reads"),
    response=Text("扉の一覧を直し、本人に確かめる。", "Fix door list, ask holder."),
    false_positives=Text("摩耗したカード。", "Worn cards."),
    examples=(
        breach(
            "UNAUTHORISED_GRANT",
            "権限のない入室",
            "entered a second before the right begins",
            read("10:00:00"),
            right("2026-11-11 10:00:01"),
            subject="sato|zone-server",
            severity="high",
            until=NEXT_DAY,
        ),
        fine(
            "UNAUTHORISED_GRANT",
            "権限の始まりの時の入室",
            "entered as it begins",
            read("10:00:00"),
            right("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        breach(
            "UNAUTHORISED_GRANT",
            "前日までの権限",
            "a right that ended the day before",
            right("2026-04-01 09:00:00", valid_until="2026-11-10"),
            read("10:00:00"),
            until=NEXT_DAY,
        ),
        fine(
            "UNAUTHORISED_GRANT",
            "当日までの権限",
            "a right that ends today",
            right("2026-04-01 09:00:00", valid_until="2026-11-11"),
            read("10:00:00"),
            until=NEXT_DAY,
        ),
        breach(
            "UNAUTHORISED_GRANT",
            "別の区域への来訪者",
            "a visitor to another zone",
            visit("zone-desk"),
            read("10:00:00"),
            until=NEXT_DAY,
        ),
        fine(
            "UNAUTHORISED_GRANT",
            "その区域への来訪者",
            "a visitor to this zone",
            visit("zone-server"),
            read("10:00:00"),
            until=NEXT_DAY,
        ),
        breach(
            "DENIED_BURST",
            "十分間に三回の拒否",
            "three denials in ten minutes",
            read("10:00:00", result="denied"),
            read("10:05:00", result="denied"),
            read("10:10:00", result="denied"),
            severity="medium",
        ),
        fine(
            "DENIED_BURST",
            "十分と一秒の間に三回",
            "three in ten minutes and a second",
            read("10:00:00", result="denied"),
            read("10:05:00", result="denied"),
            read("10:10:01", result="denied"),
        ),
    ),
)
