"""ANO-02  匿名加工情報の公表と明示 — items are published first, recipients are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.books.anonymized import ANON, ANON_PUBLISHED, ANON_SERIES
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import AnonCreated, AnonProvided, AnonPublished
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    pub_days: int = limit(14, "d", "作成から公表までの日数。", "Days from making to publication.")


def fact(told_of: Any) -> Fact:
    if isinstance(told_of, AnonCreated):
        return told(told_of, "created", "kind", "items", "on_behalf_of", "series_id")
    if isinstance(told_of, AnonProvided):
        return told(told_of, "provided", "provision_id", "label_given", "label_method", "items")
    return told(told_of, "published")


def checks(limits: Limits) -> tuple[Check, ...]:
    def published(anon: str, view: View) -> list[AnonPublished]:
        """What was published of the set, and of its whole series."""
        made = view.latest(ANON, anon, FOREVER - 1)
        series = made.series_id if made is not None else None
        found = [*view.all(ANON_PUBLISHED, anon)]
        if series and series != anon:
            found += [p for p in view.all(ANON_PUBLISHED, series) if p.series]
        return found

    def anonymized(facts: Sequence[Fact]) -> Fact | None:
        made = standing(facts, "created")
        return made[-1] if made and made[-1][4]["kind"] == "anonymized" else None

    def announced(anon: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        made = anonymized(facts)
        if made is None:
            return
        common: dict[str, Any] = {"subject": anon, "item": "published", "events": (made[1],)}
        if made[4]["on_behalf_of"] is not None:
            yield Judgement("not_applicable", at=made[0], **common)
            return
        items = [p.occurred_at for p in published(anon, view) if p.what == "created_items"]
        end = day_end(jst_day(made[0]) + timedelta(days=limits.pub_days))
        yield due_by(end, min(items, default=None), "NOT_PUBLISHED", view, begun=made[0], **common)

    def known(anon: str, facts: Sequence[Fact], view: View) -> bool:
        """An anonymized set, or one of which nobody told how it was made."""
        return anonymized(facts) is not None or not standing(facts, "created")

    def before(anon: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for sent in standing(facts, "provided") if known(anon, facts, view) else ():
            earlier = [p for p in published(anon, view) if p.occurred_at < sent[0]]
            items = any(p.what == "created_items" for p in earlier)
            method = any(p.what == "provision_items_method" and p.method for p in earlier)
            common: dict[str, Any] = {
                "subject": sent[4]["provision_id"] or sent[1], "item": sent[1], "at": sent[0],
                "events": (sent[1],),
            }  # fmt: skip
            if items and method:
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "PROVIDED_BEFORE_PUBLICATION", **common)

    def labelled(anon: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for sent in standing(facts, "provided") if known(anon, facts, view) else ():
            if not sent[4]["label_given"] or sent[4]["label_method"] == "none":
                subject = sent[4]["provision_id"] or sent[1]
                yield Judgement(
                    "violation", "NO_LABEL", subject, sent[0], item=sent[1], events=(sent[1],)
                )

    def same(anon: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        made = anonymized(facts)
        if made is None:
            return
        told_of = published(anon, view)
        items = [p for p in told_of if p.what == "created_items"]
        differs = [p for p in items if set(p.items) != set(made[4]["items"])]
        if differs:
            yield Judgement(
                "violation", "ITEMS_DIFFER", anon, differs[0].occurred_at, item="created",
                events=(differs[0].event_id,),
            )  # fmt: skip
        methods = [p for p in told_of if p.what == "provision_items_method"]
        named = {item for p in methods for item in p.items}
        for sent in standing(facts, "provided") if methods else ():
            if set(sent[4]["items"]) - named:
                yield Judgement(
                    "violation", "ITEMS_DIFFER", anon, sent[0], item=sent[1], events=(sent[1],)
                )

    def of_series(told_of: AnonPublished, view: View) -> Iterable[str]:
        return [made.anon_id for made in view.all(ANON_SERIES, told_of.anon_id)]

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        kinds = (AnonCreated, AnonPublished, AnonProvided)
        return Case(
            name,
            (code,),
            kinds,
            one_key("anon_id"),
            fact,
            judge,
            span=moment,
            by=dict.fromkeys(kinds, "anon_id"),
            touches={AnonPublished: of_series},
            **more,
        )

    return (
        case("published", "NOT_PUBLISHED", announced, awaits=(AnonPublished,)),
        case("before", "PROVIDED_BEFORE_PUBLICATION", before),
        case("label", "NO_LABEL", labelled),
        case("items", "ITEMS_DIFFER", same),
    )


def made(**given: Any) -> AnonCreated:
    said = {"anon_id": "anon-1", "kind": "anonymized", "items": ["age", "area"], **given}
    return event(AnonCreated, "2026-11-02 10:00:00", **said)


def published(at: str, what: str = "created_items", **given: Any) -> AnonPublished:
    said = {"anon_id": "anon-1", "items": ["age", "area"], "method": "secure download", **given}
    return event(AnonPublished, at, what=what, **said)


def provided(**given: Any) -> AnonProvided:
    said = {
        "anon_id": "anon-1", "label_given": True, "label_method": "email",
        "items": ["age", "area"], "provision_id": "prov-1", **given,
    }  # fmt: skip
    return event(AnonProvided, "2026-11-11 10:00:00", **said)


ITEMS = published("2026-11-04 10:00:00")
METHOD = published("2026-11-05 10:00:00", "provision_items_method")

CONTROL = Control(
    id="ANO-02",
    title=Text(
        "匿名加工情報の公表と明示",
        "Items published on creation and before provision; recipient told",
    ),
    requirement=Text(
        "作成後遅滞なく項目を公表し、提供前に項目・方法を公表し、提供先に明示する。",
        "Items published without delay after creation and before use/provision; items+method "
        "before provision; recipient told in writing or mail.",
    ),
    sources=sources(
        seeds="PYX-8.a.iii; PYX-8.b.i; PYX-8.b.ii",
        appi="Art.43(3); Art.43(4); Art.44",
        ppc_guideline="anon. vol. 3-2-4, 3-2-5 (Rule 36-38)",
        pms_guideline="J.8.9",
    ),
    params=Limits(),
    codes={
        "NOT_PUBLISHED": Code(
            "medium",
            Text(
                "作成から pub_days の終わりまでに項目を公表していない。",
                "Items not published by the end of pub_days after the making.",
            ),
            Text("{subject}：項目を公表していない。", "{subject}: its items were not published."),
        ),
        "PROVIDED_BEFORE_PUBLICATION": Code(
            "high",
            Text(
                "項目と方法を公表する前に提供した。",
                "Provided before items and method were published.",
            ),
            Text("{subject}：公表の前の提供。", "{subject}: provided before publication."),
        ),
        "NO_LABEL": Code(
            "high",
            Text(
                "匿名加工情報である旨を明示していない。",
                "The recipient was not told that it is anonymized information.",
            ),
            Text("{subject}：明示していない。", "{subject}: the recipient was not told."),
        ),
        "ITEMS_DIFFER": Code(
            "medium",
            Text(
                "公表した項目が作成・提供した項目と異なる。",
                "What was published is not what was made or provided.",
            ),
            Text("{subject}：公表した項目が異なる。", "{subject}: published items differ."),
        ),
    },
    checks=checks,
    evidence=Text("URL、日付、明示の写し", "URLs, dates, label copy"),
    response=Text("公表し、提供先に知らせる。", "Publish, tell recipient."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NOT_PUBLISHED",
            "15 日目の公表",
            "published in the first second after the fourteenth day",
            made(),
            published("2026-11-17 00:00:01"),
            subject="anon-1",
            severity="medium",
        ),
        fine(
            "NOT_PUBLISHED",
            "14 日目の終わりの公表",
            "published at its end",
            made(),
            published("2026-11-17 00:00:00"),
        ),
        fine(
            "NOT_PUBLISHED",
            "系列としての公表",
            "published for the whole series",
            made(anon_id="anon-2", series_id="anon-1"),
            published("2026-10-04 10:00:00", series=True),
            until="2026-11-17T00:00:01+09:00",
        ),
        breach(
            "PROVIDED_BEFORE_PUBLICATION",
            "公表と同時の提供",
            "provided in the second of the publication",
            made(),
            ITEMS,
            published("2026-11-11 10:00:00", "provision_items_method"),
            provided(),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "PROVIDED_BEFORE_PUBLICATION",
            "公表の一秒後の提供",
            "a second after it",
            made(),
            ITEMS,
            published("2026-11-11 09:59:59", "provision_items_method"),
            provided(),
        ),
        breach(
            "NO_LABEL",
            "明示のない提供",
            "provided without a word",
            made(),
            ITEMS,
            METHOD,
            provided(label_given=False),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "NO_LABEL",
            "明示した提供",
            "the recipient was told",
            made(),
            ITEMS,
            METHOD,
            provided(label_given=True),
        ),
        breach(
            "ITEMS_DIFFER",
            "公表していない項目の提供",
            "an item more than was published",
            made(),
            ITEMS,
            METHOD,
            provided(items=["age", "area", "job"]),
            subject="anon-1",
            severity="medium",
        ),
        fine(
            "ITEMS_DIFFER",
            "公表した項目の提供",
            "what was published",
            made(),
            ITEMS,
            METHOD,
            provided(items=["age"]),
        ),
    ),
)
