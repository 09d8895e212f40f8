"""開示等の請求と苦情 — what principals ask of us and how it is answered.

Basis: APPI Arts. 32 to 40.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Day, Instant, Int, Kept, Ref

__all__ = [
    "ComplaintReceived",
    "ComplaintUpdated",
    "RequestDecided",
    "RequestExecuted",
    "RequestFee",
    "RequestIdentityChecked",
    "RequestReceived",
    "RequestResponded",
    "RightsEvent",
]


@event(natural_key=("request_id",), retention="request")
class RequestReceived(Event):
    """開示等の請求 — a principal asked for disclosure, correction, a stop …"""

    event_type: Literal["request.received"] = "request.received"
    request_id: Kept[str]
    principal_ref: Ref
    by: Kept[Literal["principal", "statutory_agent", "delegated_agent"]]
    kind: Kept[
        Literal[
            "purpose_notice",
            "disclosure",
            "third_party_record",
            "correction",
            "addition",
            "deletion",
            "stop_use",
            "erase",
            "stop_provision",
            "foreign_measures_info",
        ]
    ]
    channel: Kept[Literal["mail", "web", "email", "fax", "tel"]]
    arrived_on: Kept[Day]
    requested_method: Kept[Literal["electronic", "paper", "unspecified"]]
    documents: Kept[tuple[str, ...]]
    """Kinds of document handed in."""
    is_retained_data: Kept[bool | None] = None
    auth_id: Kept[str | None] = None
    """The sign-in under which a self-service request was made."""


@event(natural_key=("request_id", "step", "occurred_at"), retention="request")
class RequestFee(Event):
    """手数料 — a fee fell due, came, fell short or was waived."""

    event_type: Literal["request.fee"] = "request.fee"
    request_id: Kept[str]
    step: Kept[Literal["due", "received", "insufficient_notified", "waived", "expired"]]
    amount_due: Kept[Int]
    amount_received: Kept[Int]
    instrument: Kept[Literal["postal_order", "stamps", "transfer", "none"]]
    due_date: Kept[Day | None] = None


@event(natural_key=("request_id", "target", "occurred_at"), retention="request")
class RequestIdentityChecked(Event):
    """本人確認 — the identity of principal or agent was checked."""

    event_type: Literal["request.identity_checked"] = "request.identity_checked"
    request_id: Kept[str]
    target: Kept[Literal["principal", "agent"]]
    result: Kept[Literal["verified", "mismatch", "insufficient"]]
    documents: Kept[tuple[str, ...]]
    """Kinds of document looked at."""
    address_match: Kept[bool]
    items_requested_count: Kept[Int]


@event(natural_key=("request_id",), retention="request")
class RequestDecided(Event):
    """決定 — what was decided on a request, and on what ground."""

    event_type: Literal["request.decided"] = "request.decided"
    request_id: Kept[str]
    decision: Kept[Literal["accept", "partial", "refuse", "treated_as_not_made", "no_data"]]
    ground: Kept[
        Literal[
            "na",
            "identity",
            "agent",
            "not_retained",
            "entrusted",
            "rights_harm",
            "business_impediment",
            "other_law",
            "alternative_measure",
            "fee",
        ]
    ]
    reason_given: Kept[bool]
    decided_by_ref: Ref
    ground_detail: Kept[Literal["content_correct", "purpose_clear", "request_unfounded"] | None] = (
        None
    )
    """Lawful grounds that `ground` has no word for."""


@event(natural_key=("request_id",), retention="request")
class RequestResponded(Event):
    """回答 — the answer went out."""

    event_type: Literal["request.responded"] = "request.responded"
    request_id: Kept[str]
    method: Kept[Literal["electronic", "paper"]]
    address_basis: Kept[Literal["application", "registered", "other"]]
    tracked_mail: Kept[bool]
    reason_included: Kept[bool]
    method_change_notified: Kept[bool]


@event(natural_key=("request_id",), retention="request")
class RequestExecuted(Event):
    """措置の実施 — systems and contractors carried the decision out."""

    event_type: Literal["request.executed"] = "request.executed"
    request_id: Kept[str]
    systems_done: Kept[tuple[str, ...]]
    systems_required: Kept[tuple[str, ...]]
    contractors_notified: Kept[tuple[str, ...]]
    contractors_required: Kept[tuple[str, ...] | None] = None


@event(natural_key=("complaint_id",), retention="request")
class ComplaintReceived(Event):
    """苦情受付 — a complaint came in."""

    event_type: Literal["complaint.received"] = "complaint.received"
    complaint_id: Kept[str]
    channel: Kept[str]
    received_at: Kept[Instant]
    about: Kept[str]


@event(natural_key=("complaint_id", "step"), retention="request")
class ComplaintUpdated(Event):
    """苦情対応 — a complaint moved on."""

    event_type: Literal["complaint.updated"] = "complaint.updated"
    complaint_id: Kept[str]
    step: Kept[Literal["acknowledged", "answered", "closed"]]
    escalated: Kept[bool]


RightsEvent = (
    RequestReceived
    | RequestFee
    | RequestIdentityChecked
    | RequestDecided
    | RequestResponded
    | RequestExecuted
    | ComplaintReceived
    | ComplaintUpdated
)
"""Any event of this family."""
