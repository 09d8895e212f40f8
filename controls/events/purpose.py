"""取得・利用目的・同意 — how data came in, what for, and what principals agreed to.

Basis: APPI Arts. 17 to 21.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Instant, Int, Kept, Ref, Refs

__all__ = [
    "ConsentChanged",
    "DataAcquired",
    "LinkExecuted",
    "MarketingSent",
    "OptoutRecorded",
    "PurposeChanged",
    "PurposeEvent",
    "PurposePublished",
]


@event(
    lane="principals",
    lane_key="principal_ref",
    natural_key=("acquisition_id",),
    retention="register",
)
class DataAcquired(Event):
    """取得 — data of one principal came in, by what channel and with what notice."""

    event_type: Literal["data.acquired"] = "data.acquired"
    dataset_id: Kept[str]
    principal_ref: Ref
    channel: Kept[
        Literal[
            "web_form",
            "paper",
            "oral",
            "phone_recording",
            "camera",
            "public_source",
            "third_party",
            "log",
        ]
    ]
    notice_id: Kept[str | None] = None
    notice_shown_at: Kept[Instant | None] = None
    consent_id: Kept[str | None] = None
    fields: Kept[tuple[str, ...]]
    sensitive_categories: Kept[tuple[str, ...]]
    by_principal: Kept[bool]
    source_id_ext: Kept[str | None] = None
    acquisition_id: Kept[str | None] = None
    provision_id: Kept[str | None] = None
    """The third-party provision it came by."""
    acquired_basis: Kept[
        Literal[
            "third_party",
            "opt_out",
            "entrusted",
            "joint_use",
            "succession",
            "art27_1",
            "public_body",
        ]
        | None
    ] = None
    """Absent means third_party where channel is third_party."""
    notice_effective_from: Kept[Instant | None] = None
    """The version of the notice that was shown."""
    notice_exemption: Kept[
        Literal["art21_4_1", "art21_4_2", "art21_4_3", "art21_4_4", "emergency"] | None
    ] = None
    sensitive_exception: Kept[
        Literal[
            "law",
            "life_property",
            "public_health",
            "public_body",
            "academic",
            "public_source",
            "visual",
            "entrust_succession_joint",
        ]
        | None
    ] = None
    """The item of Art. 20(2) relied on."""


@event(natural_key=("notice_id", "effective_from"), retention="register")
class PurposePublished(Event):
    """利用目的の公表 — a notice of purposes took effect."""

    event_type: Literal["purpose.published"] = "purpose.published"
    notice_id: Kept[str]
    dataset_ids: Kept[tuple[str, ...]]
    purpose_codes: Kept[tuple[str, ...]]
    method: Kept[Literal["web", "paper", "display", "guidance_audio"]]
    contact_included: Kept[bool]
    effective_from: Kept[Instant]
    items_present: Kept[tuple[str, ...]]


@event(natural_key=("dataset_id", "occurred_at"), retention="register")
class PurposeChanged(Event):
    """利用目的の変更 — purposes of a dataset changed (Art. 17(2))."""

    event_type: Literal["purpose.changed"] = "purpose.changed"
    dataset_id: Kept[str]
    old_codes: Kept[tuple[str, ...]]
    new_codes: Kept[tuple[str, ...]]
    relatedness: Kept[Literal["related", "unrelated"]]
    judged_by_ref: Ref
    announced_at: Kept[Instant | None] = None
    consent_required: Kept[bool]


@event(
    lane="principals",
    lane_key="principal_ref",
    natural_key=("consent_id", "state"),
    retention="register",
)
class ConsentChanged(Event):
    """同意 — a principal agreed, withdrew, or the consent expired."""

    event_type: Literal["consent.changed"] = "consent.changed"
    consent_id: Kept[str]
    principal_ref: Ref
    state: Kept[Literal["granted", "withdrawn", "expired"]]
    kind: Kept[
        Literal[
            "purpose", "third_party", "foreign", "sensitive", "location", "cookies", "marketing"
        ]
    ]
    purpose_codes: Kept[tuple[str, ...]]
    recipient_id: Kept[str | None] = None
    fields: Kept[tuple[str, ...]]
    info_items: Kept[
        tuple[
            Literal[
                "purpose",
                "recipient",
                "items",
                "method",
                "country",
                "country_regime",
                "recipient_measures",
                "unspecified_reason",
                "contact",
                "voluntary",
                "withdrawal",
            ],
            ...,
        ]
    ]
    notice_id: Kept[str]
    evidence_ref: Ref


@event(
    lane="principals",
    lane_key="principal_ref",
    natural_key=("principal_ref", "scope", "effective_at"),
    retention="register",
)
class OptoutRecorded(Event):
    """利用停止の意思 — a principal opted out of something."""

    event_type: Literal["optout.recorded"] = "optout.recorded"
    principal_ref: Ref
    scope: Kept[
        Literal["marketing_email", "marketing_all", "ads", "linking", "cookies", "third_party"]
    ]
    effective_at: Kept[Instant]


@event(
    lane="principals",
    lane_key="principal_ref",
    natural_key=("campaign_id", "principal_ref"),
    retention="log",
)
class MarketingSent(Event):
    """販促の送信 — one message of a campaign to one principal."""

    event_type: Literal["marketing.sent"] = "marketing.sent"
    campaign_id: Kept[str]
    principal_ref: Ref
    channel: Kept[Literal["email", "mail", "phone", "sms", "ad"]]
    dataset_id: Kept[str]
    purpose_code: Kept[str]


@event(natural_key=("job_id",), retention="log")
class LinkExecuted(Event):
    """データの突合 — datasets or behaviour were linked by a job."""

    event_type: Literal["link.executed"] = "link.executed"
    job_id: Kept[str]
    dataset_ids: Kept[tuple[str, ...]]
    behaviour_source: Kept[str]
    purpose_code: Kept[str]
    hashed: Kept[bool]
    vendor_id: Kept[str | None] = None
    principals_count: Kept[Int]
    identifiable_output: Kept[bool]
    principal_refs: Refs | None = None
    output_dataset_id: Kept[str | None] = None
    login_based: Kept[bool | None] = None
    """Linked only after the person had signed in."""


PurposeEvent = (
    DataAcquired
    | PurposePublished
    | PurposeChanged
    | ConsentChanged
    | OptoutRecorded
    | MarketingSent
    | LinkExecuted
)
"""Any event of this family."""
