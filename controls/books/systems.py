"""Machines and systems: their posture, what threatens them, and what was changed on them."""

from __future__ import annotations

from controls.books.core import READS_HELD
from controls.events import (
    AccessAccountChanged,
    AccessPrivilegeChanged,
    EndpointPosture,
    ExposureDetected,
    SecurityThreatDetected,
)
from controls.registers import Register, field

POSTURES = Register(
    "postures",
    (EndpointPosture,),
    field("device_id"),
    keep=READS_HELD,
    stored=lambda key: ("device_id", key),
)
"""The state of machines as they report it, by device_id."""

EXPOSURES = Register("exposures", (ExposureDetected,), field("system_id"))
"""What was reachable from outside, by system_id."""

DEVICE_THREATS = Register("device_threats", (SecurityThreatDetected,), field("device_id"))
"""Threats found on a machine, by device_id."""

TICKET_CHANGES = Register(
    "ticket_changes", (AccessPrivilegeChanged, AccessAccountChanged), field("ticket_id")
)
"""Changes of rights and accounts, by the ticket they name."""

OWNER_ACCOUNTS = Register("owner_accounts", (AccessAccountChanged,), field("owner_ref"))
"""Accounts made, opened and closed, by their owner."""

BOOKS = (OWNER_ACCOUNTS, POSTURES, EXPOSURES, DEVICE_THREATS, TICKET_CHANGES)
