"""PHY-03  来訪者の記録と同伴 — visitors are recorded and escorted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.core import BADGES, ZONES
from controls.books.premises import HOST_VISITS
from controls.calendar import day_end, day_start, jst_day
from controls.deadlines import due_by
from controls.events import BadgeRead, VisitorRegistered
from controls.examples import breach, event, fine, unknown
from controls.kernel import DAY, MINUTE, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    host_minutes: int = limit(
        30,
        "min",
        "受入担当者の入退室を来訪の前後で探す時間。",
        "How long before and after a visit its host is looked for at the doors.",
    )
    reception_purposes: tuple[str, ...] = limit(
        ("delivery",), "", "受付で済む用件。", "Purposes that end at the reception."
    )


CONTROLLED = ("management", "handling")


def fact(visit: VisitorRegistered) -> Fact:
    return told(
        visit, "visit", "host_ref", "purpose", "zones", "escort_ref", "in_at", "out_at",
        "notice_given",
    )  # fmt: skip


def zone_class(zone: str, at: int, view: View) -> str | None:
    """The class of a zone as its readers say; None where it has none."""
    read = view.latest(ZONES, zone, at)
    return None if read is None else str(read.zone_class)


def checks(limits: Limits) -> tuple[Check, ...]:
    near = limits.host_minutes * MINUTE

    def at_reception(visit: dict[str, Any], view: View) -> bool:
        classes = {zone_class(zone, visit["in_at"], view) for zone in visit["zones"]}
        return visit["purpose"] in limits.reception_purposes and classes <= {"general"}

    def left(visit: dict[str, Any], view: View, common: dict[str, Any]) -> Iterator[Judgement]:
        end = day_end(jst_day(visit["in_at"]))
        yield due_by(end, visit["out_at"], "NO_OUT", view, begun=visit["in_at"], **common)

    def escorted(visit: dict[str, Any], view: View, common: dict[str, Any]) -> Iterator[Judgement]:
        at = visit["in_at"]
        classes = {zone: zone_class(zone, at, view) for zone in visit["zones"]}
        alone = visit["escort_ref"] is None
        unknown_zones = [f"badge.read {zone}" for zone, kind in classes.items() if kind is None]
        if alone and any(kind in CONTROLLED for kind in classes.values()):
            yield Judgement("violation", "NO_ESCORT", at=at, **common)
        elif alone and unknown_zones:
            yield Judgement("indeterminate", at=at, missing=(unknown_zones[0],), **common)
        else:
            yield Judgement("pass", at=at, **common)

    def noticed(visit: dict[str, Any], view: View, common: dict[str, Any]) -> Iterator[Judgement]:
        if visit["notice_given"]:
            yield Judgement("pass", at=visit["in_at"], **common)
        else:
            yield Judgement("violation", "NO_NOTICE", at=visit["in_at"], **common)

    def hosted(visit: dict[str, Any], view: View, common: dict[str, Any]) -> Iterator[Judgement]:
        at, host = visit["in_at"], visit["host_ref"]
        zones = view.keys(ZONES)
        day = jst_day(at)
        last = [view.latest(ZONES, zone, day_end(day) - 1) for zone in zones]
        if not any(read is not None and read.occurred_at >= day_start(day) for read in last):
            yield Judgement("indeterminate", at=at, missing=(f"badge.read {day}",), **common)
            return
        inside = (view.latest(BADGES, f"{host}|{zone}", at) for zone in zones)
        passing = (
            read
            for zone in zones
            for read in view.entries(BADGES, f"{host}|{zone}", at + near)
            if read.occurred_at >= at - near
        )
        if any(read is not None and read.direction == "in" for read in inside) or any(passing):
            yield Judgement("pass", at=at, **common)
        elif view.now <= at + near:
            yield Judgement("not_applicable", at=at, until=at + near, **common)
        else:
            yield Judgement(
                "violation", "HOST_ABSENT", at=at, detected=at + near, since=at - near, **common
            )

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        def latest(visit_id: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            lines = standing(facts)
            visit = lines[-1][4]
            common: dict[str, Any] = {"subject": visit_id, "item": name, "events": (lines[-1][1],)}
            if at_reception(visit, view):
                yield Judgement("not_applicable", at=visit["in_at"], **common)
            else:
                yield from judge(visit, view, common)

        return Case(
            name,
            (code,),
            (VisitorRegistered,),
            one_key("visit_id"),
            fact,
            latest,
            span=moment,
            by={VisitorRegistered: "visit_id"},
            **more,
        )

    def of_host(read: BadgeRead, view: View) -> Iterable[str]:
        """Visits to somebody who passes a door about that time."""
        for visit in view.all(HOST_VISITS, read.holder_ref):
            if abs(visit.in_at - read.occurred_at) <= DAY:
                yield visit.visit_id

    return (
        case("out", "NO_OUT", left, awaits=(VisitorRegistered,)),
        case("escort", "NO_ESCORT", escorted),
        case("host", "HOST_ABSENT", hosted, touches={BadgeRead: of_host}, awaits=(BadgeRead,)),
        case("notice", "NO_NOTICE", noticed),
    )


def visit(**given: Any) -> VisitorRegistered:
    said = {
        "visit_id": "v-1", "visitor_ref": "guest", "host_ref": "ito", "purpose": "meeting",
        "zones": ["zone-server"], "escort_ref": "ito", "in_at": "2026-11-11 10:00:00",
        "out_at": "2026-11-11 11:00:00", "notice_given": True, **given,
    }  # fmt: skip
    return event(VisitorRegistered, "2026-11-11 11:05:00", **said)


def read(at: str, **given: Any) -> BadgeRead:
    said = {
        "holder_ref": "ito", "zone_id": "zone-server", "zone_class": "management",
        "direction": "in", "result": "granted", **given,
    }  # fmt: skip
    return event(BadgeRead, f"2026-11-11 {at}", **said)


INSIDE = read("08:50:00")
LATER = "2026-11-12T09:00:00+09:00"

CONTROL = Control(
    id="PHY-03",
    title=Text("来訪者の記録と同伴", "Visitors recorded and escorted"),
    requirement=Text(
        "来訪者を個票で記録し、区域内は同伴する。",
        "Each visitor has own record with host, purpose, times and camera/record notice; escorted "
        "in zones.",
    ),
    sources=sources(
        seeds="PER-1.t05; PER-4.5.1",
        appi="Art.23; Art.21",
        ppc_guideline="10-5(1)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "NO_OUT": Code(
            "low",
            Text(
                "来訪の日の終わりまでに退館の記録がない。",
                "No time of leaving by the end of the day.",
            ),
            Text("{subject}：退館の記録がない。", "{subject}: no time of leaving."),
        ),
        "NO_ESCORT": Code(
            "medium",
            Text(
                "管理区域・取扱区域に同伴者なしで入れた。",
                "In a management or handling zone without an escort.",
            ),
            Text("{subject}：区域内で同伴していない。", "{subject}: not escorted in the zone."),
        ),
        "HOST_ABSENT": Code(
            "low",
            Text(
                "来訪の時に受入担当者がどの区域にもいない。",
                "The host was in no zone, and passed no door within host_minutes.",
            ),
            Text("{subject}：受入担当者が不在。", "{subject}: its host was not there."),
        ),
        "NO_NOTICE": Code(
            "low",
            Text(
                "撮影・記録についての告知がない。",
                "No notice of cameras and records was given.",
            ),
            Text("{subject}：告知がない。", "{subject}: no notice was given."),
        ),
    },
    checks=checks,
    evidence=Text("来訪票の番号（共用の名簿ではない）", "Visit sheet id (not a shared list)"),
    response=Text("来訪者の所在を確かめる。", "Locate visitor."),
    false_positives=Text("翌日に入力した手書きの票。", "Manual sheets entered next day."),
    examples=(
        breach(
            "NO_OUT",
            "日をまたいだ退館",
            "left a second after midnight",
            INSIDE,
            visit(out_at="2026-11-12 00:00:01"),
            subject="v-1",
            severity="low",
            until=LATER,
        ),
        fine(
            "NO_OUT",
            "日の終わりの退館",
            "left at midnight",
            INSIDE,
            visit(out_at="2026-11-12 00:00:00"),
            until=LATER,
        ),
        breach(
            "NO_OUT",
            "退館の記録がない",
            "never left",
            INSIDE,
            visit(out_at=None),
            until=LATER,
        ),
        breach(
            "NO_ESCORT",
            "同伴者なし",
            "nobody with the visitor",
            INSIDE,
            visit(escort_ref=None),
            subject="v-1",
            severity="medium",
            until=LATER,
        ),
        fine(
            "NO_ESCORT",
            "同伴者あり",
            "somebody with the visitor",
            INSIDE,
            visit(escort_ref="ito"),
            until=LATER,
        ),
        unknown(
            "NO_ESCORT",
            "読取り機のない区域",
            "a zone that has no reader",
            INSIDE,
            visit(escort_ref=None, zones=["zone-attic"]),
            until=LATER,
        ),
        breach(
            "HOST_ABSENT",
            "31 分後に着いた担当者",
            "a host who came half an hour and a second later",
            visit(),
            read("10:30:01"),
            subject="v-1",
            severity="low",
            until=LATER,
        ),
        fine(
            "HOST_ABSENT",
            "30 分後に着いた担当者",
            "a host who came half an hour later",
            visit(),
            read("10:30:00"),
            until=LATER,
        ),
        unknown(
            "HOST_ABSENT",
            "その日の読取りが一つもない",
            "no door said anything that day",
            visit(zones=[]),
            until=LATER,
        ),
        breach(
            "NO_NOTICE",
            "告知のない来訪",
            "no notice given",
            INSIDE,
            visit(notice_given=False),
            subject="v-1",
            severity="low",
            until=LATER,
        ),
        fine(
            "NO_NOTICE",
            "告知した来訪",
            "notice given",
            INSIDE,
            visit(notice_given=True),
            until=LATER,
        ),
        fine(
            "NO_NOTICE",
            "受付での配達",
            "a delivery at the reception",
            INSIDE,
            visit(notice_given=False, purpose="delivery", zones=[]),
            until=LATER,
        ),
    ),
)
