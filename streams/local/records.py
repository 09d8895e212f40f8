"""How one record of the local log looks on disk, and how it is read back.

    crc32 u32 | size u32 | offset i64 | timestamp i64 | key i32 | value i32 | headers u16
    | key | value | for each header: name u16, value i32, name, value

Little endian. `size` counts the bytes after itself; the crc covers everything after
itself, so a wrong size is found too. A length of -1 means None. Timestamps are
milliseconds since the epoch, UTC.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes | None]]

CRC = struct.Struct("<I")
HEAD = struct.Struct("<IqqiiH")
HEADER = struct.Struct("<Hi")
PREFIX = CRC.size + 4
"""Bytes before the part that `size` counts."""
SMALLEST = CRC.size + HEAD.size
LARGEST = 64 << 20
"""Largest record in bytes; a longer size field is garbage."""


class Entry(NamedTuple):
    """What somebody wants appended."""

    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()


class Record(NamedTuple):
    """What the log holds: an entry with the offset and append time the log gave it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Mark(NamedTuple):
    """Where a record stands in its segment."""

    position: int
    stop: int
    offset: int
    timestamp: int


def encode(offset: int, timestamp: int, entry: Entry) -> bytes:
    """The bytes of one record."""
    value, key, headers = entry
    parts = [key or b"", value or b""]
    for name, content in headers:
        raw = name.encode()
        parts += (HEADER.pack(len(raw), _length(content)), raw, content or b"")
    size = HEAD.size - 4 + sum(map(len, parts))
    head = HEAD.pack(size, offset, timestamp, _length(key), _length(value), len(headers))
    rest = b"".join((head, *parts))
    return CRC.pack(zlib.crc32(rest)) + rest


def decode(buffer: bytes, position: int) -> tuple[Record, int]:
    """The record at a position and where the next one starts; ValueError if it is damaged."""
    size, offset, timestamp, key_size, value_size, headers = HEAD.unpack_from(
        buffer, position + CRC.size
    )
    stop = position + PREFIX + size
    if not intact(buffer, position, stop):
        raise ValueError(f"record at byte {position} does not match its checksum")
    at = position + SMALLEST
    key, at = _take(buffer, at, key_size)
    value, at = _take(buffer, at, value_size)
    if not headers:
        return Record(offset, timestamp, key, value, ()), stop
    found = []
    for _ in range(headers):
        name_size, content_size = HEADER.unpack_from(buffer, at)
        name, at = _take(buffer, at + HEADER.size, name_size)
        content, at = _take(buffer, at, content_size)
        found.append(((name or b"").decode(), content))
    return Record(offset, timestamp, key, value, tuple(found)), stop


def scan(buffer: memoryview, position: int, *, verify: bool) -> Iterator[Mark]:
    """Where the records stand, from a position on, up to the first that is not whole.

    With `verify` a record that does not match its checksum counts as not whole.
    """
    end = len(buffer)
    while position + SMALLEST <= end:
        size, offset, timestamp, _, _, _ = HEAD.unpack_from(buffer, position + CRC.size)
        stop = position + PREFIX + size
        if size > LARGEST or size < HEAD.size - 4 or stop > end:
            return
        if verify and not intact(buffer, position, stop):
            return
        yield Mark(position, stop, offset, timestamp)
        position = stop


def intact(buffer: bytes | memoryview, position: int, stop: int) -> bool:
    """Whether the bytes of a record match its checksum."""
    (crc,) = CRC.unpack_from(buffer, position)
    return bool(zlib.crc32(memoryview(buffer)[position + CRC.size : stop]) == crc)


def _length(content: bytes | None) -> int:
    return -1 if content is None else len(content)


def _take(buffer: bytes, at: int, size: int) -> tuple[bytes | None, int]:
    return (None, at) if size < 0 else (buffer[at : at + size], at + size)
