"""Answers of on-call tools: `POST /api/alerts` of the console's server, in words of any framework.

The tool sends `Authorization: Bearer SECRET` and JSON {finding_id, step, by, reason?, approver?,
action?}: `by` and `approver` are persons as the sources name them, `step` is acknowledged,
escalated, resolved (its reason is the cause, `action` what was done), false_positive or
risk_accepted.  The event goes to `books`; the same answer of the same person again adds none.

A silence that somebody makes in Alertmanager's own pages is not seen here, and so is in no
evidence: `shoseki findings silence` is the way to make one.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from controls.events import Event
from controls.kernel import Refusal
from streams import oncall
from streams.oncall import DISPOSITIONS, Course, Desk, Finding, Settled
from streams.store import Store

LIMIT = 64 << 10
"""Bytes of a body."""
NAMES = {"cause": "reason", "text": "reason"}
"""What fields of an act are called here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an HTTP status and one line of text."""

    status: int
    text: str


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request."""

    finding_id: str
    step: Literal["acknowledged", "escalated", "resolved", "false_positive", "risk_accepted"]
    by: str
    reason: str | None = None
    approver: str | None = None
    action: str | None = None


def received(
    body: bytes,
    authorization: str | None,
    *,
    secret: str,
    desk: Desk,
    store: Store,
    publish: Callable[[Sequence[Event]], None],
) -> Answer:
    """Carry out what an on-call tool asks: 200, else 400 (names the field), 401, 404, 409 (the
    finding is settled), 413, 503 (the log does not take it; the tool may send it again)."""
    if not authentic(authorization, secret):
        return Answer(401, "authorization: Bearer and the secret of this installation is expected")
    if len(body) > LIMIT:
        return Answer(413, f"body: at most {LIMIT} bytes are expected")
    try:
        said = msgspec.json.decode(body, type=Said)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return Answer(400, f"body: {error}" if isinstance(error, msgspec.ValidationError) else
                      "body: a JSON object is expected")  # fmt: skip
    found = store.finding(said.finding_id)
    if not found:
        return Answer(404, "finding_id: there is no such finding")
    try:
        events = acted(desk, found[-1], oncall.course(store, said.finding_id), said)
    except Settled as settled:
        return Answer(409, str(settled))
    except Refusal as refusal:
        field, _, why = str(refusal).partition(":")
        return Answer(400, f"{NAMES.get(field, field)}:{why}")
    if not events:
        return Answer(200, f"{said.step}: is recorded already")
    try:
        publish(events)
    except Refusal as refusal:
        return Answer(503, str(refusal))
    return Answer(200, f"{said.step}: recorded")


def authentic(authorization: str | None, secret: str) -> bool:
    """Whether a header carries the secret; takes as long for a wrong one as for the right one."""
    scheme, _, given = (authorization or "").partition(" ")
    right = hmac.compare_digest(given.strip().encode(), secret.encode())
    return right and scheme.lower() == "bearer" and bool(secret)


def acted(desk: Desk, finding: Finding, course: Course, said: Said) -> list[Event]:
    """The events of what is said; none where the same person has said it before."""
    if said.step not in DISPOSITIONS and (said.approver or said.action):
        name = "approver" if said.approver else "action"
        raise Refusal(f"{name}: goes with {', '.join(DISPOSITIONS)} only")
    for step in course.steps(said.step):
        same = said.step in DISPOSITIONS or said.reason == step.reason
        if same and desk.seen(said.by, step.occurred_at) == step.by_ref:
            return []
    if said.step == "acknowledged":
        return oncall.acknowledge(desk, finding, course, said.by, said.reason)
    reason = said.reason or ""
    if said.step == "escalated":
        return oncall.escalate(desk, finding, course, said.by, reason)
    assert said.step in DISPOSITIONS
    return oncall.close(
        desk, finding, course, said.step, said.by, reason,
        approver=said.approver, action=said.action,
    )  # fmt: skip
