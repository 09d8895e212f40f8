"""The verifier's own Ed25519, notes and trees against vectors and a log that nobody here made."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from streams.evidence import verify
from tests.streams.evidence.packs import consistency, inclusion, root

REFUSED = {
    "non_canonical_A",
    "non_canonical_R",
    "low_order_A",
    "low_order_R",
    "low_order_residue",  # what is left over when the equation holds with the cofactor only
}


def _ours(key: bytes, text: bytes, signature: bytes) -> bool:
    try:
        return verify._signed(key, text, signature)
    except verify.Unsound:
        return False


def _theirs(key: bytes, text: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(key).verify(text, signature)
    except BadSignatureError:
        return False
    return True


def test_every_vector_is_judged_by_the_stated_profile_and_as_libsodium_does(
    needs: Callable[[str], Path],
) -> None:
    vectors = json.loads((needs("corpus") / "ed25519/ed25519vectors.json").read_bytes())
    accepted = 0
    for vector in vectors:
        key, signature = bytes.fromhex(vector["key"]), bytes.fromhex(vector["sig"])
        text = vector["msg"].encode()
        ours = _ours(key, text, signature)
        assert ours == _theirs(key, text, signature), vector["number"]
        assert ours == (not REFUSED & set(vector["flags"] or ())), vector["number"]
        accepted += ours
    assert (len(vectors), accepted) == (914, 43)


@settings(max_examples=40)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.integers(0, 511))
def test_a_signature_holds_until_a_bit_of_it_is_another_one(
    seed: bytes, text: bytes, bit: int
) -> None:
    key = SigningKey(seed)
    public, signature = bytes(key.verify_key), key.sign(text).signature
    assert _ours(public, text, signature)
    changed = (int.from_bytes(signature, "little") ^ 1 << bit).to_bytes(64, "little")
    assert not _ours(public, text, changed)
    assert not _ours(public, text + b"x", signature)
    beyond = int.from_bytes(signature[32:], "little") + verify.L  # S >= L is the same modulo L
    assert not _ours(public, text, signature[:32] + beyond.to_bytes(32, "little"))
    assert not _ours(public, text, signature + b"\0")


def _included(index: int, size: int, leaf: bytes, proof: list[bytes], top: bytes) -> bool:
    try:
        return verify._climb(index, size, leaf, proof)[1] == top
    except verify.Unsound:
        return False


def _begins(old: int, new: int, first: bytes, last: bytes, proof: list[bytes]) -> bool:
    try:
        return verify._begins(old, new, first, last, proof)
    except verify.Unsound:
        return False


def _bytes(vector: dict[str, Any], key: str) -> bytes:
    return b64decode(vector[key] or "")


def _holds(vector: dict[str, Any]) -> bool:
    proof = [b64decode(item) for item in vector["proof"] or ()]
    if "leafIdx" in vector:
        place = vector["leafIdx"], vector["treeSize"]
        return _included(*place, _bytes(vector, "leafHash"), proof, _bytes(vector, "root"))
    roots = _bytes(vector, "root1"), _bytes(vector, "root2")
    return _begins(vector["size1"], vector["size2"], *roots, proof)


def test_every_tree_vector_is_accepted_or_refused_as_it_says(needs: Callable[[str], Path]) -> None:
    files = sorted((needs("corpus") / "merkle").rglob("*.json"))
    vectors = [(file, json.loads(file.read_bytes())) for file in files]
    assert len(vectors) == 98
    assert [str(file) for file, vector in vectors if _holds(vector) == vector["wantErr"]] == []


def test_every_proof_of_a_small_tree_holds_and_no_other_does() -> None:
    leaves = [verify._leaf(bytes([number])) for number in range(21)]
    tops = [root(leaves[:size]) for size in range(22)]
    for new in range(1, 22):
        assert verify._tree(leaves[:new]) == tops[new]
        for index in range(new):
            leaf, proof = leaves[index], inclusion(index, leaves[:new])
            places = range(-1, new + 2)
            assert [at for at in places if _included(at, new, leaf, proof, tops[new])] == [index]
            assert not _included(index, new, leaf, [*proof, leaf], tops[new])
            assert not _included(index, new, leaf, proof[1:], tops[new]) or not proof
        for old in range(1, new + 1):
            proof, sizes = consistency(old, leaves[:new]), range(-1, new + 2)
            known = tops[old], tops[new]
            assert [size for size in sizes if _begins(size, new, *known, proof)] == [old]
            assert not _begins(old, new, tops[old - 1], tops[new], proof)
            assert not _begins(old, new, tops[old], tops[new - 1], proof)
            assert not _begins(old, new, *known, [*proof, leaves[0]])


@pytest.fixture
def log(needs: Callable[[str], Path]) -> Path:
    return needs("corpus") / "tlog"


def _opened(log: Path, name: str) -> tuple[int, bytes]:
    keys = [verify._verifier((log / "verifier.key.txt").read_text().strip())]
    (_, size, top), by = verify._note((log / name).read_text(), keys)
    assert by == [keys[0]["text"]]
    return int(size), b64decode(top)


def test_a_published_log_verifies(log: Path) -> None:
    leaves = [
        verify._leaf(entry) for entry in _entries((log / "tile/entries/000.p/15").read_bytes())
    ]
    tile = (log / "tile/0/000.p/15").read_bytes()
    assert b"".join(leaves) == tile
    roots = dict(_opened(log, f"checkpoint.{size}") for size in range(16))
    roots |= dict([_opened(log, "checkpoint")])
    assert sorted(roots) == list(range(16))
    for new, top in roots.items():
        assert verify._tree(leaves[:new]) == top
        for old in range(1, new + 1):
            assert _begins(old, new, roots[old], top, consistency(old, leaves[:new]))


def _entries(bundle: bytes) -> list[bytes]:
    """C2SP tlog-tiles: each entry after its length in two bytes."""
    found = []
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        found.append(bundle[2:end])
        bundle = bundle[end:]
    return found


def test_a_flipped_byte_in_the_published_log_is_found(log: Path, tmp_path: Path) -> None:
    (tmp_path / "verifier.key.txt").write_bytes((log / "verifier.key.txt").read_bytes())
    note = (log / "checkpoint").read_bytes()
    for at in range(0, len(note), 3):
        (tmp_path / "checkpoint").write_bytes(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :])
        with pytest.raises((verify.Unsound, ValueError)):
            _opened(tmp_path, "checkpoint")
    size, top = _opened(log, "checkpoint")
    tile = (log / "tile/0/000.p/15").read_bytes()
    for at in range(len(tile)):
        changed = tile[:at] + bytes([tile[at] ^ 1]) + tile[at + 1 :]
        assert verify._tree(changed[i : i + 32] for i in range(0, 32 * size, 32)) != top
