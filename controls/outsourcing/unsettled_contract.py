"""OUT-06  委託契約終了時の返却・消去 — with the contract, data and access come to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.contractors import begun, ended
from controls.books.core import CONTRACTOR_CONTRACTS, STAFF
from controls.calendar import day_end, day_start
from controls.deadlines import due_by
from controls.events import (
    AccessAuthAttempt,
    AccessDatastoreQuery,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    ContractorReentrusted,
    StaffChanged,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
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
from controls.outsourcing.dossier import by_contractor, fact, last_days
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, Revisits, moment, standing

Access = AccessAuthAttempt | AccessDatastoreQuery


class Limits(Params):
    settle_days: int = limit(
        30,
        "d",
        "契約終了から返却・消去の証明までの日数。",
        "Days from a contract's end to the certificate of return or deletion.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def over(facts: Sequence[Fact]) -> Iterator[tuple[str, date]]:
        """Contracts that have a last day and that no other carries on."""
        days = last_days(facts)
        for contract, (_, last) in days.items():
            if last is None:
                continue
            after = last + timedelta(days=1)
            renewed = any(
                first <= after and (end is None or end >= after)
                for other, (first, end) in days.items()
                if other != contract
            )
            if not renewed:
                yield contract, last

    def datasets(facts: Sequence[Fact], contract: str, last: date) -> dict[str, int]:
        """When each dataset was last handed over under a contract, or under none while it ran."""
        given: dict[str, int] = {}
        for provision in standing(facts, "entrusted"):
            if provision[4]["contract_id"] in (None, "", contract) and provision[0] <= day_end(
                last
            ):
                given[provision[4]["dataset_id"]] = provision[0]
        return given

    def settled(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        ends = dict(over(facts))
        for contract, last in ends.items():
            end = day_end(last + timedelta(days=limits.settle_days))
            for dataset, given in datasets(facts, contract, last).items():
                came = [s for s in of(facts, contract, dataset) if s[4]["certificate_ref"]]
                done = next((s[0] for s in came if s[0] >= given), None)
                yield due_by(
                    end, done, "NO_CERT", view, begun=day_end(last),
                    subject=f"{contract}|{dataset}", item=f"{contract}|{dataset}",
                    facts={"ended_on": f"{last}"},
                )  # fmt: skip
        yield from without_subs(facts, ends)

    def of(facts: Sequence[Fact], contract: str, dataset: str) -> list[Fact]:
        return [
            s for s in standing(facts, "settled")
            if (s[4]["contract_id"], s[4]["dataset_id"]) == (contract, dataset)
        ]  # fmt: skip

    def without_subs(facts: Sequence[Fact], ends: Mapping[str, date]) -> Iterator[Judgement]:
        """What was settled without the subcontractors there were; not where the contract was
        renewed, nor where no certificate came in time at all."""
        runs = last_days(facts)
        subs = {r[4]["contract_id"] for r in standing(facts, "reentrusted")}
        for line in standing(facts, "settled"):
            contract, dataset = line[4]["contract_id"], line[4]["dataset_id"]
            last = runs.get(contract, (date.min, None))[1]
            if line[4]["includes_subcontractors"] or contract not in subs:
                continue
            every = of(facts, contract, dataset)
            if last is not None:
                end = day_end(last + timedelta(days=limits.settle_days))
                certified = any(s[4]["certificate_ref"] and s[0] <= end for s in every)
                if contract not in ends or not certified:
                    continue
            later = any(s[0] > line[0] and s[4]["includes_subcontractors"] for s in every)
            yield Judgement(
                "violation", "PARTIAL", f"{contract}|{dataset}", line[0], item=line[1],
                events=(line[1],), closed=later,
            )  # fmt: skip

    def access(event: Access, view: View) -> Judgement | None:
        if isinstance(event, AccessAuthAttempt) and event.outcome != "success":
            return None
        at = event.occurred_at
        person = view.latest(STAFF, event.actor_ref, at) if event.actor_ref else None
        if person is None:
            if event.actor_kind != "contractor":
                return None
            return Judgement("indeterminate", missing=(f"staff {event.actor_ref}",))
        contractor = person.contractor_id
        if not contractor:
            return None
        if person.change == "left" and at > day_end(person.effective_on):
            return NOT_APPLICABLE  # HUM-04
        contracts = begun(view.all(CONTRACTOR_CONTRACTS, contractor), at - 1)
        if not contracts or not all(ended(c, at - 1, view) for c in contracts):
            return PASS
        return Judgement("violation", "ACCESS_AFTER_END", f"{contractor}|{event.actor_ref}")

    def by_person(change: StaffChanged) -> tuple[Look, ...]:
        since = day_start(change.effective_on)
        return tuple(
            Look(kind, "actor_ref", change.person_ref, since)
            for kind in (AccessAuthAttempt, AccessDatastoreQuery)
        )

    def since_day(day: date) -> tuple[Look, ...]:
        return tuple(
            Look(kind, None, "", day_start(day))
            for kind in (AccessAuthAttempt, AccessDatastoreQuery)
        )

    on = (AccessAuthAttempt, AccessDatastoreQuery)
    revisits: Revisits = {
        StaffChanged: by_person,
        ContractorContracted: lambda contract: since_day(contract.effective_from),
        ContractorContractEnded: lambda end: since_day(end.ended_on),
    }
    return (
        Case(
            "settled",
            ("NO_CERT", "PARTIAL"),
            (
                ContractorContracted,
                ContractorContractEnded,
                ContractorDataEntrusted,
                ContractorDataSettled,
                ContractorReentrusted,
            ),
            by_contractor,
            fact,
            settled,
            span=moment,
            by={ContractorDataEntrusted: "contractor_id"},
            awaits=(ContractorDataSettled,),
        ),
        Each(
            "access",
            ("ACCESS_AFTER_END",),
            on,
            access,
            by=dict.fromkeys(on, "actor_ref"),
            revisits=revisits,
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
            **given,
        },
    )


def contract_over(**given: Any) -> ContractorContractEnded:
    return event(
        ContractorContractEnded,
        "2026-10-01 10:00:00",
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "ended_on": "2026-10-01",
            **given,
        },
    )


def provided(**given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        "2026-09-10 10:00:00",
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "dataset_id": "ds-orders",
            "country": "JP",
            **given,
        },
    )


def came_back(at: str, **given: Any) -> ContractorDataSettled:
    return event(
        ContractorDataSettled,
        at,
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "dataset_id": "ds-orders",
            "kind": "deleted",
            "certificate_ref": "cert-1",
            "includes_subcontractors": False,
            **given,
        },
    )


def sub() -> ContractorReentrusted:
    return event(
        ContractorReentrusted,
        "2026-05-01 10:00:00",
        contractor_id="ctr-printer",
        contract_id="con-1",
        subcontractor_id="sub-9",
    )


def agent(**given: Any) -> StaffChanged:
    return event(
        StaffChanged,
        "2026-04-05 09:00:00",
        **{
            "person_ref": "agent-1",
            "kind": "contractor_staff",
            "change": "joined",
            "contractor_id": "ctr-printer",
            "effective_on": "2026-04-05",
            **given,
        },
    )


def login(at: str, **given: Any) -> AccessAuthAttempt:
    return event(
        AccessAuthAttempt,
        at,
        **{
            "actor_ref": "agent-1",
            "actor_kind": "contractor",
            "account_ref": "acct-agent-1",
            "outcome": "success",
            **given,
        },
    )


CONTROL = Control(
    id="OUT-06",
    title=Text("契約終了時の返却・消去", "Return/deletion and access end with the contract"),
    requirement=Text(
        "契約終了時に返却・消去証明（再委託先を含む）を得、アクセスを止める。",
        "On contract end data is returned or deleted with certificate incl. subcontractors, and "
        "contractor access stops.",
    ),
    sources=sources(
        seeds="JUS-5b",
        appi="Art.25; Art.22",
        ppc_guideline="10-5(4); 10-3(2); 3-4-4",
        pms_guideline="J.9.4*",
    ),
    params=Limits(),
    codes={
        "NO_CERT": Code(
            "high",
            Text(
                "契約終了から settle_days の終わりまでに、渡したデータの返却・消去の証明がない。",
                "No certificate of return or deletion by the end of settle_days after the "
                "contract's end.",
            ),
            Text(
                "{subject}：契約は {ended_on} に終わったが、返却・消去の証明がない。",
                "{subject}: the contract ended on {ended_on} and no certificate came in time.",
            ),
        ),
        "PARTIAL": Code(
            "medium",
            Text(
                "返却・消去が再委託先を含まない。",
                "The settlement leaves out the subcontractors that there were.",
            ),
            Text(
                "{subject}：返却・消去が再委託先に及んでいない。",
                "{subject}: the subcontractors' data is not settled.",
            ),
        ),
        "ACCESS_AFTER_END": Code(
            "critical",
            Text(
                "契約が終わった後に委託先の者が利用した。",
                "Somebody of the contractor got in after the contract's end.",
            ),
            Text(
                "{subject}：契約終了後に委託先の者が利用した。",
                "{subject}: used after the contractor's last contract had ended.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("データ、提供、証明書の対照", "Dataset × provision × certificate"),
    response=Text("証明を求め、監査する。", "Demand, audit."),
    false_positives=Text(
        "委託先の法定保存：保全として記録する。",
        "Legal retention at the contractor: record it as a hold.",
    ),
    examples=(
        breach(
            "NO_CERT",
            "30 日目の翌日の最初の一秒の証明",
            "certified in the first second after the thirtieth day",
            contracted(),
            provided(),
            contract_over(),
            came_back("2026-11-01 00:00:01"),
            subject="con-1|ds-orders",
            severity="high",
        ),
        fine(
            "NO_CERT",
            "30 日目の終わりの証明",
            "certified at the end of the thirtieth day",
            contracted(),
            provided(),
            contract_over(),
            came_back("2026-11-01 00:00:00"),
        ),
        breach(
            "NO_CERT",
            "証明書のない消去",
            "deleted without a certificate",
            contracted(),
            provided(),
            contract_over(),
            came_back("2026-10-10 10:00:00", certificate_ref=""),
            until="2026-11-01T00:00:01+09:00",
        ),
        breach(
            "NO_CERT",
            "期間満了（通知なし）から 30 日",
            "thirty days after its term ran out",
            contracted(effective_to="2026-10-01"),
            provided(),
            until="2026-11-01T00:00:01+09:00",
        ),
        fine(
            "NO_CERT",
            "更新された契約",
            "carried on by another contract",
            contracted(),
            contracted(contract_id="con-2", effective_from="2026-10-02"),
            provided(),
            contract_over(),
            until="2026-11-01T00:00:01+09:00",
        ),
        breach(
            "NO_CERT",
            "一日空いた次の契約",
            "the next contract begins a day later",
            contracted(),
            contracted(contract_id="con-2", effective_from="2026-10-03"),
            provided(),
            contract_over(),
            until="2026-11-01T00:00:01+09:00",
        ),
        breach(
            "PARTIAL",
            "再委託先を含まない証明",
            "the certificate leaves out the subcontractor",
            contracted(),
            sub(),
            provided(),
            contract_over(),
            came_back("2026-10-10 10:00:00", includes_subcontractors=False),
            subject="con-1|ds-orders",
            severity="medium",
        ),
        fine(
            "PARTIAL",
            "再委託先を含む証明",
            "it includes the subcontractor",
            contracted(),
            sub(),
            provided(),
            contract_over(),
            came_back("2026-10-10 10:00:00", includes_subcontractors=True),
        ),
        breach(
            "ACCESS_AFTER_END",
            "終了日の翌日の最初の一秒のログイン",
            "signed in during the first second after the last day",
            contracted(),
            agent(),
            contract_over(),
            login("2026-10-02 00:00:01"),
            subject="ctr-printer|agent-1",
            severity="critical",
        ),
        fine(
            "ACCESS_AFTER_END",
            "終了日の終わりのログイン",
            "signed in at the end of the last day",
            contracted(),
            agent(),
            contract_over(),
            login("2026-10-02 00:00:00"),
        ),
        fine(
            "ACCESS_AFTER_END",
            "別の契約が続いている",
            "another contract runs on",
            contracted(),
            contracted(contract_id="con-2"),
            agent(),
            contract_over(),
            login("2026-10-02 00:00:01"),
        ),
        unknown(
            "ACCESS_AFTER_END",
            "台帳にない委託先の者",
            "a contractor's user whom the ledger does not know",
            contracted(),
            login("2026-10-02 00:00:01"),
        ),
    ),
)
