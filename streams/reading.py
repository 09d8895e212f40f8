"""Files to events in join form: bytes, lines, adapters, decoding, pseudonyms."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from controls.events import Event
from controls.kernel import Refusal, arrival
from streams import codec
from streams.codec import LINE_LIMIT
from streams.pseudonyms import Forms
from streams.rejects import Reject
from streams.sources import adapter

CHUNK = 1_000
"""Lines that are decoded at once."""

Item = Event | Reject


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


class Reader:
    """Reads files of one format into events in join form, each line one event or one reject.

    The organisation of the first event is the installation's where none is configured.
    """

    def __init__(
        self,
        forms: Forms,
        format: str = "events",
        source: Path | None = None,
        org_id: str | None = None,
    ) -> None:
        self.org_id = org_id
        self._forms = forms
        self._native = format == "events"
        self._adapt = adapter(format, source, forms.event_id)

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
        """Each line as one item; `arrived` (ms) is now for a stream, None for a file."""
        position = 0
        source = iter(raw if self._native else self._adapted(raw))
        while chunk := list(islice(source, CHUNK)):
            readable = [line for line in chunk if isinstance(line, bytes)]
            decoded = iter(codec.decode(readable, arrived, org_id=self.org_id))
            for line in chunk:
                item = next(decoded) if isinstance(line, bytes) else line
                yield self._taken(item, line, position, arrived)
                position += 1

    def _taken(self, item: Item, line: bytes | Reject, position: int, arrived: int | None) -> Item:
        if isinstance(item, Reject):
            digest = self._forms.digest(line) if isinstance(line, bytes) else item.digest
            return replace(item, position=position, digest=digest)
        if self.org_id is None:
            self.org_id = item.org_id
        elif item.org_id != self.org_id:
            return Reject(position, "org_id: another organisation's event", item.source_id)
        if arrived is not None and item.ingested_at is None:
            object.__setattr__(item, "ingested_at", arrived)
        return self._forms.join(item)

    def _adapted(self, raw: Iterable[bytes]) -> Iterator[bytes | Reject]:
        encode = msgspec.json.Encoder().encode
        for made in self._adapt(raw):
            yield made if isinstance(made, Reject) else encode(made)


def _time(item: Item) -> int:
    return 0 if isinstance(item, Reject) else arrival(item)
