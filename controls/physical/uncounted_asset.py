"""PHY-08  棚卸し・区域巡回 — media are counted, areas are patrolled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from controls.books.premises import INVENTORY
from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import comes_round, due_by
from controls.events import (
    AreaInspected,
    AssetDisposed,
    AssetInventoried,
    AssetLost,
    BadgeRead,
)
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, remember, standing, told


class Limits(Params):
    stock_months: int = limit(6, "months", "棚卸しの間隔。", "Months between two stocktakes.")
    patrol_days: int = limit(31, "d", "巡回の間隔。", "Days between two patrols of a zone.")
    campaign_days: int = limit(
        31, "d", "一回の棚卸しを終えるまでの日数。", "Days in which a stocktake is completed."
    )


IN_A_ROW = 3
"""So many patrols one after the other with the same item wanting make it worse."""


def line(event: Any) -> Fact:
    if isinstance(event, AssetInventoried):
        return told(event, "counted", "campaign_id", "found", "locked_storage")
    return told(event, "lost" if isinstance(event, AssetLost) else "disposed")


def patrol(event: AreaInspected) -> Fact:
    return told(event, "patrol", "items", "ng_count")


def campaigns(view: View) -> list[tuple[int, str]]:
    """(first line, campaign) of every stocktake, oldest first."""
    firsts = ((view.first(INVENTORY, name), name) for name in view.keys(INVENTORY))
    return sorted((first.occurred_at, name) for first, name in firsts if first is not None)


def of_zones(events: Sequence[Any]) -> Mapping[str, list[Fact]]:
    """Patrols, and of the reads at the doors of controlled zones the first."""
    zones: dict[str, list[Fact]] = {}
    for each in events:
        if isinstance(each, AreaInspected):
            zones.setdefault(each.zone_id, []).append(patrol(each))
        elif each.zone_class != "general":
            zones.setdefault(each.zone_id, []).append([each.occurred_at, each.event_id, "", "seen"])
    return {zone: with_first_read((), facts) for zone, facts in zones.items()}


def with_first_read(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    """All patrols, and the first read only."""
    every = remember(facts, new)
    first = next((f for f in every if f[3] == "seen"), None)
    return [f for f in every if f[3] != "seen" or f is first]


def checks(limits: Limits) -> tuple[Check, ...]:
    def found(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        every = campaigns(view)
        lines = standing(facts, "counted")
        for place, (first, name) in enumerate(every):
            ours = [f for f in lines if f[4]["campaign_id"] == name]
            before = every[place - 1][1] if place else None
            expected = any(f[4]["campaign_id"] == before for f in lines)
            if not ours and not expected:
                continue
            missed = next((f[0] for f in ours if not f[4]["found"]), None)
            end = day_end(jst_day(first) + timedelta(days=limits.campaign_days))
            due = end if missed is None else missed
            gone = min(
                (f[0] for f in standing(facts) if f[3] in ("lost", "disposed")), default=None
            )
            seen = [f[0] for f in ours if f[4]["found"] and f[0] > (missed or 0)]
            common: dict[str, Any] = {
                "subject": f"{name}|{asset}", "item": f"found {name}",
                "events": tuple(f[1] for f in ours),
            }  # fmt: skip
            if gone is not None and gone <= due:
                yield Judgement("not_applicable", at=first, **common)
            elif missed is not None:
                closed = bool(seen) or gone is not None
                yield Judgement("violation", "NOT_FOUND", at=missed, closed=closed, **common)
            else:
                yield due_by(
                    end, min(seen, default=None), "NOT_FOUND", view, begun=first,
                    over=gone is not None, **common,
                )  # fmt: skip

    def locked(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for counted in standing(facts, "counted"):
            if not counted[4]["locked_storage"]:
                yield Judgement(
                    "violation", "NG", f"{counted[4]['campaign_id']}|{asset}", counted[0],
                    item=counted[1], events=(counted[1],), facts={"item": "locked_storage"},
                )  # fmt: skip

    def counted(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        done = [first for first, _ in campaigns(view)]
        due = partial(add_months, count=limits.stock_months)
        yield from comes_round("CAMPAIGN_OVERDUE", jst_day(view.began), done, due, view)

    def patrolled(zone: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        began = max(jst_day(view.began), jst_day(facts[0][0]))
        done = [f[0] for f in standing(facts, "patrol")]
        yield from comes_round("PATROL_OVERDUE", began, done, in_days, view, prefix=f"{zone}|")

    def in_days(day: Any) -> Any:
        return day + timedelta(days=limits.patrol_days)

    def wanting(zone: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        row: dict[str, int] = {}
        for each in standing(facts, "patrol"):
            ng = sorted(name for name, state in each[4]["items"].items() if state == "ng")
            if not ng and each[4]["ng_count"] > 0:
                ng = ["unnamed"]
            row = {name: row.get(name, 0) + 1 for name in ng}
            for name in ng:
                yield Judgement(
                    "violation", "NG", f"{zone}|{name}", each[0], item=f"{name} {each[1]}",
                    severity="medium" if row[name] >= IN_A_ROW else "low", events=(each[1],),
                    facts={"item": name},
                )  # fmt: skip

    def of_campaign(first: AssetInventoried, view: View) -> Iterable[str]:
        """With the first line of a stocktake every asset of the one before is awaited."""
        begins = view.first(INVENTORY, first.campaign_id)
        if begins is None or begins.event_id != first.event_id:
            return
        names = [name for _, name in campaigns(view)]
        place = names.index(first.campaign_id)
        for name in (*names[max(place - 1, 0) : place + 2],):
            for each in view.all(INVENTORY, name):
                yield each.asset_id

    def asset(name: str, code: str, judge: Any, **more: Any) -> Case:
        kinds = (AssetInventoried, AssetLost, AssetDisposed)
        return Case(
            name,
            (code,),
            kinds,
            one_key("asset_id"),
            line,
            judge,
            span=moment,
            by=dict.fromkeys(kinds, "asset_id"),
            **more,
        )

    return (
        asset(
            "found", "NOT_FOUND", found, touches={AssetInventoried: of_campaign},
            awaits=(AssetInventoried,),
        ),
        asset("storage", "NG", locked),
        Case(
            "campaign",
            ("CAMPAIGN_OVERDUE",),
            (AssetInventoried,),
            lambda counted: "",
            line,
            counted,
            span=moment,
            touches={AssetInventoried: lambda counted, view: ("stock",)},
            awaits=(AssetInventoried,),
            periodic=("stock",),
            began=True,
        ),
        Case(
            "patrol",
            ("PATROL_OVERDUE",),
            (AreaInspected, BadgeRead),
            one_key("zone_id"),
            patrol,
            patrolled,
            span=moment,
            gather=of_zones,
            merge=with_first_read,
            awaits=(AreaInspected,),
            began=True,
        ),
        Case(
            "area",
            ("NG",),
            (AreaInspected,),
            one_key("zone_id"),
            patrol,
            wanting,
            span=moment,
            by={AreaInspected: "zone_id"},
        ),
    )  # fmt: skip


def count(campaign: str, at: str, asset: str = "usb-7", **given: Any) -> AssetInventoried:
    said = {"found": True, "locked_storage": True, **given}
    return event(AssetInventoried, at, campaign_id=campaign, asset_id=asset, **said)


def inspected(at: str, **items: str) -> AreaInspected:
    ng = sum(state == "ng" for state in items.values())
    return event(AreaInspected, at, zone_id="zone-desk", items=items, ng_count=ng)


SPRING = "2026-05-11 10:00:00"
AUTUMN = "2026-11-02 10:00:00"
OTHER = count("autumn", AUTUMN, "usb-1")
"""The first line of the second stocktake."""

CONTROL = Control(
    id="PHY-08",
    title=Text("棚卸し・区域巡回", "Stocktake and area patrol"),
    requirement=Text(
        "媒体を棚卸しし、施錠・クリアデスク・のぞき見防止・持込みを巡回確認する。",
        "Devices/media are counted on schedule and areas are patrolled for locked storage, clear "
        "desk, screen and peeping protection, device bring-in.",
    ),
    sources=sources(
        seeds="PER-4.5.2; MIX-M.E1; MIX-M.E2",
        appi="Art.23",
        ppc_guideline="10-5(1); 10-5(2)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "NOT_FOUND": Code(
            "high",
            Text(
                "見当たらない媒体、又は前回あって今回数えられていない媒体。",
                "Not found, or counted in the stocktake before and not in this one.",
            ),
            Text("{subject}：棚卸しで見つからない。", "{subject}: not found in the stocktake."),
        ),
        "CAMPAIGN_OVERDUE": Code(
            "medium",
            Text(
                "前の棚卸し（なければ監視の開始）から stock_months が過ぎた。",
                "stock_months have passed since the last stocktake, or since monitoring began.",
            ),
            Text("{last} 以来、棚卸しがない。", "No stocktake since {last}."),
        ),
        "PATROL_OVERDUE": Code(
            "low",
            Text(
                "前の巡回から patrol_days が過ぎた区域。",
                "patrol_days have passed since the zone was last patrolled.",
            ),
            Text("{subject}：{last} 以来、巡回がない。", "{subject}: no patrol since {last}."),
        ),
        "NG": Code(
            "low",
            Text(
                "巡回で不備があった（同じ項目が三回続けば medium）、又は施錠されていない媒体。",
                "Something was wanting on patrol, medium for the third time in a row; or a medium "
                "that is not locked away.",
            ),
            Text("{subject}：不備（{item}）。", "{subject}: wanting ({item})."),
        ),
    },
    checks=checks,
    evidence=Text("数えた数と見つかった数、巡回票", "List counted/found; patrol sheet"),
    response=Text(
        "捜索し、1 営業日以内に紛失として届け、事故として扱う。",
        "Search; asset.lost within 1 business day; incident.",
    ),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NOT_FOUND",
            "見当たらない媒体",
            "counted and not found",
            count("spring", SPRING, found=False),
            subject="spring|usb-7",
            severity="high",
        ),
        fine("NOT_FOUND", "見つかった媒体", "found", count("spring", SPRING, found=True)),
        breach(
            "NOT_FOUND",
            "棚卸しの期間の後に数えた媒体",
            "counted a second after the stocktake was to end",
            count("spring", SPRING),
            OTHER,
            count("autumn", "2026-12-04 00:00:01"),
            subject="autumn|usb-7",
        ),
        fine(
            "NOT_FOUND",
            "棚卸しの期間の終わりに数えた媒体",
            "counted as it ends",
            count("spring", SPRING),
            OTHER,
            count("autumn", "2026-12-04 00:00:00"),
        ),
        fine(
            "NOT_FOUND",
            "廃棄した媒体",
            "disposed of in between",
            count("spring", SPRING),
            event(AssetDisposed, "2026-08-03 10:00:00", asset_id="usb-7"),
            OTHER,
            until="2026-12-04T00:00:01+09:00",
        ),
        breach(
            "CAMPAIGN_OVERDUE",
            "半年を一日過ぎた棚卸し",
            "a stocktake a second after the half year",
            count("spring", SPRING),
            count("autumn", "2026-11-12 00:00:01"),
            subject="2026-05-11",
            severity="medium",
        ),
        fine(
            "CAMPAIGN_OVERDUE",
            "半年の最後の一秒",
            "as it ends",
            count("spring", SPRING),
            count("autumn", "2026-11-12 00:00:00"),
        ),
        breach(
            "PATROL_OVERDUE",
            "32 日目の巡回",
            "patrolled a second after the thirty-first day",
            inspected("2026-10-01 18:00:00", clear_desk="ok"),
            inspected("2026-11-02 00:00:01", clear_desk="ok"),
            subject="zone-desk|2026-10-01",
            severity="low",
        ),
        fine(
            "PATROL_OVERDUE",
            "31 日目の巡回",
            "patrolled as it ends",
            inspected("2026-10-01 18:00:00", clear_desk="ok"),
            inspected("2026-11-02 00:00:00", clear_desk="ok"),
        ),
        breach(
            "PATROL_OVERDUE",
            "一度も巡回のない区域",
            "a zone with a door that nobody ever patrolled",
            event(BadgeRead, "2026-10-01 09:00:00", zone_id="zone-vault", zone_class="management"),
            subject="zone-vault|2026-10-01",
            until="2026-11-02T00:00:01+09:00",
        ),
        fine(
            "PATROL_OVERDUE",
            "一般区域",
            "a general zone",
            event(BadgeRead, "2026-10-01 09:00:00", zone_id="zone-vault", zone_class="general"),
            until="2026-11-02T00:00:01+09:00",
        ),
        breach(
            "NG",
            "机上の書類",
            "papers left on a desk",
            inspected("2026-10-01 18:00:00", clear_desk="ng"),
            subject="zone-desk|clear_desk",
            severity="low",
        ),
        fine(
            "NG",
            "片づいた机",
            "a clear desk",
            inspected("2026-10-01 18:00:00", clear_desk="ok"),
        ),
        breach(
            "NG",
            "三回続いた不備",
            "for the third time in a row",
            inspected("2026-10-01 18:00:00", clear_desk="ng"),
            inspected("2026-10-12 18:00:00", clear_desk="ng"),
            inspected("2026-10-22 18:00:00", clear_desk="ng"),
            severity="medium",
        ),
        breach(
            "NG",
            "間に一度直った不備",
            "twice, and once more after it had been mended",
            inspected("2026-10-01 18:00:00", clear_desk="ng"),
            inspected("2026-10-12 18:00:00", clear_desk="ok"),
            inspected("2026-10-22 18:00:00", clear_desk="ng"),
            severity="low",
        ),
        breach(
            "NG",
            "施錠されていない媒体",
            "a medium that is not locked away",
            count("spring", SPRING, locked_storage=False),
            subject="spring|usb-7",
        ),
    ),
)
