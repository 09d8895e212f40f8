"""TRF-06  オプトアウト提供の届出と停止 — opt-out provision is filed, clean and stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.asked import principals
from controls.books.core import DATASETS
from controls.books.transfers import DATASET_PROVISIONS, FILINGS, RECEIPTS
from controls.events import (
    DataAcquired,
    OptoutFiled,
    OptoutRecorded,
    RegisterDataset,
    TransferProvided,
    TransferReceiptChecked,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import DAY, Code, Control, Judgement, Params, Text, sources
from controls.provision.acquired import acquired, from_others, merged, packed, subject
from controls.provision.consents import said, stopped
from controls.registers import View
from controls.shapes import Case, Check, Fact, gathered_only, moment, one_key, standing, told


class Limits(Params):
    """Nothing to decide: the law does (Art. 27(2))."""


def by_provision(event: TransferProvided) -> str:
    return event.provision_id if event.basis == "opt_out" else ""


def optouts(dataset: str, view: View) -> list[TransferProvided]:
    """What of a dataset went out by opt-out."""
    given = view.all(DATASET_PROVISIONS, dataset)
    return [p for p in given if isinstance(p, TransferProvided) and p.basis == "opt_out"]


def filed(filing: OptoutFiled | None, provision: TransferProvided) -> str:
    """What the filing lacks for the provision; empty where it carries it."""
    at = provision.occurred_at
    if filing is None:
        return "filing"
    if filing.status == "ended":
        return "an active filing"
    if filing.filed_to_ppc_at > at or filing.announced_at > at:
        return "a filing and an announcement before it"
    return ", ".join(sorted(set(provision.fields) - set(filing.items)))


def checks(limits: Limits) -> tuple[Check, ...]:
    def lines(
        facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[TransferProvided, dict[str, Any]]]:
        for line in standing(facts, "provision"):
            provision = view.event(line[1])
            if provision is not None and provision.basis == "opt_out":
                yield provision, {
                    "subject": provision.provision_id, "item": line[1], "at": line[0],
                    "events": (line[1],), "facts": {"dataset": provision.dataset_id},
                }  # fmt: skip

    def lacking(provision: TransferProvided, view: View) -> str:
        at = provision.occurred_at
        if provision.scheme_id:
            return filed(view.latest(FILINGS, provision.scheme_id, at), provision)
        latest = [view.latest(FILINGS, name, at) for name in view.keys(FILINGS)]
        return min((filed(filing, provision) for filing in latest), key=len, default="filing")

    def announced(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in lines(facts, view):
            lacks = lacking(provision, view)
            common["facts"] |= {"lacks": lacks}
            if lacks:
                since = provision.occurred_at - DAY if lacks == "filing" else None
                yield Judgement("violation", "NOT_FILED", since=since, **common)
            elif len(principals(provision, view)) < provision.principals_count:
                missing = (f"principals of {provision.provision_id}",)
                yield Judgement("indeterminate", missing=missing, **common)
            else:
                yield Judgement("pass", **common)

    def harmless(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in lines(facts, view):
            line = view.latest(DATASETS, provision.dataset_id, provision.occurred_at)
            if line is None:
                missing = (f"datasets {provision.dataset_id}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif line.sensitive:
                yield Judgement("violation", "SENSITIVE", **common)

    def improper(fact: Fact, at: int, view: View) -> bool:
        """It had come by opt-out itself, or how the giver got it is known to be unchecked."""
        if fact[4]["basis"] == "opt_out":
            return True
        known = [r for r in view.all(RECEIPTS, subject(fact[4])) if r.occurred_at <= at]
        return bool(known) and not known[-1].acquisition_history_checked

    def proper(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision in optouts(dataset, view) if facts else ():
            at = provision.occurred_at
            found = [f for f in facts if f[0] <= at and improper(f, at, view)]
            if found:
                yield Judgement(
                    "violation", "IMPROPER_SOURCE", provision.provision_id, at,
                    item=provision.event_id, events=(provision.event_id,),
                    facts={"dataset": dataset, "source": found[0][4]["source"]},
                )  # fmt: skip

    def honoured(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in lines(facts, view):
            if stopped(facts, provision.occurred_at) is not None:
                yield Judgement("violation", "STOP_IGNORED", **common)
            else:
                yield Judgement("pass", **common)

    def provision_fact(event: TransferProvided) -> Fact:
        return told(event, "provision")

    def by_dataset(events: Sequence[Any]) -> dict[str, list[Fact]]:
        return packed((e.dataset_id, acquired(e)) for e in from_others(events))

    def of_filing(filing: OptoutFiled, view: View) -> Iterator[str]:
        for dataset in view.keys(DATASET_PROVISIONS):
            for provision in optouts(dataset, view):
                if provision.scheme_id in (None, "", filing.scheme_id):
                    yield provision.provision_id

    def of_dataset(line: RegisterDataset, view: View) -> Iterable[str]:
        return [p.provision_id for p in optouts(line.dataset_id, view)]

    def dataset(event: Any, view: View) -> Iterable[str]:
        return (event.dataset_id,)

    def asked(event: TransferProvided, view: View) -> tuple[str, ...]:
        return principals(event, view) if event.basis == "opt_out" else ()

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (TransferProvided,),
            by_provision,
            provision_fact,
            judge,
            span=moment,
            by={TransferProvided: "provision_id"},
            touches={OptoutFiled: of_filing, RegisterDataset: of_dataset},
            awaits=(OptoutFiled,),
        )

    return (
        case("filed", "NOT_FILED", announced),
        case("harmless", "SENSITIVE", harmless),
        Case(
            "source",
            ("IMPROPER_SOURCE",),
            (DataAcquired,),
            one_key("dataset_id"),
            gathered_only,
            proper,
            across=True,
            gather=by_dataset,
            merge=merged,
            touches={TransferProvided: dataset, TransferReceiptChecked: dataset},
        ),
        Case(
            "stopped",
            ("STOP_IGNORED",),
            (OptoutRecorded,),
            one_key("principal_ref"),
            said,
            honoured,
            span=moment,
            by={OptoutRecorded: "principal_ref"},
            asks={TransferProvided: asked},
        ),
    )


def provided(at: str = "2026-11-11 10:00:00", **given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        at,
        **{
            "provision_id": "prov-1",
            "dataset_id": "ds-directory",
            "recipient_id": "rcp-buyer",
            "basis": "opt_out",
            "scheme_id": "filing-1",
            "fields": ["name"],
            "principal_refs": ["person-1"],
            "principals_count": 1,
            **given,
        },
    )


def filing(at: str = "2026-04-01 10:00:00", **given: Any) -> OptoutFiled:
    return event(
        OptoutFiled,
        at,
        **{
            "scheme_id": "filing-1",
            "filed_to_ppc_at": "2026-04-01 10:00:00",
            "announced_at": "2026-04-01 10:00:00",
            "items": ["name", "address"],
            "status": "active",
            **given,
        },
    )


def dataset_line(**given: Any) -> RegisterDataset:
    return event(RegisterDataset, "2026-03-01 09:00:00", **{"dataset_id": "ds-directory", **given})


def came_in(at: str = "2026-06-01 10:00:00", **given: Any) -> DataAcquired:
    return event(
        DataAcquired,
        at,
        **{
            "principal_ref": "person-1",
            "dataset_id": "ds-directory",
            "channel": "third_party",
            "provision_id": "in-1",
            "source_id_ext": "prv-lists",
            "acquired_basis": "third_party",
            **given,
        },
    )


def stop(at: str, **given: Any) -> OptoutRecorded:
    return event(
        OptoutRecorded,
        "2026-11-01 10:00:00",
        **{
            "principal_ref": "person-1", "scope": "third_party", "effective_at": at, **given,
        },
    )  # fmt: skip


CONTROL = Control(
    id="TRF-06",
    title=Text("オプトアウト提供の届出と停止", "Opt-out provision filed and honoured"),
    requirement=Text(
        "オプトアウト提供は公表・届出後に限り、要配慮等を含めず、停止の求めに応じる。",
        "Opt-out provision only after announcement and PPC filing, never sensitive or improperly "
        "acquired data, and stops on request.",
    ),
    sources=sources(
        seeds="JUS-T2",
        appi="Art.27(2); Art.27(3)",
        ppc_guideline="3-6-2",
        pms_guideline="J.8.8",
    ),
    params=Limits(),
    codes={
        "NOT_FILED": Code(
            "critical",
            Text(
                "提供の時までに有効な届出・公表がない、又は届け出ていない項目がある。",
                "No active filing and announcement by then, or items that were not filed.",
            ),
            Text(
                "{subject}：届出・公表のないオプトアウト提供（{dataset}）：{lacks}。",
                "{subject}: provision of {dataset} by opt-out lacks {lacks}.",
            ),
        ),
        "SENSITIVE": Code(
            "critical",
            Text("要配慮個人情報である。", "The data is sensitive."),
            Text(
                "{subject}：要配慮個人情報（{dataset}）をオプトアウトで提供した。",
                "{subject}: sensitive data of {dataset} went out by opt-out.",
            ),
        ),
        "IMPROPER_SOURCE": Code(
            "critical",
            Text(
                "オプトアウトで受けた、又は取得の経緯を確認できないデータを含む。",
                "Data that came by opt-out itself, or whose history was not checked.",
            ),
            Text(
                "{subject}：再提供できないデータ（{source} から）を {dataset} に含む。",
                "{subject}: {dataset} holds data from {source} that must not go on by opt-out.",
            ),
        ),
        "STOP_IGNORED": Code(
            "high",
            Text("提供の停止を求めた本人のデータを含む。", "Principals who had opted out."),
            Text(
                "{subject}：停止を求めた本人 {events} 人のデータ（{dataset}）を提供した。",
                "{subject}: data of {events} principals of {dataset} who had opted out went out.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("届出日、項目", "Filing date, items"),
    response=Text("提供を止める。", "Stop."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NOT_FILED",
            "届出の一秒前の提供",
            "one second before it was filed",
            dataset_line(),
            filing(filed_to_ppc_at="2026-11-11 10:00:01"),
            provided(),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "NOT_FILED",
            "届出と同時の提供",
            "at that very moment",
            dataset_line(),
            filing(filed_to_ppc_at="2026-11-11 10:00:00"),
            provided(),
        ),
        breach(
            "NOT_FILED",
            "届け出ていない項目",
            "an item that was not filed",
            dataset_line(),
            filing(),
            provided(fields=["name", "phone"]),
        ),
        breach(
            "NOT_FILED",
            "終了した届出",
            "the filing had ended",
            dataset_line(),
            filing(),
            filing("2026-10-01 10:00:00", status="ended"),
            provided(),
        ),
        fine(
            "NOT_FILED",
            "届出番号のない提供（項目による）",
            "names no filing, and one covers its items",
            dataset_line(),
            filing(),
            provided(scheme_id=None),
        ),
        fine(
            "NOT_FILED",
            "同意による提供",
            "by consent, no matter of opt-out",
            dataset_line(),
            provided(basis="consent"),
        ),
        breach(
            "SENSITIVE",
            "要配慮個人情報の提供",
            "sensitive data",
            dataset_line(sensitive=True),
            filing(),
            provided(),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "SENSITIVE",
            "要配慮でない個人情報の提供",
            "data that is not",
            dataset_line(sensitive=False),
            filing(),
            provided(),
        ),
        unknown(
            "SENSITIVE",
            "台帳にないデータの提供",
            "data that is not registered",
            filing(),
            provided(),
        ),
        breach(
            "IMPROPER_SOURCE",
            "オプトアウトで受けた名簿の再提供",
            "a list that had come by opt-out",
            dataset_line(),
            filing(),
            came_in(acquired_basis="opt_out"),
            provided(),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "IMPROPER_SOURCE",
            "同意により受けた名簿の提供",
            "a list that had come by consent",
            dataset_line(),
            filing(),
            came_in(acquired_basis="third_party"),
            provided(),
        ),
        breach(
            "IMPROPER_SOURCE",
            "経緯を確認していない名簿の提供",
            "a list of unchecked history",
            dataset_line(),
            filing(),
            event(
                TransferReceiptChecked,
                "2026-05-31 10:00:00",
                provision_id="in-1",
                dataset_id="ds-directory",
                provider_id="prv-lists",
                acquisition_history_checked=False,
            ),
            came_in(),
            provided(),
        ),
        breach(
            "STOP_IGNORED",
            "停止の効力と同時の提供",
            "at the moment from which the stop held",
            dataset_line(),
            filing(),
            stop("2026-11-11 10:00:00"),
            provided(),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "STOP_IGNORED",
            "停止の効力の一秒前の提供",
            "one second before the stop held",
            dataset_line(),
            filing(),
            stop("2026-11-11 10:00:01"),
            provided(),
        ),
        fine(
            "STOP_IGNORED",
            "販促だけの停止",
            "the stop was of marketing alone",
            dataset_line(),
            filing(),
            stop("2026-11-10 10:00:00", scope="marketing_all"),
            provided(),
        ),
        unknown(
            "STOP_IGNORED",
            "本人が人数でしか示されない",
            "principals known by their number only",
            dataset_line(),
            filing(),
            provided(principal_refs=[], principals_count=50),
        ),
    ),
)
