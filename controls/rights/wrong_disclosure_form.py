"""REQ-05  請求方法による開示と送付先 — disclosed in the form asked for, to the right address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.events import RequestDecided, RequestReceived, RequestResponded
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, sources
from controls.registers import View
from controls.rights.request import ACCEPTED, by_request, decision, fact, first, no_request
from controls.shapes import Case, Check, Fact, moment, standing


class Limits(Params):
    pass


DISCLOSURES = ("disclosure", "third_party_record")


def checks(limits: Limits) -> tuple[Check, ...]:
    def other_form(made: dict[str, Any], sent: dict[str, Any]) -> bool:
        wanted = made["requested_method"]
        return wanted not in ("unspecified", sent["method"]) and not sent["method_change_notified"]

    def untracked(made: dict[str, Any], sent: dict[str, Any]) -> bool:
        return bool(sent["method"] == "paper" and not sent["tracked_mail"])

    def elsewhere(made: dict[str, Any], sent: dict[str, Any]) -> bool:
        return bool(sent["address_basis"] == "other")

    def sent_as(name: str, code: str, broken: Any) -> Case:
        def judge(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            made = first(facts, RequestReceived)
            common: dict[str, Any] = {"subject": request, "item": name}
            for answer in standing(facts, "responded"):
                decided = decision(facts, answer[0])
                if decided is None or decided[4]["decision"] not in ACCEPTED:
                    continue
                if made is None:
                    if code == "WRONG_FORM":
                        yield Judgement("indeterminate", **no_request(facts, request), **common)
                    return
                if made["kind"] not in DISCLOSURES:
                    return
                common |= {"at": answer[0], "events": (answer[1],)}
                if broken(made, answer[4]):
                    yield Judgement("violation", code, **common)
                    return
            if "at" in common:
                yield Judgement("pass", **common)

        return Case(
            name,
            (code,),
            on,
            by_request,
            fact,
            judge,
            span=moment,
            by=dict.fromkeys(on, "request_id"),
        )

    on = (RequestReceived, RequestDecided, RequestResponded)
    return (
        sent_as("form", "WRONG_FORM", other_form),
        sent_as("address", "WRONG_ADDRESS", elsewhere),
        sent_as("tracking", "UNTRACKED", untracked),
    )


def received(**given: Any) -> RequestReceived:
    said = {"request_id": "req-1", "kind": "disclosure", "requested_method": "paper", **given}
    return event(RequestReceived, "2026-11-02 10:00:00", **said)


def decided(**given: Any) -> RequestDecided:
    said = {"request_id": "req-1", "decision": "accept", **given}
    return event(RequestDecided, "2026-11-06 10:00:00", **said)


def responded(**given: Any) -> RequestResponded:
    said = {"method": "paper", "address_basis": "registered", "tracked_mail": True, **given}
    return event(RequestResponded, "2026-11-09 10:00:00", request_id="req-1", **said)


CONTROL = Control(
    id="REQ-05",
    title=Text("請求方法による開示と送付先", "Disclosed in the chosen form to the right address"),
    requirement=Text(
        "本人が求めた方法（電磁的・書面）で開示し、困難な場合は通知する。確認済み住所へ保護して送る。",
        "Disclosure uses the form the principal chose (electronic or paper) unless difficult and "
        "told; sent to the verified address, protected.",
    ),
    sources=sources(
        seeds="PER-3-1.a; JUS-R5",
        appi="Art.33(1); Art.33(2); Art.33(3)",
        ppc_guideline="3-8-2 (Rule 30)",
        pms_guideline="J.10.5*",
    ),
    params=Limits(),
    codes={
        "WRONG_FORM": Code(
            "medium",
            Text(
                "求められた方法と異なり、その旨も通知していない。",
                "Another form than the one asked for, and nobody was told.",
            ),
            Text(
                "{subject}：求められた方法で開示していない。",
                "{subject}: not disclosed in the form asked for.",
            ),
        ),
        "WRONG_ADDRESS": Code(
            "high",
            Text(
                "請求書面又は登録の住所以外へ送った。",
                "Sent to an address that is neither the application's nor the registered one.",
            ),
            Text(
                "{subject}：確認していない住所へ送った。",
                "{subject}: sent to an address nobody had verified.",
            ),
        ),
        "UNTRACKED": Code(
            "low",
            Text("追跡できない方法で郵送した。", "Posted without tracking."),
            Text("{subject}：追跡できない郵便で送った。", "{subject}: posted without tracking."),
        ),
    },
    checks=checks,
    evidence=Text("求めた方法と用いた方法", "Requested and used form"),
    response=Text("送り直す。", "Re-send."),
    false_positives=Text(
        "書面のみとする公表（JUS F-02）：組織の例外は法務の承認による。",
        "A policy that says paper only (JUS F-02): the override must be approved by legal.",
    ),
    examples=(
        breach(
            "WRONG_FORM",
            "書面の求めに電磁的記録で答えた",
            "asked for on paper, answered electronically",
            received(),
            decided(),
            responded(method="electronic"),
            subject="req-1",
            severity="medium",
        ),
        fine(
            "WRONG_FORM",
            "変更を通知した",
            "the same, and the change was told",
            received(),
            decided(),
            responded(method="electronic", method_change_notified=True),
        ),
        fine(
            "WRONG_FORM",
            "方法の指定なし",
            "no form was asked for",
            received(requested_method="unspecified"),
            decided(),
            responded(method="electronic"),
        ),
        breach(
            "WRONG_ADDRESS",
            "別の住所へ送った",
            "sent to another address",
            received(),
            decided(),
            responded(address_basis="other"),
            subject="req-1",
            severity="high",
        ),
        fine(
            "WRONG_ADDRESS",
            "請求書面の住所",
            "the address of the application",
            received(),
            decided(),
            responded(address_basis="application"),
        ),
        breach(
            "UNTRACKED",
            "普通郵便で送った",
            "posted without tracking",
            received(),
            decided(),
            responded(tracked_mail=False),
            subject="req-1",
            severity="low",
        ),
        fine(
            "UNTRACKED",
            "訂正の回答",
            "the answer to a correction",
            received(kind="correction"),
            decided(),
            responded(tracked_mail=False),
        ),
        unknown(
            "WRONG_FORM",
            "登録のない請求への開示",
            "a disclosure to a request nobody registered",
            decided(),
            responded(),
        ),
    ),
)
