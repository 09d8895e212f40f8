"""Rewriting a partition with the last record of each key, safe against kill -9.

The kept records are written to `compact.tmp`, synced, renamed to `compact.done`; only
then are the old segments removed and the file takes its place as a segment. Whoever
opens a folder with `compact.done` in it finishes the job first. All of it happens
under the partition's file lock.
"""

import os
from collections.abc import Callable

from .records import Entry, Record, encode
from .segment import Segment, bases, path_of, sync_folder

DRAFT, DONE = "compact.tmp", "compact.done"


def rewrite(
    folder: str,
    earliest: int,
    read: Callable[[int], list[Record]],
    end: int,
) -> int:
    """Write the compacted log and swap it in; the number of records left out.

    Does nothing, and returns 0, where less than half would go.
    """
    last: dict[bytes | None, int] = {}
    count, keyless, offset = 0, 0, earliest
    while offset < end and (records := read(offset)):
        for record in records:
            count += 1
            if record.key is None:
                keyless += 1
            elif record.value is None and record.offset != end - 1:
                last.pop(record.key, None)
            else:
                last[record.key] = record.offset
        offset = records[-1].offset + 1
    kept = keyless + len(last)
    if kept * 2 > count or not kept:
        return 0
    draft = os.path.join(folder, DRAFT)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    offset = earliest
    with open(fd, "wb") as file:
        while offset < end and (records := read(offset)):
            for record in records:
                if record.key is None or last.get(record.key) == record.offset:
                    entry = Entry(record.value, record.key, record.headers)
                    file.write(encode(record.offset, record.timestamp, entry))
            offset = records[-1].offset + 1
        file.flush()
        os.fsync(fd)
    os.rename(draft, os.path.join(folder, DONE))
    sync_folder(folder)
    finish(folder)
    return count - kept


def unfinished(folder: str) -> bool:
    """Whether a compaction stopped half-way in this folder."""
    return os.path.exists(os.path.join(folder, DONE))


def finish(folder: str) -> None:
    """Bring a compaction that stopped half-way to its end."""
    done, draft = os.path.join(folder, DONE), os.path.join(folder, DRAFT)
    if os.path.exists(draft):
        os.unlink(draft)
    if not os.path.exists(done):
        return
    for base in bases(folder):
        os.unlink(path_of(folder, base))
    file = Segment(done, 0)
    first = file.look(verify=False)[0].offset
    file.close()
    os.rename(done, path_of(folder, first))
    sync_folder(folder)
