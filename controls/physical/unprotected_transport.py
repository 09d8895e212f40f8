"""PHY-06  移送中の保護と受領確認 — what is transported is protected and arrives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.deadlines import due_by
from controls.events import TransportDispatched, TransportReceived
from controls.examples import breach, event, fine, unknown
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    grace_hours: int = limit(
        24, "h", "到着予定からの猶予時間。", "Hours of grace after it is expected."
    )


def fact(event: Any) -> Fact:
    if isinstance(event, TransportDispatched):
        names = ("contents_kind", "has_pd", "protection", "expected_at", "internal_move")
        return told(event, "sent", *names)
    return told(event, "received", "seal_intact")


def checks(limits: Limits) -> tuple[Check, ...]:
    def sent(shipment: str, facts: Sequence[Fact]) -> Iterator[tuple[Fact, dict[str, Any]]]:
        for out in standing(facts, "sent"):
            if out[4]["has_pd"]:
                yield out, {"subject": shipment, "item": out[1], "events": (out[1],)}

    def protected(shipment: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for out, common in sent(shipment, facts):
            paper = out[4]["contents_kind"] == "paper"
            wanted = {"sealed", "locked_case"} if paper else {"encrypted"}
            if wanted.intersection(out[4]["protection"]):
                yield Judgement("pass", at=out[0], **common)
            else:
                yield Judgement("violation", "UNPROTECTED", at=out[0], **common)

    def tracked(shipment: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for out, common in sent(shipment, facts):
            if out[4]["internal_move"]:
                yield Judgement("not_applicable", at=out[0], **common)
            elif {"tracked", "hand_carried"}.intersection(out[4]["protection"]):
                yield Judgement("pass", at=out[0], **common)
            else:
                yield Judgement("violation", "NOT_TRACKED", at=out[0], **common)

    def received(shipment: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        there = [f[0] for f in standing(facts, "received")]
        if not standing(facts, "sent"):
            missing = (f"transport.dispatched {shipment}",)
            yield Judgement(
                "indeterminate", None, shipment, facts[0][0], item="sent", events=(facts[0][1],),
                missing=missing,
            )  # fmt: skip
        for out, common in sent(shipment, facts):
            end = out[4]["expected_at"] + limits.grace_hours * HOUR
            done = there[0] if there else None
            yield due_by(end, done, "NOT_RECEIVED", view, begun=out[0], **common)

    def sealed(shipment: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for _, common in sent(shipment, facts):
            if "sealed" not in standing(facts, "sent")[-1][4]["protection"]:
                return
            for there in standing(facts, "received"):
                common |= {"item": there[1], "events": (there[1],), "at": there[0]}
                if there[4]["seal_intact"]:
                    yield Judgement("pass", **common)
                else:
                    yield Judgement("violation", "SEAL_BROKEN", **common)

    def case(name: str, code: str, judge: Any, *awaits: Any) -> Case:
        return Case(
            name,
            (code,),
            (TransportDispatched, TransportReceived),
            one_key("shipment_id"),
            fact,
            judge,
            span=moment,
            by={TransportDispatched: "shipment_id"},
            awaits=awaits,
        )

    return (
        case("protection", "UNPROTECTED", protected),
        case("tracking", "NOT_TRACKED", tracked),
        case("receipt", "NOT_RECEIVED", received, TransportReceived),
        case("seal", "SEAL_BROKEN", sealed),
    )


def dispatched(at: str, **given: Any) -> TransportDispatched:
    return event(
        TransportDispatched,
        at,
        **{
            "shipment_id": "shp-1",
            "contents_kind": "media",
            "has_pd": True,
            "protection": ["encrypted", "sealed", "tracked"],
            "expected_at": "2026-11-12 10:00:00",
            **given,
        },
    )


def received_at(at: str, **given: Any) -> TransportReceived:
    return event(TransportReceived, at, **{"shipment_id": "shp-1", "seal_intact": True, **given})


SENT, THERE = "2026-11-11 10:00:00", received_at("2026-11-12 09:00:00")

CONTROL = Control(
    id="PHY-06",
    title=Text("移送中の保護と受領確認", "Transport protected and received"),
    requirement=Text(
        "移送は暗号化・封緘・施錠と追跡を行い受領を確認する（社内移動を含む）。",
        "PD in transport is encrypted/sealed/locked and traceable, receipt confirmed; internal "
        "moves too.",
    ),
    sources=sources(
        seeds="PER-4.5.3; MIX-M.E3",
        appi="Art.23",
        ppc_guideline="10-5(3); 10-6(4)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "UNPROTECTED": Code(
            "high",
            Text(
                "媒体・機器が暗号化されていない、または書類が封緘・施錠されていない。",
                "Media or a device not encrypted, or paper neither sealed nor locked.",
            ),
            Text("{subject}：保護なしに移送した。", "{subject}: transported without protection."),
        ),
        "NOT_TRACKED": Code(
            "medium",
            Text(
                "社外への移送を追跡できず、手渡しでもない。",
                "Sent outside neither tracked nor by hand.",
            ),
            Text("{subject}：追跡できない方法で移送した。", "{subject}: cannot be traced."),
        ),
        "NOT_RECEIVED": Code(
            "high",
            Text(
                "到着予定に猶予を加えた時までに受領の記録がない。",
                "No receipt when the grace after its expected arrival was over.",
            ),
            Text("{subject}：受領が確認されていない。", "{subject}: no receipt was recorded."),
        ),
        "SEAL_BROKEN": Code(
            "critical",
            Text(
                "封緘した荷の封が破れていた（事故の候補）。",
                "The seal was broken when it arrived (an incident candidate).",
            ),
            Text("{subject}：到着時に封が破れていた。", "{subject}: the seal was broken."),
        ),
    },
    checks=checks,
    evidence=Text("送り状の番号、方法、受領", "Shipment id, method, receipt"),
    response=Text("追跡し、事故として扱う。", "Trace, incident."),
    false_positives=Text("週末の配達", "Weekend delivery"),
    examples=(
        breach(
            "UNPROTECTED",
            "暗号化されていない媒体",
            "media that are not encrypted",
            dispatched(SENT, protection=["sealed", "tracked"]),
            THERE,
            subject="shp-1",
            severity="high",
        ),
        fine(
            "UNPROTECTED",
            "封緘した書類",
            "paper, sealed",
            dispatched(SENT, contents_kind="paper", protection=["sealed", "tracked"]),
            THERE,
        ),
        fine(
            "UNPROTECTED",
            "暗号化した媒体",
            "encrypted media",
            dispatched(SENT, protection=["encrypted", "tracked"]),
            THERE,
        ),
        breach(
            "NOT_TRACKED",
            "追跡のない社外便",
            "outside mail that cannot be traced",
            dispatched(SENT, protection=["encrypted"], internal_move=False),
            THERE,
            subject="shp-1",
            severity="medium",
        ),
        fine(
            "NOT_TRACKED",
            "社内の移動",
            "a move within the house",
            dispatched(SENT, protection=["encrypted"], internal_move=True),
            THERE,
        ),
        breach(
            "NOT_RECEIVED",
            "猶予を一秒過ぎた受領",
            "received one second after the grace",
            dispatched(SENT),
            received_at("2026-11-13 10:00:01"),
            subject="shp-1",
            severity="high",
        ),
        fine(
            "NOT_RECEIVED",
            "猶予の終わりの受領",
            "received at the end of the grace",
            dispatched(SENT),
            received_at("2026-11-13 10:00:00"),
        ),
        breach(
            "SEAL_BROKEN",
            "封が破れていた",
            "the seal was broken",
            dispatched(SENT),
            received_at("2026-11-12 09:00:00", seal_intact=False),
            subject="shp-1",
            severity="critical",
        ),
        fine(
            "SEAL_BROKEN",
            "封は無事だった",
            "the seal was intact",
            dispatched(SENT),
            received_at("2026-11-12 09:00:00", seal_intact=True),
        ),
        fine(
            "SEAL_BROKEN",
            "封緘していない荷",
            "a shipment that was not sealed",
            dispatched(SENT, protection=["encrypted", "tracked"]),
            received_at("2026-11-12 09:00:00", seal_intact=False),
        ),
        unknown(
            "NOT_RECEIVED",
            "発送の記録がない荷の受領",
            "a receipt of what nobody sent",
            received_at("2026-11-12 09:00:00"),
        ),
    ),
)
