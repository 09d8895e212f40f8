"""REQ-01  本人・代理人の確認 — identity and authority are verified first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from controls.books.rights import LOGIN_REQUESTS
from controls.events import (
    AccessAuthAttempt,
    RequestDecided,
    RequestExecuted,
    RequestIdentityChecked,
    RequestReceived,
    RequestResponded,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.rights import request as requests
from controls.rights.request import ACCEPTED, by_request, decision, first, no_request
from controls.shapes import Case, Check, Fact, Look, moment, standing, told

Rule = Literal["any", "all"]


class Limits(Params):
    docs: dict[str, tuple[str, ...]] = limit(
        {
            "statutory_agent": ("family_register", "insurance_certificate",
                                "guardianship_certificate"),
            "delegated_agent": ("letter_of_proxy", "seal_certificate"),
        },
        "",
        "代理権を示す書類。",
        "Documents that show an agent's authority.",
    )  # fmt: skip
    docs_rule: dict[str, Rule] = limit(
        {"statutory_agent": "any", "delegated_agent": "all"},
        "",
        "そのいずれか（any）か、すべて（all）か。",
        "Whether one of them is enough (any) or all are wanted.",
    )
    docs_equivalent: dict[str, tuple[str, ...]] = limit(
        {"insurance_certificate": ("eligibility_certificate",)},
        "",
        "同等と扱う書類（保険証は 2024 年 12 月に新規発行を終えた）。",
        "Documents that count as another; insurance certificates are no longer issued since "
        "2024-12.",
    )
    max_items: int = limit(
        3, "items", "確認のために求めてよい項目の数。", "Items that may be asked for."
    )


def fact(event: Any) -> Fact:
    if isinstance(event, AccessAuthAttempt):
        return told(event, "login")
    return requests.fact(event)


def placed(event: Any, view: View) -> Iterable[str]:
    """The request; of a login those that were made under it, where it succeeded."""
    if not isinstance(event, AccessAuthAttempt):
        return (event.request_id,)
    if event.outcome != "success" or not event.auth_id:
        return ()
    return [made.request_id for made in view.all(LOGIN_REQUESTS, event.auth_id)]


def login(request: RequestReceived) -> tuple[Look, ...]:
    if not request.auth_id:
        return ()
    return (Look(AccessAuthAttempt, "auth_id", request.auth_id, 0),)


def checks(limits: Limits) -> tuple[Check, ...]:
    def shown(by: str, check: Fact) -> bool:
        """The documents of a verified check are those that the agent's authority takes."""
        seen = set(check[4]["documents"])
        wanted = limits.docs.get(by, ())
        have = [not seen.isdisjoint((kind, *limits.docs_equivalent.get(kind, ())))
                for kind in wanted]  # fmt: skip
        return all(have) if limits.docs_rule.get(by) == "all" else any(have)

    def checked(facts: Sequence[Fact], target: str, at: int) -> list[Fact]:
        """The checks up to that moment that verified principal or agent."""
        return [
            c
            for c in standing(facts, "identity_checked")
            if c[0] <= at and c[4]["target"] == target and c[4]["result"] == "verified"
        ]

    def ourselves(facts: Sequence[Fact]) -> bool:
        """Made on the web by somebody who had logged in."""
        made = first(facts, RequestReceived)
        web = made is not None and made["channel"] == "web" and made["auth_id"]
        return bool(web and standing(facts, "login"))

    def acts(facts: Sequence[Fact]) -> list[Fact]:
        """Answers and executions of what was accepted."""
        done = [f for f in standing(facts) if f[3] in ("responded", "executed")]
        decided = ((f, decision(facts, f[0])) for f in done)
        return [f for f, d in decided if d is not None and d[4]["decision"] in ACCEPTED]

    def verified(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        made = first(facts, RequestReceived)
        common: dict[str, Any] = {"subject": request, "item": "identity"}
        decided = decision(facts)
        last = [c for c in standing(facts, "identity_checked") if decided and c[0] <= decided[0]]
        accepted = decided is not None and decided[4]["decision"] in ACCEPTED
        if made is not None and ourselves(facts):
            yield Judgement("not_applicable", at=facts[0][0], **common)
        elif decided and accepted and last and not last[-1][4]["address_match"]:
            yield Judgement(
                "violation", "MISMATCH_DISCLOSED", at=decided[0],
                events=(last[-1][1], decided[1]), **common,
            )  # fmt: skip
        elif not acts(facts):
            yield Judgement("not_applicable", at=facts[0][0], **common)
        elif made is None:
            yield Judgement("indeterminate", **no_request(facts, request), **common)
        else:
            yield from of_acts(acts(facts), facts, made["by"], common)

    def of_acts(
        done: Sequence[Fact], facts: Sequence[Fact], by: str, common: dict[str, Any]
    ) -> Iterator[Judgement]:
        for act in done:
            agents = [c for c in checked(facts, "agent", act[0]) if shown(by, c)]
            code = (
                "NO_CHECK" if not checked(facts, "principal", act[0])
                else "AGENT_UNVERIFIED" if by != "principal" and not agents else None
            )  # fmt: skip
            if code is not None:
                yield Judgement(
                    "violation", code, at=act[0], events=(act[1],), since=facts[0][0], **common
                )
                return
        yield Judgement("pass", at=done[0][0], events=(done[0][1],), **common)

    def refused(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        made, decided = first(facts, RequestReceived), decision(facts)
        if made is None or decided is None or made["by"] == "principal" or ourselves(facts):
            return
        said = decided[4]
        if said["decision"] not in ("refuse", "treated_as_not_made") or said["ground"] != "agent":
            return
        common: dict[str, Any] = {
            "subject": request, "item": "agent", "at": decided[0], "events": (decided[1],),
        }  # fmt: skip
        looked = [
            c for c in standing(facts, "identity_checked")
            if c[4]["target"] == "agent" and c[0] <= decided[0]
        ]  # fmt: skip
        good = [c for c in checked(facts, "agent", decided[0]) if shown(made["by"], c)]
        if good or not looked:
            yield Judgement("violation", "AGENT_REFUSED", **common)
        else:
            yield Judgement("pass", **common)

    def asked(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if ourselves(facts):
            return
        for check in standing(facts, "identity_checked"):
            if check[4]["items_requested_count"] > limits.max_items:
                yield Judgement(
                    "violation", "EXCESS_ITEMS", request, check[0], item="items",
                    events=(check[1],),
                )  # fmt: skip
                return

    books = (
        RequestReceived,
        RequestIdentityChecked,
        RequestDecided,
        RequestResponded,
        RequestExecuted,
    )

    def case(name: str, judge: Any, *codes: str) -> Case:
        return Case(
            name,
            codes,
            (*books, AccessAuthAttempt),
            by_request,
            fact,
            judge,
            span=moment,
            by=dict.fromkeys(books, "request_id"),
            across=True,
            placed=placed,
            revisits={RequestReceived: login},
            awaits=(RequestIdentityChecked,),
        )

    return (
        case("identity", verified, "MISMATCH_DISCLOSED", "NO_CHECK", "AGENT_UNVERIFIED"),
        case("agent", refused, "AGENT_REFUSED"),
        case("items", asked, "EXCESS_ITEMS"),
    )


def received(at: str = "2026-11-02 10:00:00", **given: Any) -> RequestReceived:
    return event(RequestReceived, at, **{"request_id": "req-1", "kind": "disclosure", **given})


def identity(at: str = "2026-11-04 10:00:00", **given: Any) -> RequestIdentityChecked:
    said = {"request_id": "req-1", "result": "verified", "address_match": True, **given}
    return event(RequestIdentityChecked, at, **said)


def decided(at: str = "2026-11-06 10:00:00", **given: Any) -> RequestDecided:
    return event(RequestDecided, at, **{"request_id": "req-1", "decision": "accept", **given})


def responded(at: str = "2026-11-09 10:00:00") -> RequestResponded:
    return event(RequestResponded, at, request_id="req-1")


def signed_in(outcome: str) -> AccessAuthAttempt:
    return event(
        AccessAuthAttempt, "2026-11-02 09:58:00", auth_id="login-7", outcome=outcome,
        account_ref="acct-m1", system_id="sys-portal", actor_kind="principal",
    )  # fmt: skip


def by_agent(*documents: str) -> tuple[Any, ...]:
    return (
        received(by="delegated_agent"),
        identity(),
        identity("2026-11-04 10:05:00", target="agent", documents=list(documents)),
        decided(),
        responded(),
    )


REFUSAL = {"decision": "refuse", "ground": "agent"}

CONTROL = Control(
    id="REQ-01",
    title=Text("本人・代理人の確認", "Identity and authority verified first"),
    requirement=Text(
        "本人及び代理権を適切な書類で確認してから応じ、過剰な情報を求めず、代理人を排除しない。",
        "No disclosure or change before the requester (and agent's authority with the right "
        "documents) is verified; no more data asked than needed; agents accepted.",
    ),
    sources=sources(
        seeds="PYX-11.3; MIX-R1; MIX-ID1; PIC-D2; JUS-R2; JUS-R3.0; JUS-R3.a; JUS-R3.b; JUS-R3.c; "
        "JUS-N1; JUS-N2",
        appi="Art.37",
        ppc_guideline="3-8-7 (Order 12, 13)",
        pms_guideline="J.10.2*",
    ),
    params=Limits(),
    codes={
        "MISMATCH_DISCLOSED": Code(
            "critical",
            Text(
                "決定の前の最後の確認で住所が一致しないのに応じた。",
                "The last check before the decision found another address, and it was accepted.",
            ),
            Text(
                "{subject}：住所の一致しない請求者に応じた。",
                "{subject}: granted although the address did not match.",
            ),
        ),
        "NO_CHECK": Code(
            "critical",
            Text(
                "本人確認の記録なしに応じた。",
                "Answered or executed without a verified check of the principal.",
            ),
            Text(
                "{subject}：本人を確認せずに応じた。",
                "{subject}: granted without verifying the principal.",
            ),
        ),
        "AGENT_UNVERIFIED": Code(
            "critical",
            Text(
                "代理権を所定の書類で確認せずに応じた。",
                "Answered or executed without the documents that show the agent's authority.",
            ),
            Text(
                "{subject}：代理権を確認せずに応じた。",
                "{subject}: granted without verifying the agent's authority.",
            ),
        ),
        "AGENT_REFUSED": Code(
            "high",
            Text(
                "代理人であることを理由に、確認済み又は未確認のまま拒んだ。",
                "Refused for the agent, although the agent was verified or never checked.",
            ),
            Text(
                "{subject}：代理人による請求を理由なく拒んだ。",
                "{subject}: an agent was turned away without cause.",
            ),
        ),
        "EXCESS_ITEMS": Code(
            "low",
            Text("求めた項目が max_items を超える。", "More than max_items items were asked for."),
            Text(
                "{subject}：確認のために求めた項目が多すぎる。",
                "{subject}: more was asked than the check needs.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "書類の種類（写しは残さない）、結果、確認者", "Document kinds (never copies), result, who"
    ),
    response=Text("誤って開示したときは事故として扱う。", "Incident if disclosed wrongly."),
    false_positives=Text(
        "健康保険証は新たに発行されない（2024年12月以降）。資格確認書を認める。",
        "Insurance certificates are no longer issued (since 2024-12): accept the 資格確認書.",
    ),
    examples=(
        breach(
            "NO_CHECK",
            "確認せずに回答した",
            "answered one second before the check",
            received(),
            identity("2026-11-09 10:00:01"),
            decided(),
            responded(),
            subject="req-1",
            severity="critical",
        ),
        fine(
            "NO_CHECK",
            "回答と同時の確認",
            "checked in the second of the answer",
            received(),
            identity("2026-11-09 10:00:00"),
            decided(),
            responded(),
        ),
        breach(
            "NO_CHECK",
            "ログインに失敗した窓口からの請求",
            "made on the web after a login that failed",
            signed_in("failure"),
            received(channel="web", auth_id="login-7"),
            decided(),
            responded(),
            subject="req-1",
        ),
        fine(
            "NO_CHECK",
            "ログインした本人の請求",
            "made on the web by somebody who had logged in",
            signed_in("success"),
            received(channel="web", auth_id="login-7"),
            decided(),
            responded(),
        ),
        breach(
            "AGENT_UNVERIFIED",
            "印鑑証明書のない任意代理人",
            "an agent without the seal certificate",
            *by_agent("letter_of_proxy"),
            subject="req-1",
        ),
        fine(
            "AGENT_UNVERIFIED",
            "委任状と印鑑証明書",
            "letter of proxy and seal certificate",
            *by_agent("letter_of_proxy", "seal_certificate"),
        ),
        fine(
            "AGENT_UNVERIFIED",
            "法定代理人の資格確認書",
            "a parent's eligibility certificate",
            received(by="statutory_agent"),
            identity(),
            identity("2026-11-04 10:05:00", target="agent", documents=["eligibility_certificate"]),
            decided(),
            responded(),
        ),
        breach(
            "MISMATCH_DISCLOSED",
            "住所が一致しないまま認めた",
            "accepted although the address differs",
            received(),
            identity(address_match=False),
            decided(),
            subject="req-1",
            severity="critical",
        ),
        fine(
            "MISMATCH_DISCLOSED",
            "住所の一致",
            "the address is that on file",
            received(),
            identity(address_match=True),
            decided(),
        ),
        breach(
            "AGENT_REFUSED",
            "代理人を確認せずに拒んだ",
            "an agent refused without a look",
            received(by="statutory_agent"),
            identity(target="principal", result="insufficient"),
            decided(**REFUSAL),
            subject="req-1",
            severity="high",
        ),
        fine(
            "AGENT_REFUSED",
            "書類の足りない代理人",
            "an agent whose papers do not do",
            received(by="statutory_agent"),
            identity(target="agent", result="insufficient"),
            decided(**REFUSAL),
        ),
        breach(
            "EXCESS_ITEMS",
            "四項目を求めた",
            "four items asked for",
            received(),
            identity(items_requested_count=4),
            subject="req-1",
            severity="low",
        ),
        fine(
            "EXCESS_ITEMS",
            "三項目",
            "three items",
            received(),
            identity(items_requested_count=3),
        ),
        unknown(
            "NO_CHECK",
            "登録のない請求への回答",
            "the answer to a request nobody registered",
            decided(),
            responded(),
        ),
    ),
)
