"""The hash tree of RFC 6962: leaves, root, and the two kinds of proof, made and checked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

SIZE = 32
"""Bytes of a hash."""

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, section 2.1)."""


def leaves(rows: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each row."""
    return [sha256(b"\x00" + row).digest() for row in rows]


def root(level: Sequence[bytes]) -> bytes:
    """The root over leaf hashes.

    Pairs are joined level by level and a lone last node moves up as it is, which gives the
    tree of section 2.1 without recursion.
    """
    if not level:
        return EMPTY
    while len(level) > 1:
        level = _above(level)
    return level[0]


def _above(level: Sequence[bytes]) -> list[bytes]:
    above = [
        sha256(b"\x01" + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) % 2:
        above.append(level[-1])
    return above


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], top: bytes) -> bool:
    """Whether `leaf` stands at `index` in the tree of `size` leaves with the root `top`.

    RFC 9162, section 2.1.3.2.  Anything malformed is a no, never an exception.
    """
    if not 0 <= index < size or any(len(item) != SIZE for item in (leaf, top, *proof)):
        return False
    place, last, node = index, size - 1, leaf
    for item in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = _node(item, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = _node(node, item)
        place, last = place >> 1, last >> 1
    return last == 0 and node == top


def consistent(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `size2` leaves begins with the tree of `size1`.

    RFC 9162, section 2.1.4.2.  An empty first tree proves nothing and is refused, unless both
    are empty.
    """
    if any(len(item) != SIZE for item in (root1, root2, *proof)) or not 0 <= size1 <= size2:
        return False
    if size1 == size2:
        return not proof and root1 == root2 and (size1 > 0 or root1 == EMPTY)
    if size1 == 0 or not proof:
        return False
    path = list(proof) if size1 & (size1 - 1) else [root1, *proof]
    place, last = size1 - 1, size2 - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for item in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = _node(item, old), _node(item, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = _node(new, item)
        place, last = place >> 1, last >> 1
    return last == 0 and old == root1 and new == root2


def inclusion(index: int, level: Sequence[bytes]) -> list[bytes]:
    """The proof that the leaf hash at `index` of `level` is in their tree (RFC 6962, 2.1.1)."""
    proof = []
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            proof.append(level[beside])
        level, index = _above(level), index >> 1
    return proof


def consistency(size: int, level: Sequence[bytes]) -> list[bytes]:
    """The proof that the tree of `level` begins with that of its first `size` leaf hashes.

    RFC 6962, section 2.1.2; empty where either is all of the other, or nothing.
    """
    if not 0 < size < len(level):
        return []
    proof = []
    place, whole = size - 1, size & (size - 1) == 0
    while place & 1:  # the largest subtree that ends there and is known whole
        level, place = _above(level), place >> 1
    if not whole:
        proof.append(level[place])
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            proof.append(level[beside])
        level, place = _above(level), place >> 1
    return proof


class Frontier:
    """The right edge of a growing tree: as much of it as the next leaf needs.

    `nodes` are the tops of the perfect subtrees, largest first; their sizes are the bits of
    `size`.
    """

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if len(nodes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} tops")
        self.size, self.nodes = size, list(nodes)

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node, size = _node(self.nodes.pop(), node), size >> 1
        self.nodes.append(node)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.nodes:
            return EMPTY
        *left, top = self.nodes
        for node in reversed(left):
            top = _node(node, top)
        return top
