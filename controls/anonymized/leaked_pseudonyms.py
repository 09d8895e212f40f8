"""ANO-04  仮名加工情報の取扱い — pseudonymized data stays in the house and contacts nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.anonymized import ANON, ANON_PROVIDED, PSEUDONYMS_MAY_GO
from controls.books.core import DATASETS
from controls.books.transfers import DATASET_PROVISIONS
from controls.events import (
    AnonCreated,
    AnonProvided,
    MarketingSent,
    RegisterDataset,
    TransferProvided,
)
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    rule31: tuple[str, ...] = limit(
        ("i", "ii", "iii"),
        "",
        "施行規則 31 条の各号。",
        "The items of Rule 31 of the Enforcement Rules.",
    )
    allowed_basis: tuple[str, ...] = limit(
        PSEUDONYMS_MAY_GO,
        "",
        "提供できる根拠（同意は根拠とならない）。",
        "Grounds of provision; consent is none (Arts. 41(6), 42(1)).",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def pseudonymized(dataset: str | None, at: int, view: View) -> bool:
        line = view.latest(DATASETS, dataset, at) if dataset else None
        return line is not None and line.dataset_class == "pseudonymized"

    def provided(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for sent in standing(facts):
            at, said = sent[0], sent[4]
            common: dict[str, Any] = {
                "subject": name, "item": sent[1], "at": at, "events": (sent[1],),
            }  # fmt: skip
            if "anon_id" in said:
                made = view.latest(ANON, said["anon_id"], FOREVER - 1)
                ours, allowed = made is not None and made.kind == "pseudonymized", False
            else:
                own = said["recipient_kind"] == "principal"
                ours = pseudonymized(said["dataset_id"], at, view) and not own
                allowed = said["basis"] in limits.allowed_basis
            if not ours:
                yield Judgement("not_applicable", **common)
            elif allowed:
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "PROVIDED", **common)

    def fact(sent: Any) -> Fact:
        if isinstance(sent, AnonProvided):
            return told(sent, "provided", "anon_id")
        return told(sent, "provided", "dataset_id", "basis", "recipient_kind")

    def named(sent: Any) -> str:
        return str(sent.provision_id or sent.event_id)

    def contacted(mailing: MarketingSent, view: View) -> Judgement | None:
        if not pseudonymized(mailing.dataset_id, mailing.occurred_at, view):
            return None
        subject = f"{mailing.campaign_id}|{mailing.dataset_id}"
        return Judgement("violation", "CONTACT_USE", subject)

    def checked(anon: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for made in standing(facts, "pseudonymized"):
            missing = [key for key in limits.rule31 if made[4]["rule_checks"].get(key) is not True]
            common: dict[str, Any] = {
                "subject": anon, "item": made[1], "at": made[0], "events": (made[1],),
            }  # fmt: skip
            if missing:
                said = {"missing": ", ".join(missing)}
                yield Judgement("violation", "CHECK_MISSING", facts=said, **common)
            else:
                yield Judgement("pass", **common)

    def by_line(line: RegisterDataset) -> tuple[Look, ...]:
        return (Look(MarketingSent, "dataset_id", line.dataset_id, line.occurred_at),)

    def of_dataset(line: RegisterDataset, view: View) -> Iterable[str]:
        provisions = view.all(DATASET_PROVISIONS, line.dataset_id)
        return [named(p) for p in provisions if isinstance(p, TransferProvided)]

    def of_set(made: AnonCreated, view: View) -> Iterable[str]:
        return [named(sent) for sent in view.all(ANON_PROVIDED, made.anon_id)]

    return (
        Case(
            "provided",
            ("PROVIDED",),
            (TransferProvided, AnonProvided),
            named,
            fact,
            provided,
            span=moment,
            touches={RegisterDataset: of_dataset, AnonCreated: of_set},
        ),
        Each(
            "contact",
            ("CONTACT_USE",),
            (MarketingSent,),
            contacted,
            by={MarketingSent: "principal_ref"},
            revisits={RegisterDataset: by_line},
        ),
        Case(
            "standard",
            ("CHECK_MISSING",),
            (AnonCreated,),
            one_key("anon_id"),
            lambda made: told(made, made.kind, "rule_checks"),
            checked,
            span=moment,
            by={AnonCreated: "anon_id"},
        ),
    )


def dataset(kind: str) -> RegisterDataset:
    return event(RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-pseudo", dataset_class=kind)


def transfer(**given: Any) -> TransferProvided:
    said = {"provision_id": "prov-1", "dataset_id": "ds-pseudo", "basis": "consent", **given}
    return event(TransferProvided, "2026-11-11 10:00:00", recipient_kind="third_party", **said)


def made(**checked: bool) -> AnonCreated:
    return event(
        AnonCreated, "2026-11-02 10:00:00", anon_id="anon-1", kind="pseudonymized",
        rule_checks=checked,
    )  # fmt: skip


def mailing() -> MarketingSent:
    return event(
        MarketingSent, "2026-11-11 10:00:00", campaign_id="autumn", principal_ref="mem-1",
        dataset_id="ds-pseudo",
    )  # fmt: skip


PSEUDO = dataset("pseudonymized")

CONTROL = Control(
    id="ANO-04",
    title=Text("仮名加工情報の取扱い", "Pseudonymized data rules"),
    requirement=Text(
        "規則31条で加工し、削除情報等を管理し、第三者提供・連絡利用をしない。",
        "Created to Rule 31, deleted data secured, no third-party provision, no contact use.",
    ),
    sources=sources(
        seeds="",
        appi="Art.41; Art.42",
        ppc_guideline="anon. vol. 2-2 (Rule 31, 32)",
        pms_guideline="J.8.10",
    ),
    params=Limits(),
    codes={
        "PROVIDED": Code(
            "critical",
            Text(
                "仮名加工情報を第三者に提供した（同意でも）。",
                "Pseudonymized data was provided, be it with consent.",
            ),
            Text("{subject}：仮名加工情報の提供。", "{subject}: pseudonymized data was provided."),
        ),
        "CONTACT_USE": Code(
            "high",
            Text("仮名加工情報で本人に連絡した。", "Principals were contacted by it."),
            Text(
                "{subject}：仮名加工情報による連絡。",
                "{subject}: contacted by pseudonymized data.",
            ),
        ),
        "CHECK_MISSING": Code(
            "medium",
            Text(
                "規則 31 条の基準を確認していない。",
                "Items of Rule 31 were not checked, or not met.",
            ),
            Text("{subject}：基準の確認がない（{missing}）。", "{subject}: unchecked ({missing})."),
        ),
    },
    checks=checks,
    evidence=Text("データの番号、利用", "Set id, uses"),
    response=Text("止める。", "Stop."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "PROVIDED",
            "同意による提供",
            "provided by consent",
            PSEUDO,
            transfer(basis="consent"),
            subject="prov-1",
            severity="critical",
        ),
        fine("PROVIDED", "法令による提供", "by a law", PSEUDO, transfer(basis="law")),
        breach(
            "PROVIDED",
            "仮名加工情報の提供記録",
            "a set that turns out to be pseudonymized",
            made(i=True, ii=True, iii=True),
            event(AnonProvided, "2026-11-11 10:00:00", anon_id="anon-1", provision_id="prov-2"),
            subject="prov-2",
        ),
        breach(
            "CONTACT_USE",
            "仮名加工情報による配信",
            "a mailing from it",
            PSEUDO,
            mailing(),
            subject="autumn|ds-pseudo",
            severity="high",
        ),
        fine(
            "CONTACT_USE",
            "会員情報による配信",
            "from an ordinary dataset",
            dataset("general"),
            mailing(),
        ),
        breach(
            "CHECK_MISSING",
            "三号の確認がない",
            "item iii was not met",
            made(i=True, ii=True, iii=False),
            subject="anon-1",
            severity="medium",
        ),
        fine("CHECK_MISSING", "すべての号", "every item was", made(i=True, ii=True, iii=True)),
    ),
)
