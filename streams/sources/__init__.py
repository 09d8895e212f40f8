"""The formats that raw lines arrive in, each with the adapter that makes events of them."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from controls.kernel import Refusal
from streams.rejects import Reject
from streams.sources.combined import EventId, combined
from streams.sources.source import Source, read_source

__all__ = ["FORMATS", "Adapter", "EventId", "Source", "adapter", "read_source"]

Adapter = Callable[[Iterable[bytes]], Iterator[dict[str, Any] | Reject]]
"""Lines of one log, from its beginning, to one event or reject each, in order and one at a time."""

FORMATS = ("events", "combined", "nginx", "apache")
"""`nginx` and `apache` write the same combined lines; they differ in what they escape, and both
ways are read. `events` are lines of the vocabulary: `codec.decode` reads them quicker itself."""


def adapter(name: str, toml: Path | None, event_id: EventId) -> Adapter:
    """The adapter for a format; `toml` describes the source of a log, `events` need none.

    `event_id(source_id, type, key values, occurred_at)` names events whose source gives no id:
    `Pseudonyms.event_id`.
    """
    if name not in FORMATS:
        raise Refusal(f"--format {name}: no such format; known: {', '.join(FORMATS)}")
    if name == "events":
        return _as_they_are
    if toml is None:
        raise Refusal(f"--format {name}: a log line names no system; give --source FILE.toml")
    return combined(read_source(toml), event_id)


def _as_they_are(lines: Iterable[bytes]) -> Iterator[dict[str, Any] | Reject]:
    for position, line in enumerate(lines):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict):
            yield event
        else:
            yield Reject(position, "line: a JSON object is expected", None)
