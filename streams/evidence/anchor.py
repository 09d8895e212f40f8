"""Anchors: the entries of the log, written down outside the store at least once a minute.

A chain proves that nothing in it was changed, not that its end is still there: a store set back
to an older copy is whole.  Whoever kept a head elsewhere sees it.  The file has one JSON object a
line, the newest last:

    {"at": "2026-11-11T00:00:00.000Z", "heads": [{lane, partition, number, last_offset, link}],
     "index": 5120, "note": "shoseki/example-kk\n5121\n..."}

A line with `restored` (why) accepts a loss, `lost` (what; null: nothing): of the anchors before
it only what it still has counts.  It is no entry of the log; the log itself goes on, its lost
entries taken back from here, and so shows the loss for ever.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from controls.events import rfc3339
from controls.events.fields import instant
from controls.kernel import Refusal
from streams.evidence.block import Head
from streams.evidence.log import Entry, again

CHUNK = 1 << 16
KEYS = ("lane", "partition", "number", "last_offset", "link")


class Anchored(Protocol):
    """What of a store is compared with its anchors."""

    def block(self, lane: str, partition: int, number: int) -> Head | None: ...
    def log(self, first: int = 0) -> Iterator[Entry]: ...


@dataclass(frozen=True, slots=True)
class Anchor:
    """One line: when, and the heads; as an entry of the log its place and checkpoint; where the
    store was restored, why and what that lost."""

    at: str
    heads: Sequence[Mapping[str, Any]]
    restored: str | None = None
    lost: str | None = None
    index: int | None = None
    note: str = ""


def ends(heads: Mapping[tuple[str, int], Head]) -> list[dict[str, Any]]:
    """Heads by lane and partition (`Store.heads`) as an anchor has them."""
    return [
        dict(zip(KEYS, (*place, head.number, head.last_offset, head.link), strict=True))
        for place, head in heads.items()
    ]


class Anchors:
    """The file of anchors; it is made with the first line, readable by the owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Entry) -> None:
        """Add a line, on the disk when this returns; none where that entry is the last one."""
        heads = [dict(zip(KEYS, head, strict=True)) for head in entry.heads]
        facts = {"at": rfc3339(entry.at), "index": entry.index, "note": entry.note}
        self._append(facts, heads)

    def accept(
        self, at: str, heads: Sequence[Mapping[str, Any]], why: str, lost: str | None
    ) -> None:
        """Accept a store as it is, although it lost something that was anchored (see `fault`)."""
        self._append({"at": at, "restored": why, "lost": lost}, heads)

    def _append(self, facts: dict[str, Any], heads: Sequence[Mapping[str, Any]]) -> None:
        kept = [{key: head[key] for key in KEYS} for head in heads]
        line = json.dumps(facts | {"heads": kept}, ensure_ascii=False, separators=(",", ":"))
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with open(handle, "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                last = self._last(file)
                if last is not None and last.index is not None and last.index == facts.get("index"):
                    return
                file.truncate()  # what a writer that was cut off has left behind
                file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Refusal(
                f"{self.path}: the anchor cannot be written ({error.strerror}); make room, or name "
                "a file in the setting `anchor` that this user may write"
            ) from None

    def last(self) -> Anchor | None:
        """The newest line; None while there is none."""
        try:
            with open(self.path, "rb") as file:
                return self._last(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refusal(f"{self.path}: cannot be read ({error.strerror})") from None

    def all(self) -> Iterator[Anchor]:
        """Every line, oldest first."""
        try:
            with open(self.path, "rb") as file:
                for number, line in enumerate(file, 1):
                    if line.endswith(b"\n"):
                        yield self._read(line, f"line {number}")
        except OSError as error:
            raise Refusal(f"{self.path}: cannot be read ({error.strerror})") from None

    def expected(self) -> dict[tuple[str, int], dict[int, str]]:
        """{(lane, partition): {number: link}} that a store must have, accepted losses apart."""
        links: dict[tuple[str, int], dict[int, str]] = {}
        for anchor in self.all():
            if anchor.restored is not None:
                upto = {place(head): head["number"] for head in anchor.heads}
                links = {
                    chain: {n: link for n, link in held.items() if n <= upto.get(chain, 0)}
                    for chain, held in links.items()
                }
            for head in anchor.heads:
                links.setdefault(place(head), {})[head["number"]] = head["link"]
        return links

    def missing(self, last: Entry | None) -> Iterator[Entry]:
        """The entries of the log that are here and, after `last`, not in a store that was set
        back; they end where one is missing here, too."""
        for anchor in self.all() if self.last() else ():
            if anchor.index is not None and anchor.index == (last.size if last else 0):
                heads = [[head[key] for key in KEYS] for head in anchor.heads]
                last = again(last, instant(anchor.at), heads, anchor.note)
                yield last

    def fault(self, store: Anchored) -> str | None:
        """What a store lacks of the newest anchor, or has otherwise; None where it holds.

        The newest is enough: each link stands for all blocks before it, each checkpoint for all
        entries of the log.
        """
        anchor = self.last()
        if anchor is None:
            return None
        if anchor.index is not None:
            entry = next(store.log(anchor.index), None)
            if entry is None:
                return f"entry {anchor.index} of the log, anchored at {anchor.at}, is gone"
            if entry.note != anchor.note:
                return f"entry {anchor.index} of the log is another one than at {anchor.at}"
        for head in anchor.heads:
            block = store.block(*place(head), head["number"])
            name = f"block {head['number']} of {head['lane']}/{head['partition']}"
            if block is None:
                return f"{name}, anchored at {anchor.at}, is gone"
            if block.link != head["link"]:
                return f"{name} is another one than the one anchored at {anchor.at}"
        return None

    def _last(self, file: Any) -> Anchor | None:
        """The last whole line, with the file's position behind it."""
        end = file.seek(0, os.SEEK_END)
        tail, start = b"", end
        while start and tail.count(b"\n") < 2:
            start = max(start - CHUNK, 0)
            file.seek(start)
            tail = file.read(end - start)
        whole = tail[: tail.rfind(b"\n") + 1]
        file.seek(start + len(whole))
        if not whole:
            return None
        return self._read(whole[:-1].rpartition(b"\n")[2], "the last line")

    def _read(self, line: bytes, where: str) -> Anchor:
        try:
            value = json.loads(line)
            heads = [{key: head[key] for key in KEYS} for head in value["heads"]]
            about = {
                key: value[key] for key in ("restored", "lost", "index", "note") if key in value
            }
            return Anchor(value["at"], heads, **about)
        except (ValueError, KeyError, TypeError):
            raise Refusal(
                f"{self.path}: {where} is no anchor; restore this file from its copy, and never "
                "edit it"
            ) from None


def place(head: Mapping[str, Any]) -> tuple[str, int]:
    """The chain that a head belongs to: lane and partition."""
    return head["lane"], head["partition"]
