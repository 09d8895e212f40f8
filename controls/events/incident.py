"""漏えい等事案 — an incident from the first person to know to the last report.

Basis: APPI Art. 26; Enforcement Rules 7 to 10.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Day, Instant, Int, Kept, Ref, ReportItem

__all__ = [
    "IncidentDetected",
    "IncidentEvent",
    "IncidentNotified",
    "IncidentReported",
    "IncidentStep",
]


@event(natural_key=("incident_id", "version"), retention="incident")
class IncidentDetected(Event):
    """事案の把握 — an incident as known at this version."""

    event_type: Literal["incident.detected"] = "incident.detected"
    incident_id: Kept[str]
    known_at: Kept[Instant]
    """When the first department knew: the statutory clock starts here."""
    kind: Kept[Literal["leak", "loss", "damage", "suspected"]]
    cause: Kept[
        Literal[
            "misdelivery",
            "loss",
            "theft",
            "unauthorized_access",
            "malware",
            "insider",
            "misconfiguration",
            "contractor",
            "other",
        ]
    ]
    dataset_ids: Kept[tuple[str, ...]]
    principals_min: Kept[Int]
    principals_max: Kept[Int]
    sensitive: Kept[bool]
    financial_risk: Kept[bool]
    malicious: Kept[bool]
    my_number: Kept[bool]
    strongly_encrypted: Kept[bool]
    fully_recovered_unread: Kept[bool]
    role: Kept[Literal["controller", "entrustee"]]
    contractor_id: Kept[str | None] = None
    version: Kept[Int | None] = None
    contractor_known_at: Kept[Instant | None] = None
    """When the contractor knew."""
    publicly_viewable: Kept[bool | None] = None
    """Could be seen by an unspecified number of persons."""


@event(natural_key=("incident_id", "step", "occurred_at"), retention="incident")
class IncidentStep(Event):
    """事案の進行 — one step in handling an incident."""

    event_type: Literal["incident.step"] = "incident.step"
    incident_id: Kept[str]
    step: Kept[
        Literal[
            "escalated",
            "contained",
            "classified",
            "closed",
            "published",
            "corrective_decided",
            "corrective_verified",
            "reclassified",
            "withdrawn",
        ]
    ]
    by_ref: Ref
    reportable_items: Kept[tuple[Literal["rule7_1", "rule7_2", "rule7_3", "rule7_4", "none"], ...]]
    deferral_until: Kept[Day | None] = None
    """A recorded deferral of the notice to principals, with document_ref."""
    publication_decision: Kept[Literal["publish", "not_publish"] | None] = None


@event(natural_key=("incident_id", "to", "stage"), retention="incident")
class IncidentReported(Event):
    """報告 — a report to the PPC, minister, PrivacyMark body, client or police."""

    event_type: Literal["incident.reported"] = "incident.reported"
    incident_id: Kept[str]
    to: Kept[Literal["ppc", "delegated_minister", "privacymark_body", "client", "police"]]
    stage: Kept[Literal["preliminary", "final", "supplement", "single"]]
    receipt_no: Kept[str]
    items_filled: Kept[tuple[ReportItem, ...]]
    """Items 1 to 9 of Rule 8."""
    unknown_items: Kept[tuple[Int, ...]]


@event(natural_key=("incident_id", "occurred_at"), retention="incident")
class IncidentNotified(Event):
    """本人通知 — principals were told, or publication stood in for it."""

    event_type: Literal["incident.notified"] = "incident.notified"
    incident_id: Kept[str]
    principals_notified: Kept[Int]
    principals_total: Kept[Int]
    method: Kept[Literal["mail", "email", "alternative_publication", "alternative_desk", "mixed"]]
    items: Kept[tuple[Literal["summary", "items", "cause", "secondary", "other"], ...]]
    difficulty_reason: Kept[str | None] = None


IncidentEvent = IncidentDetected | IncidentStep | IncidentReported | IncidentNotified
"""Any event of this family."""
