"""匿名加工・仮名加工・統計 — data made less personal, published and provided.

Basis: APPI Arts. 41 and 43; Enforcement Rules 31, 32 and 34.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Int, Kept, Ref

__all__ = ["AnonCreated", "AnonProvided", "AnonPublished", "AnonymizedEvent", "StatsCreated"]


@event(natural_key=("anon_id",), retention="register")
class AnonCreated(Event):
    """加工情報の作成 — anonymized or pseudonymized information was made."""

    event_type: Literal["anon.created"] = "anon.created"
    anon_id: Kept[str]
    kind: Kept[Literal["anonymized", "pseudonymized"]]
    source_dataset_id: Kept[str]
    rule_checks: Kept[dict[str, bool]]
    """Items i to v of Rule 34 or 31, each done or not."""
    method_info_dataset_id: Kept[str]
    approver_ref: Ref
    items: Kept[tuple[str, ...]]
    on_behalf_of: Kept[str | None] = None
    dataset_id: Kept[str | None] = None
    """The resulting dataset; absent means anon_id."""
    series_id: Kept[str | None] = None
    """anon_id of the first of its series."""


@event(natural_key=("anon_id", "what", "occurred_at"), retention="register")
class AnonPublished(Event):
    """加工情報の公表 — what Art. 43(3) or 44 wants published was."""

    event_type: Literal["anon.published"] = "anon.published"
    anon_id: Kept[str]
    what: Kept[Literal["created_items", "provision_items_method"]]
    items: Kept[tuple[str, ...]]
    method: Kept[str | None] = None
    url: Kept[str]
    series: Kept[bool]


@event(natural_key=("provision_id",), retention="provision")
class AnonProvided(Event):
    """匿名加工情報の提供 — it went to a recipient, labelled or not."""

    event_type: Literal["anon.provided"] = "anon.provided"
    anon_id: Kept[str]
    recipient_id: Kept[str]
    label_given: Kept[bool]
    label_method: Kept[Literal["email", "document", "contract", "none"]]
    items: Kept[tuple[str, ...]]
    provision_id: Kept[str | None] = None


@event(natural_key=("stats_id",), retention="register")
class StatsCreated(Event):
    """統計の作成 — a statistic was made from a dataset."""

    event_type: Literal["stats.created"] = "stats.created"
    stats_id: Kept[str]
    source_dataset_id: Kept[str]
    min_cell: Kept[Int]
    suppression: Kept[bool]
    external: Kept[bool]


AnonymizedEvent = AnonCreated | AnonPublished | AnonProvided | StatsCreated
"""Any event of this family."""
