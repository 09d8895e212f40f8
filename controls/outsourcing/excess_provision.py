"""OUT-05  委託データの最小化 — what is handed over stays inside the contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.contractors import in_force
from controls.books.core import DATASETS
from controls.books.transfers import DATASET_PROVISIONS, RECIPIENT_PROVISIONS
from controls.events import (
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    RegisterDataset,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    count_tolerance: float = limit(
        0.1,
        "ratio",
        "契約の人数を超えてよい割合。",
        "Share by which the number of persons agreed on may be exceeded.",
    )


GRAVE = ("card", "my_number")
"""Classes of data of which a field too many is grave."""


def fact(event: ContractorDataEntrusted) -> Fact:
    names = ("contractor_id", "contract_id", "dataset_id", "fields", "principals_count")
    return told(event, "entrusted", *names, "purpose_code")


def contract_of(provision: Fact, view: View) -> ContractorContracted | None:
    """The contract in force that it names; the latest begun where it names none."""
    named = provision[4]["contract_id"]
    active = in_force(provision[4]["contractor_id"], provision[0], view)
    return next((c for c in reversed(active) if named in (None, "", c.contract_id)), None)


def checks(limits: Limits) -> tuple[Check, ...]:
    def lines(
        provision: str, facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[Fact, ContractorContracted | None, dict[str, Any]]]:
        for line in standing(facts):
            agreed = contract_of(line, view)
            yield line, agreed, {
                "subject": f"{line[4]['contractor_id']}|{provision}",
                "at": line[0], "item": line[1], "events": (line[1],),
                "facts": {"contract": "" if agreed is None else agreed.contract_id},
            }  # fmt: skip

    def fields(provision: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line, agreed, common in lines(provision, facts, view):
            if agreed is None:
                yield Judgement("not_applicable", **common)
                continue
            extra = sorted(set(line[4]["fields"]) - set(agreed.fields_allowed))
            if not agreed.fields_allowed:
                missing = (f"fields_allowed of contract {agreed.contract_id}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif not extra:
                yield Judgement("pass", **common)
            else:
                entry = view.latest(DATASETS, line[4]["dataset_id"], line[0])
                grave = entry is not None and (entry.sensitive or entry.dataset_class in GRAVE)
                common["facts"] |= {"extra": ", ".join(extra)}
                severity: Any = "high" if grave else "medium"
                yield Judgement("violation", "EXTRA_FIELDS", severity=severity, **common)

    def purpose(provision: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line, agreed, common in lines(provision, facts, view):
            if agreed is None:
                continue
            common["facts"] |= {"purpose": line[4]["purpose_code"]}
            if not agreed.purpose_codes:
                missing = (f"purpose_codes of contract {agreed.contract_id}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif line[4]["purpose_code"] not in agreed.purpose_codes:
                yield Judgement("violation", "PURPOSE", **common)

    def count(provision: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line, agreed, common in lines(provision, facts, view):
            if agreed is None or agreed.max_principals is None:
                continue
            persons, most = line[4]["principals_count"], agreed.max_principals
            if persons * 1_000 > most * round(1_000 * (1 + limits.count_tolerance)):
                common["facts"] |= {"persons": persons, "agreed": most}
                yield Judgement("violation", "COUNT", **common)

    def of_contractor(changed: Any, view: View) -> Iterable[str]:
        given = view.all(RECIPIENT_PROVISIONS, changed.contractor_id)
        return [p.provision_id for p in given if isinstance(p, ContractorDataEntrusted)]

    def of_dataset(line: RegisterDataset, view: View) -> Iterable[str]:
        given = view.all(DATASET_PROVISIONS, line.dataset_id)
        return [p.provision_id for p in given if isinstance(p, ContractorDataEntrusted)]

    key = one_key("provision_id")

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (ContractorDataEntrusted,),
            key,
            fact,
            judge,
            span=moment,
            by={ContractorDataEntrusted: "provision_id"},
            touches={
                ContractorContracted: of_contractor,
                ContractorContractEnded: of_contractor,
                RegisterDataset: of_dataset,
            },
        )

    return (
        case("fields", "EXTRA_FIELDS", fields),
        case("purpose", "PURPOSE", purpose),
        case("count", "COUNT", count),
    )


def contracted(**given: Any) -> ContractorContracted:
    return event(
        ContractorContracted,
        "2026-04-01 10:00:00",
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "effective_from": "2026-04-01",
            "fields_allowed": ["name", "address"],
            "purpose_codes": ["delivery"],
            "max_principals": 1_000,
            **given,
        },
    )


def provided(**given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        "2026-11-11 10:00:00",
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "provision_id": "prov-1",
            "dataset_id": "ds-orders",
            "fields": ["name", "address"],
            "purpose_code": "delivery",
            "principals_count": 1_100,
            "country": "JP",
            **given,
        },
    )


def dataset(**given: Any) -> RegisterDataset:
    return event(RegisterDataset, "2026-04-01 09:00:00", **{"dataset_id": "ds-orders", **given})


CONTROL = Control(
    id="OUT-05",
    title=Text("委託データの最小化", "Only needed data entrusted"),
    requirement=Text(
        "契約で定めた項目・件数・目的の範囲のみ渡す。",
        "Fields, persons and purpose handed over stay inside the contract.",
    ),
    sources=sources(
        seeds="PIC-O1; JUS-T3",
        appi="Art.25; Art.27(5)(i)",
        ppc_guideline="3-4-4; 3-6-3",
        pms_guideline="J.9.4*",
    ),
    params=Limits(),
    codes={
        "EXTRA_FIELDS": Code(
            "medium",
            Text(
                "契約にない項目を渡した（要配慮・カード・個人番号のデータなら high）。",
                "Fields that the contract does not name; high for sensitive, card or My Number "
                "data.",
            ),
            Text(
                "{subject}：契約（{contract}）にない項目（{extra}）を渡した。",
                "{subject}: fields outside the contract {contract} were handed over: {extra}.",
            ),
        ),
        "PURPOSE": Code(
            "high",
            Text("契約にない目的で渡した。", "For a purpose that the contract does not name."),
            Text(
                "{subject}：契約（{contract}）にない目的（{purpose}）で渡した。",
                "{subject}: handed over for {purpose}, which contract {contract} does not name.",
            ),
        ),
        "COUNT": Code(
            "medium",
            Text(
                "契約の人数を count_tolerance を超えて上回った。",
                "More persons than agreed on, beyond count_tolerance.",
            ),
            Text(
                "{subject}：契約（{contract}）の {agreed} 人を超える {persons} 人分を渡した。",
                "{subject}: {persons} persons where contract {contract} allows {agreed}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("項目名の差分", "Diff of field names"),
    response=Text("項目を減らし、余分の消去を求める。", "Cut fields, ask for deletion."),
    false_positives=Text("列名の変更", "Renamed columns"),
    examples=(
        breach(
            "EXTRA_FIELDS",
            "契約にない電話番号",
            "a telephone number that the contract does not name",
            contracted(),
            provided(fields=["name", "phone"]),
            subject="ctr-printer|prov-1",
            severity="medium",
        ),
        fine(
            "EXTRA_FIELDS",
            "契約の項目のみ",
            "fields of the contract alone",
            contracted(),
            provided(fields=["name", "address"]),
        ),
        breach(
            "EXTRA_FIELDS",
            "要配慮個人情報の余分な項目",
            "a field too many of sensitive data",
            contracted(),
            dataset(sensitive=True),
            provided(fields=["name", "phone"]),
            severity="high",
        ),
        fine(
            "EXTRA_FIELDS",
            "契約が終わった後の提供（OUT-02 が判定）",
            "after the contract has ended, which OUT-02 judges",
            contracted(effective_to="2026-11-10"),
            provided(fields=["name", "phone"]),
        ),
        unknown(
            "EXTRA_FIELDS",
            "契約が項目を定めていない",
            "the contract fixes no fields",
            contracted(fields_allowed=[]),
            provided(),
        ),
        breach(
            "PURPOSE",
            "契約にない販促目的",
            "for marketing, which the contract does not name",
            contracted(),
            provided(purpose_code="marketing"),
            subject="ctr-printer|prov-1",
            severity="high",
        ),
        fine(
            "PURPOSE",
            "契約の目的",
            "for the purpose of the contract",
            contracted(),
            provided(purpose_code="delivery"),
        ),
        fine(
            "PURPOSE",
            "契約番号のない提供（最新の契約による）",
            "names no contract: the latest one in force counts",
            contracted(),
            contracted(
                contract_id="con-2", effective_from="2026-10-01", purpose_codes=["marketing"]
            ),
            provided(contract_id=None, purpose_code="marketing"),
        ),
        unknown(
            "PURPOSE",
            "契約が目的を定めていない",
            "the contract fixes no purpose",
            contracted(purpose_codes=[]),
            provided(),
        ),
        breach(
            "COUNT",
            "一割を一人超えた",
            "one person beyond the tenth",
            contracted(),
            provided(principals_count=1_101),
            subject="ctr-printer|prov-1",
            severity="medium",
        ),
        fine(
            "COUNT",
            "一割ちょうど",
            "exactly a tenth more",
            contracted(),
            provided(principals_count=1_100),
        ),
    ),
)
