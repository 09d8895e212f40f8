"""OUT-03  再委託の事前許可 — contractors re-entrust with permission only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

from controls.books.contractors import REENTRUST_DECISIONS
from controls.books.core import CONTRACTS
from controls.calendar import add_months, day_end, day_start, jst_day, terms
from controls.deadlines import due_by
from controls.events import (
    ContractorAudited,
    ContractorContracted,
    ContractorReentrustDecided,
    ContractorReentrusted,
)
from controls.examples import breach, event, fine
from controls.kernel import MINUTE, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    wait_minutes: int = limit(
        60, "min", "許可の記録を待つ時間。", "How long the record of a permission is awaited."
    )
    uncovered_months: int = limit(
        12, "months", "再委託先が監査を受ける間隔。", "Months in which an audit names it."
    )


def fact(event: Any) -> Fact:
    if isinstance(event, ContractorReentrusted):
        return told(event, "started", "contract_id", "subcontractor_id", "started_on")
    return told(event, "audited", "subcontractors_covered")


def checks(limits: Limits) -> tuple[Check, ...]:
    def contract(started: ContractorReentrusted, view: View) -> Any:
        return view.latest(CONTRACTS, started.contract_id, day_start(started.started_on))

    def permission(started: ContractorReentrusted, view: View) -> Judgement | None:
        subject = f"{started.contract_id}|{started.subcontractor_id}"
        decided = view.all(REENTRUST_DECISIONS, subject)
        permitted = sorted(d.decided_on for d in decided if d.decision == "permitted")
        before = [d for d in decided if d.decided_on <= started.started_on]
        agreed = contract(started, view)
        facts = {"started_on": f"{started.started_on}"}
        if before and before[-1].decision == "permitted":
            return Judgement("pass", None, subject, started.occurred_at)
        if agreed is not None and agreed.reentrust_allowed == "notice" and not before:
            if started.known_by == "report":
                if jst_day(started.observed_at) <= started.started_on:
                    return Judgement("pass", None, subject, started.occurred_at)
                return Judgement("violation", "LATE", subject, facts=facts)
        elif permitted and not before:
            return Judgement("violation", "LATE", subject, facts=facts)
        if not permitted and agreed is not None and agreed.reentrust_allowed == "no":
            return Judgement("violation", "PROHIBITED", subject, facts=facts)
        known = started.observed_at + limits.wait_minutes * MINUTE
        if view.now <= known:
            return Judgement(
                "indeterminate", None, subject, until=known, missing=(f"permission {subject}",)
            )
        return Judgement(
            "violation", "NO_PERMISSION", subject, detected=known, facts=facts,
            since=started.occurred_at,
        )  # fmt: skip

    def foreign(started: ContractorReentrusted, view: View) -> Judgement | None:
        subject = f"{started.contract_id}|{started.subcontractor_id}"
        where = started.subcontractor_country
        if where == "JP":
            return Judgement("pass", None, subject)
        agreed = contract(started, view)
        if agreed is None:
            missing = (f"contract {started.contract_id}",)
            return Judgement("indeterminate", None, subject, missing=missing)
        if where in agreed.storage_countries:
            return Judgement("pass", None, subject)
        return Judgement("violation", "FOREIGN", subject, facts={"country": where})

    def covered(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        audits = standing(facts, "audited")
        for line in standing(facts, "started"):
            contract_id, name = line[4]["contract_id"], line[4]["subcontractor_id"]
            started = date.fromisoformat(line[4]["started_on"])
            subject = f"{contract_id}|{name}"
            naming = [a for a in audits if name in a[4]["subcontractors_covered"]]
            for audit in audits:
                if jst_day(audit[0]) > started and audit not in naming:
                    later = any(a[0] > audit[0] for a in naming)
                    yield Judgement(
                        "violation", "UNCOVERED", subject, audit[0], item=audit[1],
                        events=(audit[1],), closed=later,
                    )  # fmt: skip
            days = [jst_day(a[0]) for a in naming if jst_day(a[0]) >= started]
            due = partial(add_months, count=limits.uncovered_months)
            for start, last, done in terms(started, days, due):
                when = None if done is None else day_end(done)
                yield due_by(
                    day_end(last), when, "UNCOVERED", view, begun=day_start(start),
                    subject=subject, item=f"{subject}|{start}",
                )  # fmt: skip

    def of_subcontractor(decided: ContractorReentrustDecided) -> tuple[Look, ...]:
        return (Look(ContractorReentrusted, "subcontractor_id", decided.subcontractor_id, 0),)

    def of_contract(agreed: ContractorContracted) -> tuple[Look, ...]:
        return (Look(ContractorReentrusted, "contract_id", agreed.contract_id, 0),)

    by = {ContractorReentrusted: "contract_id"}
    return (
        Each(
            "permission",
            ("PROHIBITED", "NO_PERMISSION", "LATE"),
            (ContractorReentrusted,),
            permission,
            by=by,
            revisits={
                ContractorReentrustDecided: of_subcontractor,
                ContractorContracted: of_contract,
            },
            awaits=(ContractorReentrustDecided,),
        ),
        Each(
            "abroad",
            ("FOREIGN",),
            (ContractorReentrusted,),
            foreign,
            by=by,
            revisits={ContractorContracted: of_contract},
        ),
        Case(
            "coverage",
            ("UNCOVERED",),
            (ContractorReentrusted, ContractorAudited),
            one_key("contractor_id"),
            fact,
            covered,
            span=moment,
            by={ContractorReentrusted: "contractor_id"},
            awaits=(ContractorAudited,),
        ),
    )


def contracted(**given: Any) -> ContractorContracted:
    return event(
        ContractorContracted,
        "2026-04-01 10:00:00",
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "effective_from": "2026-04-01",
            "reentrust_allowed": "prior_permission",
            "storage_countries": ["JP"],
            **given,
        },
    )


def decided(at: str, **given: Any) -> ContractorReentrustDecided:
    return event(
        ContractorReentrustDecided,
        at,
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "subcontractor_id": "sub-9",
            "decision": "permitted",
            "decided_on": at[:10],
            **given,
        },
    )


def started_at(at: str, **given: Any) -> ContractorReentrusted:
    return event(
        ContractorReentrusted,
        at,
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "subcontractor_id": "sub-9",
            "started_on": "2026-11-11",
            "known_by": "report",
            **given,
        },
    )


def audited(at: str, *covered: str) -> ContractorAudited:
    return event(
        ContractorAudited, at, contractor_id="ctr-printer", subcontractors_covered=list(covered)
    )


STARTED = "2026-11-11 10:00:00"
LATER = "2026-11-11T12:00:00+09:00"

CONTROL = Control(
    id="OUT-03",
    title=Text("再委託の事前許可", "Re-entrustment only with prior permission"),
    requirement=Text(
        "再委託は契約に従い開始前の許可を要し、監督対象に含める。",
        "A contractor re-entrusts only as the contract allows, with permission before start; "
        "subcontractors are covered by audits.",
    ),
    sources=sources(
        seeds="PYX-5.4; PER-4.7c; MIX-M0b; PIC-O3; JUS-5a",
        appi="Art.25",
        ppc_guideline="3-4-4(3) and note 4",
        pms_guideline="J.9.4*",
    ),
    params=Limits(),
    codes={
        "PROHIBITED": Code(
            "critical",
            Text(
                "契約が再委託を禁じ、許可もない。",
                "The contract forbids it, and no permission was given.",
            ),
            Text(
                "{subject}：契約が禁じる再委託が {started_on} に始まった。",
                "{subject}: began on {started_on} although the contract forbids it.",
            ),
        ),
        "NO_PERMISSION": Code(
            "high",
            Text(
                "開始日までの許可（通知でよい契約では報告）がない、または拒否されていた。",
                "No permission (or report, where the contract asks for one) by its start, or it "
                "was refused.",
            ),
            Text(
                "{subject}：許可なく再委託が {started_on} に始まった。",
                "{subject}: began on {started_on} without permission.",
            ),
        ),
        "LATE": Code(
            "high",
            Text(
                "許可（または報告）が開始日より後である。",
                "The permission, or the report, came after its start.",
            ),
            Text(
                "{subject}：再委託の開始（{started_on}）の後に許可された。",
                "{subject}: was permitted after it had begun on {started_on}.",
            ),
        ),
        "FOREIGN": Code(
            "high",
            Text(
                "再委託先が国外にあり、契約の保管国に含まれない（XBR-01 も参照）。",
                "The subcontractor is abroad, in no storage country of the contract (see XBR-01).",
            ),
            Text(
                "{subject}：再委託先が契約にない国（{country}）にある。",
                "{subject}: the subcontractor is in {country}, which the contract does not name.",
            ),
        ),
        "UNCOVERED": Code(
            "medium",
            Text(
                "開始後の監査が再委託先を対象とせず、または uncovered_months 監査がない。",
                "An audit after its start left it out, or none named it for uncovered_months.",
            ),
            Text(
                "{subject}：監査が再委託先に及んでいない。",
                "{subject}: audits do not cover the subcontractor.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "許可書と開始日、当事者の連なり", "Permission form vs start date, chain of parties"
    ),
    response=Text("止めて報告を求める。", "Stop, demand a report."),
    false_positives=Text(
        "許可の記録の遅れ：待ってから判定し、訂正の記録で改める。",
        "Permission entered late: wait, then judge; a correction amends it.",
    ),
    examples=(
        breach(
            "NO_PERMISSION",
            "許可のない再委託",
            "begun without permission",
            contracted(),
            started_at(STARTED),
            subject="con-1|sub-9",
            severity="high",
            until=LATER,
        ),
        breach(
            "NO_PERMISSION",
            "拒否された再委託",
            "begun although it was refused",
            contracted(),
            decided("2026-11-10 10:00:00", decision="refused"),
            started_at(STARTED),
            until=LATER,
        ),
        fine(
            "NO_PERMISSION",
            "許可された再委託",
            "begun with permission",
            contracted(),
            decided("2026-11-10 10:00:00", decision="permitted"),
            started_at(STARTED),
            until=LATER,
        ),
        breach(
            "PROHIBITED",
            "契約が禁じる再委託",
            "the contract forbids it",
            contracted(reentrust_allowed="no"),
            started_at(STARTED),
            subject="con-1|sub-9",
            severity="critical",
            until=LATER,
        ),
        fine(
            "PROHIBITED",
            "通知でよい契約で開始日に報告した",
            "the contract asks for a report, which came on the day",
            contracted(reentrust_allowed="notice"),
            started_at(STARTED),
            until=LATER,
        ),
        breach(
            "LATE",
            "開始の翌日の許可",
            "permitted on the day after its start",
            contracted(),
            decided("2026-11-12 10:00:00", decided_on="2026-11-12"),
            started_at(STARTED),
            subject="con-1|sub-9",
            severity="high",
            until="2026-11-12T12:00:00+09:00",
        ),
        fine(
            "LATE",
            "開始日の許可（記録は翌日）",
            "permitted on the day itself, recorded later",
            contracted(),
            decided("2026-11-12 10:00:00", decided_on="2026-11-11"),
            started_at(STARTED),
            until="2026-11-12T12:00:00+09:00",
        ),
        breach(
            "FOREIGN",
            "契約にない国の再委託先",
            "a country that the contract does not name",
            contracted(storage_countries=["JP"]),
            decided("2026-11-10 10:00:00"),
            started_at(STARTED, subcontractor_country="VN"),
            subject="con-1|sub-9",
            severity="high",
        ),
        fine(
            "FOREIGN",
            "契約が認める国の再委託先",
            "a country that it names",
            contracted(storage_countries=["JP", "VN"]),
            decided("2026-11-10 10:00:00"),
            started_at(STARTED, subcontractor_country="VN"),
        ),
        breach(
            "UNCOVERED",
            "再委託先を含まない監査",
            "an audit that leaves it out",
            contracted(),
            decided("2026-11-10 10:00:00"),
            started_at(STARTED),
            audited("2026-12-01 10:00:00"),
            subject="con-1|sub-9",
            severity="medium",
        ),
        fine(
            "UNCOVERED",
            "再委託先を含む監査",
            "an audit that covers it",
            contracted(),
            decided("2026-11-10 10:00:00"),
            started_at(STARTED),
            audited("2026-12-01 10:00:00", "sub-9"),
        ),
    ),
)
