"""REQ-06  訂正・利用停止・消去の実施 — corrections, stops and erasures really happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.asked import principals
from controls.books.principals import USES, from_then_on, said, without_old_uses
from controls.books.rights import DECISIONS, REQUESTS
from controls.calendar import day_end, jst_day
from controls.events import (
    ConsentChanged,
    MarketingSent,
    OptoutRecorded,
    RequestDecided,
    RequestExecuted,
    RequestReceived,
    TransferProvided,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.rights import request as requests
from controls.rights.request import ACCEPTED, by_request, decision, first, no_request
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    exec_days: int = limit(
        14, "d", "実施を終えるまでの日数。", "Days in which it is carried out everywhere."
    )
    grace_days: int = limit(
        14,
        "d",
        "利用停止の後、発送済みの配信を許す日数。",
        "Days in which mailings already under way may still arrive.",
    )
    kinds: tuple[str, ...] = limit(
        ("correction", "addition", "deletion", "stop_use", "erase", "stop_provision"),
        "",
        "実施を要する請求。",
        "Kinds of request that are carried out.",
    )
    art27_1: tuple[str, ...] = limit(
        ("law", "life_property", "public_health", "public_body", "academic"),
        "",
        "法 27 条 1 項各号に当たる根拠。",
        "Grounds of Art. 27(1).",
    )


STOPS_USE = ("stop_use", "erase", "deletion")


def fact(event: Any) -> Fact:
    """What a principal said or got, and the request as the books tell of it."""
    if isinstance(event, RequestReceived):
        return told(event, "request", "request_id")
    return said(event)


def checks(limits: Limits) -> tuple[Check, ...]:
    def granted(request: str, view: View) -> Any | None:
        """The decision, where it grants the request."""
        decided = view.latest(DECISIONS, request, FOREVER - 1)
        return decided if decided is not None and decided.decision in ACCEPTED else None

    def missing(facts: Sequence[Fact], end: int) -> set[str]:
        """Systems and contractors that nobody has seen to by then."""
        done = [e[4] for e in standing(facts, "executed") if e[0] <= end]
        wanted, reached = set[str](), set[str]()
        for each in done:
            wanted |= {*each["systems_required"], *(each["contractors_required"] or ())}
            reached |= {*each["systems_done"], *each["contractors_notified"]}
        return wanted - reached

    def executed(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        decided, made = decision(facts), first(facts, RequestReceived)
        common: dict[str, Any] = {"subject": request, "item": "execution"}
        if decided is None or decided[4]["decision"] not in ACCEPTED:
            return
        instead = decided[4]["ground"] == "alternative_measure" and decided[4]["document_ref"]
        if made is None:
            yield Judgement("indeterminate", **no_request(facts, request), **common)
            return
        if made["kind"] not in limits.kinds or instead:
            yield Judgement("not_applicable", at=decided[0], **common)
            return
        end = day_end(jst_day(decided[0]) + timedelta(days=limits.exec_days))
        done = [e[0] for e in standing(facts, "executed")]
        common["events"] = (decided[1],)
        whole = next((at for at in done if not missing(facts, at)), None)
        if whole is not None and whole <= end:
            yield Judgement("pass", at=whole, **common)
        elif view.now <= end:
            yield Judgement("not_applicable", at=decided[0], until=end, **common)
        else:
            code = "PARTIAL" if done and done[0] <= end else "NOT_EXECUTED"
            yield Judgement(
                "violation", code, at=end, detected=end, since=decided[0],
                closed=whole is not None, **common,
            )  # fmt: skip

    def ours(facts: Sequence[Fact], view: View, kinds: Sequence[str]) -> Iterator[tuple[Any, Any]]:
        """Requests of the principal, of these kinds, that were granted, with the decision."""
        for fact in standing(facts, "request"):
            made = view.event(fact[1])
            if made is not None and made.kind in kinds:
                decided = granted(made.request_id, view)
                if decided is not None:
                    yield made, decided

    def opted_out(facts: Sequence[Fact], at: int, channel: str) -> bool:
        """An opt-out that CON-06 judges the mailing by."""
        scopes = ("ads",) if channel == "ad" else ("marketing_email", "marketing_all")
        return any(
            o[4]["effective_at"] <= at and o[4]["scope"] in scopes
            for o in standing(facts, "optout")
        )

    def sent_after(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for made, decided in ours(facts, view, STOPS_USE):
            last = day_end(jst_day(decided.occurred_at) + timedelta(days=limits.grace_days))
            for mailing in standing(facts, "sent"):
                at, channel = mailing[0], mailing[4]["channel"]
                if at >= last and not opted_out(facts, at, channel):
                    yield Judgement(
                        "violation", "SENT_AFTER", made.request_id, at,
                        item=f"{made.request_id} {mailing[1]}", events=(mailing[1],),
                    )  # fmt: skip

    def withdrawn(facts: Sequence[Fact], provision: Any) -> bool:
        """TRF-01 or TRF-06 judges the same provision as one against the principal's word."""
        at = provision.occurred_at
        stops = (
            o for o in standing(facts, "optout")
            if o[4]["scope"] == "third_party" and o[4]["effective_at"] <= at
        )  # fmt: skip
        if provision.basis in ("opt_out", "consent") and any(stops):
            return True
        consents = [
            c for c in standing(facts, "consent")
            if c[0] <= at
            and c[4]["kind"] == "third_party"
            and c[4]["recipient_id"] in (None, "", provision.recipient_id)
            and provision.purpose_code in c[4]["purpose_codes"]
        ]  # fmt: skip
        refused = bool(consents) and consents[-1][4]["state"] != "granted"
        return provision.basis == "consent" and refused

    def provided_after(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for made, decided in ours(facts, view, ("stop_provision",)):
            for line in standing(facts, "books"):
                provision = view.event(line[1])
                if not isinstance(provision, TransferProvided) or line[0] <= decided.occurred_at:
                    continue
                if provision.recipient_kind != "third_party":
                    continue
                if provision.basis in limits.art27_1 or withdrawn(facts, provision):
                    continue
                name = provision.provision_id or provision.event_id
                yield Judgement(
                    "violation", "PROVIDED_AFTER", f"{made.request_id}|{name}", line[0],
                    item=f"{made.request_id} {line[1]}", events=(line[1],),
                )  # fmt: skip

    def requester(event: Any, view: View) -> Iterable[str]:
        """Whose request it is, or was decided on."""
        found = view.all(REQUESTS, event.request_id)
        return [made.principal_ref for made in found]

    on = (RequestReceived, RequestDecided, RequestExecuted)

    def of_principal(name: str, code: str, judge: Any) -> Case:
        kinds = (MarketingSent, OptoutRecorded, ConsentChanged)
        return Case(
            name,
            (code,),
            kinds,
            one_key("principal_ref"),
            fact,
            judge,
            keep=USES,
            span=from_then_on,
            forget=without_old_uses,
            by=dict.fromkeys(kinds, "principal_ref"),
            asks={
                RequestReceived: requester,
                RequestDecided: requester,
                TransferProvided: principals,
            },
        )

    return (
        Case(
            "execution",
            ("PARTIAL", "NOT_EXECUTED"),
            on,
            by_request,
            requests.fact,
            executed,
            span=moment,
            by=dict.fromkeys(on, "request_id"),
            awaits=(RequestExecuted,),
        ),
        of_principal("sent", "SENT_AFTER", sent_after),
        of_principal("provided", "PROVIDED_AFTER", provided_after),
    )


def received(kind: str = "stop_use", **given: Any) -> RequestReceived:
    made = {"request_id": "req-1", "principal_ref": "mem-1", "kind": kind, **given}
    return event(RequestReceived, "2026-11-02 10:00:00", **made)


def decided(**given: Any) -> RequestDecided:
    told_by = {"request_id": "req-1", "decision": "accept", **given}
    return event(RequestDecided, "2026-11-06 10:00:00", **told_by)


def done(at: str = "2026-11-09 10:00:00", **given: Any) -> RequestExecuted:
    systems = {"systems_required": ["crm", "mail"], "systems_done": ["crm", "mail"], **given}
    return event(RequestExecuted, at, request_id="req-1", **systems)


def mailing(at: str) -> MarketingSent:
    return event(MarketingSent, at, campaign_id="autumn", principal_ref="mem-1", channel="email")


def provided(at: str, **given: Any) -> TransferProvided:
    sent = {"recipient_kind": "third_party", "basis": "none", "principal_refs": ["mem-1"], **given}
    return event(TransferProvided, at, provision_id="prov-1", principals_count=1, **sent)


CONTROL = Control(
    id="REQ-06",
    title=Text("訂正・利用停止・消去の実施", "Correction, stop and erasure really happen"),
    requirement=Text(
        "認めた訂正・停止・消去を全システム・委託先で実施し、猶予後の利用・提供をしない。",
        "Accepted requests are executed in all systems and contractors; no use or provision "
        "afterwards beyond the stated grace.",
    ),
    sources=sources(
        seeds="PYX-11.1; PER-3-1.b; MIX-P5a; MIX-R.D; PIC-D1; JUS-R0",
        appi="Art.34(2); Art.35",
        ppc_guideline="3-8-4; 3-8-5",
        pms_guideline="J.10.6*; J.10.7*",
    ),
    params=Limits(),
    codes={
        "NOT_EXECUTED": Code(
            "high",
            Text(
                "認めた請求を exec_days の終わりまでに実施していない。",
                "A granted request not carried out by the end of exec_days.",
            ),
            Text(
                "{subject}：認めた請求を実施していない。",
                "{subject}: granted, and not carried out.",
            ),
        ),
        "PARTIAL": Code(
            "medium",
            Text(
                "実施していないシステム、知らせていない委託先が残る。",
                "Systems or contractors are left out.",
            ),
            Text(
                "{subject}：実施していないシステム又は委託先がある。",
                "{subject}: carried out in part only.",
            ),
        ),
        "SENT_AFTER": Code(
            "medium",
            Text(
                "利用停止等の後、grace_days を過ぎて配信した。",
                "Marketing after the grace that follows a stop.",
            ),
            Text(
                "{subject}：利用停止の後に {events} 件配信した。",
                "{subject}: {events} mailings after the stop.",
            ),
        ),
        "PROVIDED_AFTER": Code(
            "high",
            Text(
                "第三者提供の停止を認めた後に提供した。",
                "Provided to a third party after the stop was granted.",
            ),
            Text(
                "{subject}：提供停止の後に提供した。",
                "{subject}: provided after the stop.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("システムの一覧、最初と最後の利用", "System checklist, first/last use"),
    response=Text("配信を抑止する。", "Suppress."),
    false_positives=Text(
        "猶予の間に印刷に回った郵送物。", "Mail already at the printer within the grace."
    ),
    examples=(
        breach(
            "NOT_EXECUTED",
            "15 日目の実施",
            "carried out in the first second after the fourteenth day",
            received(),
            decided(),
            done("2026-11-21 00:00:01"),
            subject="req-1",
            severity="high",
        ),
        fine(
            "NOT_EXECUTED",
            "14 日目の終わりの実施",
            "carried out at its end",
            received(),
            decided(),
            done("2026-11-21 00:00:00"),
        ),
        breach(
            "NOT_EXECUTED",
            "実施の記録がない",
            "never carried out",
            received(),
            decided(),
            subject="req-1",
            until="2026-11-21T00:00:01+09:00",
        ),
        fine(
            "NOT_EXECUTED",
            "記録した代替措置",
            "an alternative measure that a document shows",
            received(),
            decided(ground="alternative_measure", document_ref="doc-1"),
            until="2026-11-21T00:00:01+09:00",
        ),
        breach(
            "PARTIAL",
            "配信システムが残った",
            "the mail system was left out",
            received(),
            decided(),
            done(systems_done=["crm"]),
            subject="req-1",
            severity="medium",
            until="2026-11-21T00:00:01+09:00",
        ),
        fine(
            "PARTIAL",
            "すべてのシステム",
            "in every system",
            received(),
            decided(),
            done(systems_done=["crm", "mail"]),
            until="2026-11-21T00:00:01+09:00",
        ),
        breach(
            "PARTIAL",
            "委託先に知らせていない",
            "a contractor was not told",
            received(),
            decided(),
            done(contractors_required=["printer"]),
            until="2026-11-21T00:00:01+09:00",
        ),
        breach(
            "SENT_AFTER",
            "猶予の翌日の配信",
            "mailed in the first second after the grace",
            received(),
            decided(),
            done(),
            mailing("2026-11-21 00:00:00"),
            subject="req-1",
            severity="medium",
        ),
        fine(
            "SENT_AFTER",
            "猶予の最後の日の配信",
            "mailed in its last second",
            received(),
            decided(),
            done(),
            mailing("2026-11-20 23:59:59"),
        ),
        breach(
            "PROVIDED_AFTER",
            "停止を認めた後の提供",
            "provided one second after the stop was granted",
            received("stop_provision"),
            decided(),
            done(),
            provided("2026-11-06 10:00:01"),
            subject="req-1|prov-1",
            severity="high",
        ),
        fine(
            "PROVIDED_AFTER",
            "決定と同時の提供",
            "provided in the second of the decision",
            received("stop_provision"),
            decided(),
            done(),
            provided("2026-11-06 10:00:00"),
        ),
        fine(
            "PROVIDED_AFTER",
            "法令に基づく提供",
            "provided under a law",
            received("stop_provision"),
            decided(),
            done(),
            provided("2026-11-06 10:00:01", basis="law"),
        ),
        unknown(
            "NOT_EXECUTED",
            "登録のない請求の決定",
            "a decision on what nobody registered",
            decided(),
        ),
    ),
)
