"""システムの状態 — log sources, endpoints, weaknesses, exposure and what leaves by the network."""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Country, Day, Instant, Int, Kept, Ref

__all__ = [
    "DlpEgressDetected",
    "EndpointPosture",
    "ExposureDetected",
    "LogConfigChanged",
    "LogSourceStatus",
    "RegisterSource",
    "SecurityThreatDetected",
    "SystemEvent",
    "TagDeclared",
    "TagObserved",
    "TlsSessionObserved",
    "VulnerabilityStatus",
]


@event(natural_key=("monitored_source_id", "occurred_at"), retention="log")
class LogSourceStatus(Event):
    """ログ源の状態 — a sign of life, a stop or a gap of a log source."""

    event_type: Literal["log.source_status"] = "log.source_status"
    monitored_source_id: Kept[str]
    status: Kept[Literal["heartbeat", "stopped", "resumed", "gap"]]
    last_seq: Kept[Int | None] = None
    lag_seconds: Kept[Int]
    clock_skew_ms: Kept[Int]
    declared_outage_id: Kept[str | None] = None


@event(natural_key=("monitored_source_id", "occurred_at"), retention="register")
class RegisterSource(Event):
    """ログ源台帳 — a source we expect to hear from, and how it behaves."""

    event_type: Literal["register.source"] = "register.source"
    monitored_source_id: Kept[str]
    kind: Kept[
        Literal[
            "web",
            "authentication",
            "datastore",
            "file",
            "physical",
            "mail",
            "network",
            "endpoint",
            "form",
            "other",
        ]
    ]
    system_id: Kept[str | None] = None
    zone_id: Kept[str | None] = None
    """For a console or reader: the zone it stands in."""
    handles_pd: Kept[bool]
    expects_heartbeat: Kept[bool]
    silence_minutes: Kept[Int | None] = None
    numbered: Kept[bool]
    owner_ref: Ref
    retired_on: Kept[Day | None] = None
    absent_operations: Kept[tuple[Literal["read", "export", "delete", "login"], ...] | None] = None


@event(natural_key=("monitored_source_id", "change_id"), retention="log")
class LogConfigChanged(Event):
    """ログ設定変更 — logging was cut, cleared or switched."""

    event_type: Literal["log.config_changed"] = "log.config_changed"
    monitored_source_id: Kept[str]
    change: Kept[
        Literal["disabled", "cleared", "level_reduced", "retention_reduced", "deleted", "enabled"]
    ]
    ticket_id: Kept[str | None] = None
    approver_ref: Ref | None = None
    change_id: Kept[str | None] = None


@event(natural_key=("device_id", "occurred_at"), retention="log")
class EndpointPosture(Event):
    """端末の状態 — protection, encryption and patches of one device."""

    event_type: Literal["endpoint.posture"] = "endpoint.posture"
    device_id: Ref
    owner_ref: Ref
    registered_for_pd: Kept[bool]
    av_running: Kept[bool]
    av_signature_date: Kept[Day]
    disk_encrypted: Kept[bool]
    os_supported: Kept[bool]
    missing_critical_patches: Kept[Int]
    oldest_critical_patch_days: Kept[Int]
    portable: Kept[bool | None] = None


@event(natural_key=("system_id", "vuln_id", "state"), retention="log")
class VulnerabilityStatus(Event):
    """脆弱性 — a weakness was found, fixed or accepted."""

    event_type: Literal["vulnerability.status"] = "vulnerability.status"
    system_id: Kept[str]
    vuln_id: Kept[str]
    cvss: Kept[float]
    state: Kept[Literal["open", "fixed", "accepted"]]
    first_seen: Kept[Day]
    accepted_until: Kept[Day | None] = None
    handles_pd: Kept[bool]
    approver_ref: Ref | None = None


@event(natural_key=("source_id", "detection_id"), retention="log")
class SecurityThreatDetected(Event):
    """脅威検知 — malware, an intrusion or tampering was seen."""

    event_type: Literal["security.threat_detected"] = "security.threat_detected"
    system_id: Kept[str]
    kind: Kept[Literal["malware", "c2", "ips", "waf", "web_tamper", "exfiltration", "other"]]
    blocked: Kept[bool]
    device_id: Ref | None = None
    handles_pd: Kept[bool]
    dataset_id: Kept[str | None] = None
    detection_id: Kept[str | None] = None


@event(natural_key=("system_id", "exposure", "since"), retention="log")
class ExposureDetected(Event):
    """公開状態の検知 — something stood open to the internet, since when and until when."""

    event_type: Literal["exposure.detected"] = "exposure.detected"
    system_id: Kept[str]
    dataset_id: Kept[str | None] = None
    exposure: Kept[Literal["public_bucket", "public_share", "open_port", "indexed_page"]]
    since: Kept[Instant]
    closed_at: Kept[Instant | None] = None
    principals_count: Kept[Int | None] = None


@event(lane="access", lane_key="host", natural_key=("host", "occurred_at"), retention="log")
class TlsSessionObserved(Event):
    """通信の暗号化 — what a probe or balancer saw of a host's TLS."""

    event_type: Literal["tls.session_observed"] = "tls.session_observed"
    host: Kept[str]
    form_with_pd: Kept[bool]
    scheme: Kept[Literal["http", "https"]]
    tls_version: Kept[str | None] = None
    cert_not_after: Kept[Day]
    hsts: Kept[bool]


@event(
    lane="access", lane_key="actor_ref", natural_key=("source_id", "detection_id"), retention="log"
)
class DlpEgressDetected(Event):
    """持出し検知 — personal data left a device by some channel, or was stopped."""

    event_type: Literal["dlp.egress_detected"] = "dlp.egress_detected"
    channel: Kept[
        Literal["cloud_upload", "removable", "print", "clipboard", "messaging", "generative_ai"]
    ]
    destination: Kept[str]
    """Domain or device it went to."""
    sanctioned: Kept[bool]
    dataset_id: Kept[str | None] = None
    principals_count: Kept[Int]
    encrypted: Kept[bool]
    approval_id: Kept[str | None] = None
    blocked: Kept[bool]
    country: Kept[Country | None] = None
    device_id: Ref | None = None
    detection_id: Kept[str | None] = None


@event(
    lane="access",
    lane_key="third_party_domain",
    natural_key=("page_class", "third_party_domain", "occurred_at"),
    retention="log",
)
class TagObserved(Event):
    """外部送信の観測 — a page sent data to a third party (Telecommunications Business Act)."""

    event_type: Literal["tag.observed"] = "tag.observed"
    page_class: Kept[str]
    third_party_domain: Kept[str]
    vendor_id: Kept[str | None] = None
    data_items: Kept[tuple[str, ...]]
    contains_pd: Kept[bool]
    hashed: Kept[bool]
    consent_state: Kept[Literal["allowed", "refused", "unknown"]]
    subject_ref: Ref | None = None
    country: Kept[Country | None] = None
    """Country of the recipient of the transmission."""


@event(natural_key=("vendor_id", "published_at"), retention="register")
class TagDeclared(Event):
    """外部送信の公表 — what the site says it sends, to whom and why."""

    event_type: Literal["tag.declared"] = "tag.declared"
    vendor_id: Kept[str]
    domains: Kept[tuple[str, ...]]
    data_items: Kept[tuple[str, ...]]
    recipient_purpose: Kept[str]
    opt_out_url: Kept[str]
    published_at: Kept[Instant]
    contract_ref: Ref | None = None


SystemEvent = (
    LogSourceStatus
    | RegisterSource
    | LogConfigChanged
    | EndpointPosture
    | VulnerabilityStatus
    | SecurityThreatDetected
    | ExposureDetected
    | TlsSessionObserved
    | DlpEgressDetected
    | TagObserved
    | TagDeclared
)
"""Any event of this family."""
