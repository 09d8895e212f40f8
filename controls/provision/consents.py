"""What principals have said of provision: who may have what, and what they stopped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controls.asked import principals
from controls.books.transfers import RECIPIENT_PROVISIONS
from controls.events import (
    ConsentChanged,
    OptoutRecorded,
    RecipientRegistered,
    TransferProvided,
)
from controls.registers import View
from controls.shapes import Fact, standing, told


def said(event: Any) -> Fact:
    """[at, event_id, corrects, what, what was said]; of a provision no more than that it is."""
    if isinstance(event, ConsentChanged):
        names = ("consent_id", "state", "kind", "purpose_codes", "recipient_id", "fields")
        return told(event, "consent", *names)
    if isinstance(event, OptoutRecorded):
        return told(event, "optout", "scope", "effective_at")
    return told(event, "provision" if isinstance(event, TransferProvided) else "register")


def told_by(event: RecipientRegistered, view: View) -> Iterable[str]:
    """The principals whose data went to a recipient."""
    for provision in view.all(RECIPIENT_PROVISIONS, event.recipient_id):
        yield from principals(provision, view)


def fits(consent: Fact, provision: TransferProvided) -> bool:
    """It is a consent to provision to this recipient for this purpose; one to provision abroad
    (Art. 28) replaces that of Art. 27, and may leave the recipient open."""
    given = consent[4]
    if provision.purpose_code not in given["purpose_codes"]:
        return False
    if given["kind"] == "foreign" and provision.recipient_country != "JP":
        return given["recipient_id"] in (None, "", provision.recipient_id)
    return bool(given["kind"] == "third_party" and given["recipient_id"] == provision.recipient_id)


def stopped(facts: Sequence[Fact], at: int) -> int | None:
    """Since when the principal has opted out of provision, as far as effective at that moment."""
    stops = [
        f[4]["effective_at"]
        for f in standing(facts, "optout")
        if f[4]["scope"] == "third_party" and f[4]["effective_at"] <= at
    ]
    return max(stops, default=None)


def live(facts: Sequence[Fact], provision: TransferProvided) -> tuple[list[Fact], bool]:
    """The consents that carry a provision, and whether there was one before that was taken back
    (or the principal opted out)."""
    at = provision.occurred_at
    latest: dict[str, Fact] = {}
    granted: dict[str, Fact] = {}
    for consent in standing(facts, "consent"):
        if consent[0] <= at:
            latest[consent[4]["consent_id"]] = consent
            if consent[4]["state"] == "granted":
                granted[consent[4]["consent_id"]] = consent
    given = [consent for consent in granted.values() if fits(consent, provision)]
    stop = stopped(facts, at)
    alive = [
        consent
        for consent in given
        if latest[consent[4]["consent_id"]][4]["state"] == "granted"
        and (stop is None or consent[0] > stop)
    ]
    return alive, not alive and (bool(given) or stop is not None)
