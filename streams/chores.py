"""What a service does once a day: recompute its own chains, account for the day before, put both on
record, delete what has expired, and let old segments of its log and old files of the quarantine
go."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType

from controls.calendar import jst_day
from controls.events import Event, OwnVerified
from controls.events.fields import instant
from controls.kernel import DAY
from controls.registers import FOREVER
from streams import acts, wiring
from streams.evidence.anchor import Anchor, Anchors
from streams.evidence.verify import Report, verify
from streams.export.account import account
from streams.export.cut import Cut, Evidence, Period
from streams.pipeline import Parts
from streams.retention import Years, expiry
from streams.settings import Settings
from streams.store import Store
from streams.store.settled import Settled
from streams.topics import topic


def recomputed(
    store: Store, now: int, years: Years = MappingProxyType({}), anchors: Anchors | None = None
) -> Report:
    """Verify what is sealed so far, while others write; classes may have expired at `now` (ms)."""
    anchored = anchors.expected() if anchors and anchors.last() else None
    return verify(Settled(store), expired=expiry(now, years), anchored=anchored)


def expired(
    store: Store, now: int, report: Report, years: Years = MappingProxyType({})
) -> dict[str, int]:
    """Delete what has expired at `now` (ms); how many rows have gone, by class.

    Nothing goes while a chain does not hold: it would be taken for proof that has to be kept.
    """
    if report.fault is not None:
        return {}
    gone = {name: store.expire(name, before) for name, before in expiry(now, years).items()}
    return {name: rows for name, rows in gone.items() if rows}


def unaccounted(store: Store, now: int) -> str | None:
    """What does not add up of the day (JST) before `now` (ms), in words; None where all does."""
    day = jst_day(now) - timedelta(days=1)
    faults = account(Evidence(store, Cut(0, now, store.heads()), Period(day, day))).faults
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"does not add up: {faults[0]}{more}" if faults else None


def verified(
    parts: Parts, report: Report, now: int, anchored: bool, unaccounted: str | None = None
) -> OwnVerified | None:
    """The day's verification at `now` (ms) as an event for `books`, in join form: it fails where a
    chain does not hold, and where the day before is not accounted for.

    None while the installation knows no organisation yet, for then it holds nothing either.
    """
    heads = json.dumps(report.heads, sort_keys=True).encode()
    run_id = f"{jst_day(now)}-{sha256(heads).hexdigest()[:16]}"
    fault = unaccounted if report.fault is None else str(report.fault)
    return _on_record(parts, now, run_id, report.blocks, fault, anchored)


def restored(parts: Parts, anchor: Anchor) -> OwnVerified | None:
    """That the store was restored, and what it lost by that, as an event for `books`: the same
    however often it is told."""
    blocks = sum(head["number"] for head in anchor.heads)
    run_id = f"restored-{anchor.at}"
    return _on_record(parts, instant(anchor.at), run_id, blocks, anchor.lost, True)


def _on_record(
    parts: Parts, now: int, run_id: str, blocks: int, fault: str | None, anchored: bool
) -> OwnVerified | None:
    org_id = organisation(parts)
    if org_id is None:
        return None
    return acts.own(  # type: ignore[return-value]  # the type it was given
        parts.forms,
        OwnVerified,
        org_id,
        now,
        run_id=run_id,
        from_size=0,
        to_size=blocks,
        ok=fault is None,
        first_bad=fault,
        against_anchor=anchored,
    )


def organisation(parts: Parts) -> str | None:
    """The organisation as configured, or that of the first event that is known, or stored."""
    known = (e.org_id for e in parts.registers.changes(-1, FOREVER) if isinstance(e, Event))
    return parts.org_id or next(known, None) or acts.organisation(parts.store)


def trim(settings: Settings, lanes: tuple[str, ...]) -> int:
    """Drop segments of the embedded log that are judged and older than `log_days`; how many."""
    if settings.log_days is None or not settings.broker.startswith("local://"):
        return 0
    from streams.local import Broker

    broker = Broker.shared(settings.broker.removeprefix("local://"))
    return sum(broker.retain(topic(lane), settings.log_days * DAY) for lane in lanes)


def purge(settings: Settings) -> int:
    """Drop the quarantine's files of days that are over its time; how many."""
    quarantine = wiring.open_quarantine(settings)
    return 0 if quarantine is None else quarantine.purge()
