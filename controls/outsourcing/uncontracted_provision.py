"""OUT-02  委託契約・秘密保持の締結 — data goes out only under a contract in force."""

from __future__ import annotations

from typing import Any

from controls.books.contractors import begun, ended
from controls.books.core import CONTRACTOR_CONTRACTS
from controls.calendar import day_start, jst_day
from controls.events import (
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
)
from controls.examples import breach, event, fine
from controls.kernel import (
    DAY,
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Check, Each, Look, Revisits

CLAUSES = (
    "scope",
    "security_measures",
    "confidentiality",
    "reentrust_terms",
    "status_report",
    "audit_right",
    "incident_report",
    "return_delete",
    "breach_remedy",
)


class Limits(Params):
    late_record_days: int = limit(
        14,
        "d",
        "発効日からこの日数以内に記録された契約は、遡って有効と扱う。",
        "A contract recorded within so many days of its effective day counts from that day.",
    )
    clauses: tuple[str, ...] = limit(
        CLAUSES,
        "clauses",
        "契約に必ず含める条項。",
        "The clauses that every contract must contain.",
    )


def named(provision: ContractorDataEntrusted, view: View) -> list[ContractorContracted]:
    """Every version known of the contract it names; of all the contractor's if it names none."""
    contracts = view.all(CONTRACTOR_CONTRACTS, provision.contractor_id)
    if not provision.contract_id:
        return contracts
    return [c for c in contracts if c.contract_id == provision.contract_id]


def checks(limits: Limits) -> tuple[Check, ...]:
    required = set(limits.clauses)

    def complete(contract: ContractorContracted) -> bool:
        return contract.nda and required <= set(contract.clauses)

    def in_time(contract: ContractorContracted, at: int) -> bool:
        late = (jst_day(contract.observed_at) - contract.effective_from).days
        return contract.observed_at <= at or late <= limits.late_record_days

    def carries(provision: ContractorDataEntrusted, view: View) -> ContractorContracted | None:
        """The contract that carries the provision: of those active the one that serves best."""
        at = provision.occurred_at
        active = [c for c in begun(named(provision, view), at) if not ended(c, at, view)]
        return max(
            active,
            key=lambda c: (
                bool(c.no_handling_basis and c.no_handling_basis.strip()),
                complete(c) and in_time(c, at),
                in_time(c, at),
                c.effective_from,
                c.contract_id,
            ),
            default=None,
        )

    def recorded(
        contract: ContractorContracted, provision: ContractorDataEntrusted, view: View
    ) -> bool:
        """In time; a later version recorded late takes nothing from one that sufficed."""
        at = provision.occurred_at
        return in_time(contract, at) or any(
            complete(c) and in_time(c, at)
            for c in named(provision, view)
            if c.contract_id == contract.contract_id and c.effective_from <= jst_day(at)
        )

    def contract(provision: ContractorDataEntrusted, view: View) -> Judgement | None:
        at = provision.occurred_at
        subject = f"{provision.contractor_id}|{provision.provision_id}"
        carrier = carries(provision, view)
        if carrier is not None:
            if carrier.no_handling_basis and carrier.no_handling_basis.strip():
                return NOT_APPLICABLE
            if recorded(carrier, provision, view):
                return PASS
            facts = {
                "contract": carrier.contract_id,
                "effective_from": f"{carrier.effective_from}",
                "recorded_on": f"{jst_day(carrier.observed_at)}",
            }
            return Judgement("violation", "BACKDATED", subject, facts=facts)
        known = named(provision, view)
        since = at - limits.late_record_days * DAY
        if begun(known, at):
            return Judgement("violation", "EXPIRED", subject, since=since)
        if known:
            first = min(c.effective_from for c in known)
            return Judgement("violation", "LATE_NDA", subject, facts={"effective_from": f"{first}"})
        return Judgement("violation", "NO_CONTRACT", subject, since=since)

    def clauses(provision: ContractorDataEntrusted, view: View) -> Judgement | None:
        carrier = carries(provision, view)
        if carrier is None or complete(carrier):
            return None
        if carrier.no_handling_basis and carrier.no_handling_basis.strip():
            return None
        missing = [c for c in limits.clauses if c not in carrier.clauses]
        return Judgement(
            "violation",
            "CLAUSE_MISSING",
            f"{provision.contractor_id}|{provision.provision_id}",
            facts={
                "contract": carrier.contract_id,
                "missing_clauses": ", ".join([*missing, *(() if carrier.nda else ("nda",))]),
            },
        )

    def by_contract(contract: ContractorContracted) -> tuple[Look, ...]:
        # Also what was provided before it: no contract at all becomes a late one.
        return (Look(ContractorDataEntrusted, "contractor_id", contract.contractor_id, 0),)

    def by_end(end: ContractorContractEnded) -> tuple[Look, ...]:
        since = day_start(end.ended_on) + DAY
        return (Look(ContractorDataEntrusted, "contractor_id", end.contractor_id, since),)

    on = (ContractorDataEntrusted,)
    by = {ContractorDataEntrusted: "contractor_id"}
    revisits: Revisits = {
        ContractorContracted: by_contract,
        ContractorContractEnded: by_end,
    }
    return (
        Each(
            "contract",
            ("EXPIRED", "LATE_NDA", "NO_CONTRACT", "BACKDATED"),
            on,
            contract,
            by=by,
            revisits=revisits,
            awaits=(ContractorContracted,),
        ),
        Each("clauses", ("CLAUSE_MISSING",), on, clauses, by=by, revisits=revisits),
    )


def contracted(at: str, **given: Any) -> ContractorContracted:
    return event(
        ContractorContracted,
        at,
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "effective_from": "2026-11-02",
            "nda": True,
            "clauses": list(CLAUSES),
            **given,
        },
    )


def ending(at: str, **given: Any) -> ContractorContractEnded:
    return event(
        ContractorContractEnded,
        at,
        **{"contractor_id": "ctr-printer", "contract_id": "con-1", **given},
    )


def provided(at: str, **given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        at,
        **{
            "contractor_id": "ctr-printer",
            "provision_id": "prov-1",
            "dataset_id": "ds-members",
            "principals_count": 500,
            "country": "JP",
            **given,
        },
    )


CONTROL = Control(
    id="OUT-02",
    title=Text("委託契約・秘密保持の締結", "Contract with PI clauses in force before data moves"),
    requirement=Text(
        "必須条項を含む契約の発効後に限り個人データを渡す。",
        "A contract with the required clauses is effective before any PD is entrusted.",
    ),
    sources=sources(
        seeds="PYX-4.n; PYX-5.2; PYX-5.3; PER-2-3.2; PER-2-3.4; PER-4.7b; MIX-O1; PIC-T6; PIC-O2; "
        "JUS-5a; JUS-T3",
        appi="Art.25; Art.27(5)(i)",
        ppc_guideline="3-4-4(2); 3-6-3",
        pms_guideline="J.9.4*",
    ),
    params=Limits(),
    codes={
        "NO_CONTRACT": Code(
            "high",
            Text(
                "提供の日までに発効した契約の記録がなく、後に発効する契約もない。",
                "No contract is known that had taken effect on the day, nor one that does later.",
            ),
            Text(
                "{subject}：委託契約がないまま個人データを渡した。",
                "{subject}: personal data was handed over without any contract.",
            ),
        ),
        "LATE_NDA": Code(
            "high",
            Text(
                "知られている契約は、いずれも提供の日より後に発効する（後の締結では解消しない）。",
                "The only contracts known take effect after the day; signing later mends nothing.",
            ),
            Text(
                "{subject}：契約の発効（{effective_from}）より前に個人データを渡した。",
                "{subject}: personal data was handed over before the contract took effect "
                "({effective_from}).",
            ),
        ),
        "EXPIRED": Code(
            "high",
            Text(
                "発効した契約はあったが、提供の日までにいずれも終了していた。",
                "Contracts had taken effect, but each had ended before the day.",
            ),
            Text(
                "{subject}：契約の終了後に個人データを渡した。",
                "{subject}: personal data was handed over after the contract had ended.",
            ),
        ),
        "BACKDATED": Code(
            "medium",
            Text(
                "提供より後に記録された契約が、猶予日数を超えて過去の日から発効するとされている。",
                "The contract was recorded after the provision and more than late_record_days "
                "after the day from which it is said to hold.",
            ),
            Text(
                "{subject}：契約 {contract} は {effective_from} 発効とされるが、"
                "{recorded_on} に記録された（人による確認が必要）。",
                "{subject}: contract {contract} is said to hold from {effective_from} but was "
                "recorded on {recorded_on}; a person must look at it.",
            ),
        ),
        "CLAUSE_MISSING": Code(
            "medium",
            Text(
                "有効な契約に秘密保持または必須条項が欠けている。",
                "The active contract lacks confidentiality or a required clause.",
            ),
            Text(
                "{subject}：契約 {contract} に必要な条項（{missing_clauses}）がない。",
                "{subject}: contract {contract} lacks {missing_clauses}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "契約の番号、電子署名の時刻、発効日、最初の提供、条項の確認表",
        "Contract id, e-sign timestamp, effective_from, first provision, clause checklist",
    ),
    response=Text(
        "提供を止め、契約を締結し、影響を調べる。", "Suspend the feed, sign, assess the effect."
    ),
    false_positives=Text(
        "更新の間の空白日：自動更新条項があるときは終了日を記録しない。",
        "Renewal gap days: where the contract renews itself, record no effective_to.",
    ),
    examples=(
        breach(
            "NO_CONTRACT",
            "契約のない委託先への提供",
            "no contract with the contractor",
            contracted("2026-11-02 10:00:00", contractor_id="ctr-other"),
            provided("2026-11-11 10:00:00"),
            subject="ctr-printer|prov-1",
            severity="high",
        ),
        fine(
            "NO_CONTRACT",
            "契約のある委託先への提供",
            "a contract with the contractor",
            contracted("2026-11-02 10:00:00", contractor_id="ctr-printer"),
            provided("2026-11-11 10:00:00"),
        ),
        breach(
            "NO_CONTRACT",
            "指定された契約の記録がない",
            "the contract that is named is not known",
            contracted("2026-11-02 10:00:00"),
            provided("2026-11-11 10:00:00", contract_id="con-2"),
        ),
        fine(
            "NO_CONTRACT",
            "指定された契約の記録がある",
            "the contract that is named is known",
            contracted("2026-11-02 10:00:00"),
            provided("2026-11-11 10:00:00", contract_id="con-1"),
        ),
        breach(
            "LATE_NDA",
            "発効の前日の最後の一秒に提供",
            "handed over in the last second before the contract's first day",
            provided("2026-11-11 23:59:59"),
            contracted("2026-11-12 10:00:00", effective_from="2026-11-12"),
            subject="ctr-printer|prov-1",
            severity="high",
        ),
        fine(
            "LATE_NDA",
            "発効日の最初の一秒に提供（契約は同日に記録）",
            "handed over in the first second of its first day, recorded on that day",
            provided("2026-11-12 00:00:00"),
            contracted("2026-11-12 10:00:00", effective_from="2026-11-12"),
        ),
        breach(
            "EXPIRED",
            "終了日の翌日の提供",
            "handed over on the day after the last one",
            contracted("2026-11-02 10:00:00", effective_to="2026-11-10"),
            provided("2026-11-11 00:00:00"),
            subject="ctr-printer|prov-1",
            severity="high",
        ),
        fine(
            "EXPIRED",
            "終了日の最後の一秒は有効",
            "the last second of the last day still counts",
            contracted("2026-11-02 10:00:00", effective_to="2026-11-10"),
            provided("2026-11-10 23:59:59"),
        ),
        breach(
            "EXPIRED",
            "解約が後から記録された",
            "the notice of the end is recorded afterwards",
            contracted("2026-11-02 10:00:00"),
            provided("2026-11-11 10:00:00"),
            ending("2026-11-12 09:00:00", ended_on="2026-11-10"),
        ),
        fine(
            "EXPIRED",
            "解約の当日の提供",
            "handed over on the day of the end",
            contracted("2026-11-02 10:00:00"),
            provided("2026-11-11 10:00:00"),
            ending("2026-11-12 09:00:00", ended_on="2026-11-11"),
        ),
        breach(
            "EXPIRED",
            "終了の後に次の契約が発効しても空白は空白",
            "a next contract after the end does not fill the gap",
            contracted("2026-11-02 10:00:00", effective_to="2026-11-10"),
            provided("2026-11-11 10:00:00"),
            contracted("2026-11-12 09:00:00", contract_id="con-2", effective_from="2026-11-12"),
        ),
        fine(
            "EXPIRED",
            "途切れずに更新された契約",
            "a contract renewed without a gap",
            contracted("2026-11-02 10:00:00", effective_to="2026-11-10", version=1),
            contracted("2026-11-09 09:00:00", effective_from="2026-11-11", version=2),
            provided("2026-11-11 10:00:00"),
        ),
        breach(
            "BACKDATED",
            "発効日から 15 日目に記録された契約",
            "recorded on the fifteenth day after it took effect",
            provided("2026-11-11 10:00:00"),
            contracted("2026-11-17 00:00:00", effective_from="2026-11-02"),
            subject="ctr-printer|prov-1",
            severity="medium",
        ),
        fine(
            "BACKDATED",
            "14 日目に記録された契約は有効",
            "recorded on the fourteenth day",
            provided("2026-11-11 10:00:00"),
            contracted("2026-11-16 23:59:59", effective_from="2026-11-02"),
        ),
        breach(
            "BACKDATED",
            "遅れて記録された、その一秒前の提供",
            "handed over one second before the late record",
            contracted("2026-11-20 10:00:00", effective_from="2026-11-02"),
            provided("2026-11-20 09:59:59"),
        ),
        fine(
            "BACKDATED",
            "遅れて記録されたが提供には先立つ",
            "recorded late but before the provision",
            contracted("2026-11-20 10:00:00", effective_from="2026-11-02"),
            provided("2026-11-20 10:00:00"),
        ),
        breach(
            "CLAUSE_MISSING",
            "監査の権利が契約にない",
            "the contract gives no right of audit",
            contracted("2026-11-02 10:00:00", clauses=[c for c in CLAUSES if c != "audit_right"]),
            provided("2026-11-11 10:00:00"),
            subject="ctr-printer|prov-1",
            severity="medium",
        ),
        breach(
            "CLAUSE_MISSING",
            "秘密保持がない",
            "no confidentiality agreement",
            contracted("2026-11-02 10:00:00", nda=False),
            provided("2026-11-11 10:00:00"),
        ),
        fine(
            "CLAUSE_MISSING",
            "秘密保持も条項も揃っている",
            "confidentiality and all clauses are there",
            contracted("2026-11-02 10:00:00", nda=True),
            provided("2026-11-11 10:00:00"),
        ),
        fine(
            "CLAUSE_MISSING",
            "個人データを取り扱わないクラウド（根拠の記録あり）",
            "a cloud that does not handle the data, with the recorded basis",
            contracted("2026-11-02 10:00:00", nda=False, no_handling_basis="legal opinion 12"),
            provided("2026-11-11 10:00:00"),
        ),
        breach(
            "CLAUSE_MISSING",
            "空白の根拠は根拠でない",
            "a blank basis is none",
            contracted("2026-11-02 10:00:00", nda=False, no_handling_basis="　"),
            provided("2026-11-11 10:00:00"),
        ),
    ),
)
