"""アクセス — who signed in, read, wrote, exported, and who was given the right to.

The busy half of the day (requests, sign-ins, queries, files) goes to the `access` lane;
accounts, rights and their reviews are books.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Country, Day, Dropped, Int, Kept, Place, Ref

__all__ = [
    "AccessAccountChanged",
    "AccessAuthAttempt",
    "AccessDatastoreQuery",
    "AccessEvent",
    "AccessFileActivity",
    "AccessPrivilegeChanged",
    "AccessReviewed",
    "AccessWebRequest",
]


@event(
    lane="access", lane_key="actor_ref", natural_key=("source_id", "request_id"), retention="log"
)
class AccessWebRequest(Event):
    """ウェブ要求 — one request that a web server, proxy or load balancer logged."""

    event_type: Literal["access.web_request"] = "access.web_request"
    src_ip: Place
    host: Kept[str]
    path_class: Kept[str]
    """The template of the path, without a query string."""
    method: Kept[str]
    status: Kept[Int]
    tls_version: Kept[str | None] = None
    dataset_id: Kept[str | None] = None
    bytes_out: Kept[Int]
    session_ref: Ref
    country: Kept[Country | None] = None
    user_agent: Dropped
    request_id: Kept[str | None] = None
    scheme: Kept[Literal["http", "https"] | None] = None


@event(lane="access", lane_key="account_ref", natural_key=("system_id", "auth_id"), retention="log")
class AccessAuthAttempt(Event):
    """認証 — somebody tried to sign in, and how it ended."""

    event_type: Literal["access.auth_attempt"] = "access.auth_attempt"
    account_ref: Ref
    system_id: Kept[str]
    outcome: Kept[Literal["success", "failure"]]
    failure_reason: Kept[str | None] = None
    mfa: Kept[bool]
    auth_method: Kept[str]
    src_ip: Place
    country: Kept[Country | None] = None
    device_id: Ref | None = None
    remote: Kept[bool]
    account_kind: Kept[Literal["personal", "shared", "service", "admin"]]
    auth_id: Kept[str | None] = None


@event(lane="access", lane_key="actor_ref", natural_key=("system_id", "query_id"), retention="log")
class AccessDatastoreQuery(Event):
    """データベース操作 — a statement that touched a dataset, with the number of rows."""

    event_type: Literal["access.datastore_query"] = "access.datastore_query"
    account_ref: Ref
    system_id: Kept[str]
    dataset_id: Kept[str]
    operation: Kept[Literal["read", "write", "update", "delete", "export", "grant", "ddl"]]
    purpose_code: Kept[str | None] = None
    rows: Kept[Int]
    principals_count: Kept[Int | None] = None
    fields: Kept[tuple[str, ...]]
    """Names of the columns touched."""
    statement_digest: Kept[str]
    """Digest of the statement; the text itself never arrives here."""
    ticket_id: Kept[str | None] = None
    device_id: Ref | None = None
    region: Kept[Country | None] = None
    joins_dataset_ids: Kept[tuple[str, ...]]
    query_id: Kept[str | None] = None
    target_system_id: Kept[str | None] = None
    """For an export: where it was written."""


@event(
    lane="access", lane_key="actor_ref", natural_key=("system_id", "activity_id"), retention="log"
)
class AccessFileActivity(Event):
    """ファイル操作 — a file was read, copied, shared outside or printed."""

    event_type: Literal["access.file_activity"] = "access.file_activity"
    system_id: Kept[str]
    path_class: Kept[str]
    file_ref: Ref
    dataset_id: Kept[str | None] = None
    operation: Kept[
        Literal["read", "create", "update", "delete", "copy", "rename", "share_external", "print"]
    ]
    bytes: Kept[Int]
    dlp_principals: Kept[Int | None] = None
    device_id: Ref | None = None
    region: Kept[Country | None] = None
    activity_id: Kept[str | None] = None


@event(natural_key=("system_id", "change_id"), retention="register")
class AccessAccountChanged(Event):
    """アカウント変更 — an account was created, enabled, disabled or deleted."""

    event_type: Literal["access.account_changed"] = "access.account_changed"
    account_ref: Ref
    owner_ref: Ref
    system_id: Kept[str]
    change: Kept[
        Literal["created", "enabled", "disabled", "deleted", "password_reset", "mfa_changed"]
    ]
    account_kind: Kept[Literal["personal", "shared", "service", "admin"]]
    ticket_id: Kept[str | None] = None
    approver_ref: Ref | None = None
    change_id: Kept[str | None] = None


@event(natural_key=("system_id", "change_id"), retention="register")
class AccessPrivilegeChanged(Event):
    """権限の付与・剥奪 — a right was granted or revoked; badge rights name a zone."""

    event_type: Literal["access.privilege_changed"] = "access.privilege_changed"
    account_ref: Ref
    owner_ref: Ref
    system_id: Kept[str]
    """The system; for badge rights the zone."""
    dataset_id: Kept[str | None] = None
    role: Kept[str]
    change: Kept[Literal["granted", "revoked"]]
    valid_until: Kept[Day | None] = None
    purpose_codes: Kept[tuple[str, ...]]
    ticket_id: Kept[str | None] = None
    approver_ref: Ref | None = None
    privileged: Kept[bool]
    change_id: Kept[str | None] = None


@event(natural_key=("system_id", "dataset_id", "period_end"), retention="pms")
class AccessReviewed(Event):
    """アクセス権の棚卸 — the accounts of a system were gone through."""

    event_type: Literal["access.reviewed"] = "access.reviewed"
    system_id: Kept[str]
    dataset_id: Kept[str]
    period_end: Kept[Day]
    accounts_reviewed: Kept[Int]
    revoked: Kept[Int]
    reviewer_ref: Ref
    complete: Kept[bool]


AccessEvent = (
    AccessWebRequest
    | AccessAuthAttempt
    | AccessDatastoreQuery
    | AccessFileActivity
    | AccessAccountChanged
    | AccessPrivilegeChanged
    | AccessReviewed
)
"""Any event of this family."""
