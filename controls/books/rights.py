"""What principals have asked for, and what was decided on it."""

from __future__ import annotations

from controls.events import RequestDecided, RequestFee, RequestReceived
from controls.registers import Register, field

REQUESTS = Register("requests", (RequestReceived,), field("request_id"))
"""Requests of principals, by request_id."""

LOGIN_REQUESTS = Register("login_requests", (RequestReceived,), field("auth_id"))
"""The same, by the login under which they were made."""

DECISIONS = Register("decisions", (RequestDecided,), field("request_id"))
"""What was decided on them, by request_id."""

DUE_FEES = Register("due_fees", (RequestFee,), lambda fee: ("due",) if fee.step == "due" else ())
"""Fees that fell due, all under `due`."""

CHARGEABLE = ("purpose_notice", "disclosure", "third_party_record")
"""Kinds of request for which a fee may be taken (Art. 38(1))."""

FEE = 1_000
"""The published fee (yen), unless a company says otherwise."""

BOOKS = (DUE_FEES, REQUESTS, LOGIN_REQUESTS, DECISIONS)
