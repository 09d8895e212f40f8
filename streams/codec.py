"""Lines to events and back: strict on the way in, canonical on the way out.

Lines are read in chunks of about a hundred, joined as one JSON array; a chunk that fails goes
line by line, so that one bad line costs its neighbours nothing. The twins read what they can
vouch for, pydantic decides on the rest. What cannot be read becomes a `Reject`, whose reason
names the field and what was expected and never quotes what was there: a rejected line may hold
anybody's data.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter, ValidationError

from controls.events import AnyEvent, Event, rfc3339, spec
from controls.events.fields import Memo
from streams import twins
from streams.rejects import Reject, reason, source, source_id
from streams.slots import caller

__all__ = ["Reject", "canonical", "decode", "encode"]

LINE_LIMIT: Final = 1 << 20
"""Bytes; a longer line is refused unread."""
AHEAD_LIMIT: Final = 24 * 3_600_000
"""Milliseconds that an event may lie after its arrival."""
CHUNK: Final = 100

_one: TypeAdapter[Event] = TypeAdapter(AnyEvent)
_json = msgspec.json.Encoder().encode


def decode(
    lines: Sequence[bytes],
    arrived: Sequence[int] | int | None = None,
    *,
    org_id: str | None = None,
    lane: bool = False,
) -> list[Event | Reject]:
    """An event or a reject for every line, in order.

    `arrived` is when the lines came, in milliseconds: one moment for all or one each; None
    for a file, whose lines say it themselves (`ingested_at`, else `observed_at`). With
    `org_id` any other organisation is refused. `lane` says that the lines come from a lane,
    where they were checked on arrival and carry our keyed digest, no sender's.
    """
    out: list[Event | Reject] = []
    for start in range(0, len(lines), CHUNK):
        out += _chunk([line.strip() for line in lines[start : start + CHUNK]], start)
    if not lane:
        _check(out, arrived, org_id)
    return out


def _chunk(lines: Sequence[bytes], start: int) -> Iterable[Event | Reject]:
    """One chunk at one go where that holds, else line by line."""
    # A raw newline cannot stand inside a JSON string, so with it between the lines no value
    # reaches over two of them; braces and the equal count exclude two values on one.
    for line in lines:
        if len(line) > LINE_LIMIT or not (line.startswith(b"{") and line.endswith(b"}")):
            break
    else:
        events = twins.read(b"[" + b",\n".join(lines) + b"]")
        if events is not None and len(events) == len(lines):
            return events
    return [_line(line, start + at) for at, line in enumerate(lines)]


def _line(line: bytes, position: int) -> Event | Reject:
    if len(line) > LINE_LIMIT:
        return Reject(position, "line: at most 1 MiB is expected", None)
    events = twins.read(b"[" + line + b"]")
    if events is not None and len(events) == 1:
        return events[0]
    try:
        return _one.validate_json(line)
    except ValidationError as error:
        return Reject(position, reason(line, error), source(line))


def _check(
    out: list[Event | Reject], arrived: Sequence[int] | int | None, org_id: str | None
) -> None:
    """Refuse in place what reads well but cannot be: the wrong house, time or digest."""
    moments = arrived if isinstance(arrived, Sequence) else None
    same = arrived if isinstance(arrived, int) else None
    for at, event in enumerate(out):
        if event.__class__ is Reject:
            continue
        assert isinstance(event, Event)
        if moments is not None:
            limit = moments[at]
        elif same is not None:
            limit = same
        else:
            limit = event.ingested_at or event.observed_at
        limit += AHEAD_LIMIT
        if event.occurred_at > limit:
            wrong = "occurred_at: a moment at most 24 hours after arrival is expected"
        elif event.observed_at > limit:
            wrong = "observed_at: a moment at most 24 hours after arrival is expected"
        elif org_id is not None and event.org_id != org_id:
            wrong = "org_id: the organisation of this installation is expected"
        elif (
            event.payload_digest is not None
            and sha256(canonical(event)).hexdigest() != event.payload_digest
        ):
            wrong = "payload_digest: the SHA-256 of the canonical event is expected"
        else:
            continue
        out[at] = Reject(at, wrong, source_id(event.source_id))


def _line_of(type: str, leave_out: frozenset[str] = frozenset()) -> Callable[[Event], Any]:
    """What makes of an event of this type a struct that msgspec writes as its line."""
    fields = [field for field in spec(type).fields if field.name not in leave_out]
    names = [field.name for field in fields]
    # a Struct of foreign values is the quickest way to a JSON object without its Nones
    line = msgspec.defstruct(
        "Line", [(name, Any, None) for name in names], omit_defaults=True, gc=False
    )
    instants = [field.name for field in fields if field.kind == "instant"]
    return caller(line, names, dict.fromkeys(instants, rfc3339))


_NOT_SIGNED: Final = frozenset({"ingested_at", "payload_digest"})
_lines = Memo(_line_of)
_canonical: Memo[str, Callable[[Event], Any]] = Memo(lambda type: _line_of(type, _NOT_SIGNED))


def encode(event: Event) -> bytes:
    """The event as one line, without its newline: what `decode` reads back as an equal event.

    Compact JSON, envelope first, fields in vocabulary order; instants in UTC with
    milliseconds; a field that is None is left out.
    """
    return _json(_lines[event.type](event))


def canonical(event: Event) -> bytes:
    """What `payload_digest` is made over: the line without ingested_at and payload_digest."""
    return _json(_canonical[event.type](event))
