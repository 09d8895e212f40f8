"""The log and its signed checkpoints, against a published log and against forgery."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controls.kernel import Refusal
from streams.evidence import merkle
from streams.evidence.log import Entry, following, read_checkpoint, stated
from streams.evidence.note import Signer, key_hash, opened, signed
from tests.streams.blocks import block

SIGNER = Signer("shoseki/example-kk", bytes(32))
NEXT = Signer("shoseki/example-kk", bytes([1] * 32))


def grown(number: int, signers: list[Signer] | None = None) -> list[Entry]:
    made: list[Entry] = []
    for at in range(number):
        heads = stated({("books", 0): block(size=at + 1).head})
        last = made[-1] if made else None
        made.append(following(last, at, heads, SIGNER.name, signers or [SIGNER]))
    return made


def test_every_checkpoint_of_a_published_log_is_opened(needs: Callable[[str], Path]) -> None:
    folder = needs("corpus") / "tlog"
    key = (folder / "verifier.key.txt").read_text().strip()
    for file in folder.glob("checkpoint*"):
        origin, size, root = read_checkpoint(opened(file.read_text(), [key]))
        assert (origin, len(root)) == (key.split("+")[0], 32)
        assert file.suffix in ("", f".{size}")
        with pytest.raises(Refusal, match="does not hold"):
            opened(file.read_text().replace(f"\n{size}\n", f"\n{size + 1}\n"), [key])


def test_entries_are_in_the_tree_that_each_later_checkpoint_states() -> None:
    made = grown(9)
    leaves = [entry.leaf for entry in made]
    for entry in made:
        origin, size, root = read_checkpoint(opened(entry.note, [SIGNER.verifier]))
        assert (origin, size) == (SIGNER.name, entry.index + 1)
        assert root == merkle.root(leaves[:size]) == entry.root
        for earlier in made[: entry.index]:
            proof = merkle.consistency(earlier.size, leaves[:size])
            assert merkle.consistent(earlier.size, size, earlier.root, root, proof)


@given(st.integers(1, 60), st.data())
def test_what_is_proven_holds_and_nothing_else_does(size: int, data: st.DataObject) -> None:
    leaves = merkle.leaves(bytes([number]) for number in range(size))
    index, cut = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    top = merkle.root(leaves)
    proof = merkle.inclusion(index, leaves)
    assert merkle.included(index, size, leaves[index], proof, top)
    assert not merkle.included(index, size, leaves[index], [*proof, top], top)
    early = merkle.consistency(cut, leaves)
    assert merkle.consistent(cut, size, merkle.root(leaves[:cut]), top, early)
    assert cut == size or not merkle.consistent(cut, size, top, top, early)


def test_two_keys_sign_while_they_overlap_and_either_is_enough() -> None:
    note = signed("a\nb\n", [SIGNER, NEXT])
    for known in ([SIGNER.verifier], [NEXT.verifier], [SIGNER.verifier, NEXT.verifier]):
        assert opened(note, known) == "a\nb\n"
    assert len(key_hash(SIGNER.verifier)) == 8


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (signed("a\n", [NEXT]), "no known key"),
        ("a\n", "no known key"),
        (signed("a\n", [SIGNER]).replace("a", "b", 1), "does not hold"),
        (signed("a\n", [SIGNER]) + "— x\n", "no signature"),
        (signed("a\n", [SIGNER]).replace("— ", "- "), "no signature"),
        (
            "a\n\n— shoseki/example-kk "
            + b64encode(bytes.fromhex(key_hash(SIGNER.verifier)) + bytes(64)).decode()
            + "\n",
            "does not hold",
        ),
    ],
)
def test_what_nobody_known_has_signed_is_not_opened(note: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        opened(note, [SIGNER.verifier])


def test_a_name_with_a_blank_or_a_plus_is_refused() -> None:
    for name in ("", "a b", "a+b", "a\u3000b"):
        with pytest.raises(Refusal, match="origin"):
            Signer(name, bytes(32))


def test_a_verifier_key_whose_hash_is_another_is_refused() -> None:
    name, _, key = SIGNER.verifier.split("+", 2)
    for odd in (f"{name}+00000000+{key}", name, f"{name}+{key}"):
        with pytest.raises(Refusal, match="no verifier key"):
            opened(signed("a\n", [SIGNER]), [odd])
    assert b64decode(key)[:1] == b"\x01"
