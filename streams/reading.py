"""Raw lines to events in join form: bytes, adapters, decoding, pseudonyms.

Files and raw topics are read by the same `Reader.read`; they differ in what tells equal lines
apart, in who says when a line came, and in what its position is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from controls.events import Event
from controls.kernel import Refusal, arrival
from streams import codec
from streams.codec import LINE_LIMIT
from streams.keys import Destroyed
from streams.pseudonyms import Forms
from streams.rejects import Refused, Reject
from streams.sources import adapter

CHUNK = 1_000
"""Lines of a file that are read at once."""
REMEMBERED = 65_536
"""Different lines after which a file's repeats begin to be forgotten."""

Item = Event | Reject
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one source that are read at once; what is a sequence has one entry a line.

    `positions` are offsets of `origin`, a raw topic's partition, or count the lines of a file.
    `marks` tell equal native lines apart.  `arrived` (ms) is what the broker says of each, now
    for a stream, None for a file, whose lines say it themselves.
    """

    raw: Sequence[bytes]
    positions: Sequence[int]
    marks: Sequence[str | int]
    arrived: Sequence[int] | int | None = None
    origin: str = ""


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file; of one that is too long only so much as shows that it is."""
    while line := stream.readline(LINE_LIMIT + 2):
        if not line.endswith(b"\n") and len(line) > LINE_LIMIT:
            while (rest := stream.readline(LINE_LIMIT)) and not rest.endswith(b"\n"):
                pass
        if line.strip():
            yield line


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """A file, or standard input for `-`."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(name, "rb")  # noqa: SIM115
    except OSError as error:
        raise Refusal(f"{name}: cannot be read ({error.strerror})") from None
    with stream:
        yield stream


def ignore(refused: Refused) -> None:
    """Nobody keeps refused lines."""


class Reader:
    """Reads lines of one format into events in join form, each line one event or one reject.

    The organisation of the first event is the installation's where none is configured.
    `refused` is given every line that is no event, with its reject.
    """

    def __init__(
        self,
        forms: Forms,
        format: str = "events",
        source: Path | None = None,
        org_id: str | None = None,
        refused: Callable[[Refused], None] = ignore,
    ) -> None:
        self.org_id = org_id
        self._forms = forms
        self._format, self._source = format, source
        self._adapt = adapter(format, source, forms.event_id)
        self._refused = refused

    def files(self, names: Sequence[str], arrived: int | None = None) -> Iterator[Item]:
        """The items of all files, in order of arrival; within a file in order of its lines."""
        if len(names) == 1:
            yield from self.file(names[0], arrived)
            return
        yield from merge(*(self.file(name, arrived) for name in names), key=_time)

    def file(self, name: str, arrived: int | None = None) -> Iterator[Item]:
        with opened(name) as stream:
            yield from self.items(lines(stream), arrived)

    def items(self, raw: Iterable[bytes], arrived: int | None = None) -> Iterator[Item]:
        """The items of one file's lines, from its beginning."""
        source, position = iter(raw), 0
        repeats = Repeats()
        while chunk := list(islice(source, CHUNK)):
            marks = [0] * len(chunk) if self._adapt is None else list(map(repeats, chunk))
            positions = range(position, position + len(chunk))
            yield from self.read(Lines(chunk, positions, marks, arrived))
            position += len(chunk)

    def read(self, lines: Lines) -> list[Item]:
        """One item for each line, in order."""
        made: list[bytes | Item] = list(lines.raw if self._adapt is None else self._adapted(lines))
        at = [n for n, line in enumerate(made) if line.__class__ is bytes]
        arrived = lines.arrived
        if isinstance(arrived, Sequence):
            arrived = [arrived[n] for n in at]
        readable: list[bytes] = [made[n] for n in at]  # type: ignore[misc]
        for n, item in zip(at, codec.decode(readable, arrived, org_id=self.org_id), strict=True):
            made[n] = item
        return [self._taken(lines, n, item) for n, item in enumerate(made)]  # type: ignore[arg-type]

    def _adapted(self, lines: Lines) -> Iterator[bytes | Reject]:
        assert self._adapt is not None
        for made in self._adapt(zip(lines.raw, lines.marks, strict=True)):
            yield made if isinstance(made, Reject) else _encode(made)

    def _taken(self, lines: Lines, n: int, item: Item) -> Item:
        if isinstance(item, Reject):
            return self._rejected(lines, n, item)
        if self.org_id is None:
            self.org_id = item.org_id
        elif item.org_id != self.org_id:
            wrong = Reject(0, "org_id: another organisation's event", item.source_id)
            return self._rejected(lines, n, wrong)
        arrived = lines.arrived
        if arrived.__class__ is int:
            if item.ingested_at is None:
                object.__setattr__(item, "ingested_at", arrived)
        elif arrived is not None:  # a broker knows better than what a third party writes
            object.__setattr__(item, "ingested_at", arrived[n])  # type: ignore[index]
        try:
            return self._forms.join(item)
        except Destroyed:
            gone = "occurred_at: the keys of that year were destroyed; nothing is judged there"
            return self._rejected(lines, n, Reject(0, gone, item.source_id))

    def _rejected(self, lines: Lines, n: int, reject: Reject) -> Reject:
        line, arrived = lines.raw[n].rstrip(b"\r\n"), lines.arrived
        digest = self._forms.digest(line)
        made = replace(reject, position=lines.positions[n], digest=digest, origin=lines.origin)
        moment = arrived[n] if isinstance(arrived, Sequence) else arrived
        source = None if self._source is None else str(self._source)
        self._refused(Refused(made, line, lines.marks[n], moment, self._format, source))
        return made


class Repeats:
    """The mark of a file's line: its number among equal ones, from 0.

    So equal lines of one second are all kept and a replay gives the same ids, wherever the log
    was cut; only a cut between equal lines makes the later ones repeat the ids of the earlier.
    Forgets lines 65,536 to 131,072 different ones ago: equal ones stand close together.
    """

    def __init__(self) -> None:
        self._new: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}

    def __call__(self, line: bytes) -> int:
        digest = blake2b(line.rstrip(b"\r\n"), digest_size=16).digest()
        nth = self._new.get(digest) or self._old.get(digest, 0)
        self._new[digest] = nth + 1
        if len(self._new) >= REMEMBERED:
            self._new, self._old = {}, self._new
        return nth


def _time(item: Item) -> int:
    return 0 if isinstance(item, Reject) else arrival(item)
