"""ガバナンス — policy, rules, roles, activities of the PMS, corrective action and alerts."""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Day, Instant, Int, Kept, Public, Ref

__all__ = [
    "AlertChanged",
    "ApprovalGranted",
    "AttestationRecorded",
    "GovernanceEvent",
    "NonconformityChanged",
    "PmsActivity",
    "PolicyChanged",
    "RoleChanged",
    "RulesChanged",
]


@event(natural_key=("policy_id", "version", "step"), retention="register")
class PolicyChanged(Event):
    """個人情報保護方針 — a version was approved, published or withdrawn."""

    event_type: Literal["policy.changed"] = "policy.changed"
    policy_id: Kept[str]
    version: Kept[str]
    step: Kept[Literal["approved", "published", "withdrawn"]]
    representative: Public
    """The name is published with the policy, so evidence keeps it."""
    approver_ref: Ref
    effective_on: Kept[Day]
    content_sha256: Kept[str]
    required_items: Kept[tuple[str, ...]]
    notice_channels: Kept[tuple[str, ...]]
    published_fees: Kept[tuple[Int, ...] | None] = None


@event(natural_key=("rule_id", "version", "step"), retention="register")
class RulesChanged(Event):
    """内部規程 — a rule was approved, took effect, was reviewed or acknowledged."""

    event_type: Literal["rules.changed"] = "rules.changed"
    rule_id: Kept[str]
    version: Kept[str]
    step: Kept[Literal["approved", "effective", "reviewed", "acknowledged"]]
    kind: Kept[Literal["pms_rule", "work_rules", "manual"]]
    has_confidentiality: Kept[bool]
    next_review: Kept[Day]
    stages: Kept[
        tuple[Literal["acquisition", "use", "storage", "provision", "transport", "disposal"], ...]
        | None
    ] = None


@event(natural_key=("role", "person_ref", "state", "effective_on"), retention="register")
class RoleChanged(Event):
    """役割 — somebody was given a role of the PMS or left it."""

    event_type: Literal["role.changed"] = "role.changed"
    role: Kept[
        Literal[
            "representative",
            "protection_manager",
            "audit_officer",
            "dept_manager",
            "desk_manager",
            "system_manager",
        ]
    ]
    person_ref: Ref
    state: Kept[Literal["assigned", "ended"]]
    effective_on: Kept[Day]
    dept_id: Kept[str | None] = None
    publicly_named: Kept[bool]


@event(natural_key=("activity", "period", "scope"), retention="pms")
class PmsActivity(Event):
    """PMS活動 — an audit, review, inspection, drill or the like was done."""

    event_type: Literal["pms.activity"] = "pms.activity"
    activity: Kept[
        Literal[
            "law_register_review",
            "risk_assessment",
            "self_inspection",
            "log_review",
            "external_check",
            "internal_audit",
            "management_review",
            "emergency_drill",
            "plan_approved",
            "art32_review",
        ]
    ]
    scope: Kept[tuple[str, ...]]
    """Departments."""
    period: Kept[str]
    performed_by_ref: Ref
    independent: Kept[bool | None] = None
    findings: Kept[Int]
    reported_to_top: Kept[bool | None] = None
    inputs_covered: Kept[tuple[str, ...]]
    decisions: Kept[tuple[str, ...]]
    next_due: Kept[Day]
    audit_kind: Kept[Literal["conformity", "operation", "both"] | None] = None
    performer_kind: Kept[Literal["own_dept", "info_mgmt", "external"] | None] = None
    system_ids: Kept[tuple[str, ...] | None] = None


@event(natural_key=("nc_id", "step"), retention="pms")
class NonconformityChanged(Event):
    """是正処置 — a nonconformity moved from raised to verified."""

    event_type: Literal["nonconformity.changed"] = "nonconformity.changed"
    nc_id: Kept[str]
    step: Kept[
        Literal[
            "raised",
            "cause_analysed",
            "plan_approved",
            "done",
            "effectiveness_verified",
            "extended",
        ]
    ]
    source: Kept[
        Literal["audit", "inspection", "incident", "complaint", "alert", "review", "assessor"]
    ]
    due: Kept[Day]
    severity: Kept[Literal["minor", "major"]]
    effective: Kept[bool | None] = None


@event(natural_key=("statement_ids", "period"), retention="pms")
class AttestationRecorded(Event):
    """申告 — somebody answers for statements no event can show."""

    event_type: Literal["attestation.recorded"] = "attestation.recorded"
    statement_ids: Kept[tuple[str, ...]]
    """Clauses of the policy."""
    period: Kept[str]
    answer: Kept[Literal["true", "false", "not_applicable"]]
    by_ref: Ref
    role: Kept[str]
    basis: Kept[str]
    valid_until: Kept[Day | None] = None


@event(natural_key=("approval_id",), retention="pms")
class ApprovalGranted(Event):
    """承認 — something exceptional was permitted for a time."""

    event_type: Literal["approval.granted"] = "approval.granted"
    approval_id: Kept[str]
    kind: Kept[
        Literal["bulk_export", "offhours", "takeout", "privileged", "purpose_exception", "transfer"]
    ]
    for_ref: Ref
    dataset_id: Kept[str | None] = None
    max_rows: Kept[Int | None] = None
    valid_from: Kept[Instant]
    valid_to: Kept[Instant]
    approver_ref: Ref


@event(natural_key=("alert_id", "step"), retention="pms")
class AlertChanged(Event):
    """警報 — an alert was raised, acknowledged, escalated or resolved."""

    event_type: Literal["alert.changed"] = "alert.changed"
    alert_id: Kept[str]
    control_id: Kept[str]
    severity: Kept[Literal["info", "low", "medium", "high", "critical"]]
    step: Kept[
        Literal[
            "raised", "acknowledged", "escalated", "resolved", "false_positive", "risk_accepted"
        ]
    ]
    by_ref: Ref
    about_ref: Ref | None = None
    incident_candidate: Kept[bool]
    reason: Kept[str | None] = None
    approver_ref: Ref | None = None


GovernanceEvent = (
    PolicyChanged
    | RulesChanged
    | RoleChanged
    | PmsActivity
    | NonconformityChanged
    | AttestationRecorded
    | ApprovalGranted
    | AlertChanged
)
"""Any event of this family."""
