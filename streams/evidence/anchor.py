"""Anchors: the heads of all chains, written down outside the store at least once a minute.

A chain proves that nothing in it was changed, not that its end is still there: a store set back
to an older copy is whole.  Whoever kept a head elsewhere sees it.  The file has one JSON object a
line, the newest last:

    {"at": "2026-11-11T00:00:00.000Z", "heads": [{lane, partition, number, last_offset, link}]}

A line with `restored` (why) accepts a loss, `lost` (what; null: nothing): of the anchors before
it only what it still has counts.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controls.kernel import Refusal
from streams.evidence.block import Head

CHUNK = 1 << 16
KEYS = ("lane", "partition", "number", "last_offset", "link")
Blocks = Callable[[str, int, int], Head | None]
"""What a store has under lane, partition and number: `Store.block`."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One line: when, and the heads; where the store was restored, why and what that lost."""

    at: str
    heads: Sequence[Mapping[str, Any]]
    restored: str | None = None
    lost: str | None = None


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

    def append(self, at: str, heads: Sequence[Mapping[str, Any]]) -> None:
        """Add a line, on the disk when this returns; none where nothing has changed since the
        last one."""
        self._append({"at": at}, heads)

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
                known = last.heads if last and last.restored is None else []
                if "restored" not in facts and kept == list(known):
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

    def fault(self, blocks: Blocks) -> str | None:
        """What a store lacks of the newest anchor, or has otherwise; None where it holds.

        The newest is enough: each link stands for all blocks before it.
        """
        anchor = self.last()
        if anchor is None:
            return None
        for head in anchor.heads:
            block = blocks(*place(head), head["number"])
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
            return Anchor(value["at"], heads, value.get("restored"), value.get("lost"))
        except (ValueError, KeyError, TypeError):
            raise Refusal(
                f"{self.path}: {where} is no anchor; restore this file from its copy, and never "
                "edit it"
            ) from None


def place(head: Mapping[str, Any]) -> tuple[str, int]:
    """The chain that a head belongs to: lane and partition."""
    return head["lane"], head["partition"]
