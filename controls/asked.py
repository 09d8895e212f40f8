"""One event of the books against what many principals said (a transfer against consents).

A `Case` of lane `principals`, keyed by principal_ref, names in `asks` the register events that
speak of principals:

    Case(
        "consent",
        ("NO_CONSENT",),
        (ConsentChanged,),
        one_key("principal_ref"),
        fact,                                   # of a ConsentChanged or of a TransferProvided
        judge,
        asks={TransferProvided: principals},
    )

Every partition follows the books.  Once they have reached such an event, it becomes a fact of each
of its principals, in the partition that keeps that principal, beside the consents; so the judge of
one principal sees both, in whatever order they came.  It yields one judgement a transfer (`subject`
names the transfer, `item` its event id, `events=(event_id,)`); tallies bring them together in one
finding, whose `events` then counts the principals concerned, and evidence never holds their list.

The fact keeps `[at, event_id, corrects, what, ...]`.  What a correction no longer names is told by
`view.event(event_id)`, which is None for an event that was corrected.  The asking type must build a
register.
"""

from __future__ import annotations

from typing import Any

from controls.registers import View


def principals(event: Any, view: View) -> tuple[str, ...]:
    """The principals of whom an event speaks; none where only their number is known."""
    refs = event.principal_refs
    return refs if isinstance(refs, tuple) else ()
