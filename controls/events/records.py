"""台帳・保存・廃棄 — the register of personal data, how long records live and how they end.

Basis: JIS Q 15001 (個人情報の特定); APPI Art. 22.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Country, Day, Int, Kept, Ref

__all__ = [
    "DataQuality",
    "HoldChanged",
    "RecordDisposed",
    "RecordEvent",
    "RecordRetention",
    "RegisterDataset",
    "RegisterReviewed",
]


@event(natural_key=("dataset_id", "version"), retention="register")
class RegisterDataset(Event):
    """個人情報管理台帳 — one line of the register of personal data."""

    event_type: Literal["register.dataset"] = "register.dataset"
    dataset_id: Kept[str]
    name: Kept[str]
    items: Kept[tuple[str, ...]]
    purpose_codes: Kept[tuple[str, ...]]
    owner_dept: Kept[str]
    responsible_ref: Ref
    storage_systems: Kept[tuple[str, ...]]
    countries: Kept[tuple[Country, ...]]
    dataset_class: Kept[
        Literal[
            "general",
            "request_docs",
            "card",
            "my_number",
            "method_info",
            "anonymized",
            "pseudonymized",
            "access_log",
            "hr",
        ]
    ]
    is_retained_data: Kept[bool]
    entrusted_by: Kept[str | None] = None
    sensitive: Kept[bool]
    retention_rule: Kept[str]
    """`<ISO 8601 duration>@<trigger>`."""
    access_roles: Kept[tuple[str, ...]]
    principals_estimate: Kept[Int]
    status: Kept[Literal["active", "retired"]]
    risk_assessed_on: Kept[Day | None] = None
    version: Kept[Int | None] = None
    channels: Kept[tuple[str, ...] | None] = None
    """Acquisition channels, as in `DataAcquired.channel`."""


@event(natural_key=("dept_id", "period"), retention="pms")
class RegisterReviewed(Event):
    """台帳の見直し — a department went through its lines."""

    event_type: Literal["register.reviewed"] = "register.reviewed"
    dept_id: Kept[str]
    period: Kept[str]
    datasets_reviewed: Kept[Int]
    added: Kept[Int]
    retired: Kept[Int]
    reviewer_ref: Ref


@event(natural_key=("record_id", "trigger"), retention="register")
class RecordRetention(Event):
    """保存期間の起算 — what starts the clock of a record."""

    event_type: Literal["record.retention"] = "record.retention"
    record_id: Kept[str]
    record_class: Kept[
        Literal[
            "card",
            "request_docs",
            "third_party_record",
            "access_log",
            "pms_record",
            "dataset_row_group",
            "recording",
        ]
    ]
    dataset_id: Kept[str | None] = None
    trigger: Kept[
        Literal[
            "contract_end",
            "purpose_end",
            "operations_end",
            "request_completed",
            "created",
            "last_provided",
        ]
    ]
    trigger_on: Kept[Day]
    count: Kept[Int]
    request_id: Kept[str | None] = None
    """For record_class request_docs."""


@event(natural_key=("record_id", "disposed_on"), retention="pms")
class RecordDisposed(Event):
    """記録の廃棄 — records were deleted or destroyed."""

    event_type: Literal["record.disposed"] = "record.disposed"
    record_id: Kept[str]
    record_class: Kept[str]
    disposed_on: Kept[Day]
    method: Kept[str]
    certificate_ref: Ref | None = None
    count: Kept[Int]
    verified_by_ref: Ref | None = None
    dataset_id: Kept[str | None] = None
    contract_id: Kept[str | None] = None
    """Where entrusted data was returned or disposed of."""
    duplicate_of: Kept[str | None] = None
    """record_id of the original that is still kept."""


@event(natural_key=("record_id", "state", "occurred_at"), retention="register")
class HoldChanged(Event):
    """廃棄の保留 — a hold was placed on a record or lifted."""

    event_type: Literal["hold.changed"] = "hold.changed"
    record_id: Kept[str]
    state: Kept[Literal["placed", "released"]]
    reason: Kept[Literal["litigation", "law", "incident", "request_open"]]


@event(natural_key=("dataset_id", "check", "occurred_at"), retention="log")
class DataQuality(Event):
    """正確性の確保 — accuracy was measured on a sample (Art. 22)."""

    event_type: Literal["data.quality"] = "data.quality"
    dataset_id: Kept[str]
    check: Kept[Literal["update", "correction", "bounce", "duplicate", "sync"]]
    sample: Kept[Int]
    errors: Kept[Int]
    copies_synced: Kept[bool]
    request_id: Kept[str | None] = None


RecordEvent = (
    RegisterDataset
    | RegisterReviewed
    | RecordRetention
    | RecordDisposed
    | HoldChanged
    | DataQuality
)
"""Any event of this family."""
