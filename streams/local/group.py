"""What the one consumer of a folder has: the folder to itself, and its committed offsets."""

import fcntl
import json
import os
import threading
from collections.abc import Mapping

from controls.kernel import Refusal

from .segment import sync_folder

OFFSETS = "offsets.json"
"""What the consumer committed."""


class Group:
    """Ownership and commits of a folder; any thread may call any method.

    `owner` is locked by the process that consumes and holds its pid. `offsets.json`
    is replaced as a whole, so that a kill leaves the old or the new one.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = os.path.join(path, OFFSETS)
        self._lock = threading.RLock()
        self._owner = -1
        self._known: dict[str, dict[str, int]] | None = None

    def own(self) -> None:
        """Become the process that consumes; a Refusal if another one does."""
        with self._lock:
            if self._owner >= 0:
                return
            path = os.path.join(self.path, "owner")
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = os.pread(fd, 20, 0).decode() or "unknown"
                os.close(fd)
                raise Refusal(
                    f"{self.path} is in use by another process (pid {pid}): "
                    "stop it or give another directory"
                ) from None
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
            self._owner, self._known = fd, None

    def disown(self) -> None:
        """Let another process consume."""
        with self._lock:
            fd, self._owner, self._known = self._owner, -1, None
            if fd >= 0:
                os.close(fd)

    def committed(self, topic: str, partition: int) -> int | None:
        """The next offset to consume, None before the first commit."""
        return self._offsets().get(topic, {}).get(str(partition))

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Remember the next offsets to consume; on the disk when this returns."""
        with self._lock:
            known = {topic: dict(those) for topic, those in self._offsets().items()}
            for (topic, partition), offset in offsets.items():
                known.setdefault(topic, {})[str(partition)] = offset
            draft = self._file + ".tmp"
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(fd, "w", encoding="utf-8") as file:
                json.dump(known, file, sort_keys=True)
                file.flush()
                os.fsync(fd)
            os.replace(draft, self._file)
            sync_folder(self.path)
            self._known = known

    def _offsets(self) -> dict[str, dict[str, int]]:
        known = self._known
        if self._owner >= 0 and known is not None:  # nobody else commits
            return known
        try:
            with open(self._file, encoding="utf-8") as file:
                read: dict[str, dict[str, int]] = json.load(file)
                return read
        except FileNotFoundError:
            return {}
        except ValueError:
            raise Refusal(f"{self._file}: not readable: restore it from a copy") from None
