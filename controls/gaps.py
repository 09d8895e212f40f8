"""What is known of log sources by what they send: since when they are heard, and their gaps.

While a source of some event types has a gap, a verdict that rests on the absence of such an
event is indeterminate; it is given again when the gap closes (decisions.md, GOV-08).  Gaps and
first signs are judged, not received: the engine enters them into books of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controls.books.core import SOURCES
from controls.calendar import jst_text
from controls.events import (
    AccessAuthAttempt,
    AccessDatastoreQuery,
    AccessFileActivity,
    AccessWebRequest,
    BadgeRead,
    DlpEgressDetected,
    EmailSent,
    EndpointPosture,
    Event,
    RegisterSource,
    SecurityThreatDetected,
    TlsSessionObserved,
    VisitorRegistered,
)
from controls.kernel import DAY
from controls.registers import FOREVER, Register
from controls.shapes import Case, Check, Look

if TYPE_CHECKING:
    from controls.registers import View

SENT_BY: dict[str, tuple[type[Any], ...]] = {
    "web": (AccessWebRequest,),
    "authentication": (AccessAuthAttempt,),
    "datastore": (AccessDatastoreQuery,),
    "file": (AccessFileActivity,),
    "physical": (BadgeRead, VisitorRegistered),
    "mail": (EmailSent,),
    "network": (TlsSessionObserved, SecurityThreatDetected),
    "endpoint": (EndpointPosture, DlpEgressDetected),
}
"""Event types by the kind of source that sends them; sources of kind form send all others."""

ELSEWHERE = frozenset(kind for kinds in SENT_BY.values() for kind in kinds)
AROUND = 2 * DAY
"""How far before a gap a moment can lie whose verdict waits for an event within it (ms)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGap:
    """A gap of a source from one instant to another (ms): it is open, or it has closed."""

    event_id: str
    source: str
    since: int
    until: int
    open: bool
    version: int
    """The offset of `books` by which it was so: of two words, the later one stands."""
    occurred_at: int
    observed_at: int
    ingested_at: int | None = None
    corrects_event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHeard:
    """The first sign of life of a source (ms): any event of its own, or a heartbeat of it."""

    event_id: str
    source: str
    occurred_at: int
    observed_at: int
    ingested_at: int | None = None
    corrects_event_id: str | None = None


Derived = SourceGap | SourceHeard
"""An entry of a book that no event tells."""

HEARD: Register = Register(
    "heard",
    (SourceHeard,),  # type: ignore[arg-type]
    lambda sign: (sign.source,),
)
"""First signs of life, by monitored_source_id; an earlier one that comes late is another entry."""

GAPS: Register = Register("gaps", (SourceGap,), lambda gap: ("",))  # type: ignore[arg-type]
"""Every gap, in the order in which it was known."""

BOOKS = (HEARD, GAPS)
"""The books that no event tells."""


def gap(source: str, since: int, until: int, is_open: bool, view: View) -> SourceGap:
    """A gap as it stands in this view."""
    return SourceGap(
        event_id=f"{source}|{since}|{until}|{is_open}|{view.known}",
        source=source,
        since=since,
        until=until,
        open=is_open,
        version=view.known,
        occurred_at=since,
        observed_at=view.now,
    )


def hiding(view: View, kinds: Sequence[type[Event]], since: int, until: int) -> str | None:
    """The source and start of an open gap in [since, until] that may hide events of `kinds`."""
    for name, start, end, kind in view.once(open_gaps):
        if start <= until and end >= since and any(sends(kind, each) for each in kinds):
            return f"{name} since {jst_text(start)}"
    return None


def open_gaps(view: View) -> list[tuple[str, int, int, str]]:
    """Source, start, end (ms) and kind of source of every gap that is open, in this order; of
    sources that are in the register."""
    latest = {(each.source, each.since, each.until): each for each in view.all(GAPS, "")}
    found = []
    for (name, start, end), entry in sorted(latest.items()):
        registered = view.latest(SOURCES, name, FOREVER - 1) if entry.open else None
        if registered is not None:
            found.append((name, start, end, registered.kind))
    return found


def sends(kind: str, awaited: type[Any]) -> bool:
    """Whether sources of this kind send that type of event."""
    if kind == "form":
        return awaited not in ELSEWHERE
    return awaited in SENT_BY.get(kind, ())


def concerned(entered: Iterable[Any], view: View) -> list[SourceGap]:
    """The gaps of sources whose line in the register has changed, and with it what they hide."""
    sources = {e.monitored_source_id for e in entered if isinstance(e, RegisterSource)}
    return [each for each in view.all(GAPS, "") if each.source in sources] if sources else []


def kinds_of(source: str, view: View) -> set[str]:
    """What kinds of source it is, and ever was, in the register."""
    return {line.kind for line in view.all(SOURCES, source)}


def looks(check: Check, found: SourceGap, kinds: Iterable[str]) -> Iterable[Look]:
    """What a check has to judge again when a gap opens or closes: nothing where sources of these
    kinds send no event that the check awaits."""
    if not any(sends(kind, awaited) for awaited in check.awaits for kind in kinds):
        return
    since, until = found.since - AROUND, min(found.until, FOREVER - AROUND) + AROUND
    if isinstance(check, Case):
        for kind in check.by:  # of a dossier that is kept for ever, any event may be the old one
            yield Look(kind, None, "", 0 if check.keep is None else since, until)
    else:
        for kind in check.on:
            yield Look(kind, None, "", since, until)
