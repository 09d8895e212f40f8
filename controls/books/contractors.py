"""What clients and contractors have agreed on and handed over."""

from __future__ import annotations

from controls.events import EntrustedReceived
from controls.registers import Register, field

ENTRUSTED = Register("entrusted", (EntrustedReceived,), field("dataset_id"))
"""Data that a client has entrusted to us, by dataset_id."""

BOOKS = (ENTRUSTED,)
