"""What a service does once a day: recompute its own chains and put that on record, and let old
segments of its log and old files of the quarantine go."""

from __future__ import annotations

import json
from hashlib import sha256

from controls.calendar import jst_day
from controls.events import Event, OwnVerified, rfc3339
from controls.kernel import DAY
from controls.registers import FOREVER
from streams import wiring
from streams.evidence.verify import verify
from streams.pipeline import Parts
from streams.settings import Settings
from streams.topics import topic

SOURCE = "shoseki"
"""The source_id of the tool's own acts."""


def verified(parts: Parts, now: int) -> Event | None:
    """The day's verification at `now` (ms) as an event for `books`, in join form.

    None while the installation knows no organisation yet, for then it holds nothing either.
    """
    org_id = parts.org_id or next(
        (e.org_id for e in parts.registers.changes(-1, FOREVER) if hasattr(e, "org_id")), None
    )
    if org_id is None:
        return None
    report = verify(parts.store)
    heads = json.dumps(report.heads, sort_keys=True).encode()
    run_id = f"{jst_day(now)}-{sha256(heads).hexdigest()[:16]}"
    moment = rfc3339(now)
    return parts.forms.join(
        OwnVerified(
            event_id=parts.forms.event_id(SOURCE, OwnVerified.type, (run_id,), now),
            schema_version=1,
            org_id=org_id,
            source_id=SOURCE,
            occurred_at=moment,  # type: ignore[arg-type]  # instants are given as text
            observed_at=moment,  # type: ignore[arg-type]
            ingested_at=moment,  # type: ignore[arg-type]
            actor_ref="",
            actor_kind="service",
            run_id=run_id,
            from_size=0,
            to_size=report.blocks,
            ok=report.fault is None,
            first_bad=None if report.fault is None else str(report.fault),
            against_anchor=False,
        )
    )


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
