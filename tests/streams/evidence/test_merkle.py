"""The hash tree against vectors and a log that nobody here made."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.evidence import merkle, verify


def _bytes(vector: dict[str, Any], key: str) -> bytes:
    return b64decode(vector[key] or "")


def _holds(vector: dict[str, Any]) -> bool:
    proof = [b64decode(node) for node in vector["proof"] or ()]
    if "leafIdx" in vector:
        return merkle.included(
            vector["leafIdx"], vector["treeSize"], _bytes(vector, "leafHash"), proof,
            _bytes(vector, "root"),
        )  # fmt: skip
    return merkle.consistent(
        vector["size1"], vector["size2"], _bytes(vector, "root1"), _bytes(vector, "root2"), proof
    )


def test_every_vector_is_accepted_or_refused_as_it_says(needs: Callable[[str], Path]) -> None:
    files = sorted((needs("corpus") / "merkle").rglob("*.json"))
    vectors = [(file, json.loads(file.read_bytes())) for file in files]
    assert len(vectors) == 98
    assert sum(not vector["wantErr"] for _, vector in vectors) == 6
    assert [str(file) for file, vector in vectors if _holds(vector) == vector["wantErr"]] == []


def test_the_roots_of_a_published_log_are_rebuilt_from_its_tiles(
    needs: Callable[[str], Path],
) -> None:
    log = needs("corpus") / "tlog"
    for size in range(1, 16):
        tile = (log / "tile/0/000.p" / str(size)).read_bytes()
        leaves = [tile[i : i + 32] for i in range(0, len(tile), 32)]
        _, count, root, *_ = (log / f"checkpoint.{size}").read_text().splitlines()
        assert int(count) == len(leaves) == size
        assert merkle.root(leaves) == verify._tree(leaves) == b64decode(root)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_writer_and_verifier_build_the_same_tree(rows: list[bytes]) -> None:
    assert merkle.leaves(rows) == [verify._leaf(row) for row in rows]
    assert merkle.root(merkle.leaves(rows)) == verify._tree(map(verify._leaf, rows))


def _path(index: int, leaves: list[bytes]) -> list[bytes]:
    """The inclusion proof of RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*_path(index, leaves[:half]), merkle.root(leaves[half:])]
    return [*_path(index - half, leaves[half:]), merkle.root(leaves[:half])]


@given(st.integers(1, 40), st.data())
def test_a_leaf_is_included_at_its_place_and_nowhere_else(size: int, data: st.DataObject) -> None:
    leaves = merkle.leaves(bytes([number]) for number in range(size))
    index = data.draw(st.integers(0, size - 1))
    proof, root = _path(index, leaves), merkle.root(leaves)
    assert merkle.included(index, size, leaves[index], proof, root)
    assert not any(
        merkle.included(other, size, leaves[index], proof, root)
        for other in range(-1, size + 1)
        if other != index
    )
