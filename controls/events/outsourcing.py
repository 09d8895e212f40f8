"""委託先の監督 — contractors from assessment to the certificate of deletion.

Basis: APPI Art. 25; JIS Q 15001 A.3.4.3.4. The entrustee's side is `EntrustedReceived`.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Country, Day, Int, Kept, Ref, Refs

__all__ = [
    "ContractorAssessed",
    "ContractorAudited",
    "ContractorContractEnded",
    "ContractorContracted",
    "ContractorDataEntrusted",
    "ContractorDataSettled",
    "ContractorFindingClosed",
    "ContractorReentrustDecided",
    "ContractorReentrusted",
    "EntrustedReceived",
    "OutsourcingEvent",
]


@event(natural_key=("contractor_id", "occurred_at"), retention="register")
class ContractorAssessed(Event):
    """委託先評価 — a contractor was judged against our criteria."""

    event_type: Literal["contractor.assessed"] = "contractor.assessed"
    contractor_id: Kept[str]
    result: Kept[Literal["pass", "conditional", "fail"]]
    score: Kept[Int | None] = None
    criteria_version: Kept[str]
    valid_until: Kept[Day]
    certified: Kept[tuple[Literal["PrivacyMark", "ISMS", "CBPR", "none"], ...]]
    country: Kept[Country]
    assessor_ref: Ref


@event(natural_key=("contract_id", "version"), retention="register")
class ContractorContracted(Event):
    """委託契約 — a contract with its clauses, limits and term."""

    event_type: Literal["contractor.contracted"] = "contractor.contracted"
    contractor_id: Kept[str]
    contract_id: Kept[str]
    effective_from: Kept[Day]
    effective_to: Kept[Day | None] = None
    nda: Kept[bool]
    clauses: Kept[
        tuple[
            Literal[
                "scope",
                "security_measures",
                "confidentiality",
                "reentrust_terms",
                "status_report",
                "audit_right",
                "incident_report",
                "return_delete",
                "breach_remedy",
                "staff_supervision",
            ],
            ...,
        ]
    ]
    reentrust_allowed: Kept[Literal["no", "prior_permission", "notice"]]
    fields_allowed: Kept[tuple[str, ...]]
    purpose_codes: Kept[tuple[str, ...]]
    max_principals: Kept[Int | None] = None
    storage_countries: Kept[tuple[Country, ...]]
    version: Kept[Int | None] = None
    no_handling_basis: Kept[str | None] = None
    incident_notice_hours: Kept[Int | None] = None
    """Hours in which the contractor tells us of an incident."""


@event(natural_key=("contract_id",), retention="register")
class ContractorContractEnded(Event):
    """委託契約終了 — a contract ended."""

    event_type: Literal["contractor.contract_ended"] = "contractor.contract_ended"
    contractor_id: Kept[str]
    contract_id: Kept[str]
    ended_on: Kept[Day]
    reason: Kept[str]


@event(natural_key=("contract_id", "subcontractor_id", "decided_on"), retention="register")
class ContractorReentrustDecided(Event):
    """再委託の可否 — re-entrustment was permitted or refused."""

    event_type: Literal["contractor.reentrust_decided"] = "contractor.reentrust_decided"
    contractor_id: Kept[str]
    contract_id: Kept[str]
    subcontractor_id: Kept[str]
    decision: Kept[Literal["permitted", "refused"]]
    scope: Kept[str]
    decided_on: Kept[Day]
    subcontractor_country: Kept[Country]


@event(natural_key=("contract_id", "subcontractor_id", "started_on"), retention="register")
class ContractorReentrusted(Event):
    """再委託の開始 — a subcontractor started, however we came to know."""

    event_type: Literal["contractor.reentrusted"] = "contractor.reentrusted"
    contractor_id: Kept[str]
    contract_id: Kept[str]
    subcontractor_id: Kept[str]
    started_on: Kept[Day]
    known_by: Kept[Literal["report", "audit", "log", "other"]]
    subcontractor_country: Kept[Country]


@event(natural_key=("provision_id",), retention="provision")
class ContractorDataEntrusted(Event):
    """委託に伴う提供 — personal data was handed to a contractor."""

    event_type: Literal["contractor.data_entrusted"] = "contractor.data_entrusted"
    contractor_id: Kept[str]
    contract_id: Kept[str | None] = None
    dataset_id: Kept[str]
    fields: Kept[tuple[str, ...]]
    principals_count: Kept[Int]
    method: Kept[Literal["api", "sftp", "email", "media", "system_access", "paper"]]
    encrypted: Kept[bool]
    country: Kept[Country]
    purpose_code: Kept[str]
    provision_id: Kept[str]
    xborder_basis: Kept[
        Literal["na", "equiv_country", "equiv_system", "consent", "art27_1", "none"] | None
    ] = None
    principal_refs: Refs | None = None


@event(natural_key=("contractor_id", "occurred_at"), retention="pms")
class ContractorAudited(Event):
    """委託先監査 — a contractor was audited, with what findings."""

    event_type: Literal["contractor.audited"] = "contractor.audited"
    contractor_id: Kept[str]
    method: Kept[Literal["onsite", "document", "questionnaire", "interview"]]
    result: Kept[Literal["ok", "findings", "serious"]]
    findings: Kept[Int]
    next_due: Kept[Day]
    subcontractors_covered: Kept[tuple[str, ...]]
    finding_ids: Kept[tuple[str, ...] | None] = None
    """Ids of the findings; without them they count as event_id#1 to #n, closed first-in."""
    finding_due: Kept[Day | None] = None
    """Agreed due day of the findings."""


@event(natural_key=("contractor_id", "finding_id"), retention="pms")
class ContractorFindingClosed(Event):
    """委託先指摘の完了 — a contractor's finding was verified as closed."""

    event_type: Literal["contractor.finding_closed"] = "contractor.finding_closed"
    contractor_id: Kept[str]
    finding_id: Kept[str]
    due: Kept[Day]
    verified_by_ref: Ref


@event(natural_key=("contract_id", "dataset_id", "kind"), retention="pms")
class ContractorDataSettled(Event):
    """返却・消去 — entrusted data came back or was deleted, with certificate."""

    event_type: Literal["contractor.data_settled"] = "contractor.data_settled"
    contractor_id: Kept[str]
    contract_id: Kept[str]
    dataset_id: Kept[str]
    kind: Kept[Literal["returned", "deleted"]]
    certificate_ref: Ref
    principals_count: Kept[Int | None] = None
    includes_subcontractors: Kept[bool]


@event(natural_key=("contract_id", "dataset_id"), retention="register")
class EntrustedReceived(Event):
    """受託 — we took on a client's data, and on what terms."""

    event_type: Literal["entrusted.received"] = "entrusted.received"
    client_id: Kept[str]
    contract_id: Kept[str]
    dataset_id: Kept[str]
    allowed_purpose_codes: Kept[tuple[str, ...]]
    reentrust_allowed: Kept[Literal["no", "prior_permission", "notice"]]
    return_due: Kept[Day | None] = None
    incident_notice_hours: Kept[Int]


OutsourcingEvent = (
    ContractorAssessed
    | ContractorContracted
    | ContractorContractEnded
    | ContractorReentrustDecided
    | ContractorReentrusted
    | ContractorDataEntrusted
    | ContractorAudited
    | ContractorFindingClosed
    | ContractorDataSettled
    | EntrustedReceived
)
"""Any event of this family."""
