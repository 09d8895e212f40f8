"""One file of a partition's log and the index over it that is kept in memory."""

import mmap
import os
from array import array
from bisect import bisect_left, bisect_right

from .records import CRC, HEAD, LARGEST, PREFIX, SMALLEST, Mark, Record, decode, intact, scan

SUFFIX = ".log"


class Segment:
    """A segment file, named by the first offset it may hold.

    Knows for each record its offset and position (16 bytes a record). `size` is where
    the whole, known records end; the file may be longer while somebody is writing.
    """

    __slots__ = ("base", "fd", "offsets", "path", "positions", "size", "timestamp")

    def __init__(self, path: str, base: int, *, create: bool = False) -> None:
        self.path, self.base, self.fd = path, base, -1
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
        self.fd = os.open(path, flags, 0o600)
        self.offsets, self.positions = array("q"), array("Q")
        self.size = 0
        self.timestamp = 0
        """Append time of the last known record, 0 while there is none."""

    def close(self) -> None:
        """Give the descriptor back."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    @property
    def next(self) -> int:
        """The offset after the last known record."""
        return self.offsets[-1] + 1 if self.offsets else self.base

    def look(self, *, verify: bool) -> list[Mark]:
        """The whole records between `size` and the end of the file; the index stays as it is."""
        end = os.fstat(self.fd).st_size
        if end <= self.size:
            return []
        with mmap.mmap(self.fd, end, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            return list(scan(view, self.size, verify=verify))

    def add(self, marks: list[Mark]) -> None:
        """Take records into the index."""
        if marks:
            self.offsets.extend([mark.offset for mark in marks])
            self.positions.extend([mark.position for mark in marks])
            self.timestamp = marks[-1].timestamp
            self.size = marks[-1].stop

    def read(self, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        """Records from an offset on, at least one if there is any; ValueError if damaged."""
        first = bisect_left(self.offsets, offset)
        last = min(len(self.offsets), first + max_records)
        if first >= last:
            return []
        start, limit = self.positions[first], self.positions[first] + max_bytes
        if self.size > limit:
            last = min(last, max(first + 1, bisect_right(self.positions, limit) - 1))
        stop = self.positions[last] if last < len(self.positions) else self.size
        buffer = os.pread(self.fd, stop - start, start)
        records, at = [], 0
        for _ in range(first, last):
            record, at = decode(buffer, at)
            records.append(record)
        return records

    def write(self, data: bytes) -> None:
        """Put bytes behind the known records; on an OSError none of them stay."""
        rest, at = memoryview(data), self.size
        try:
            while rest:
                written = os.pwrite(self.fd, rest, at)
                rest, at = rest[written:], at + written
        except OSError:
            os.ftruncate(self.fd, self.size)
            raise

    def cut(self, stop: int) -> None:
        """End the file at a byte."""
        os.ftruncate(self.fd, stop)
        os.fsync(self.fd)

    def followed(self, position: int, end: int) -> bool:
        """Whether a damaged record has a whole one behind it, so that cutting would lose that one.

        Only the last append of a log can be torn: what is whole behind a damaged record
        was acknowledged after it.
        """
        buffer = os.pread(self.fd, end - position, position)
        if len(buffer) < SMALLEST:
            return False
        stop = PREFIX + HEAD.unpack_from(buffer, CRC.size)[0]
        if stop > PREFIX + LARGEST or stop + SMALLEST > len(buffer):
            return False
        following = stop + PREFIX + HEAD.unpack_from(buffer, stop + CRC.size)[0]
        return following <= len(buffer) and intact(buffer, stop, following)


def path_of(folder: str, base: int) -> str:
    """The path of the segment that starts at an offset."""
    return os.path.join(folder, f"{base:020d}{SUFFIX}")


def bases(folder: str) -> list[int]:
    """The first offsets of the segments in a folder, ascending."""
    names = (name.removesuffix(SUFFIX) for name in os.listdir(folder) if name.endswith(SUFFIX))
    return sorted(int(name) for name in names if name.isdigit())


def sync_folder(folder: str) -> None:
    """Make new, renamed and removed names of a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
