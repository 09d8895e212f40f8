"""Topics, partitions and committed offsets over the logs of one folder; knows no Faust.

PATH/topics/TOPIC/PARTITION/00000000000000000000.log ...  and lock
PATH/offsets.json   what the consumer committed
PATH/owner          locked by the process that consumes; holds its pid
"""

import contextlib
import os
import re
import shutil
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence

from controls.kernel import Refusal

from .group import OFFSETS, Group
from .log import SEGMENT_BYTES, Appended, PartitionLog, wall_clock
from .records import Entry, Headers, Record
from .segment import sync_folder

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,248}\Z")

_shared: weakref.WeakValueDictionary[str, "Broker"] = weakref.WeakValueDictionary()
_sharing = threading.Lock()


class Broker:
    """A folder of topics that several processes may append to and one consumes.

    `segment_bytes` bounds a segment; `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        segment_bytes: int = SEGMENT_BYTES,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.path = os.path.realpath(path)
        self._topics = os.path.join(self.path, "topics")
        self._segment_bytes, self._clock = segment_bytes, clock
        self._lock = threading.RLock()
        self._logs: dict[tuple[str, int], PartitionLog] = {}
        self._counts: dict[str, int] = {}
        self._group = Group(self.path)
        self._listeners: list[Callable[[], None]] = []
        folder(self._topics)

    @classmethod
    def shared(
        cls, path: str | os.PathLike[str], clock: Callable[[], int] = wall_clock
    ) -> "Broker":
        """The one broker of this process for a folder; made on first use, with that clock."""
        with _sharing:
            real = os.path.realpath(path)
            broker = _shared.get(real)
            if broker is None:
                broker = _shared[real] = cls(real, clock=clock)
            return broker

    # -- topics

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic, unless it is there; the number of partitions is fixed by the first."""
        if not NAME.match(topic) or partitions < 1:
            raise Refusal(
                f"{topic!r} with {partitions} partitions: a topic is named by up to 249 of "
                "A-Z a-z 0-9 . _ - and has at least one partition"
            )
        if self.partitions(topic):
            return
        draft = os.path.join(self.path, f"draft-{os.getpid()}-{threading.get_ident()}")
        shutil.rmtree(draft, ignore_errors=True)
        for partition in range(partitions):
            folder(os.path.join(draft, str(partition)))
        try:
            os.rename(draft, os.path.join(self._topics, topic))
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            if not self.partitions(topic):  # not merely somebody else who was first
                raise
        sync_folder(self._topics)

    def topics(self) -> tuple[str, ...]:
        """The names of all topics, sorted."""
        return tuple(sorted(os.listdir(self._topics)))

    def partitions(self, topic: str) -> int:
        """The number of partitions of a topic, 0 if there is no such topic."""
        count = self._counts.get(topic, 0)
        if not count and NAME.match(topic):
            with contextlib.suppress(FileNotFoundError):
                count = len(os.listdir(os.path.join(self._topics, topic)))
                self._counts[topic] = count
        return count

    def log(self, topic: str, partition: int) -> PartitionLog:
        """The log of one partition."""
        found = self._logs.get((topic, partition))
        if found is not None:
            return found
        count = self.partitions(topic)
        if not 0 <= partition < count:
            raise Refusal(f"{self.path}: topic {topic} has {count} partitions, not a {partition}")
        with self._lock:
            if (topic, partition) not in self._logs:
                self._logs[topic, partition] = PartitionLog(
                    os.path.join(self._topics, topic, str(partition)),
                    segment_bytes=self._segment_bytes,
                    clock=self._clock,
                )
            return self._logs[topic, partition]

    # -- records

    def append(
        self,
        topic: str,
        partition: int,
        value: bytes | None,
        key: bytes | None = None,
        headers: Headers = (),
    ) -> int:
        """Append one record and return its offset; it is on the disk then."""
        return self.append_many(topic, partition, [Entry(value, key, headers)])[0]

    def append_many(self, topic: str, partition: int, entries: Iterable[Entry]) -> range:
        """Append all entries or none, with one sync; their offsets."""
        done = self.append_entries(topic, partition, list(entries))
        return range(done.first, done.first + done.records)

    def append_entries(self, topic: str, partition: int, entries: Sequence[Entry]) -> Appended:
        """As `append_many`, but tells the append time too."""
        done = self.log(topic, partition).append(entries)
        for listener in self._listeners:
            listener()
        return done

    def read(
        self,
        topic: str,
        partition: int,
        offset: int,
        max_records: int = 1000,
        max_bytes: int = 8 << 20,
    ) -> list[Record]:
        """Records from an offset on, at least one if there is any; none at the end."""
        log = self.log(topic, partition)
        log.refresh()
        return log.read(offset, max_records, max_bytes)

    def end(self, topic: str, partition: int) -> int:
        """The offset the next record gets."""
        log = self.log(topic, partition)
        log.refresh()
        return log.end

    def earliest(self, topic: str, partition: int) -> int:
        """The first offset that is still kept."""
        return self.log(topic, partition).earliest

    def listen(self, listener: Callable[[], None]) -> None:
        """Have something called after each append of this process, in the appending thread."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Undo `listen`."""
        self._listeners.remove(listener)

    # -- housekeeping, by the owner

    def retain(self, topic: str, age: int, now: int | None = None) -> int:
        """Remove segments older than `age` ms below the committed offset; how many went."""
        before = (self._clock() if now is None else now) - age
        gone = 0
        for partition in range(self.partitions(topic)):
            below = self.committed(topic, partition)
            if below is not None:
                gone += self.log(topic, partition).drop(before, below)
        return gone

    def compact(self, topic: str) -> int:
        """Keep the last record of each key where that removes half; how many records went.

        For changelogs only: a consumer takes the gaps it leaves for unacknowledged records.
        """
        return sum(
            self.log(topic, partition).compact() for partition in range(self.partitions(topic))
        )

    def files(self) -> list[tuple[str, int]]:
        """Every file that a copy needs, by its path below the folder, with its bytes.

        What was committed comes first and changelogs before lanes, so that a copy made in this
        order, while others append, is what a kill would have left.
        """
        found = [OFFSETS] if os.path.exists(os.path.join(self.path, OFFSETS)) else []
        files = [(name, os.path.getsize(os.path.join(self.path, name))) for name in found]
        for topic in sorted(self.topics(), key=lambda name: not name.endswith("-changelog")):
            for partition in range(self.partitions(topic)):
                for path, size in self.log(topic, partition).files():
                    files.append((os.path.relpath(path, self.path), size))
        return files

    # -- the one consumer

    def committed(self, topic: str, partition: int) -> int | None:
        """The next offset to consume, None before the first commit."""
        return self._group.committed(topic, partition)

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember the next offsets to consume; on the disk when this returns."""
        self._group.commit(offsets)

    def own(self) -> None:
        """Become the process that consumes; a Refusal if another one does."""
        self._group.own()

    def disown(self) -> None:
        """Let another process consume."""
        self._group.disown()

    def close(self) -> None:
        """Give locks and descriptors back; the broker is of no use afterwards."""
        self.disown()
        with self._lock:
            for log in self._logs.values():
                log.close()
            self._logs.clear()


def folder(path: str) -> None:
    """Make a folder and those above it, readable by the owner alone."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for each in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(each, 0o700)
        sync_folder(os.path.dirname(each))
