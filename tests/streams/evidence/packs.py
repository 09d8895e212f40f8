"""Packs of format 2 for the tests of verification, written by other code than the product's.

Everything here follows the formats (RFC 6962, C2SP signed-note and tlog-checkpoint) word for word;
what is sealed comes from `tests.streams.blocks`.
"""

from __future__ import annotations

import json
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from streams.evidence import verify
from streams.store.memory import Memory
from tests.streams.blocks import T0, block, finding, reject

Row = dict[str, Any]
Members = dict[str, bytes]
ORIGIN = "shoseki/example-kk"
MANIFEST, SIGNATURE = "00_manifest.json", "00_manifest.sig"
EVIDENCE = ("blocks", "events", "findings", "rejects", "checkpoints", "proofs")


@dataclass(frozen=True)
class Signer:
    """A key under a name."""

    seed: int = 1
    name: str = ORIGIN

    @property
    def _key(self) -> SigningKey:
        return SigningKey(bytes([self.seed]) * 32)

    @property
    def _public(self) -> bytes:
        return b"\x01" + bytes(self._key.verify_key)

    @property
    def short(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self._public).digest()[:4]

    @property
    def verifier(self) -> str:
        return f"{self.name}+{self.short.hex()}+{b64encode(self._public).decode()}"

    def line(self, text: str, short: bytes | None = None) -> str:
        """The signature line, by the key's own hash or by another one."""
        signature = self._key.sign(text.encode()).signature
        return f"— {self.name} {b64encode((short or self.short) + signature).decode()}\n"


def signed(text: str, *signers: Signer) -> str:
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def half(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = half(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    if index < k:
        return [*inclusion(index, leaves[:k]), root(leaves[k:])]
    return [*inclusion(index - k, leaves[k:]), root(leaves[:k])]


def consistency(size: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF of RFC 6962, section 2.1.2."""
    if size == len(leaves):
        return [] if whole else [root(leaves)]
    k = half(len(leaves))
    if size <= k:
        return [*consistency(size, leaves[:k], whole), root(leaves[k:])]
    return [*consistency(size - k, leaves[k:], False), root(leaves[:k])]


def store(seed: int = 0, rounds: int = 4) -> Memory:
    """Three chains with rows of every table and of several classes; another seed, another store."""
    memory = Memory()
    for lane, partition in (("access", 0), ("access", 1), ("books", 0)):
        head = None
        for number in range(1, rounds + 1):
            of_access = lane == "access" and number % 2
            sealed = block(
                head,
                size=0 if number == 3 else number * 2 + partition + 3,
                lane=lane,
                partition=partition,
                findings=[finding(seed + partition * 10 + n, number) for n in range(3)]
                if of_access
                else [],
                rejects=[reject(n + seed) for n in range(3)] if number == 2 else [],
                duplicates=2,
                fingerprint=f"{seed:064x}",
            )
            memory.write(sealed)
            head = sealed.head
    return memory


@dataclass
class Evidence:
    """What a pack is made of, to be changed before it is written."""

    signers: Sequence[Signer] = (Signer(),)
    auditor: bool = False
    expired: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    log: list[tuple[int, list[list[Any]]]] = field(default_factory=list)
    """(ms, heads) of each entry; the last one is the cut's."""
    noted: Sequence[int] = (3, 4)
    """Sizes of earlier checkpoints that go in."""
    starts: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, memory: Memory, **fields: Any) -> Evidence:
        """All of a store, with an entry of the log for every block."""
        made = cls(**fields)
        made.rows["blocks"] = list(memory.blocks())
        chains = list(memory.heads())
        for table in ("events", "findings", "rejects"):
            made.rows[table] = [row for chain in chains for row in memory.rows(table, *chain)]
        heads: dict[tuple[str, int], list[Any]] = {}
        for number, row in enumerate(made.rows["blocks"]):
            heads[row["lane"], row["partition"]] = [row[key] for key in verify.END]
            made.log.append((T0 + number * 60_000, [heads[chain] for chain in sorted(heads)]))
        made.starts = dict.fromkeys(chains, (1, ""))
        return made

    @property
    def leaves(self) -> list[bytes]:
        return [leaf(compact([at, heads])) for at, heads in self.log]

    def checkpoint(self, size: int) -> str:
        top = b64encode(root(self.leaves[:size])).decode()
        return signed(f"{ORIGIN}\n{size}\n{top}\n", *self.signers)

    def checkpoints(self) -> list[Row]:
        size = len(self.log)
        return [
            {
                "size": old,
                "at": self.log[old - 1][0],
                "note": self.checkpoint(old),
                "consistency": [each.hex() for each in consistency(old, self.leaves)],
            }
            for old in (*self.noted, size)
        ]

    def entry(self) -> Row:
        (at, heads), index = self.log[-1], len(self.log) - 1
        proof = [each.hex() for each in inclusion(index, self.leaves)]
        return {"index": index, "at": at, "heads": heads, "proof": proof}

    def leaf(self, table: str, row: Row, block: Row) -> bytes:
        columns = json.loads(block["columns"])[table]
        return leaf(compact([row[name] for name in columns]))

    def members(self, row: Row) -> list[tuple[str, Row]]:
        """(table, row) of a block."""
        return [
            (table, other)
            for table in ("events", "findings", "rejects")
            for other in self.rows[table]
            if (other["lane"], other["partition"], other["block"])
            == (row["lane"], row["partition"], row["last_offset"])
        ]

    def proofs(self) -> list[Row]:
        """One for the first and the last row of each class of each block."""
        found: list[Row] = []
        for row in self.rows["blocks"]:
            classes: dict[str, list[tuple[str, Row]]] = {}
            for table, other in self.members(row):
                name = other["retention"] if table == "events" else table.rstrip("s")
                classes.setdefault(name, []).append((table, other))
            for name, rows in classes.items():
                leaves = [self.leaf(table, other, row) for table, other in rows]
                for index in {0, len(rows) - 1}:
                    table, other = rows[index]
                    place = {key: row[key] for key in ("lane", "partition", "number")}
                    found.append(
                        {"sample": f"S{len(found)}", "table": table, **place}
                        | {"line": other["line"], "class": name, "index": index}
                        | {"size": len(rows), "leaf": leaves[index].hex()}
                        | {"proof": [each.hex() for each in inclusion(index, leaves)]}
                    )
        return found

    def chains(self) -> list[Row]:
        ends = {(row["lane"], row["partition"]): row for row in self.rows["blocks"]}
        for head in self.log[-1][1]:
            ends.setdefault((head[0], head[1]), dict(zip(verify.END, head, strict=True)))
        return [
            {"lane": chain[0], "partition": chain[1]}
            | {"first": self.starts[chain][0], "previous": self.starts[chain][1]}
            | {key: row[key] for key in ("number", "last_offset", "link")}
            for chain, row in sorted(ends.items())
        ]

    def write(self) -> Members:
        """The members, by name."""
        rows = self.rows | {"checkpoints": self.checkpoints(), "proofs": self.proofs()}
        if self.auditor:
            blocks = {(b["lane"], b["partition"], b["last_offset"]): b for b in rows["blocks"]}
            rows["events"] = [
                {key: row[key] for key in ("lane", "partition", "block", "line", "retention")}
                | {"leaf": self.leaf("events", row, blocks[place(row)]).hex()}
                for row in rows["events"]
            ]
        files = {f"evidence/{name}.jsonl": lines(rows[name]) for name in EVIDENCE}
        files["evidence/entry.json"] = compact(self.entry())
        files["evidence/keys.txt"] = "".join(f"{s.verifier}\n" for s in self.signers).encode()
        files["README.txt"] = "読む / read\n".encode()
        files["verify.py"] = Path(verify.__file__).read_bytes()
        files["03_violations.csv"] = b'\xef\xbb\xbfa,b\r\n1,"two\r\nlines"\r\n2,\r\n'
        files["03_violations.jsonl"] = b'{"a":1}\n{"a":2}\n'
        return sealed(files, self)


def place(row: Row) -> tuple[str, int, int]:
    return row["lane"], row["partition"], row["block"]


def lines(rows: Iterable[Row]) -> bytes:
    return b"".join(compact(row) + b"\n" for row in rows)


def sealed(members: Members, of: Evidence, **changed: Any) -> Members:
    """The members with a manifest over them, signed."""
    said = {
        name: {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        | ({"rows": data.count(b"\n")} if name.endswith(".jsonl") else {})
        | ({"rows": 2} if name.endswith(".csv") else {})
        for name, data in members.items()
    }
    size = len(of.log)
    manifest = {
        "format": "shoseki-pack/2",
        "generator": "tests",
        "timezone": "Asia/Tokyo",
        "period": ["2026-05-29", "2026-05-31"],
        "auditor": of.auditor,
        "origin": ORIGIN,
        "cut": {"size": size, "at": of.log[-1][0], "root": root(of.leaves).hex()},
        "fingerprints": ["f" * 64],
        "files": said,
        "columns": {},
        "chains": of.chains(),
        "expired": of.expired,
    } | changed
    text = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
    return members | {MANIFEST: text, SIGNATURE: signature(text, size, *of.signers).encode()}


def signature(manifest: bytes, size: int, *signers: Signer) -> str:
    return signed(f"shoseki-pack/2\n{sha256(manifest).hexdigest()}\n{size}\n", *signers)


def zipped(members: Mapping[str, bytes], out: Path) -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, data in members.items():
            pack.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, 1)
    return out
