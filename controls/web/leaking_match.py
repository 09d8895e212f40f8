"""WEB-02  閲覧履歴の連結・広告照合 — linking and ad matching keep within the promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.contractors import in_force
from controls.books.core import DATASETS
from controls.books.transfers import DATASET_LINKS
from controls.books.web import DECLARED, VENDOR_LINKS, declaration
from controls.events import (
    ContractorContracted,
    ContractorContractEnded,
    LinkExecuted,
    RegisterDataset,
    TagDeclared,
    TagObserved,
)
from controls.examples import breach, event, fine
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
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    match_purposes: tuple[str, ...] = limit(
        ("ad_matching",), "", "広告照合の目的。", "Purposes of ad matching."
    )


def fact(job: LinkExecuted) -> Fact:
    return told(
        job, "link", "dataset_ids", "purpose_code", "hashed", "vendor_id", "identifiable_output",
        "output_dataset_id", "login_based",
    )  # fmt: skip


def checks(limits: Limits) -> tuple[Check, ...]:
    def carried(tag: TagObserved, view: View) -> Judgement | None:
        if not tag.contains_pd:
            return NOT_APPLICABLE
        at = tag.occurred_at
        said = declaration(tag.third_party_domain, at, view)
        if said is None and tag.vendor_id:
            said = view.latest(DECLARED, tag.vendor_id, at)
        subject = f"{tag.page_class}|{tag.third_party_domain}"
        if said is None or said.recipient_purpose not in limits.match_purposes:
            return Judgement("violation", "PD_IN_ANALYTICS", subject)
        return PASS if tag.hashed else Judgement("violation", "UNHASHED", subject)

    def hashed(said: dict[str, Any], at: int, view: View) -> bool:
        return said["vendor_id"] is None or bool(said["hashed"])

    def contracted(said: dict[str, Any], at: int, view: View) -> bool:
        if said["vendor_id"] is None:
            return True
        declared = view.latest(DECLARED, said["vendor_id"], at)
        named = declared is not None and declared.contract_ref is not None
        return named or bool(in_force(said["vendor_id"], at, view))

    def within(said: dict[str, Any], at: int, view: View) -> bool:
        if not said["identifiable_output"]:
            return True
        lines = [view.latest(DATASETS, name, at) for name in said["dataset_ids"]]
        declared = all(line and said["purpose_code"] in line.purpose_codes for line in lines)
        output = said["output_dataset_id"]
        known = output is not None and view.latest(DATASETS, output, at) is not None
        return bool(declared and known and said["login_based"] is not False)

    def job(name: str, code: str, kept: Any) -> Case:
        def judge(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            for link in standing(facts):
                common: dict[str, Any] = {
                    "subject": key, "item": link[1], "at": link[0], "events": (link[1],),
                }  # fmt: skip
                if kept(link[4], link[0], view):
                    yield Judgement("pass", **common)
                else:
                    yield Judgement("violation", code, **common)

        return Case(
            name,
            (code,),
            (LinkExecuted,),
            one_key("job_id"),
            fact,
            judge,
            span=moment,
            by={LinkExecuted: "job_id"},
            touches={
                TagDeclared: of_vendor,
                ContractorContracted: of_contractor,
                ContractorContractEnded: of_contractor,
                RegisterDataset: of_dataset,
            },
        )

    def of_vendor(declared: TagDeclared, view: View) -> Iterable[str]:
        return [link.job_id for link in view.all(VENDOR_LINKS, declared.vendor_id)]

    def of_contractor(contract: Any, view: View) -> Iterable[str]:
        return [link.job_id for link in view.all(VENDOR_LINKS, contract.contractor_id)]

    def of_dataset(line: RegisterDataset, view: View) -> Iterable[str]:
        outputs = (
            link.job_id
            for name in view.keys(DATASET_LINKS)
            for link in view.all(DATASET_LINKS, name)
            if link.output_dataset_id == line.dataset_id
        )
        return [*(link.job_id for link in view.all(DATASET_LINKS, line.dataset_id)), *outputs]

    def by_declaration(declared: TagDeclared) -> tuple[Look, ...]:
        since = declared.published_at
        domains = [Look(TagObserved, "third_party_domain", d, since) for d in declared.domains]
        return (*domains, Look(TagObserved, "vendor_id", declared.vendor_id, since))

    return (
        Each(
            "tag",
            ("UNHASHED", "PD_IN_ANALYTICS"),
            (TagObserved,),
            carried,
            by={TagObserved: "third_party_domain"},
            revisits={TagDeclared: by_declaration},
        ),
        job("hash", "UNHASHED", hashed),
        job("contract", "NO_VENDOR_CONTRACT", contracted),
        job("purpose", "LINK_UNDECLARED", within),
    )


def declared(purpose: str, **given: Any) -> TagDeclared:
    said = {"vendor_id": "vnd-1", "domains": ["ads.example"], "contract_ref": "con-1", **given}
    return event(
        TagDeclared, "2026-04-01 09:00:00", recipient_purpose=purpose,
        published_at="2026-04-01 09:00:00", **said,
    )  # fmt: skip


def tag(**given: Any) -> TagObserved:
    said = {
        "page_class": "/shop", "third_party_domain": "ads.example", "contains_pd": True,
        "hashed": True, **given,
    }  # fmt: skip
    return event(TagObserved, "2026-11-11 10:00:00", **said)


def link(**given: Any) -> LinkExecuted:
    said = {
        "job_id": "job-1", "dataset_ids": ["ds-members"], "purpose_code": "delivery",
        "hashed": True, **given,
    }  # fmt: skip
    return event(LinkExecuted, "2026-11-11 10:00:00", **said)


def dataset(name: str, *purposes: str) -> RegisterDataset:
    return event(
        RegisterDataset, "2026-04-01 09:00:00", dataset_id=name, purpose_codes=list(purposes)
    )


MATCH = declared("ad_matching")
MEMBERS, PROFILES = dataset("ds-members", "delivery"), dataset("ds-profiles", "delivery")
IDENTIFIABLE = {"identifiable_output": True, "output_dataset_id": "ds-profiles"}

CONTROL = Control(
    id="WEB-02",
    title=Text("閲覧履歴の連結・広告照合", "Linking and ad matching within promises"),
    requirement=Text(
        "解析に識別子を含めず、照合は委託契約先へハッシュ化し、連結は宣言目的に限り個人情報として扱う。",
        "Analytics carry no identifiers; matching uploads are hashed to contracted vendors; "
        "linking to persons only for declared purposes after login and handled as PI.",
    ),
    sources=sources(
        seeds="PYX-7.a.2; PYX-7.a.3; PYX-7.b.2; PYX-7.c.2; PYX-7.d.1; PYX-7.d.2; PER-1.6; "
        "MIX-U.D; MIX-B2; MIX-B4; MIX-B6; JUS-L3; JUS-L4; JUS-L6; JUS-L7; JUS-L10",
        appi="Art.18; Art.27; Art.31",
        ppc_guideline="2-8; 3-7",
        pms_guideline="J.8.6; J.8.8.4*",
    ),
    params=Limits(),
    codes={
        "PD_IN_ANALYTICS": Code(
            "high",
            Text(
                "照合でない送信に識別子がある（ハッシュでも）。",
                "Identifiers, hashed or not, in a transmission that is no matching.",
            ),
            Text("{subject}：解析に識別子がある。", "{subject}: identifiers in analytics."),
        ),
        "UNHASHED": Code(
            "critical",
            Text("ハッシュ化していない照合。", "Matching without hashing."),
            Text("{subject}：ハッシュ化していない。", "{subject}: not hashed."),
        ),
        "NO_VENDOR_CONTRACT": Code(
            "high",
            Text("契約のない相手との照合。", "Matching with a vendor without a contract."),
            Text("{subject}：相手との契約がない。", "{subject}: no contract with the vendor."),
        ),
        "LINK_UNDECLARED": Code(
            "high",
            Text(
                "宣言した目的・台帳・ログインによらず本人に連結した。",
                "Linked to persons outside the declared purpose, the register, or a sign-in.",
            ),
            Text("{subject}：宣言のない連結。", "{subject}: linked undeclared."),
        ),
    },
    checks=checks,
    evidence=Text("処理番号、ハッシュの有無、相手、目的", "Job id, hashed flag, vendor, purpose"),
    response=Text("送信又は処理を止める。", "Stop tag/job."),
    false_positives=Text(
        "ハッシュ化は匿名化ではない：提供又は委託である（F-05）。",
        "Hashing is not anonymisation: a hashed e-mail to a vendor is still provision or "
        "entrustment (F-05).",
    ),
    examples=(
        breach(
            "PD_IN_ANALYTICS",
            "解析に含まれる識別子",
            "an identifier in analytics",
            declared("analytics"),
            tag(contains_pd=True),
            subject="/shop|ads.example",
            severity="high",
        ),
        fine(
            "PD_IN_ANALYTICS",
            "識別子のない解析",
            "analytics without one",
            declared("analytics"),
            tag(contains_pd=False),
        ),
        breach(
            "UNHASHED",
            "ハッシュのない照合",
            "a match that is not hashed",
            MATCH,
            tag(hashed=False),
            severity="critical",
        ),
        fine("UNHASHED", "ハッシュ化した照合", "a hashed one", MATCH, tag(hashed=True)),
        breach(
            "UNHASHED",
            "ハッシュのない名簿の照合",
            "a list that is not hashed",
            MATCH,
            link(vendor_id="vnd-1", hashed=False),
            subject="job-1",
        ),
        breach(
            "NO_VENDOR_CONTRACT",
            "契約のない相手",
            "a vendor without a contract",
            declared("ad_matching", contract_ref=None),
            link(vendor_id="vnd-1"),
            subject="job-1",
            severity="high",
        ),
        fine(
            "NO_VENDOR_CONTRACT",
            "契約のある相手",
            "a vendor with one",
            declared("ad_matching", contract_ref="con-1"),
            link(vendor_id="vnd-1"),
        ),
        breach(
            "LINK_UNDECLARED",
            "ログインによらない連結",
            "linked without a sign-in",
            MEMBERS,
            PROFILES,
            link(login_based=False, **IDENTIFIABLE),
            subject="job-1",
            severity="high",
        ),
        fine(
            "LINK_UNDECLARED",
            "ログインの後の連結",
            "linked after a sign-in",
            MEMBERS,
            PROFILES,
            link(login_based=True, **IDENTIFIABLE),
        ),
        breach(
            "LINK_UNDECLARED",
            "宣言のない目的の連結",
            "linked for an undeclared purpose",
            MEMBERS,
            PROFILES,
            link(login_based=True, purpose_code="survey", **IDENTIFIABLE),
        ),
    ),
)
