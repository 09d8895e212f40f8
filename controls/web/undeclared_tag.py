"""WEB-01  外部送信の公表 — what pages send to others is declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.books.web import DECLARED, base, declaration, vendors
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import TagDeclared, TagObserved
from controls.examples import breach, event, fine
from controls.kernel import DAY, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, remember, standing, told


class Limits(Params):
    grace_days: int = limit(
        3,
        "d",
        "初めて観測してから公表までの日数。",
        "Days from first sight to declaration.",
    )
    orphan_days: int = limit(
        180, "d", "観測されない送信先を残す日数。", "Days for which a recipient may go unseen."
    )


THINNED = 30 * DAY
"""Sightings older than this before the newest (ms) are thinned."""


def seen(tag: TagObserved) -> Fact:
    """`[at, event_id, corrects, what, domain, items]`"""
    return [
        tag.occurred_at, tag.event_id, tag.corrects_event_id or "", "seen",
        tag.third_party_domain, list(tag.data_items),
    ]  # fmt: skip


def daily(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    """Of the sightings of a domain, the first and the last of each day with the same items; of
    old ones one a week, and the first of each item."""
    days: dict[Any, list[Fact]] = {}
    every = remember(facts, new)
    cut = every[-1][0] - THINNED if every else 0
    others = [f for f in every if f[3] != "seen"]
    items: set[Any] = set()
    for fact in every:
        if fact[3] != "seen":
            continue
        fresh = {(fact[4], item) for item in fact[5]} - items
        items |= fresh
        width = 1 if fact[0] >= cut else 7
        key = fact[4], tuple(fact[5]), jst_day(fact[0]).toordinal() // width
        line = days.setdefault(key, [])
        line[1 if line and not fresh else len(line) :] = [fact]
    return sorted([*others, *(fact for line in days.values() for fact in line)])


def checks(limits: Limits) -> tuple[Check, ...]:
    grace = timedelta(days=limits.grace_days)

    def domains(facts: Sequence[Fact]) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = {}
        for sight in standing(facts, "seen"):
            found.setdefault(sight[4], []).append(sight)
        return found

    def declared(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for domain, sights in domains(facts).items():
            end = day_end(jst_day(sights[0][0]) + grace)
            common: dict[str, Any] = {
                "subject": domain, "item": domain, "events": (sights[0][1],),
            }  # fmt: skip
            later = [s[0] for s in sights if s[0] > end]
            moments = [end, *later] if view.now > end else []
            broken = [at for at in moments if declaration(domain, at, view) is None]
            if not moments:
                yield Judgement("not_applicable", at=sights[0][0], until=end, **common)
            elif broken:
                closed = declaration(domain, view.now, view) is not None
                yield Judgement(
                    "violation", "UNDECLARED", at=broken[0], detected=broken[0],
                    since=sights[0][0], closed=closed, **common,
                )  # fmt: skip
            else:
                yield Judgement("pass", at=end, **common)

    def itemised(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for domain, sights in domains(facts).items():
            firsts: dict[str, Fact] = {}
            for sight in sights:
                for item in sight[5]:
                    firsts.setdefault(item, sight)
            for item, sight in firsts.items():
                end = day_end(jst_day(sight[0]) + grace)
                common: dict[str, Any] = {
                    "subject": domain, "item": f"{domain} {item}", "events": (sight[1],),
                    "facts": {"item": item},
                }  # fmt: skip
                if view.now <= end:
                    yield Judgement("not_applicable", at=sight[0], until=end, **common)
                    continue
                said = declaration(domain, end, view)
                if said is not None and item not in said.data_items:
                    now = declaration(domain, view.now, view)
                    closed = now is not None and item in now.data_items
                    yield Judgement(
                        "violation", "ITEMS_EXCEED", at=end, detected=end, since=sight[0],
                        closed=closed, **common,
                    )  # fmt: skip

    def refusable(vendor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts):
            said = line[4]
            common: dict[str, Any] = {
                "subject": vendor, "item": line[1], "at": line[0], "events": (line[1],),
            }  # fmt: skip
            empty = not said["opt_out_url"] or not said["recipient_purpose"]
            if said["domains"] and empty:
                yield Judgement("violation", "NO_OPTOUT", **common)
            else:
                yield Judgement("pass", **common)

    def in_use(vendor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        declared_on = view.all(DECLARED, vendor)
        if not declared_on:
            return
        gone = [d.published_at for d in declared_on if not d.domains]
        signs = sorted(
            (*(s[0] for s in standing(facts, "seen")), *(d.published_at for d in declared_on))
        )
        for place, sign in enumerate(signs):
            end = day_end(jst_day(sign) + timedelta(days=limits.orphan_days))
            after = signs[place + 1] if place + 1 < len(signs) else None
            if after is not None and after <= end:
                continue
            common: dict[str, Any] = {"subject": vendor, "item": f"{jst_day(sign)}"}
            if any(at <= end for at in gone):
                yield Judgement("not_applicable", at=sign, **common)
            else:
                yield due_by(end, after, "ORPHAN", view, begun=sign, **common)

    def of_vendor(told_of: Any, view: View) -> Iterable[str]:
        if isinstance(told_of, TagDeclared):
            return (told_of.vendor_id,)
        return vendors(told_of.third_party_domain, view)

    def fact(told_of: Any) -> Fact:
        return told(told_of, "declared") if isinstance(told_of, TagDeclared) else seen(told_of)

    def bases(change: TagDeclared, view: View) -> Iterable[str]:
        every = (d for d in view.all(DECLARED, change.vendor_id))
        return {base(domain) for d in (*every, change) for domain in d.domains}

    def of_domain(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (TagObserved,),
            lambda tag: base(tag.third_party_domain),
            seen,
            judge,
            across=True,
            span=moment,
            merge=daily,
            touches={TagDeclared: bases},
            awaits=(TagDeclared,),
        )

    return (
        of_domain("declared", "UNDECLARED", declared),
        of_domain("items", "ITEMS_EXCEED", itemised),
        Case(
            "optout",
            ("NO_OPTOUT",),
            (TagDeclared,),
            one_key("vendor_id"),
            lambda d: told(d, "declared", "opt_out_url", "recipient_purpose", "domains"),
            refusable,
            span=moment,
            by={TagDeclared: "vendor_id"},
        ),
        Case(
            "use",
            ("ORPHAN",),
            (TagObserved, TagDeclared),
            one_key("vendor_id"),
            fact,
            in_use,
            across=True,
            placed=of_vendor,
            span=moment,
            merge=daily,
            awaits=(TagObserved,),
        ),
    )


def tag(at: str, *items: str, domain: str = "m.ads.example") -> TagObserved:
    return event(
        TagObserved, at, page_class="/shop", third_party_domain=domain, data_items=list(items),
        consent_state="allowed",
    )  # fmt: skip


def declared(published_at: str, **given: Any) -> TagDeclared:
    said = {
        "vendor_id": "vnd-1", "domains": ["ads.example"], "data_items": ["page"],
        "recipient_purpose": "ads", "opt_out_url": "https://ads.example/no", **given,
    }  # fmt: skip
    return event(TagDeclared, "2026-04-01 09:00:00", published_at=published_at, **said)


SEEN = "2026-11-02 10:00:00"
AFTER = "2026-11-06T00:00:02+09:00"

CONTROL = Control(
    id="WEB-01",
    title=Text("外部送信の公表", "External transmissions declared"),
    requirement=Text(
        "観測した外部送信先は、情報・送信先・目的・オプトアウトとともに公表されている。",
        "Every third-party tag seen on pages is in the published list with items, recipient, "
        "purpose and opt-out link; declared tools match.",
    ),
    sources=sources(
        seeds="PYX-1.e; PYX-7.0; PYX-7.a.1; PYX-7.a.4; PYX-7.b.1; PYX-7.b.4; PYX-7.c.1; "
        "PYX-7.c.4; PYX-7.d.3; PER-1.4; PER-1.8; MIX-B1; MIX-B5; PIC-C0; PIC-C2; JUS-K0; "
        "JUS-K1; JUS-K2; JUS-L1; JUS-L2; JUS-L5; JUS-L9",
        appi="Art.21; Telecom Business Act Art.27-12 (in force 2023-06-16)",
        ppc_guideline="3-3-3",
        pms_guideline="J.8.4",
    ),
    params=Limits(),
    codes={
        "UNDECLARED": Code(
            "medium",
            Text(
                "観測した送信先を grace_days の終わりまでに公表していない。",
                "A recipient that was seen is not declared by the end of grace_days.",
            ),
            Text("{subject}：公表していない送信先。", "{subject}: not declared."),
        ),
        "ITEMS_EXCEED": Code(
            "medium",
            Text(
                "公表していない情報を送信している。",
                "More is sent than was declared by the end of grace_days.",
            ),
            Text("{subject}：公表していない情報（{item}）。", "{subject}: sends {item} too."),
        ),
        "NO_OPTOUT": Code(
            "low",
            Text(
                "オプトアウト又は目的のない公表。",
                "Declared without an opt-out or a purpose.",
            ),
            Text(
                "{subject}：オプトアウト又は目的がない。",
                "{subject}: without opt-out or purpose.",
            ),
        ),
        "ORPHAN": Code(
            "info",
            Text(
                "orphan_days の間観測されない送信先を公表している。",
                "Declared, and not seen for orphan_days.",
            ),
            Text("{subject}：使われていない公表。", "{subject}: declared and not in use."),
        ),
    },
    checks=checks,
    evidence=Text(
        "送信先、ページの種類、最初と最後の観測", "Domain × page class × first/last seen"
    ),
    response=Text("除くか公表する。", "Remove or declare."),
    false_positives=Text(
        "利用者の拡張機能：巡回によって確かめる。", "Browser extensions in RUM data: use crawler."
    ),
    examples=(
        breach(
            "UNDECLARED",
            "三日を一秒過ぎた公表",
            "declared a second after three days",
            tag(SEEN, "page"),
            declared("2026-11-06 00:00:01"),
            subject="m.ads.example",
            severity="medium",
            until=AFTER,
        ),
        fine(
            "UNDECLARED",
            "三日での公表",
            "declared at their end",
            tag(SEEN, "page"),
            declared("2026-11-06 00:00:00"),
            until=AFTER,
        ),
        breach(
            "UNDECLARED",
            "別のドメインの公表",
            "another domain was declared",
            tag(SEEN, "page", domain="badads.example"),
            declared("2026-10-01 09:00:00"),
            until=AFTER,
        ),
        breach(
            "ITEMS_EXCEED",
            "公表していない情報の送信",
            "an item that was not declared",
            tag(SEEN, "email"),
            declared("2026-10-01 09:00:00"),
            subject="m.ads.example",
            severity="medium",
            until=AFTER,
        ),
        fine(
            "ITEMS_EXCEED",
            "公表した情報の送信",
            "a declared one",
            tag(SEEN, "page"),
            declared("2026-10-01 09:00:00"),
            until=AFTER,
        ),
        breach(
            "NO_OPTOUT",
            "オプトアウトのない公表",
            "declared without an opt-out",
            declared("2026-04-01 09:00:00", opt_out_url=""),
            subject="vnd-1",
            severity="low",
        ),
        fine(
            "NO_OPTOUT",
            "オプトアウトのある公表",
            "with one",
            declared("2026-04-01 09:00:00", opt_out_url="https://ads.example/no"),
        ),
        breach(
            "ORPHAN",
            "181 日目の観測",
            "seen in the first second after the hundred and eightieth day",
            declared("2026-04-01 09:00:00"),
            tag("2026-09-29 00:00:01", "page"),
            subject="vnd-1",
            severity="info",
        ),
        fine(
            "ORPHAN",
            "180 日目の終わりの観測",
            "seen at its end",
            declared("2026-04-01 09:00:00"),
            tag("2026-09-29 00:00:00", "page"),
        ),
    ),
)
