"""The durable log of one partition: a folder of segments, safe for several processes.

Every append takes the partition's file lock, looks at what others appended meanwhile,
cuts a torn tail, writes, and syncs before it gives the lock back. So the end of the
file is either known or torn, and a reader that takes the lock sees synced records only.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from controls.kernel import Refusal

from . import compaction
from .records import LARGEST, Entry, Record, encode
from .segment import Segment, path_of, sync_folder
from .shelf import Shelf

logger = logging.getLogger(__name__)

SEGMENT_BYTES = 32 << 20


class Appended(NamedTuple):
    """Where an append went: first offset, number of records, append time in milliseconds."""

    first: int
    records: int
    timestamp: int


def wall_clock() -> int:
    """Now, in milliseconds since the epoch UTC."""
    return time.time_ns() // 1_000_000


class PartitionLog:
    """One partition's log; any thread may call any method.

    `_writing` is held by whoever changes files, the slow part; `_index` only while what
    is readable changes, so that a reader never waits for a disk.
    """

    def __init__(
        self,
        folder: str,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.folder, self.segment_bytes, self._clock = folder, segment_bytes, clock
        self._writing, self._index = threading.Lock(), threading.RLock()
        self._shelf = Shelf(folder)
        self._active: Segment | None = None
        self._timestamp = 0
        self._damaged: str | None = None
        self._lock = os.open(
            os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        with self._writing, self._locked():
            self._load()

    # -- what is there

    @property
    def earliest(self) -> int:
        """The first offset that is still kept."""
        return self._shelf.bases[0]

    @property
    def end(self) -> int:
        """The offset the next record gets, as far as this process has looked."""
        return self._tail.next

    @property
    def segments(self) -> tuple[int, ...]:
        """The first offsets of the segments, ascending."""
        return tuple(self._shelf.bases)

    def read(self, offset: int, max_records: int = 1000, max_bytes: int = 8 << 20) -> list[Record]:
        """Records from an offset on, at least one if there is any; none at the end.

        An offset below the earliest starts at the earliest. Damage is a Refusal.
        """
        with self._index:
            offset = max(offset, self.earliest)
            while offset < self.end:
                try:
                    segment, following = self._segment_at(offset)
                except FileNotFoundError:  # retention or compaction in another process
                    self._shelf.reload(self.end)
                    offset = max(offset, self.earliest)
                    continue
                try:
                    records = segment.read(offset, max_records, max_bytes)
                except (ValueError, IndexError) as damage:
                    raise self._refuse(segment, str(damage)) from None
                if records or following is None:
                    return records
                offset = following
        return []

    def files(self) -> list[tuple[str, int]]:
        """The segments and, of each, the bytes that hold whole records on the disk."""
        with self._writing, self._locked():
            self._catch_up()
            older = [path_of(self.folder, base) for base in self.segments[:-1]]
            return [(path, os.path.getsize(path)) for path in older] + [
                (self._tail.path, self._tail.size)
            ]

    # -- what changes it

    def append(self, entries: Sequence[Entry]) -> Appended:
        """Append all entries or none; when this returns they are on the disk.

        A segment is longer than its bound by at most one append.
        """
        if not entries:
            return Appended(self.end, 0, self._timestamp)
        with self._writing, self._locked():
            self._catch_up()
            tail = self._roll() if self._tail.size >= self.segment_bytes else self._tail
            first, timestamp = tail.next, max(self._clock(), self._timestamp)
            data = b"".join(
                [encode(first + at, timestamp, entry) for at, entry in enumerate(entries)]
            )
            if len(data) > LARGEST:
                raise Refusal(
                    f"{self.folder}: an append of {len(data)} bytes; at most {LARGEST}: send less"
                )
            self._write(tail, data)
            marks = tail.look(verify=False)
            with self._index:
                tail.add(marks)
                self._timestamp = timestamp
        return Appended(first, len(entries), timestamp)

    def refresh(self) -> bool:
        """Look whether another process appended, without waiting.

        True if there is more, or will be in a moment because a writer is at it.
        """
        tail, end = self._tail, self.end
        if not self._stale(tail) or not self._writing.acquire(blocking=False):
            return False
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # what is in the file may not be synced yet
            return True
        else:
            try:
                self._catch_up()
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)
        finally:
            self._writing.release()
        return self.end > end

    def drop(self, before: int, below: int) -> int:
        """Remove whole segments older than a time (ms) whose offsets are all below one; how many.

        The newest records stay, since offsets and append times go on from them.
        """
        with self._writing, self._locked():
            self._catch_up()
            gone = 0
            while len(self.segments) > 1 and self.segments[1] <= below and self._tail.offsets:
                with self._index:
                    segment, _ = self._shelf.at(self.earliest)
                    if segment.timestamp >= before:
                        break
                    os.unlink(segment.path)
                    self._shelf.remove(segment.base)
                gone += 1
            if gone:
                sync_folder(self.folder)
        return gone

    def compact(self) -> int:
        """Keep the last record of each key, where that removes half or more; how many went.

        Offsets stay. A last record without a value goes as well, unless it is the
        newest of all. Records without a key stay.
        """
        with self._writing, self._locked():
            self._catch_up()
            with self._index:
                gone = compaction.rewrite(self.folder, self.earliest, self.read, self.end)
                if gone:
                    self._load()
        return gone

    def close(self) -> None:
        """Give the descriptors back."""
        with self._writing, self._index:
            self._reset()
            lock, self._lock = self._lock, -1
            if lock >= 0:
                os.close(lock)

    def __del__(self) -> None:
        if getattr(self, "_lock", -1) >= 0:
            os.close(self._lock)

    # -- inside, with the file lock held

    @property
    def _tail(self) -> Segment:
        if self._active is None:
            raise Refusal(f"{self.folder}: this log is closed")
        return self._active

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._damaged:
            raise Refusal(self._damaged)
        if self._lock < 0:
            raise Refusal(f"{self.folder}: this log is closed")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _load(self) -> None:
        compaction.finish(self.folder)
        with self._index:
            self._reset()
            self._shelf.reload()
            if not self._shelf.bases:
                self._shelf.bases = [0]
                self._active = Segment(path_of(self.folder, 0), 0, create=True)
                sync_folder(self.folder)
            else:
                base = self._shelf.bases[-1]
                self._active = Segment(path_of(self.folder, base), base)
                if len(self._shelf.bases) > 1:
                    self._timestamp = self._shelf.at(self._shelf.bases[-2])[0].timestamp
        self._catch_up()

    def _reset(self) -> None:
        self._shelf.close()
        if self._active is not None:
            self._active.close()
            self._active = None

    def _stale(self, tail: Segment) -> bool:
        seen = os.fstat(tail.fd)
        following = path_of(self.folder, tail.next)
        return (
            seen.st_size != tail.size
            or seen.st_nlink == 0
            or (following != tail.path and os.path.exists(following))
        )

    def _catch_up(self) -> None:
        """Take in what others appended, and cut what a killed one left behind."""
        if os.fstat(self._tail.fd).st_nlink == 0 or compaction.unfinished(self.folder):
            self._load()
            return
        while True:
            tail = self._tail
            marks = tail.look(verify=True)
            stop = marks[-1].stop if marks else tail.size
            end = os.fstat(tail.fd).st_size
            if end > stop:
                self._cut(tail, stop, end)
            if marks:
                os.fdatasync(tail.fd)  # its writer may have been killed before its own sync
                with self._index:
                    tail.add(marks)
                    self._timestamp = max(self._timestamp, tail.timestamp)
            following = path_of(self.folder, tail.next)
            if following == tail.path or not os.path.exists(following):
                return
            self._follow(Segment(following, tail.next))

    def _cut(self, tail: Segment, stop: int, end: int) -> None:
        if tail.followed(stop, end):
            raise self._refuse(tail, f"record at byte {stop} is damaged and whole ones follow it")
        tail.cut(stop)
        logger.warning("log.tail_cut path=%s at=%d bytes=%d", tail.path, stop, end - stop)

    def _roll(self) -> Segment:
        base = self._tail.next
        segment = Segment(path_of(self.folder, base), base, create=True)
        sync_folder(self.folder)
        self._follow(segment)
        return segment

    def _follow(self, segment: Segment) -> None:
        with self._index:
            self._shelf.keep(self._tail)
            self._active = segment
            self._shelf.bases.append(segment.base)

    def _segment_at(self, offset: int) -> tuple[Segment, int | None]:
        """The segment an offset is in and the first offset of the one after it."""
        return (self._tail, None) if offset >= self._tail.base else self._shelf.at(offset)

    def _write(self, tail: Segment, data: bytes) -> None:
        try:
            tail.write(data)
        except OSError as error:
            raise Refusal(
                f"{tail.path}: could not append {len(data)} bytes ({error.strerror}); "
                "nothing of it was kept: make room on the disk"
            ) from error
        try:
            os.fdatasync(tail.fd)
        except OSError as error:
            # after a failed sync nobody knows which pages are on the disk
            os.ftruncate(tail.fd, tail.size)
            self._damaged = (
                f"{tail.path}: the disk did not confirm a write ({error.strerror}); "
                "check the disk and start again"
            )
            raise Refusal(self._damaged) from error

    def _refuse(self, segment: Segment, what: str) -> Refusal:
        return Refusal(f"{segment.path}: {what}: restore this file from a copy")
