"""The tool's own acts on record: `own.*` events, which pass through `books` like all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from controls.events import Event, rfc3339, spec
from controls.kernel import Refusal
from streams import wiring
from streams.pseudonyms import Forms
from streams.publish import Publisher, open_log
from streams.settings import Settings
from streams.store import Store

SOURCE = "shoseki"
"""The source_id of the tool's own acts."""


def own(
    forms: Forms, kind: type[Event], org_id: str, now: int, by: str = "", /, **fields: Any
) -> Event:
    """An act at `now` (ms) in join form; the service's own unless `by` says whose."""
    moment = rfc3339(now)
    keyed = tuple(fields[name] for name in spec(kind.type).natural_key)
    return forms.join(
        kind(
            event_id=forms.event_id(SOURCE, kind.type, keyed, now),
            schema_version=1,
            org_id=org_id,
            source_id=SOURCE,
            occurred_at=moment,  # type: ignore[arg-type]  # instants are given as text
            observed_at=moment,  # type: ignore[arg-type]
            ingested_at=moment,  # type: ignore[arg-type]
            actor_ref=by,
            actor_kind="staff" if by else "service",
            **fields,
        )
    )


def organisation(store: Store) -> str | None:
    """The organisation of the first event that is stored."""
    rows = (
        str(row["org_id"])
        for lane, partition in store.heads()
        for row in store.rows("events", lane, partition)
    )
    return next(rows, None)


def known_organisation(settings: Settings, store: Store) -> str:
    """The organisation as configured or as stored; Refusal where neither is."""
    org_id = settings.org_id or organisation(store)
    if org_id is None:
        raise Refusal("org_id: this installation knows no organisation yet; set org_id = ...")
    return org_id


def told(
    settings: Settings, store: Store, kind: type[Event], by: str = "", /, **fields: Any
) -> None:
    """Send an act of now to `books`.  Refusal where the broker does not take it, or where no
    organisation is known."""
    org_id = known_organisation(settings, store)
    publish(settings, [own(wiring.open_forms(settings), kind, org_id, wiring.now(), by, **fields)])


def publish(settings: Settings, events: Sequence[Event]) -> None:
    """Send acts in join form to `books`.  Refusal where the broker does not take them."""
    log = open_log(settings)
    try:
        Publisher(log, settings.partitions).publish(events)
    finally:
        log.close()
