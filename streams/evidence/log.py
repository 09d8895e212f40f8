"""The log: one RFC 6962 tree for all chains of an installation, and its signed checkpoints.

Entry i states the heads of all chains at one moment, and with them, since each link stands for
all blocks before it, every block up to there.  A checkpoint (C2SP tlog-checkpoint) is a signed
note of the log's origin, its size and the root of its tree.  Whoever has one can be shown that
an entry is in the tree and that any later checkpoint has the same beginning.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import msgspec

from streams.evidence.block import Head
from streams.evidence.merkle import Frontier
from streams.evidence.note import Signer, signed

Heads = Sequence[Sequence[Any]]
"""[lane, partition, number, last_offset, link] of each chain, by lane and partition."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored: when (ms), the heads, the tree's right edge after it, the note."""

    index: int
    at: int
    heads: Heads
    edge: Sequence[str]
    note: str

    @property
    def size(self) -> int:
        """How many entries the log has with this one."""
        return self.index + 1

    @property
    def leaf(self) -> bytes:
        """The hash of the entry in the tree."""
        return leaf(self.at, self.heads)

    @property
    def root(self) -> bytes:
        """The root of the tree that ends with it."""
        return self.frontier.root

    @property
    def frontier(self) -> Frontier:
        return Frontier(self.size, [bytes.fromhex(node) for node in self.edge])


def stated(heads: Mapping[tuple[str, int], Head]) -> Heads:
    """Heads by lane and partition (`Store.heads`) as an entry has them."""
    return [
        [*place, head.number, head.last_offset, head.link] for place, head in sorted(heads.items())
    ]


def leaf(at: int, heads: Heads) -> bytes:
    """The leaf hash of an entry: over the compact JSON array of both."""
    return sha256(b"\x00" + msgspec.json.encode([at, heads])).digest()


def following(
    last: Entry | None, at: int, heads: Heads, origin: str, signers: Sequence[Signer]
) -> Entry:
    """The entry after `last` (None: the first), with its checkpoint."""
    entry = again(last, at, heads, "")
    return replace(entry, note=signed(checkpoint(origin, entry.size, entry.root), signers))


def again(last: Entry | None, at: int, heads: Heads, note: str) -> Entry:
    """The entry after `last` that was given this checkpoint before."""
    frontier = last.frontier if last else Frontier()
    frontier.append(leaf(at, heads))
    return Entry(frontier.size - 1, at, heads, [node.hex() for node in frontier.nodes], note)


def checkpoint(origin: str, size: int, root: bytes) -> str:
    """The text of a checkpoint, before it is signed."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def read_checkpoint(text: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint's text; ValueError where it is none."""
    origin, size, root, *_ = text.split("\n")
    if not size.isascii() or not size.isdecimal() or (size[0] == "0" and size != "0"):
        raise ValueError("the size of a checkpoint is a plain number")
    return origin, int(size), b64decode(root, validate=True)
