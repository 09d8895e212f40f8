"""物理的安全管理 — doors, visitors, and media that are carried, sent, counted and destroyed."""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import DirectRef, Instant, Int, Kept, Place, Ref

__all__ = [
    "AreaInspected",
    "AssetDisposed",
    "AssetInventoried",
    "AssetLost",
    "AssetReturned",
    "AssetTakenOut",
    "BadgeRead",
    "PhysicalEvent",
    "TransportDispatched",
    "TransportReceived",
    "VisitorRegistered",
]


@event(natural_key=("door_id", "read_id"), retention="log")
class BadgeRead(Event):
    """入退室 — a badge was held to a reader."""

    event_type: Literal["badge.read"] = "badge.read"
    badge_ref: Ref
    holder_ref: Ref
    zone_id: Kept[str]
    zone_class: Kept[Literal["management", "handling", "general"]]
    direction: Kept[Literal["in", "out"]]
    door_id: Kept[str]
    result: Kept[Literal["granted", "denied"]]
    reason: Kept[str | None] = None
    read_id: Kept[str | None] = None
    mode: Kept[Literal["normal", "free_access", "drill"] | None] = None


@event(natural_key=("visit_id",), retention="log")
class VisitorRegistered(Event):
    """来訪者 — a visitor came, was told the rules, and left."""

    event_type: Literal["visitor.registered"] = "visitor.registered"
    visit_id: Kept[str]
    visitor_ref: DirectRef
    host_ref: Ref
    purpose: Kept[str]
    zones: Kept[tuple[str, ...]]
    escort_ref: Ref | None = None
    in_at: Kept[Instant]
    out_at: Kept[Instant | None] = None
    notice_given: Kept[bool]


@event(natural_key=("zone_id", "occurred_at"), retention="log")
class AreaInspected(Event):
    """区域点検 — a patrol or last-out checklist of one zone."""

    event_type: Literal["area.inspected"] = "area.inspected"
    zone_id: Kept[str]
    inspector_ref: Ref
    items: Kept[dict[str, Literal["ok", "ng"]]]
    """clear_desk, locked_cabinet, screen_lock, anti_peep, device_bring_in and the like."""
    ng_count: Kept[Int]


@event(natural_key=("asset_id", "takeout_id"), retention="log")
class AssetTakenOut(Event):
    """持出し — a device, medium or paper left the premises."""

    event_type: Literal["asset.taken_out"] = "asset.taken_out"
    asset_id: Kept[str]
    asset_kind: Kept[Literal["laptop", "phone", "usb", "backup", "paper"]]
    holder_ref: Ref
    has_pd: Kept[bool]
    principals_count: Kept[Int | None] = None
    protection: Kept[
        tuple[Literal["encrypted", "password", "locked_case", "sealed", "remote_wipe"], ...]
    ]
    approval_id: Kept[str | None] = None
    approver_ref: Ref | None = None
    due_back: Kept[Instant]
    destination: Place
    takeout_id: Kept[str | None] = None


@event(natural_key=("asset_id", "takeout_id"), retention="log")
class AssetReturned(Event):
    """返却 — what was taken out came back."""

    event_type: Literal["asset.returned"] = "asset.returned"
    asset_id: Kept[str]
    takeout_id: Kept[str]
    condition: Kept[Literal["ok", "damaged", "pd_removed"]]


@event(natural_key=("campaign_id", "asset_id"), retention="log")
class AssetInventoried(Event):
    """棚卸 — one asset was looked for in a stocktake."""

    event_type: Literal["asset.inventoried"] = "asset.inventoried"
    campaign_id: Kept[str]
    asset_id: Kept[str]
    found: Kept[bool]
    custodian_ref: Ref
    locked_storage: Kept[bool]


@event(natural_key=("asset_id", "occurred_at"), retention="incident")
class AssetLost(Event):
    """紛失・盗難 — an asset is gone."""

    event_type: Literal["asset.lost"] = "asset.lost"
    asset_id: Kept[str]
    holder_ref: Ref
    has_pd: Kept[bool]
    encrypted: Kept[bool]
    remote_wiped: Kept[bool]
    stolen: Kept[bool]
    principals_count: Kept[Int | None] = None


@event(natural_key=("asset_id",), retention="pms")
class AssetDisposed(Event):
    """廃棄 — an asset was destroyed, how, and who certifies it."""

    event_type: Literal["asset.disposed"] = "asset.disposed"
    asset_id: Kept[str]
    has_pd: Kept[bool]
    method: Kept[
        Literal[
            "shred",
            "dissolve",
            "incinerate",
            "physical_destruction",
            "crypto_erase",
            "nist_purge",
            "wipe_tool",
            "format_only",
            "trash",
        ]
    ]
    outsourced_to: Kept[str | None] = None
    certificate_ref: Ref | None = None
    certificate_at: Kept[Instant | None] = None
    witness_ref: Ref | None = None


@event(natural_key=("shipment_id",), retention="log")
class TransportDispatched(Event):
    """発送 — media, paper or a device was handed to a carrier."""

    event_type: Literal["transport.dispatched"] = "transport.dispatched"
    shipment_id: Kept[str]
    carrier: Kept[str]
    contents_kind: Kept[Literal["media", "paper", "device"]]
    has_pd: Kept[bool]
    principals_count: Kept[Int | None] = None
    protection: Kept[
        tuple[
            Literal["encrypted", "sealed", "locked_case", "tracked", "hand_carried", "two_person"],
            ...,
        ]
    ]
    recipient_party: Kept[str]
    expected_at: Kept[Instant]
    internal_move: Kept[bool]


@event(natural_key=("shipment_id",), retention="log")
class TransportReceived(Event):
    """受領 — a shipment arrived, sealed or not."""

    event_type: Literal["transport.received"] = "transport.received"
    shipment_id: Kept[str]
    receiver_ref: Ref
    seal_intact: Kept[bool]


PhysicalEvent = (
    BadgeRead
    | VisitorRegistered
    | AreaInspected
    | AssetTakenOut
    | AssetReturned
    | AssetInventoried
    | AssetLost
    | AssetDisposed
    | TransportDispatched
    | TransportReceived
)
"""Any event of this family."""
