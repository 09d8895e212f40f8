"""What principals said and what was done to them, as cases of the lane principals remember it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controls.events import ConsentChanged, DataAcquired, MarketingSent, OptoutRecorded
from controls.kernel import DAY, HOUR
from controls.registers import FOREVER
from controls.shapes import Fact, standing, told

USES = 60 * DAY
"""So long (ms) mailings and acquisitions are remembered; those before are read again from the
store where something comes late."""

TOLD: dict[type[Any], tuple[str, tuple[str, ...]]] = {
    MarketingSent: ("sent", ("campaign_id", "channel", "dataset_id", "purpose_code")),
    OptoutRecorded: ("optout", ("scope", "effective_at")),
    ConsentChanged: (
        "consent",
        ("consent_id", "state", "kind", "purpose_codes", "recipient_id"),
    ),
    DataAcquired: ("acquired", ("consent_id", "acquisition_id", "fields")),
}


def said(event: Any) -> Fact:
    """A mailing, an acquisition, an opt-out or a consent; else what the books told."""
    what, names = TOLD.get(type(event), ("books", ()))
    return told(event, what, *names)


def without_old_uses(facts: Sequence[Fact], floor: int) -> list[Fact]:
    """What a principal said stays for ever, what was done for a while."""
    return [f for f in facts if f[0] >= floor or f[3] not in ("sent", "acquired")]


def from_then_on(at: int) -> tuple[int, int]:
    """The stretch (ms) that something said at a moment concerns."""
    return at, FOREVER


STOP_HOURS = 24
"""Hours after which a withdrawn consent has to stop the use (CON-05, unless a company says
otherwise)."""


def withdrawn(facts: Iterable[Fact], use: Fact, hours: int = STOP_HOURS) -> str | None:
    """The consent against whose withdrawal something was sent or acquired; None where none was
    withdrawn so long before, or another consent covers it."""
    held = list(facts)
    at, code = use[0], use[4].get("purpose_code")
    latest: dict[str, Fact] = {}
    for consent in standing(held, "consent"):
        if consent[0] <= at:
            latest[consent[4]["consent_id"]] = consent
    covering = [
        c for c in latest.values()
        if c[4]["state"] == "granted" and code is not None and code in c[4]["purpose_codes"]
    ]  # fmt: skip
    if covering:
        return None
    for name, consent in latest.items():
        if consent[4]["state"] == "granted" or at <= consent[0] + hours * HOUR:
            continue
        if use[3] == "acquired":
            ours = use[4]["consent_id"] == name
        else:
            ours = consent[4]["kind"] == "marketing" or code in consent[4]["purpose_codes"]
        if ours:
            return name
    return None


def live(facts: Iterable[Fact], at: int, *kinds: str) -> list[Fact]:
    """The consents that hold at that moment (ms), of these kinds."""
    latest: dict[str, Fact] = {}
    for consent in standing(facts, "consent"):
        if consent[0] <= at and consent[4]["kind"] in kinds:
            latest[consent[4]["consent_id"]] = consent
    return [consent for consent in latest.values() if consent[4]["state"] == "granted"]
