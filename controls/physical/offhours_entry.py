"""PHY-04  時間外入室と最初・最終退出の記録 — entry out of hours is approved, the last exit kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from controls.books.access import permitted
from controls.calendar import day_end, in_hours, jst_day
from controls.events import ApprovalGranted, BadgeRead
from controls.examples import breach, event, fine
from controls.kernel import (
    DAY,
    HOUR,
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Hours,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look


class Limits(Params):
    business_hours: Hours = limit(
        "07:00-22:00", "JST", "通常の入室時間（終わりは含まない）。", "Usual hours, end exclusive."
    )
    business_days_only: bool = limit(
        True, "", "営業日に限るか。", "Whether other days than business days are out of hours."
    )
    grace_hours: int = limit(
        4, "h", "最終退出を翌日に待つ時間。", "So long after midnight the last exit may come."
    )
    in_only_zones: tuple[str, ...] = limit(
        (), "zone_id", "入室側にしか読取り機のない区域。", "Zones with a reader on the way in only."
    )


CONTROLLED = ("management", "handling")


def ends_of_days(reads: Iterable[Fact]) -> list[Fact]:
    """Of each day its last entry, and its first and its last exit: `[at, event_id, inward]`."""
    days: dict[Any, list[Fact]] = {}
    for read in sorted(reads):
        days.setdefault((jst_day(read[0]), read[2]), []).append(read)
    kept: list[Fact] = []
    for (_, inward), line in days.items():
        kept += line[-1:] if inward or len(line) == 1 else [line[0], line[-1]]
    return sorted(kept)


def of_zones(reads: Sequence[BadgeRead]) -> Mapping[str, list[Fact]]:
    zones: dict[str, list[Fact]] = {}
    for read in reads:
        if read.result == "granted":
            fact = [read.occurred_at, read.event_id, read.direction == "in"]
            zones.setdefault(read.zone_id, []).append(fact)
    return {zone: ends_of_days(line) for zone, line in zones.items()}


def merged(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    return ends_of_days({fact[1]: fact for fact in (*facts, *new)}.values())


def forget(facts: Sequence[Fact], floor: int) -> list[Fact]:
    """Two days before the floor stay: what is due above it rests on them."""
    return [fact for fact in facts if fact[0] >= floor - 2 * DAY]


def checks(limits: Limits) -> tuple[Check, ...]:
    def entered(read: BadgeRead, view: View) -> Judgement | None:
        if read.result != "granted" or read.direction != "in":
            return None
        at = read.occurred_at
        if read.zone_class not in CONTROLLED:
            return NOT_APPLICABLE
        usual = in_hours(at, limits.business_hours, limits.business_days_only)
        if usual or permitted(view, "offhours", (read.holder_ref,), at):
            return PASS
        return Judgement(
            "violation",
            "OFFHOURS_ENTRY",
            f"{read.holder_ref}|{read.zone_id}|{jst_day(at)}",
            severity="high" if read.zone_class == "management" else "medium",
            since=at - DAY,
        )

    def last_out(zone: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if zone in limits.in_only_zones:
            return
        for at, event_id, inward in facts:
            if not inward:
                continue
            day = jst_day(at)
            end = day_end(day) + limits.grace_hours * HOUR
            if any(at < out[0] <= end for out in facts if not out[2]):
                continue
            subject = f"{zone}|{day}"
            common: dict[str, Any] = {"item": subject, "events": (event_id,)}
            if view.now <= end:
                yield Judgement("pass", None, subject, end, until=end, **common)
            else:
                yield Judgement("violation", "NO_LAST_OUT", subject, end, since=at, **common)

    def by_approval(approval: ApprovalGranted) -> tuple[Look, ...]:
        return (Look(BadgeRead, "holder_ref", approval.for_ref, approval.occurred_at),)

    return (
        Each(
            "hours",
            ("OFFHOURS_ENTRY",),
            (BadgeRead,),
            entered,
            by={BadgeRead: "holder_ref"},
            revisits={ApprovalGranted: by_approval},
            awaits=(ApprovalGranted,),
        ),
        Case(
            "last_out",
            ("NO_LAST_OUT",),
            (BadgeRead,),
            lambda read: read.zone_id,
            lambda read: [read.occurred_at, read.event_id, read.direction == "in"],
            last_out,
            keep=4 * DAY,
            span=lambda at: (at - 2 * DAY, at + 2 * DAY),
            margin=DAY,
            forget=forget,
            by={BadgeRead: "zone_id"},
            gather=of_zones,
            merge=merged,
            awaits=(BadgeRead,),
        ),
    )


def read(at: str, direction: str = "in", **given: Any) -> BadgeRead:
    said = {
        "holder_ref": "sato", "zone_id": "zone-desk", "zone_class": "handling",
        "result": "granted", "direction": direction, **given,
    }  # fmt: skip
    return event(BadgeRead, at, **said)


def approval(**given: Any) -> ApprovalGranted:
    said = {
        "kind": "offhours", "for_ref": "sato", "valid_from": "2026-11-11 22:00:00",
        "valid_to": "2026-11-11 23:30:00", **given,
    }  # fmt: skip
    return event(ApprovalGranted, "2026-11-11 15:00:00", approval_id="apr-1", **said)


OUT = read("2026-11-11 23:40:00", "out")

CONTROL = Control(
    id="PHY-04",
    title=Text(
        "時間外入室と最初・最終退出の記録",
        "Out-of-hours entry approved; first-in/last-out kept",
    ),
    requirement=Text(
        "夜間・休日の入室は承認を要し、最初入室・最終退出を記録する。",
        "Entry at night or on holidays needs approval; first entry and last exit are recorded "
        "daily.",
    ),
    sources=sources(
        seeds="PER-4.5.1",
        appi="Art.23",
        ppc_guideline="10-5(1)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "OFFHOURS_ENTRY": Code(
            "medium",
            Text(
                "時間外又は休日に承認なく入室した（管理区域は high）。",
                "Entered out of hours without an approval; high in a management zone.",
            ),
            Text(
                "{subject}：時間外に承認なく入室した。",
                "{subject}: entered out of hours without approval.",
            ),
        ),
        "NO_LAST_OUT": Code(
            "low",
            Text(
                "その日の最後の入室の後、翌日 grace_hours までに退出の記録がない。",
                "No exit after the day's last entry, until grace_hours after midnight.",
            ),
            Text("{subject}：最終退出の記録がない。", "{subject}: no last exit."),
        ),
    },
    checks=checks,
    evidence=Text("読取記録、承認番号、最初・最終の表", "Reads, approval id, first/last table"),
    response=Text("本人に確かめる。", "Verify with holder."),
    false_positives=Text("交替勤務：部署ごとの暦。", "Shift workers: calendar per department."),
    examples=(
        breach(
            "OFFHOURS_ENTRY",
            "22 時の入室",
            "entered as the hours end",
            read("2026-11-11 22:00:00"),
            OUT,
            subject="sato|zone-desk|2026-11-11",
            severity="medium",
        ),
        fine(
            "OFFHOURS_ENTRY",
            "22 時の一秒前の入室",
            "entered a second before",
            read("2026-11-11 21:59:59"),
            OUT,
        ),
        breach(
            "OFFHOURS_ENTRY",
            "管理区域への時間外入室",
            "entered a management zone",
            read("2026-11-11 22:30:00", zone_class="management"),
            OUT,
            severity="high",
        ),
        fine(
            "OFFHOURS_ENTRY",
            "一般区域への時間外入室",
            "entered a general zone",
            read("2026-11-11 22:30:00", zone_class="general"),
            OUT,
        ),
        breach(
            "OFFHOURS_ENTRY",
            "承認の時間を一秒過ぎた入室",
            "a second after the approved time",
            approval(),
            read("2026-11-11 23:30:01"),
            OUT,
        ),
        fine(
            "OFFHOURS_ENTRY",
            "承認の時間の終わりの入室",
            "at the end of the approved time",
            approval(),
            read("2026-11-11 23:30:00"),
            OUT,
        ),
        breach(
            "OFFHOURS_ENTRY",
            "日曜の入室",
            "on a Sunday",
            read("2026-11-15 10:00:00"),
            read("2026-11-15 11:00:00", "out"),
        ),
        breach(
            "NO_LAST_OUT",
            "翌日 4 時を過ぎた退出",
            "left a second after four at night",
            read("2026-11-11 21:00:00"),
            read("2026-11-12 04:00:01", "out"),
            subject="zone-desk|2026-11-11",
            severity="low",
        ),
        fine(
            "NO_LAST_OUT",
            "翌日 4 時の退出",
            "left at four",
            read("2026-11-11 21:00:00"),
            read("2026-11-12 04:00:00", "out"),
        ),
    ),
)
