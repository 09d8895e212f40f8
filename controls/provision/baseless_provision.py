"""TRF-01  第三者提供の同意・法的根拠 — nothing goes to a third party without consent or ground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.asked import principals
from controls.books.anonymized import barred
from controls.books.contractors import in_force
from controls.books.core import DATASETS, PROVISIONS, RECIPIENTS
from controls.books.transfers import DATASET_PROVISIONS, RECIPIENT_PROVISIONS, own_entity
from controls.events import (
    ConsentChanged,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    OptoutRecorded,
    RecipientRegistered,
    RegisterDataset,
    TransferProvided,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
    MINUTE,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    arrival,
    limit,
    sources,
)
from controls.provision.consents import live, said, told_by
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    late_consent_minutes: int = limit(
        60, "min", "同意の記録を待つ時間。", "How long the record of a consent is awaited."
    )
    critical_n: int = limit(
        1000,
        "persons",
        "同意のない本人がこの人数に達すれば critical とする。",
        "Principals without consent from which it is critical.",
    )
    exceptions: tuple[str, ...] = limit(
        ("law", "life_property", "public_health", "public_body", "academic"),
        "",
        "法 27 条 1 項各号に当たる根拠。",
        "Grounds of Art. 27(1).",
    )
    identifier_fields: tuple[str, ...] = limit(
        (
            "name", "kana", "address", "email", "phone", "birth_date", "account_no", "member_no",
        ),
        "",
        "本人を識別する項目。",
        "Fields that identify a person.",
    )  # fmt: skip


def consent_based(provision: TransferProvided) -> bool:
    """It rests on what the principals agreed to, of Art. 27 or abroad of Art. 28."""
    abroad = provision.recipient_country != "JP" and provision.xborder_basis == "consent"
    return provision.basis == "consent" or (provision.basis == "none" and abroad)


def apart(provision: TransferProvided, view: View) -> bool:
    """No third party: the principal, or our own entity."""
    own = provision.recipient_kind == "principal" or own_entity(provision, view)
    return own or barred(provision, view)  # what is barred ANO-04 judges


def checks(limits: Limits) -> tuple[Check, ...]:
    wait = limits.late_consent_minutes * MINUTE

    def provisions(
        facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[TransferProvided, dict[str, Any]]]:
        for line in standing(facts, "provision"):
            provision = view.event(line[1])
            if provision is not None:
                yield provision, {
                    "subject": provision.provision_id or line[1], "item": line[1],
                    "at": line[0], "events": (line[1],),
                    "facts": {"basis": provision.basis, "recipient": provision.recipient_id},
                }  # fmt: skip

    def grounded(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in provisions(facts, view):
            basis = provision.basis
            refs = principals(provision, view)
            if apart(provision, view):
                yield Judgement("not_applicable", **common)
            elif consent_based(provision):
                if len(refs) < max(1, provision.principals_count):
                    missing = (f"principals of {common['subject']}",)
                    yield Judgement("indeterminate", missing=missing, **common)
            elif basis == "none" or (basis == "entrustment" and not entrusted(provision, view)):
                yield Judgement(
                    "violation", "NO_BASIS", since=provision.occurred_at - DAY, **common
                )
            elif undocumented(provision):
                yield Judgement("violation", "BASIS_UNDOCUMENTED", **common)
            else:
                yield Judgement("pass", **common)

    def undocumented(provision: TransferProvided) -> bool:
        if provision.basis in limits.exceptions:
            return not (provision.basis_doc_ref and provision.approver_ref)
        return provision.basis == "succession" and not provision.basis_doc_ref

    def entrusted(provision: TransferProvided, view: View) -> bool:
        at = provision.occurred_at
        return bool(in_force(provision.recipient_id, at, view)) or any(
            isinstance(p, ContractorDataEntrusted)
            for p in view.all(PROVISIONS, provision.provision_id)
        )

    def beyond(provision: TransferProvided, view: View) -> list[str] | None:
        """Fields that the recipient may not have; None where the ledger does not fix them."""
        line = view.latest(RECIPIENTS, provision.recipient_id, provision.occurred_at)
        if line is None or not line.fields_allowed:
            return None
        return sorted(set(provision.fields) - set(line.fields_allowed))

    def fields(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in provisions(facts, view):
            if apart(provision, view):
                continue
            extra = beyond(provision, view)
            if extra is None:
                missing = (f"fields_allowed of recipient {provision.recipient_id}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif extra:
                common["facts"] |= {"extra": ", ".join(extra)}
                yield Judgement("violation", "FIELDS_EXCEED", **common)

    def identifying(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in provisions(facts, view):
            line = view.latest(RECIPIENTS, provision.recipient_id, provision.occurred_at)
            found = sorted(set(provision.fields) & set(limits.identifier_fields))
            limited = line is not None and line.non_identifying_only
            if limited and found and not apart(provision, view):
                common["facts"] |= {"extra": ", ".join(found)}
                yield Judgement("violation", "IDENTIFYING_SENT", **common)

    def succeeded(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in provisions(facts, view):
            if provision.basis != "succession" or apart(provision, view):
                continue
            line = view.latest(DATASETS, provision.dataset_id, provision.occurred_at)
            common["facts"] |= {"purpose": provision.purpose_code}
            if line is None:
                missing = (f"datasets {provision.dataset_id}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif provision.purpose_code not in line.purpose_codes:
                yield Judgement("violation", "SUCCESSION_PURPOSE", **common)

    def asked(
        facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[TransferProvided, dict[str, Any]]]:
        for provision, common in provisions(facts, view):
            if consent_based(provision) and not apart(provision, view):
                yield provision, common

    def consented(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in asked(facts, view):
            given, withdrawn = live(facts, provision)
            until = arrival(provision) + wait
            if given:
                yield Judgement("pass", **common)
            elif withdrawn:
                continue
            elif view.now <= until:
                missing = (f"consents for {common['subject']}",)
                yield Judgement("indeterminate", missing=missing, until=until, **common)
            else:
                yield Judgement("violation", "CONSENT_MISSING", detected=until, **common)

    def withdrawn(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in asked(facts, view):
            if live(facts, provision)[1]:
                yield Judgement("violation", "WITHDRAWN", **common)

    def agreed(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in asked(facts, view):
            given, _ = live(facts, provision)
            short = [sorted(set(provision.fields) - set(consent[4]["fields"])) for consent in given]
            if short and all(short) and not beyond(provision, view):
                least: list[str] = min(short, key=len)
                common["facts"] |= {"extra": ", ".join(least)}
                yield Judgement("violation", "FIELDS_EXCEED", **common)

    def to_recipient(event: Any, view: View) -> Iterable[str]:
        named = event.recipient_id if isinstance(event, RecipientRegistered) else (
            event.contractor_id
        )  # fmt: skip
        return [p.provision_id for p in view.all(RECIPIENT_PROVISIONS, named) if p.provision_id]

    def of_dataset(line: RegisterDataset, view: View) -> Iterable[str]:
        given = view.all(DATASET_PROVISIONS, line.dataset_id)
        return [p.provision_id for p in given if p.provision_id]

    def itself(provision: ContractorDataEntrusted, view: View) -> Iterable[str]:
        return (provision.provision_id,)

    def provision_fact(event: TransferProvided) -> Fact:
        return told(event, "provision")

    by_provision, by_principal = one_key("provision_id"), one_key("principal_ref")

    def ground(name: str, codes: tuple[str, ...], judge: Any) -> Case:
        return Case(
            name,
            codes,
            (TransferProvided,),
            by_provision,
            provision_fact,
            judge,
            span=moment,
            by={TransferProvided: "provision_id"},
            touches={
                RecipientRegistered: to_recipient,
                ContractorContracted: to_recipient,
                ContractorContractEnded: to_recipient,
                ContractorDataEntrusted: itself,
                RegisterDataset: of_dataset,
            },
            awaits=(ContractorContracted,),
        )

    def consent(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (ConsentChanged, OptoutRecorded),
            by_principal,
            said,
            judge,
            span=moment,
            by={ConsentChanged: "principal_ref"},
            asks={TransferProvided: principals, RecipientRegistered: told_by},
            rises={"CONSENT_MISSING": (limits.critical_n, "critical")},
        )

    return (
        ground("ground", ("NO_BASIS", "BASIS_UNDOCUMENTED"), grounded),
        ground("fields", ("FIELDS_EXCEED",), fields),
        ground("identifying", ("IDENTIFYING_SENT",), identifying),
        ground("succession", ("SUCCESSION_PURPOSE",), succeeded),
        consent("consent", "CONSENT_MISSING", consented),
        consent("withdrawn", "WITHDRAWN", withdrawn),
        consent("agreed_fields", "FIELDS_EXCEED", agreed),
    )


def provided(at: str = "2026-11-11 10:00:00", **given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        at,
        **{
            "provision_id": "prov-1",
            "dataset_id": "ds-members",
            "recipient_id": "rcp-partner",
            "recipient_kind": "third_party",
            "basis": "consent",
            "fields": ["email"],
            "principal_refs": ["mem-1"],
            "principals_count": 1,
            "purpose_code": "partner_offers",
            **given,
        },
    )


def registered(**given: Any) -> RecipientRegistered:
    return event(
        RecipientRegistered,
        "2026-04-01 09:00:00",
        **{
            "recipient_id": "rcp-partner",
            "kind": "third_party",
            "fields_allowed": ["name", "email"],
            **given,
        },
    )


def said_at(at: str = "2026-11-01 10:00:00", **given: Any) -> ConsentChanged:
    return event(
        ConsentChanged,
        at,
        **{
            "principal_ref": "mem-1",
            "consent_id": "c-1",
            "state": "granted",
            "kind": "third_party",
            "recipient_id": "rcp-partner",
            "purpose_codes": ["partner_offers"],
            "fields": ["email"],
            **given,
        },
    )


def contracted(**given: Any) -> ContractorContracted:
    return event(
        ContractorContracted,
        "2026-04-01 10:00:00",
        **{
            "contractor_id": "rcp-partner",
            "contract_id": "con-1",
            "effective_from": "2026-04-01",
            **given,
        },
    )


def dataset(**given: Any) -> RegisterDataset:
    return event(
        RegisterDataset,
        "2026-04-01 09:00:00",
        **{"dataset_id": "ds-members", "purpose_codes": ["member_service"], **given},
    )


LATER = "2026-11-11T11:00:01+09:00"
LAW: dict[str, Any] = {
    "basis": "law", "basis_doc_ref": "doc-1", "approver_ref": "boss",
    "principal_refs": [],
}  # fmt: skip
SUCCESSION: dict[str, Any] = {
    "basis": "succession", "basis_doc_ref": "doc-1", "recipient_kind": "successor",
    "principal_refs": [],
}  # fmt: skip
CROWD = [f"mem-{n}" for n in range(1_000)]

CONTROL = Control(
    id="TRF-01",
    title=Text("第三者提供の同意・法的根拠", "Third-party provision has consent or legal basis"),
    requirement=Text(
        "第三者提供は提供先・項目を特定した有効な同意又は記録した例外根拠に基づく。",
        "Each provision outside the company matches a live consent for that recipient, items and "
        "purpose, or a documented exception.",
    ),
    sources=sources(
        seeds="PYX-2.b.iii; PYX-2.c.iii; PYX-4.0; PYX-4.a; PYX-4.b; PYX-4.c; PYX-4.d; PYX-4.n; "
        "PYX-7.d.2; PER-2-1.0; PER-2-1.a; PER-2-1.b; PER-2-1.c; PER-2-1.d; PER-2-1.e; PER-2-2.n; "
        "PER-2-3.1; MIX-P3; MIX-U.C; MIX-T1; MIX-T2; MIX-T.A; MIX-T.B; MIX-T.C; MIX-T.D; MIX-T.E; "
        "MIX-T.F; MIX-T.G; PIC-T0; PIC-T1; PIC-T2; PIC-T3; PIC-T4; PIC-T5; JUS-3; JUS-U5.3; "
        "JUS-T0; JUS-T1; JUS-T4; JUS-T6; JUS-T7; JUS-T8; JUS-T9; JUS-L8.d",
        appi="Art.27(1); Art.27(5); Art.18",
        ppc_guideline="3-6-1; 3-6-3",
        pms_guideline="J.8.8",
    ),
    params=Limits(),
    codes={
        "NO_BASIS": Code(
            "critical",
            Text(
                "根拠がない、又は委託とするが契約も委託の記録もない。",
                "No ground, or entrustment with neither a contract nor a record of it.",
            ),
            Text(
                "{subject}：{recipient} への提供に根拠（{basis}）がない。",
                "{subject}: went to {recipient} without a ground ({basis}).",
            ),
        ),
        "CONSENT_MISSING": Code(
            "high",
            Text(
                "提供の時までに同意したことのない本人がいる（critical_n 人以上なら critical）。",
                "Principals who had never consented by then; critical from critical_n of them.",
            ),
            Text(
                "{subject}：同意のない本人 {events} 人のデータを {recipient} へ提供した。",
                "{subject}: data of {events} principals went to {recipient} without consent.",
            ),
        ),
        "WITHDRAWN": Code(
            "high",
            Text(
                "同意を撤回し（又は期限が過ぎ）、若しくは停止を求めた本人のデータを提供した。",
                "Data of a principal who had withdrawn the consent (or it had expired), or had "
                "opted out.",
            ),
            Text(
                "{subject}：同意を撤回した本人 {events} 人のデータを {recipient} へ提供した。",
                "{subject}: data of {events} principals went to {recipient} after withdrawal.",
            ),
        ),
        "FIELDS_EXCEED": Code(
            "high",
            Text(
                "同意した項目、又は提供先に許された項目を超えて提供した。",
                "Fields beyond the consent, or beyond what the recipient may have.",
            ),
            Text(
                "{subject}：範囲外の項目（{extra}）を {recipient} へ提供した。",
                "{subject}: fields outside the scope went to {recipient}: {extra}.",
            ),
        ),
        "BASIS_UNDOCUMENTED": Code(
            "medium",
            Text(
                "例外の根拠の文書又は承認者（事業承継は文書）の記録がない。",
                "The exception lacks its document or approver; a succession its document.",
            ),
            Text(
                "{subject}：根拠（{basis}）の文書又は承認の記録がない。",
                "{subject}: the ground {basis} is not documented or not approved.",
            ),
        ),
        "IDENTIFYING_SENT": Code(
            "high",
            Text(
                "識別できない形に限る提供先へ、本人を識別する項目を提供した。",
                "Identifying fields for a recipient that may have none.",
            ),
            Text(
                "{subject}：{recipient} へ識別項目（{extra}）を提供した。",
                "{subject}: identifying fields went to {recipient}: {extra}.",
            ),
        ),
        "SUCCESSION_PURPOSE": Code(
            "high",
            Text(
                "事業承継に伴う提供の目的が、承継前の利用目的にない。",
                "A succession for a purpose that the data did not have before.",
            ),
            Text(
                "{subject}：承継前の利用目的にない目的（{purpose}）である。",
                "{subject}: the purpose {purpose} is none of those before the succession.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "提供の番号、根拠、同意の充足 n/m、文書番号",
        "Provision id, basis, consent coverage n/m, doc ref",
    ),
    response=Text(
        "提供を止め、回収し、INC-02 で報告の要否を判断する。", "Stop the feed, recall, INC-02."
    ),
    false_positives=Text("同意の記録の遅れ", "Lag of the consent store"),
    examples=(
        breach(
            "NO_BASIS",
            "根拠のない提供",
            "on no ground",
            registered(),
            provided(basis="none"),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "NO_BASIS",
            "オプトアウトによる提供（TRF-06 が判定）",
            "by opt-out, which TRF-06 judges",
            registered(),
            provided(basis="opt_out"),
        ),
        breach(
            "NO_BASIS",
            "提供の前日に終わった委託契約",
            "entrusted on the day after the contract had ended",
            registered(),
            contracted(effective_to="2026-11-10"),
            provided(basis="entrustment"),
        ),
        fine(
            "NO_BASIS",
            "契約の最終日の委託",
            "entrusted on the contract's last day",
            registered(),
            contracted(effective_to="2026-11-11"),
            provided(basis="entrustment"),
        ),
        fine(
            "NO_BASIS",
            "委託の記録がある",
            "the entrusting is on record",
            registered(),
            provided(basis="entrustment"),
            event(
                ContractorDataEntrusted,
                "2026-11-11 10:00:00",
                contractor_id="rcp-partner",
                provision_id="prov-1",
            ),
        ),
        fine(
            "NO_BASIS",
            "本人への提供",
            "to the principal",
            registered(),
            provided(basis="none", recipient_kind="principal"),
        ),
        fine(
            "NO_BASIS",
            "自社の支店への提供",
            "to a branch of our own",
            registered(own_entity=True),
            provided(basis="none"),
        ),
        breach(
            "CONSENT_MISSING",
            "提供の一秒後の同意",
            "consented one second after it",
            registered(),
            said_at("2026-11-11 10:00:01"),
            provided(),
            subject="prov-1",
            severity="high",
            until=LATER,
        ),
        fine(
            "CONSENT_MISSING",
            "提供と同時の同意",
            "consented at that very moment",
            registered(),
            said_at("2026-11-11 10:00:00"),
            provided(),
            until=LATER,
        ),
        breach(
            "CONSENT_MISSING",
            "別の提供先への同意",
            "consented to another recipient",
            registered(),
            said_at(recipient_id="rcp-other"),
            provided(),
            until=LATER,
        ),
        breach(
            "CONSENT_MISSING",
            "別の目的の同意",
            "consented to another purpose",
            registered(),
            said_at(purpose_codes=["research"]),
            provided(),
            until=LATER,
        ),
        fine(
            "CONSENT_MISSING",
            "外国への提供の同意（法 28 条）による",
            "abroad, by a consent of Art. 28",
            registered(),
            said_at(kind="foreign", recipient_id=None),
            provided(basis="none", recipient_country="US", xborder_basis="consent"),
            until=LATER,
        ),
        breach(
            "CONSENT_MISSING",
            "千人が同意していない",
            "a thousand have not consented",
            registered(),
            provided(principal_refs=CROWD, principals_count=1_000),
            severity="critical",
            until=LATER,
        ),
        breach(
            "CONSENT_MISSING",
            "999 人が同意していない",
            "one fewer than a thousand have not consented",
            registered(),
            provided(principal_refs=CROWD[:-1], principals_count=999),
            severity="high",
            until=LATER,
        ),
        unknown(
            "CONSENT_MISSING",
            "同意の記録を待つ間",
            "while the record of the consent is awaited",
            registered(),
            provided(),
            until="2026-11-11T11:00:00+09:00",
        ),
        unknown(
            "CONSENT_MISSING",
            "本人が人数でしか示されない",
            "principals known by their number only",
            registered(),
            provided(principal_refs=[], principals_count=100),
            until=LATER,
        ),
        breach(
            "WITHDRAWN",
            "提供の一秒前の撤回",
            "withdrawn one second before it",
            registered(),
            said_at(),
            said_at("2026-11-11 09:59:59", state="withdrawn"),
            provided(),
            subject="prov-1",
            severity="high",
            until=LATER,
        ),
        fine(
            "WITHDRAWN",
            "提供の一秒後の撤回",
            "withdrawn one second after it",
            registered(),
            said_at(),
            said_at("2026-11-11 10:00:01", state="withdrawn"),
            provided(),
            until=LATER,
        ),
        breach(
            "WITHDRAWN",
            "第三者提供の停止を求めた本人",
            "a principal who had opted out of provision",
            registered(),
            said_at(),
            event(
                OptoutRecorded,
                "2026-11-10 10:00:00",
                principal_ref="mem-1",
                scope="third_party",
                effective_at="2026-11-11 10:00:00",
            ),
            provided(),
            until=LATER,
        ),
        fine(
            "WITHDRAWN",
            "撤回の後に改めて同意した",
            "consented anew after the withdrawal",
            registered(),
            said_at(),
            said_at("2026-11-10 10:00:00", state="withdrawn"),
            said_at("2026-11-10 11:00:00", consent_id="c-2"),
            provided(),
            until=LATER,
        ),
        breach(
            "FIELDS_EXCEED",
            "同意にない氏名を加えた",
            "a name that the consent does not cover",
            registered(),
            said_at(),
            provided(fields=["email", "name"]),
            subject="prov-1",
            severity="high",
            until=LATER,
        ),
        fine(
            "FIELDS_EXCEED",
            "同意の項目のみ",
            "fields of the consent alone",
            registered(),
            said_at(),
            provided(fields=["email"]),
            until=LATER,
        ),
        breach(
            "FIELDS_EXCEED",
            "提供先に許されない項目",
            "a field that the recipient may not have",
            registered(fields_allowed=["name"]),
            said_at(),
            provided(),
            until=LATER,
        ),
        unknown(
            "FIELDS_EXCEED",
            "台帳にない提供先",
            "a recipient that is not registered",
            said_at(),
            provided(),
            until=LATER,
        ),
        breach(
            "BASIS_UNDOCUMENTED",
            "根拠の文書がない法令による提供",
            "under a law, without its document",
            registered(),
            provided(**{**LAW, "basis_doc_ref": None}),
            subject="prov-1",
            severity="medium",
        ),
        fine(
            "BASIS_UNDOCUMENTED",
            "文書と承認のある法令による提供",
            "under a law, documented and approved",
            registered(),
            provided(**LAW),
        ),
        breach(
            "BASIS_UNDOCUMENTED",
            "承認者のない法令による提供",
            "under a law, approved by nobody",
            registered(),
            provided(**{**LAW, "approver_ref": None}),
        ),
        breach(
            "IDENTIFYING_SENT",
            "識別できない形に限る広告会社へのメールアドレス",
            "an address for an advertiser that may have none",
            registered(non_identifying_only=True),
            said_at(),
            provided(),
            subject="prov-1",
            severity="high",
            until=LATER,
        ),
        fine(
            "IDENTIFYING_SENT",
            "識別項目を受けてよい提供先",
            "a recipient that may",
            registered(non_identifying_only=False),
            said_at(),
            provided(),
            until=LATER,
        ),
        breach(
            "SUCCESSION_PURPOSE",
            "承継前になかった目的",
            "a purpose that there was not before",
            registered(),
            dataset(),
            provided(**SUCCESSION),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "SUCCESSION_PURPOSE",
            "承継前の目的",
            "a purpose from before",
            registered(),
            dataset(),
            provided(**SUCCESSION, purpose_code="member_service"),
        ),
        unknown(
            "SUCCESSION_PURPOSE",
            "台帳にないデータの承継",
            "succession of data that is not registered",
            registered(),
            provided(**SUCCESSION),
        ),
    ),
)
