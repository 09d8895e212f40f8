"""OUT-08  受託個人情報の契約範囲内取扱い — a client's data is used for the client's work only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from controls.books.contractors import ENTRUSTED
from controls.books.core import APPROVALS, DATASETS
from controls.books.transfers import DATASET_LINKS, DATASET_PROVISIONS
from controls.calendar import day_end
from controls.deadlines import due_by
from controls.events import (
    AccessDatastoreQuery,
    ApprovalGranted,
    ContractorDataEntrusted,
    EntrustedReceived,
    LinkExecuted,
    RecordDisposed,
    RegisterDataset,
    TransferProvided,
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
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    """Nothing to decide: the client's contract does."""


def client(dataset: str, at: int, view: View) -> str | None:
    """Whose data it is; None where it is our own or not known."""
    entrusted = view.latest(ENTRUSTED, dataset, at)
    if entrusted is not None:
        return str(entrusted.client_id)
    line = view.latest(DATASETS, dataset, at)
    return None if line is None else line.entrusted_by


def used(
    datasets: Sequence[str], purpose: str | None, at: int, view: View
) -> tuple[str, dict[str, Any]] | None:
    """(verdict, its facts) of a use of these datasets together; None where none is a client's."""
    clients = {dataset: client(dataset, at, view) for dataset in datasets}
    ours = [dataset for dataset, whose in clients.items() if whose]
    if not ours:
        return None
    if len(set(clients.values())) > 1:
        return "violation", {"dataset": ours[0], "with": ", ".join(sorted(set(datasets)))}
    for dataset in ours:
        entrusted = view.latest(ENTRUSTED, dataset, at)
        if entrusted is None:
            return "indeterminate", {"missing": f"entrusted {dataset}"}
        if purpose and purpose not in entrusted.allowed_purpose_codes:
            return "violation", {"dataset": dataset, "with": purpose}
    return "pass", {}


def checks(limits: Limits) -> tuple[Check, ...]:
    def queried(query: AccessDatastoreQuery, view: View) -> Judgement | None:
        datasets = (query.dataset_id, *query.joins_dataset_ids)
        found = used(datasets, query.purpose_code, query.occurred_at, view)
        if found is None:
            return NOT_APPLICABLE
        verdict, facts = found
        if verdict == "pass":
            return PASS
        if verdict == "indeterminate":
            return Judgement("indeterminate", missing=(facts["missing"],))
        return Judgement("violation", "OWN_USE", query.event_id, facts=facts)

    def linked(job: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for link in standing(facts):
            common: dict[str, Any] = {"subject": link[1], "at": link[0], "events": (link[1],)}
            found = used(link[4]["dataset_ids"], link[4]["purpose_code"], link[0], view)
            if found is None:
                yield Judgement("not_applicable", **common)
            elif found[0] == "indeterminate":
                yield Judgement("indeterminate", missing=(found[1]["missing"],), **common)
            elif found[0] == "pass":
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "OWN_USE", facts=found[1], **common)

    def permitted(contract: str, at: int, view: View) -> bool:
        """The client's paper covers that moment."""
        return any(
            a.kind == "transfer" and a.document_ref and a.valid_from <= at <= a.valid_to
            for a in view.entries(APPROVALS, view.ref(contract), at)
        )

    def passed_on(provision: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts):
            at, given = line[0], line[4]
            dataset = given["dataset_id"]
            common: dict[str, Any] = {
                "subject": provision, "item": line[1], "at": at, "events": (line[1],),
                "facts": {"dataset": dataset, "recipient": given["recipient"]},
            }  # fmt: skip
            entrusted = view.latest(ENTRUSTED, dataset, at)
            if entrusted is None and not client(dataset, at, view):
                yield Judgement("not_applicable", **common)
            elif entrusted is None:
                yield Judgement("indeterminate", missing=(f"entrusted {dataset}",), **common)
            elif given["kind"] == "principal":
                allowed = permitted(entrusted.contract_id, at, view)
                verdict: Any = "pass" if allowed else "violation"
                yield Judgement(verdict, None if allowed else "DISCLOSED", **common)
            elif given["recipient"] == entrusted.client_id:
                yield Judgement("pass", **common)
            else:
                allowed = entrusted.reentrust_allowed != "no" and permitted(
                    entrusted.contract_id, at, view
                )
                verdict = "pass" if allowed else "violation"
                yield Judgement(verdict, None if allowed else "REENTRUSTED", **common)

    def returned(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        latest = {line[4]["contract_id"]: line for line in standing(facts, "received")}
        for contract, line in latest.items():
            due = line[4]["return_due"]
            common: dict[str, Any] = {"subject": f"{contract}|{dataset}", "item": contract}
            if due is None:
                yield Judgement("not_applicable", at=line[0], **common)
                continue
            days = [
                date.fromisoformat(gone[4]["disposed_on"])
                for gone in standing(facts, "disposed")
                if gone[4]["contract_id"] == contract and gone[0] >= line[0]
            ]
            yield due_by(
                day_end(date.fromisoformat(due)), day_end(min(days)) if days else None,
                "NOT_RETURNED", view, begun=line[0], events=(line[1],), facts={"due": due},
                **common,
            )  # fmt: skip

    def provision(event: Any) -> Fact:
        fact = told(event, "provision", "dataset_id")
        if isinstance(event, ContractorDataEntrusted):
            fact[4] |= {"recipient": event.contractor_id, "kind": "contractor"}
        else:
            fact[4] |= {"recipient": event.recipient_id, "kind": event.recipient_kind}
        return fact

    def link(event: LinkExecuted) -> Fact:
        return told(event, "link", "dataset_ids", "purpose_code")

    def commission(event: Any) -> Fact:
        if isinstance(event, EntrustedReceived):
            return told(event, "received", "contract_id", "return_due")
        return told(event, "disposed", "contract_id", "disposed_on")

    def of_dataset(line: Any, view: View) -> Iterable[str]:
        given = view.all(DATASET_PROVISIONS, line.dataset_id)
        return [p.provision_id for p in given if p.provision_id]

    def of_contract(approval: ApprovalGranted, view: View) -> Iterator[str]:
        for dataset in view.keys(ENTRUSTED) if approval.kind == "transfer" else ():
            for entrusted in view.all(ENTRUSTED, dataset):
                if view.ref(entrusted.contract_id) == approval.for_ref:
                    yield from of_dataset(entrusted, view)

    def jobs(line: Any, view: View) -> Iterable[str]:
        return [each.job_id for each in view.all(DATASET_LINKS, line.dataset_id)]

    def queries(line: Any) -> tuple[Look, ...]:
        """Joined queries are stored under another dataset's name, so all of them are asked."""
        return (Look(AccessDatastoreQuery, None, "", line.occurred_at),)

    return (
        Each(
            "queries",
            ("OWN_USE",),
            (AccessDatastoreQuery,),
            queried,
            by={AccessDatastoreQuery: "dataset_id"},
            revisits={EntrustedReceived: queries, RegisterDataset: queries},
        ),
        Case(
            "links",
            ("OWN_USE",),
            (LinkExecuted,),
            one_key("job_id"),
            link,
            linked,
            span=moment,
            by={LinkExecuted: "job_id"},
            touches={EntrustedReceived: jobs, RegisterDataset: jobs},
        ),
        Case(
            "passed_on",
            ("REENTRUSTED", "DISCLOSED"),
            (ContractorDataEntrusted, TransferProvided),
            one_key("provision_id"),
            provision,
            passed_on,
            span=moment,
            by=dict.fromkeys((ContractorDataEntrusted, TransferProvided), "provision_id"),
            touches={
                EntrustedReceived: of_dataset,
                RegisterDataset: of_dataset,
                ApprovalGranted: of_contract,
            },
        ),
        Case(
            "returned",
            ("NOT_RETURNED",),
            (EntrustedReceived, RecordDisposed),
            one_key("dataset_id"),
            commission,
            returned,
            span=moment,
            by={EntrustedReceived: "dataset_id"},
            awaits=(RecordDisposed,),
        ),
    )


def received(**given: Any) -> EntrustedReceived:
    return event(
        EntrustedReceived,
        "2026-04-01 10:00:00",
        **{
            "client_id": "cli-shop",
            "contract_id": "con-shop",
            "dataset_id": "ds-shop",
            "allowed_purpose_codes": ["shipping"],
            "reentrust_allowed": "prior_permission",
            "return_due": "2026-10-31",
            **given,
        },
    )


def dataset(**given: Any) -> RegisterDataset:
    return event(
        RegisterDataset,
        "2026-04-01 09:00:00",
        **{"dataset_id": "ds-shop", "entrusted_by": "cli-shop", **given},
    )


def query(**given: Any) -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery,
        "2026-06-10 10:00:00",
        **{"dataset_id": "ds-shop", "purpose_code": "shipping", "event_id": "q-1", **given},
    )


def provided(**given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        "2026-06-10 10:00:00",
        **{
            "contractor_id": "ctr-printer",
            "provision_id": "prov-1",
            "dataset_id": "ds-shop",
            "country": "JP",
            **given,
        },
    )


def transferred(**given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        "2026-06-10 10:00:00",
        **{
            "provision_id": "prov-1",
            "dataset_id": "ds-shop",
            "recipient_id": "mem-1",
            "recipient_kind": "principal",
            **given,
        },
    )


def approved(**given: Any) -> ApprovalGranted:
    return event(
        ApprovalGranted,
        "2026-06-01 10:00:00",
        **{
            "kind": "transfer",
            "for_ref": "con-shop",
            "valid_from": "2026-06-01 10:00:00",
            "valid_to": "2026-06-30 10:00:00",
            "document_ref": "doc-1",
            **given,
        },
    )


def disposed(at: str = "2026-10-20 10:00:00", **given: Any) -> RecordDisposed:
    return event(
        RecordDisposed,
        at,
        **{
            "record_id": "rec-1",
            "dataset_id": "ds-shop",
            "contract_id": "con-shop",
            "method": "returned",
            "disposed_on": at[:10],
            **given,
        },
    )


BACK = disposed()

CONTROL = Control(
    id="OUT-08",
    title=Text("受託個人情報の契約範囲内取扱い", "As entrustee: stay inside the client's contract"),
    requirement=Text(
        "受託した個人情報は契約範囲のみで扱い、無断再委託せず、期限に返却する。",
        "Data entrusted to us is used only for the agreed work, not re-entrusted without consent, "
        "returned on time, and is refused in disclosure requests.",
    ),
    sources=sources(
        seeds="PYX-2.a.ix; PER-1.t03; PER-3-1.0; PER-3-1.d2; JUS-6; JUS-U2.5",
        appi="Art.23; Art.27(5)(i)",
        ppc_guideline="3-6-3(1)",
        pms_guideline="J.9.2*; J.9.4*",
    ),
    params=Limits(),
    codes={
        "OWN_USE": Code(
            "critical",
            Text(
                "受託データを契約にない目的で使い、又は自社や他の委託元のデータと突き合わせた。",
                "The client's data was used for another purpose, or together with data that is "
                "our own or another client's.",
            ),
            Text(
                "{subject}：受託データ（{dataset}）を契約外（{with}）で使った。",
                "{subject}: the client's data {dataset} was used outside the contract ({with}).",
            ),
        ),
        "REENTRUSTED": Code(
            "critical",
            Text(
                "委託元の許可（書面）なく、又は禁止に反して、受託データを他者に渡した。",
                "The client's data went to somebody else without the client's paper, or although "
                "the contract forbids it.",
            ),
            Text(
                "{subject}：受託データ（{dataset}）を委託元の許可なく {recipient} に渡した。",
                "{subject}: the client's data {dataset} went to {recipient} without permission.",
            ),
        ),
        "DISCLOSED": Code(
            "high",
            Text(
                "委託元の許可なく、受託データを本人に開示した。",
                "The client's data was disclosed to a principal without the client's permission.",
            ),
            Text(
                "{subject}：受託データ（{dataset}）を本人に開示した。",
                "{subject}: the client's data {dataset} was disclosed to a principal.",
            ),
        ),
        "NOT_RETURNED": Code(
            "high",
            Text(
                "返却期限の終わりまでに返却・消去の記録がない。",
                "No return or disposal on record by the end of the due day.",
            ),
            Text(
                "{subject}：期限（{due}）までに返却・消去していない。",
                "{subject}: neither returned nor disposed of by {due}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("契約、利用記録、返却記録", "Contract, use log, return record"),
    response=Text("処理を止め、委託元に知らせる。", "Stop the job, tell the client."),
    false_positives=Text("共用基盤の統計", "Statistics of shared infrastructure"),
    examples=(
        breach(
            "OWN_USE",
            "受託データを自社の販促に使った",
            "used for our own marketing",
            received(),
            query(purpose_code="marketing"),
            BACK,
            subject="q-1",
            severity="critical",
        ),
        fine(
            "OWN_USE",
            "契約の目的で使った",
            "used for the purpose of the contract",
            received(),
            query(purpose_code="shipping"),
            BACK,
        ),
        breach(
            "OWN_USE",
            "自社の会員データと結合した",
            "joined with our own members",
            received(),
            query(joins_dataset_ids=["ds-members"]),
            BACK,
        ),
        fine(
            "OWN_USE",
            "同じ委託元の別のデータと結合した",
            "joined with other data of the same client",
            received(),
            received(dataset_id="ds-shop-2", return_due=None),
            query(joins_dataset_ids=["ds-shop-2"]),
            BACK,
        ),
        breach(
            "OWN_USE",
            "他の委託元のデータと突合した",
            "linked with another client's data",
            received(),
            received(client_id="cli-b", contract_id="con-b", dataset_id="ds-b", return_due=None),
            event(
                LinkExecuted,
                "2026-06-10 10:00:00",
                job_id="job-1",
                dataset_ids=["ds-shop", "ds-b"],
                purpose_code="shipping",
            ),
            BACK,
        ),
        unknown(
            "OWN_USE",
            "台帳では受託だが契約の記録がない",
            "registered as a client's, of whose contract nothing is on record",
            dataset(),
            query(),
        ),
        breach(
            "REENTRUSTED",
            "書面のない許可による再委託",
            "re-entrusted on a permission without a paper",
            received(),
            approved(document_ref=None),
            provided(),
            BACK,
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "REENTRUSTED",
            "書面による許可のある再委託",
            "re-entrusted with the client's paper",
            received(),
            approved(document_ref="doc-1"),
            provided(),
            BACK,
        ),
        breach(
            "REENTRUSTED",
            "再委託を禁じる契約",
            "the contract forbids it",
            received(reentrust_allowed="no"),
            approved(),
            provided(),
            BACK,
        ),
        breach(
            "REENTRUSTED",
            "許可の期限の一秒後",
            "one second after the permission had run out",
            received(),
            approved(valid_to="2026-06-10 09:59:59"),
            provided(),
            BACK,
        ),
        fine(
            "REENTRUSTED",
            "委託元への引渡し",
            "given back to the client",
            received(),
            transferred(recipient_kind="third_party", recipient_id="cli-shop"),
            BACK,
        ),
        unknown(
            "REENTRUSTED",
            "契約の記録がない受託データの提供",
            "a client's data of whose contract nothing is on record",
            dataset(),
            provided(),
        ),
        breach(
            "DISCLOSED",
            "許可なく本人に開示した",
            "disclosed to a principal without permission",
            received(),
            approved(kind="bulk_export"),
            transferred(),
            BACK,
            subject="prov-1",
            severity="high",
        ),
        fine(
            "DISCLOSED",
            "許可を得て本人に開示した",
            "disclosed with permission",
            received(),
            approved(kind="transfer"),
            transferred(),
            BACK,
        ),
        breach(
            "NOT_RETURNED",
            "期限の翌日の返却",
            "returned on the day after",
            received(),
            disposed("2026-11-01 10:00:00", disposed_on="2026-11-01"),
            subject="con-shop|ds-shop",
            severity="high",
        ),
        fine(
            "NOT_RETURNED",
            "期限の日の返却（記録は翌日）",
            "returned on the due day, recorded on the next",
            received(),
            disposed("2026-11-01 10:00:00", disposed_on="2026-10-31"),
        ),
        breach(
            "NOT_RETURNED",
            "別の契約の返却",
            "what came back belonged to another contract",
            received(),
            disposed(contract_id="con-other"),
            until="2026-11-01T00:00:01+09:00",
        ),
    ),
)
