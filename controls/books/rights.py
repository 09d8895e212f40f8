"""What principals have asked for, and what was decided on it."""

from __future__ import annotations

from controls.events import RequestDecided, RequestReceived
from controls.registers import Register, field

REQUESTS = Register("requests", (RequestReceived,), field("request_id"))
"""Requests of principals, by request_id."""

LOGIN_REQUESTS = Register("login_requests", (RequestReceived,), field("auth_id"))
"""The same, by the login under which they were made."""

DECISIONS = Register("decisions", (RequestDecided,), field("request_id"))
"""What was decided on them, by request_id."""

BOOKS = (REQUESTS, LOGIN_REQUESTS, DECISIONS)
