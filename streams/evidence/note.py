"""Signed notes (C2SP signed-note) with Ed25519: how checkpoints and manifests are signed.

A note is a text, whose lines all end, a blank line, and one signature line for each key:
"— NAME BASE64", the first four of its bytes the key's hash, the rest the signature over the text.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from controls.kernel import Refusal

ED25519 = b"\x01"
"""The kind of key, as it stands in hashes and verifier keys."""
_LINE = re.compile("— ([^ +]+) ([A-Za-z0-9+/]+=*)")


class Signer:
    """A key that signs, under the name of its log; neither blanks nor + may be in a name."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not name or re.search(r"[\s+]", name):
            raise Refusal(f"{name!r}: the name of a log holds no blank and no +; set origin = ...")
        self.name = name
        self._key = SigningKey(seed)

    @property
    def verifier(self) -> str:
        """The verifier key: what others need, and may know (C2SP: vkey)."""
        public = ED25519 + bytes(self._key.verify_key)
        return f"{self.name}+{_hash(self.name, public).hex()}+{b64encode(public).decode()}"

    def line(self, text: str) -> str:
        """The signature line for a text."""
        public = ED25519 + bytes(self._key.verify_key)
        signature = self._key.sign(text.encode()).signature
        return f"— {self.name} {b64encode(_hash(self.name, public) + signature).decode()}\n"


def signed(text: str, signers: Iterable[Signer]) -> str:
    """The note of a text, signed by each."""
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def opened(note: str, verifiers: Sequence[str]) -> str:
    """The text of a note that at least one of these verifier keys has signed; else Refusal.

    Lines by keys that are not known are passed over; a known key's wrong signature is not.
    """
    known = dict(map(_verifier, verifiers))
    text, blank, lines = note.rpartition("\n\n")
    good = 0
    for line in lines.splitlines() if blank else ():
        found = _LINE.fullmatch(line)
        try:
            bytes_ = b64decode(found[2], validate=True) if found else b""
        except ValueError:
            bytes_ = b""
        if found is None or len(bytes_) < 5:
            raise Refusal("note: a line that is no signature; take the note as it was signed")
        key = known.get((found[1], bytes_[:4]))
        if key is None:
            continue
        try:
            key.verify(text.encode() + b"\n", bytes_[4:])
        except (BadSignatureError, ValueError):
            raise Refusal(f"note: the signature by {found[1]} does not hold") from None
        good += 1
    if not good:
        raise Refusal("note: no known key has signed it; give the verifier key of its log")
    return text + "\n"


def key_hash(verifier: str) -> str:
    """The four bytes, in hex, by which people compare a key with the one they were given."""
    return verifier.split("+")[1]


def _hash(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + public).digest()[:4]


def _verifier(text: str) -> tuple[tuple[str, bytes], VerifyKey]:
    try:
        name, stated, encoded = text.split("+", 2)
        public = b64decode(encoded, validate=True)
        if public[:1] != ED25519 or _hash(name, public).hex() != stated:
            raise ValueError
        return (name, bytes.fromhex(stated)), VerifyKey(public[1:])
    except ValueError:
        raise Refusal(
            f"{text[:80]!r}: no verifier key; expected NAME+HASH+KEY, as `shoseki keys list` shows"
        ) from None
