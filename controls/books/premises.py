"""Who may go where: zones, rights to them and visitors; and what the stocktakes counted."""

from __future__ import annotations

from typing import Any

from controls.books.core import OWNER_GRANTS
from controls.calendar import jst_day
from controls.events import AssetInventoried, VisitorRegistered
from controls.kernel import arrival
from controls.registers import Register, View, field

VISITS = Register("visits", (VisitorRegistered,), field("visitor_ref"), lambda visit: visit.in_at)
"""Visitors, by visitor_ref, from their coming in."""

HOST_VISITS = Register(
    "host_visits", (VisitorRegistered,), field("host_ref"), lambda visit: visit.in_at
)
"""The same, by their host."""

INVENTORY = Register("inventory", (AssetInventoried,), field("campaign_id"))
"""Lines of each stocktake, by campaign_id."""


def zone_rights(holder: str, zone: str, at: int, view: View, wait: int) -> list[Any]:
    """The rights to a zone that somebody has at that moment (ms), known `wait` ms later."""
    rights: dict[Any, Any] = {}
    for right in view.entries(OWNER_GRANTS, holder, at):
        if right.system_id == zone and (right.change == "revoked" or arrival(right) <= at + wait):
            rights[right.account_ref, right.role] = right
    day = jst_day(at)
    return [
        right
        for right in rights.values()
        if right.change == "granted" and (right.valid_until is None or right.valid_until >= day)
    ]


def visiting(visitor: str, zone: str, at: int, view: View) -> bool:
    """A visitor who is in the house at that moment (ms) and may be in this zone."""
    return any(
        zone in visit.zones and (visit.out_at is None or at <= visit.out_at)
        for visit in view.entries(VISITS, visitor, at)
    )


BOOKS = (VISITS, HOST_VISITS, INVENTORY)
