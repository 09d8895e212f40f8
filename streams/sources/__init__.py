"""The formats that raw lines arrive in, each with the adapter that makes events of them."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from controls.kernel import Refusal
from streams.rejects import Reject
from streams.sources.combined import EventId, combined
from streams.sources.source import Source, read_source

__all__ = ["FORMATS", "Adapter", "EventId", "Source", "adapter", "read_source"]

Adapter = Callable[[Iterable[tuple[bytes, Any]]], Iterator[dict[str, Any] | Reject]]
"""Lines of one log, each with a mark that tells it from equal ones, to one event or reject each, in
order and one at a time.  Where a line stood and its digest are for the reader to say."""

FORMATS = ("events", "combined", "nginx", "apache")
"""`nginx` and `apache` write the same combined lines; they differ in what they escape, and both
ways are read. `events` are lines of the vocabulary: `codec.decode` reads them quicker itself."""


def adapter(name: str, toml: Path | None, event_id: EventId) -> Adapter | None:
    """The adapter for a format; `toml` describes the source of a log; `events` need no adapter.

    `event_id(source_id, type, key values, occurred_at)` names events whose source gives no id:
    `Pseudonyms.event_id`.
    """
    if name not in FORMATS:
        raise Refusal(f"--format {name}: no such format; known: {', '.join(FORMATS)}")
    if name == "events":
        return None
    if toml is None:
        raise Refusal(f"--format {name}: a log line names no system; give --source FILE.toml")
    return combined(read_source(toml), event_id)
