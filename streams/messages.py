"""What a message of a lane can be: events, rejects, a tick, or a tally of another partition.

Events stand as JSON lines in join form, one to n of one partition.  A tick says what time it is
and how much of `books` may be looked into.  A tally tells `books` what a traffic block changed.
Rejects are lines that could not be read: evidence, too, kept in `books`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass

import msgspec

from controls.block import Tally
from streams.rejects import Reject

_TICK, _TALLY, _REJECTS = b'{"tick":', b'{"tally":', b'{"rejects":'
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Tick:
    """The time (`now`, ms) at which a block closes, and the last offset of `books` to know."""

    now: int
    books_upto: int


def tick(now: int, books_upto: int) -> bytes:
    return _encode({"tick": [now, books_upto]})


def tally(value: Tally) -> bytes:
    return _encode({"tally": value})


def refused(values: Sequence[Reject], most: int = 500) -> Iterator[bytes]:
    """Rejects, at most `most` a message."""
    for at in range(0, len(values), most):
        yield _encode({"rejects": [astuple(value) for value in values[at : at + most]]})


def read(message: bytes) -> Tick | Tally | list[Reject] | None:
    """The tick, the tally or the rejects that a message is; None for events."""
    if message.startswith(_TICK):
        return Tick(*msgspec.json.decode(message)["tick"])
    if message.startswith(_TALLY):
        return Tally(**msgspec.json.decode(message)["tally"])
    if message.startswith(_REJECTS):
        return [Reject(*value) for value in msgspec.json.decode(message)["rejects"]]
    return None


def packed(lines: Iterable[bytes], most: int = 500, size: int = 1 << 19) -> Iterator[bytes]:
    """Lines of one partition packed into messages of at most `most` events and about `size`
    bytes."""
    pack: list[bytes] = []
    length = 0
    for line in lines:
        if pack and (len(pack) >= most or length + len(line) > size):
            yield b"\n".join(pack)
            pack, length = [], 0
        pack.append(line)
        length += len(line)
    if pack:
        yield b"\n".join(pack)
