"""Whatever is done to a pack, by a stranger or by somebody who has a key, is found and blamed."""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from controls.kernel import Refusal
from streams.cli import verify as command
from streams.evidence import verify
from streams.evidence.verify import NotAPack, tell, verify_pack
from tests.streams.evidence.packs import (
    EVIDENCE,
    MANIFEST,
    ORIGIN,
    SIGNATURE,
    Evidence,
    Members,
    Signer,
    compact,
    lines,
    sealed,
    signature,
    store,
    zipped,
)

MADE = Evidence.of(store())
WHOLE = MADE.write()
OTHER = Evidence.of(store(seed=50)).write()
"""Another pack, valid, by the same key, of the same shape."""
ROWS = EVIDENCE[:4]
"""What the chains are made of."""
JSONL = [f"evidence/{name}.jsonl" for name in EVIDENCE]


@pytest.fixture(autouse=True, scope="module")
def _remembered() -> Iterator[None]:
    """What has been checked once: most of these packs have the same signatures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "_signed", lru_cache(None)(verify._signed))
        yield


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., str]:
    """What verification blames in a pack of these members, "" where it holds."""

    def judge(members: Members, **options: Any) -> str:
        report = verify_pack(zipped(members, tmp_path / "pack.zip"), **options)
        return str(report.fault or "")

    return judge


def evidence(**fields: Any) -> Evidence:
    return replace(deepcopy(MADE), **fields)


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def resealed(members: Members, of: Evidence = MADE, **changed: Any) -> Members:
    """The members under a new manifest, signed as if by the owner of the key."""
    files = {name: data for name, data in members.items() if name not in (MANIFEST, SIGNATURE)}
    return sealed(files, of, **changed)


@pytest.mark.parametrize("auditor", [False, True])
def test_an_untouched_pack_holds(tmp_path: Path, auditor: bool) -> None:
    members = evidence(auditor=auditor).write()
    report = verify_pack(zipped(members, tmp_path / "pack.zip"), keys=[Signer().verifier])
    assert report.fault is None
    assert (report.blocks, report.rows) == (12, sum(map(len, MADE.rows.values())) - 12)
    checkpoint = report.checkpoint
    assert checkpoint is not None
    assert (checkpoint["size"], checkpoint["keys"]) == (12, [Signer().verifier])
    assert [size for size, _, _ in checkpoint["log"]] == [3, 4, 12]
    for name, data in members.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    assert verify_pack(tmp_path / "folder") == report


SEEN = [(name, False) for name in WHOLE] + [("evidence/events.jsonl", True), (JSONL[-1], True)]


@pytest.mark.parametrize(("name", "auditor"), SEEN)
def test_a_flipped_byte_in_a_member_is_found(
    judged: Callable[..., str], name: str, auditor: bool
) -> None:
    whole = evidence(auditor=auditor).write() if auditor else WHOLE
    data, chance = whole[name], random.Random(name)
    places = {0, len(data) - 1, *(len(data) * part // 8 for part in range(1, 8))}
    for at in sorted(places):
        try:
            blamed = judged(whole | {name: flipped(data, at, chance.randrange(8))})
        except NotAPack as refused:
            assert name == MANIFEST, refused
            continue
        row = name in JSONL and blamed.startswith(("block ", "evidence: "))
        by = "00_manifest.sig: what is signed" if name == MANIFEST else name
        assert row or by in blamed, (at, blamed)


def test_a_flipped_byte_in_the_zip_is_found_or_changes_no_member(tmp_path: Path) -> None:
    whole = zipped(WHOLE, tmp_path / "whole.zip").read_bytes()
    out, held = tmp_path / "flipped.zip", 0
    for at in range(0, len(whole), 149):
        out.write_bytes(flipped(whole, at, at % 8))
        try:
            fault = verify_pack(out).fault
        except NotAPack:
            continue
        if fault is None:
            held += 1
            with zipfile.ZipFile(out) as pack:
                assert {name: pack.read(name) for name in pack.namelist()} == WHOLE
    assert held < 20  # time stamps and the like in the zip's own records


@pytest.mark.parametrize("size", [0, 1, 30, 1000, 0.5, 0.9, 0.999])
def test_a_truncated_zip_is_refused(tmp_path: Path, size: float) -> None:
    whole = zipped(WHOLE, tmp_path / "whole.zip").read_bytes()
    end = int(size * len(whole)) if isinstance(size, float) else size
    (tmp_path / "cut.zip").write_bytes(whole[:end])
    with pytest.raises(NotAPack, match="zip"):
        verify_pack(tmp_path / "cut.zip")


DEEDS: dict[str, Callable[[list[bytes], int], list[bytes]]] = {
    "drop": lambda rows, at: rows[:at] + rows[at + 1 :],
    "add": lambda rows, at: [*rows[: at + 1], rows[at].replace(b"1", b"2"), *rows[at + 1 :]],
    "swap": lambda rows, at: [*rows[: at - 1], rows[at], rows[at - 1], *rows[at + 1 :]],
    "duplicate": lambda rows, at: [*rows[: at + 1], rows[at], *rows[at + 1 :]],
    "truncate": lambda rows, at: rows[:at],
    "cut": lambda rows, at: [*rows[:at], rows[at][: len(rows[at]) // 2]],
    "empty": lambda rows, at: [],
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("name", [*JSONL, "03_violations.jsonl", "03_violations.csv"])
def test_rows_dropped_added_swapped_doubled_or_cut_are_found(
    judged: Callable[..., str], name: str, deed: str
) -> None:
    rows = WHOLE[name].splitlines(keepends=True)
    for at in {1, len(rows) // 2, len(rows) - 1} if len(rows) > 2 else {1}:
        changed = b"".join(DEEDS[deed](rows, at))
        blamed = judged(WHOLE | {name: changed})
        assert name in blamed or blamed.startswith(("block ", "evidence: "))


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize(
    ("table", "auditor"),
    [
        ("blocks", False),
        ("events", False),
        ("events", True),
        ("findings", False),
        ("rejects", False),
    ],
)
def test_who_has_the_key_cannot_change_rows_either(
    judged: Callable[..., str], table: str, deed: str, auditor: bool
) -> None:
    """The manifest is made anew over the changed file; the log holds against it."""
    made = evidence(auditor=auditor)
    whole, name = made.write(), f"evidence/{table}.jsonl"
    rows = whole[name].splitlines(keepends=True)
    for at in {1, len(rows) // 2, len(rows) - 1}:
        changed = b"".join(DEEDS[deed](rows, at))
        blamed = judged(resealed(whole | {name: changed}, made))
        assert blamed.startswith(("block ", "evidence: ", f"{name}, line ")), blamed


def test_a_changed_value_names_its_block(judged: Callable[..., str]) -> None:
    name = "evidence/events.jsonl"
    changed = WHOLE[name].replace(b'"e010002"', b'"e010003"', 1)
    for members in (WHOLE | {name: changed}, resealed(WHOLE | {name: changed})):
        assert judged(members).startswith("block 1 of access/1: a row of class log was changed")


def test_a_leaf_that_an_auditor_sees_is_the_one_that_was_sealed(
    judged: Callable[..., str],
) -> None:
    made = evidence(auditor=True)
    whole, name = made.write(), "evidence/events.jsonl"
    rows = [json.loads(line) for line in whole[name].splitlines()]
    rows[-1]["leaf"], rows[-2]["leaf"] = rows[-2]["leaf"], rows[-1]["leaf"]
    blamed = judged(resealed(whole | {name: lines(rows)}, made))
    assert blamed.startswith("block 4 of books/0: a row of class")
    hidden = resealed(whole, MADE)  # hashes in a pack that is no auditor's
    assert judged(hidden).startswith("block 1 of access/0: KeyError")


@pytest.mark.parametrize("name", sorted(WHOLE.keys() - {MANIFEST, SIGNATURE}))
def test_a_member_dropped_is_missed(judged: Callable[..., str], name: str) -> None:
    less = {other: data for other, data in WHOLE.items() if other != name}
    odd = f"files: missing, or not named in the manifest: ['{name}']"
    assert judged(less) in (f"{name}: missing", odd)
    blamed = judged(resealed(less))  # as if there had never been such a file
    assert ("missing" in blamed and name in blamed) if "evidence/" in name else blamed == ""


def test_a_member_more_is_found(judged: Callable[..., str]) -> None:
    assert "named in the manifest: ['14_more.csv']" in judged(WHOLE | {"14_more.csv": b"a\r\n"})


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
def test_a_pack_without_manifest_or_signature_is_none(
    judged: Callable[..., str], name: str
) -> None:
    less = {other: data for other, data in WHOLE.items() if other != name}
    if name == MANIFEST:
        with pytest.raises(NotAPack, match="missing"):
            judged(less)
    else:
        assert judged(less) == f"{SIGNATURE}: missing"


SPLICED = [name for name in WHOLE if WHOLE[name] != OTHER[name]]


@pytest.mark.parametrize("name", SPLICED)
@pytest.mark.parametrize("reseal", [False, True])
def test_a_member_of_another_pack_is_found(
    judged: Callable[..., str], name: str, reseal: bool
) -> None:
    members = WHOLE | {name: OTHER[name]}
    if reseal and name not in (MANIFEST, SIGNATURE):
        members = resealed(members)
    assert judged(members) != ""


@pytest.mark.parametrize("kept", [{MANIFEST, SIGNATURE}, {"evidence/entry.json"}, set(JSONL[:4])])
def test_two_packs_spliced_are_found(judged: Callable[..., str], kept: set[str]) -> None:
    assert judged(OTHER) == ""
    spliced = {name: (WHOLE if name in kept else OTHER)[name] for name in WHOLE}
    assert judged(spliced) != ""
    if MANIFEST not in kept:
        assert judged(resealed(spliced)) != ""


def _behind(size: int) -> Evidence:
    """The evidence with the log as it was at an earlier size."""
    return evidence(log=MADE.log[:size], noted=(3,))


def test_an_old_checkpoint_with_newer_blocks_is_found(judged: Callable[..., str]) -> None:
    old = _behind(8).write()
    log = ("evidence/checkpoints.jsonl", "evidence/entry.json", MANIFEST, SIGNATURE)
    assert "checkpoints.jsonl" in judged(WHOLE | {name: old[name] for name in log[:1]})
    assert judged(WHOLE | {name: old[name] for name in log}) != ""
    blamed = judged(old)  # signed as a whole, and its blocks go on after the entry
    assert blamed.startswith("evidence: where chains end (log) is")


def test_a_new_checkpoint_with_older_blocks_is_found(judged: Callable[..., str]) -> None:
    made = evidence()
    gone = made.rows["blocks"].pop()
    made.rows["events"] = [
        row
        for row in made.rows["events"]
        if row["lane"] != "books" or row["block"] != gone["last_offset"]
    ]
    assert "evidence: where chains end (log) is" in judged(made.write())


def test_a_chain_that_the_entry_states_cannot_be_left_out(judged: Callable[..., str]) -> None:
    made = evidence()
    for table in made.rows:
        made.rows[table] = [row for row in made.rows[table] if row["lane"] != "books"]
    chains = [chain for chain in made.chains() if chain["lane"] != "books"]
    assert "evidence: where chains end (log) is" in judged(
        resealed(made.write(), made, chains=chains)
    )


def test_a_chain_without_blocks_in_the_pack_says_where_it_stood(
    judged: Callable[..., str],
) -> None:
    """Nothing was written to it for longer than the pack goes back."""
    made = evidence()
    last = made.rows["blocks"][-1]
    made.starts["books", 0] = last["number"] + 1, last["link"]
    for table in made.rows:
        made.rows[table] = [row for row in made.rows[table] if row["lane"] != "books"]
    assert judged(made.write()) == ""
    made.starts["books", 0] = last["number"] + 1, "0" * 64
    assert judged(made.write()).startswith("evidence: where chains end")


def test_a_log_that_was_rewritten_is_found_by_an_earlier_checkpoint(
    judged: Callable[..., str],
) -> None:
    members, made = dict(WHOLE), evidence()
    made.log[1] = (made.log[1][0] + 1, made.log[1][1])
    later = made.write()
    known = json.loads(WHOLE["evidence/checkpoints.jsonl"].splitlines()[0])
    rows = [json.loads(line) for line in later["evidence/checkpoints.jsonl"].splitlines()]
    rows[0]["note"] = known["note"]
    members = later | {"evidence/checkpoints.jsonl": lines(rows)}
    blamed = judged(resealed(members, made))
    assert blamed.startswith("evidence/checkpoints.jsonl, line 1: the log at the cut does not")


@pytest.mark.parametrize("change", ["order", "size", "at", "origin", "consistency"])
def test_checkpoints_that_do_not_fit_are_found(judged: Callable[..., str], change: str) -> None:
    rows = MADE.checkpoints()
    if change == "order":
        rows[0], rows[1] = rows[1], rows[0]
    elif change == "size":
        rows[1]["size"] += 1
    elif change == "at":
        rows[2]["at"] += 1
    elif change == "origin":
        rows[1]["note"] = rows[1]["note"].replace("example-kk\n", "example-kx\n", 1)
    else:
        rows[0]["consistency"] = rows[0]["consistency"][:-1]
    blamed = judged(resealed(WHOLE | {"evidence/checkpoints.jsonl": lines(rows)}))
    assert blamed.startswith("evidence/checkpoints.jsonl"), blamed


@pytest.mark.parametrize("key", ["index", "at", "heads", "proof"])
def test_an_entry_that_is_not_in_the_tree_is_found(judged: Callable[..., str], key: str) -> None:
    entry = MADE.entry()
    other = {"index": 10, "at": 1, "heads": entry["heads"][:-1], "proof": entry["proof"][:-1]}
    changed = compact(entry | {key: other[key]})
    blamed = judged(resealed(WHOLE | {"evidence/entry.json": changed}))
    assert blamed.startswith("evidence/entry.json"), blamed


PROOF = {
    "table": "findings", "lane": "books", "partition": 1, "number": 2, "line": 77, "class": "none",
    "index": 1, "size": 9, "leaf": "0" * 64, "proof": ["0" * 64],
}  # fmt: skip


@pytest.mark.parametrize("auditor", [False, True])
@pytest.mark.parametrize("key", PROOF)
def test_a_sample_that_is_not_in_its_block_is_found(
    judged: Callable[..., str], key: str, auditor: bool
) -> None:
    made = evidence(auditor=auditor)
    rows = made.proofs()
    for changed in rows[0], rows[-1]:
        was = changed[key]
        changed[key] = PROOF[key]
        blamed = judged(resealed(made.write() | {"evidence/proofs.jsonl": lines(rows)}, made))
        words = ("the proof of sample", "a proof leads nowhere", "samples or rows of blocks")
        assert was == PROOF[key] or any(word in blamed for word in words), blamed
        changed[key] = was


def test_a_signature_by_another_key_is_no_signature(judged: Callable[..., str]) -> None:
    text, size = WHOLE[MANIFEST], len(MADE.log)
    good = signature(text, size, Signer())
    said, _, line = good.rpartition("\n\n")
    forged = Signer(seed=2)
    for other in (
        signature(text, size, forged),
        signature(text, size, Signer(1, "shoseki/other")),
        signature(text, size, Signer(2, "shoseki/other")),
        f"{said}\n\n{line.replace('example-kk', 'example-kx')}",  # another name, the same hash
        f"{said}\n\n",
        said,
        good.rstrip("\n"),
        good.replace("— ", "- "),
        good + "\n",
    ):
        blamed = judged(WHOLE | {SIGNATURE: other.encode()})
        assert blamed.startswith(f"{SIGNATURE}: "), blamed
    for wrong in (  # the same key hash, signed by another
        f"{said}\n\n{forged.line(said + chr(10), Signer().short)}",
        good + forged.line(said + "\n", Signer().short),
    ):
        assert "does not hold" in judged(WHOLE | {SIGNATURE: wrong.encode()})
    unknown = good + forged.line(said + "\n")
    assert judged(WHOLE | {SIGNATURE: unknown.encode()}) == ""


def test_base64_is_written_in_one_way(judged: Callable[..., str]) -> None:
    """The last sign of a signature has bits that decoders pass over."""
    line = WHOLE[SIGNATURE].decode()
    at = line.rindex("=") - 1
    sign = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = sign[sign.index(line[at]) ^ 1]
    assert "a line is" in judged(WHOLE | {SIGNATURE: (line[:at] + other + line[at + 1 :]).encode()})


def test_a_pack_made_by_somebody_else_is_found_with_the_key(
    judged: Callable[..., str], tmp_path: Path
) -> None:
    stranger = Signer(seed=9)
    members = evidence(signers=[stranger]).write()
    report = verify_pack(zipped(members, tmp_path / "other.zip"))
    assert report.fault is None  # whose key it is, only a person can say: it is told
    assert stranger.verifier in "\n".join(tell("other.zip", report, "en"))
    assert stranger.short != Signer().short
    assert judged(members, keys=[Signer().verifier]).startswith(f"{SIGNATURE}: no known key")
    listed = members | {"evidence/keys.txt": WHOLE["evidence/keys.txt"]}
    assert judged(listed).startswith(f"{SIGNATURE}: no known key")


def test_keys_that_overlap_both_hold(judged: Callable[..., str]) -> None:
    old, new = Signer(1), Signer(3)
    members = evidence(signers=[old, new]).write()
    for keys in ([], [old.verifier], [new.verifier], [Signer(9).verifier, new.verifier]):
        assert judged(members, keys=keys) == ""
    assert judged(members, keys=[Signer(9).verifier]) != ""
    known = resealed(members | {"evidence/keys.txt": f"{new.verifier}\n".encode()}, replace(MADE))
    assert judged(known).startswith(f"{SIGNATURE}: no known key")


@pytest.mark.parametrize("change", ["hash", "kind", "short", "low", "none"])
def test_what_is_no_verifier_key_is_refused(judged: Callable[..., str], change: str) -> None:
    name, stated, encoded = Signer().verifier.split("+", 2)

    def made(public: bytes) -> str:
        digest = sha256(f"{name}\n".encode() + public).digest()[:4]
        return f"{name}+{digest.hex()}+{b64encode(public).decode()}"

    bad = {
        "hash": f"{name}+{stated[::-1]}+{encoded}",
        "kind": made(b"\x02" + bytes(32)),
        "short": made(b"\x01" + bytes(31)),
        "low": made(b"\x01" + bytes(32)),
        "none": "x",
    }[change]
    listed = resealed(WHOLE | {"evidence/keys.txt": f"{bad}\n".encode()})
    if change == "low":  # a key of that form, by which nobody can have signed
        assert judged(listed) != ""
    else:
        assert judged(listed).startswith("evidence/keys.txt: ")
        with pytest.raises(NotAPack):
            judged(WHOLE, keys=[bad])


def _without(made: Evidence, name: str, keep: int = 0) -> None:
    """The rows of a class of events go, but `keep` of them."""
    gone = [row for row in made.rows["events"] if row["retention"] == name][keep:]
    made.rows["events"] = [row for row in made.rows["events"] if row not in gone]


def test_what_expired_is_told_and_not_missing(tmp_path: Path) -> None:
    made = evidence(expired={"log": 1 << 50})
    proofs = lines(made.proofs())  # samples that were drawn before
    number = sum(row["retention"] == "log" for row in made.rows["events"])
    _without(made, "log")
    members = resealed(made.write() | {"evidence/proofs.jsonl": proofs}, made)
    report = verify_pack(zipped(members, tmp_path / "pack.zip"))
    assert report.fault is None
    assert (report.expired, report.classes) == (number, {"log": number})
    text = "\n".join(tell("pack.zip", report, "en"))
    assert f"{number:,} rows have expired under class log" in text
    assert "missing" not in text.replace("none\nmissing", "")
    assert f"{number:,} 行は区分 log の保存期間満了" in "\n".join(tell("pack.zip", report, "ja"))


def test_what_is_gone_otherwise_is_missing(judged: Callable[..., str]) -> None:
    made = evidence()
    _without(made, "log")
    assert "rows of class log are missing" in judged(made.write())
    assert judged(made.write(), expired={"log": 1 << 50}) == ""
    part = evidence(expired={"log": 1 << 50})
    _without(part, "log", keep=3)
    assert "a row of class log was changed, added or removed" in judged(part.write())
    early = evidence(expired={"log": MADE.rows["blocks"][0]["recorded_at"]})
    _without(early, "log")
    assert "rows of class log are missing" in judged(early.write())


def test_a_table_has_the_rows_that_the_manifest_says(judged: Callable[..., str]) -> None:
    files = json.loads(WHOLE[MANIFEST])["files"]
    for name, rows in (("03_violations.csv", 3), ("03_violations.jsonl", 1), (JSONL[1], 1)):
        changed = files | {name: files[name] | {"rows": rows}}
        assert judged(resealed(WHOLE, files=changed)).startswith(name)


ODD: list[Any] = [None, 0, "", [], {}, "x", [1], [[]], {"a": 1}, -1, 1.5]


@pytest.mark.parametrize("key", json.loads(WHOLE[MANIFEST]))
def test_odd_values_in_a_manifest_are_no_crash(judged: Callable[..., str], key: str) -> None:
    told = {"generator", "timezone", "period", "fingerprints", "columns", "expired", "auditor"}
    for odd in ODD:
        try:
            assert judged(resealed(WHOLE, **{key: odd})) != "" or key in told
        except NotAPack:
            assert key == "format"


@pytest.mark.parametrize("name", [*JSONL[:4], *JSONL[4:], "evidence/entry.json"])
def test_odd_values_in_a_row_are_no_crash(judged: Callable[..., str], name: str) -> None:
    rows = [json.loads(line) for line in WHOLE[name].splitlines()]
    for at, key in enumerate(rows[0]):
        for odd in (ODD[at % len(ODD)], ODD[(at + 4) % len(ODD)]):
            changed = [rows[0] | {key: odd}, *rows[1:]]
            blamed = judged(resealed(WHOLE | {name: lines(changed)}))
            told = key == "sample" or (name == JSONL[4] and key == "at")
            assert blamed or told or rows[0][key] == odd


BOMBS = {
    "nested": b"[" * 500_000 + b"]" * 500_000 + b"\n",
    "deep": b'{"a":' * 500_000 + b"\n",
    "twice": b'{"lane":"access","lane":"access","partition":0}\n',
    "number": b'{"lane":' + b"9" * 1_000_000 + b"}\n",
    "float": b'{"lane":"access","partition":1e999}\n',
    "nan": b'{"lane":"access","partition":NaN}\n',
    "array": b"[1]\n",
    "text": b'"x"\n',
    "bytes": b"\xff\xfe\n",
    "blank": b"\n",
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("name", [*JSONL, "evidence/entry.json", MANIFEST])
def test_json_bombs_end_in_a_clear_refusal(
    judged: Callable[..., str], name: str, bomb: str
) -> None:
    if name == MANIFEST:
        with pytest.raises(NotAPack):
            judged(WHOLE | {name: BOMBS[bomb]})
        return
    blamed = judged(resealed(WHOLE | {name: BOMBS[bomb]}))
    assert name in blamed or (blamed and bomb in ("float", "nan")), blamed[:300]


def test_a_line_without_end_is_refused(
    judged: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = max(map(len, WHOLE["evidence/events.jsonl"].splitlines()))
    monkeypatch.setattr(verify, "LONGEST", max(len(WHOLE[MANIFEST]), 2 * longest))
    assert judged(WHOLE) == ""
    longer = b'{"a":"' + b"x" * 2 * len(WHOLE[MANIFEST]) + b'"}\n' + WHOLE["evidence/events.jsonl"]
    assert "events.jsonl, line 1" in judged(resealed(WHOLE | {"evidence/events.jsonl": longer}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(judged: Callable[..., str]) -> None:
    with pytest.raises(NotAPack, match=r"evidence/events.jsonl would grow to 20,000,000 bytes"):
        judged(WHOLE | {"evidence/events.jsonl": bytes(20_000_000)})


def test_more_than_a_pack_can_hold_is_refused(
    judged: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "LARGEST", 10_000)
    with pytest.raises(NotAPack, match="more than 10,000 bytes"):
        judged(WHOLE)


@pytest.mark.parametrize(
    "name",
    ["../x", "../../etc/x", "/etc/x", "a//b", "evidence/", "a/../b", "C:x", "a\\b", "./a", "a\0b",
     ".hidden", "名", "x\n", " "],
)  # fmt: skip
def test_names_that_no_pack_has_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(zipped(WHOLE, tmp_path / "pack.zip"), "a") as pack:
        info = zipfile.ZipInfo("x" * len(name.encode()))
        info.filename = name
        pack.writestr(info, b"x")
    with pytest.raises(NotAPack, match="no name in a pack"):
        verify_pack(tmp_path / "pack.zip")


def _added(tmp_path: Path, info: zipfile.ZipInfo, data: bytes = b"x") -> Path:
    out = zipped(WHOLE, tmp_path / "pack.zip")
    with zipfile.ZipFile(out, "a") as pack:
        pack.writestr(info, data, info.compress_type)
    return out


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_twice_links_and_other_packings_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("README2.txt")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    packed = zipfile.ZipInfo("README2.txt")
    packed.compress_type = zipfile.ZIP_BZIP2
    for info in (zipfile.ZipInfo("README.txt"), link, packed):
        with pytest.raises(NotAPack, match=r"README2?.txt' is a link, encrypted, twice there"):
            verify_pack(_added(tmp_path, info))


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    whole = zipped(WHOLE, tmp_path / "pack.zip").read_bytes()
    at = whole.index(b"PK\x01\x02") + 8
    (tmp_path / "pack.zip").write_bytes(flipped(whole, at))
    with pytest.raises(NotAPack, match="encrypted"):
        verify_pack(tmp_path / "pack.zip")


def test_links_in_a_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name, data in WHOLE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    assert verify_pack(folder).fault is None
    (folder / "README.txt").rename(tmp_path / "README.txt")
    (folder / "README.txt").symlink_to(tmp_path / "README.txt")
    with pytest.raises(NotAPack, match=r"README\.txt' is a link"):
        verify_pack(folder)
    (folder / "README.txt").unlink()
    os.mkfifo(folder / "README.txt")
    with pytest.raises(NotAPack, match=r"README\.txt' is a link"):
        verify_pack(folder)
    (folder / "README.txt").unlink()
    (folder / "more").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(NotAPack, match="more' is a link"):
        verify_pack(folder)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(NotAPack, match="zip"):
        verify_pack(tmp_path / "x.zip")
    with pytest.raises(NotAPack, match=r"none.zip"):
        verify_pack(tmp_path / "none.zip")
    (tmp_path / "folder").mkdir()
    with pytest.raises(NotAPack, match="missing"):
        verify_pack(tmp_path / "folder")


SOURCE = Path(verify.__file__).read_text()


def test_the_verifier_is_read_in_one_sitting_and_by_an_old_python() -> None:
    ast.parse(SOURCE, feature_version=(3, 9))
    assert len(SOURCE.splitlines()) < 400
    assert max(map(len, SOURCE.splitlines())) <= 100


def _pythons() -> list[str]:
    """This one, and the oldest from 3.9 on that pyenv keeps here."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    others = {
        tuple(map(int, found.parts[-3].split(".")[:2])): str(found)
        for found in kept.glob("3.*.*/bin/python3")
        if found.parts[-3].replace(".", "").isdecimal()
    }
    fit = {version: path for version, path in others.items() if version >= (3, 9)}
    return [sys.executable, *(fit[version] for version in sorted(fit)[:1])]


@pytest.mark.parametrize("python", _pythons())
def test_the_inner_verifier_runs_alone(tmp_path: Path, python: str) -> None:
    """Nothing but Python and what is in the pack, from a folder somewhere else."""
    zipped(WHOLE, tmp_path / "pack.zip")
    bad = WHOLE | {"evidence/events.jsonl": WHOLE["evidence/events.jsonl"].replace(b"e01", b"e02")}
    zipped(bad, tmp_path / "bad.zip")
    (tmp_path / "none.zip").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "pack.zip") as pack:
        pack.extractall(tmp_path / "folder")

    def run(*words: str, lang: str = "C.UTF-8") -> tuple[int, str]:
        verifier = tmp_path / "folder" / "verify.py"
        done = subprocess.run(
            [python, "-I", "-S", "-W", "error", str(verifier), *words],
            cwd=tmp_path, env={"LANG": lang}, capture_output=True, text=True, encoding="utf-8",
            timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    code, text = run("pack.zip", "--lang", "ja")
    assert (code, "成り立つ" in text, "証明しないこと" in text) == (0, True, True)
    code, text = run(lang="ja_JP.UTF-8")  # the folder in which it lies
    assert (code, "成り立つ" in text, Signer().verifier in text) == (0, True, True)
    code, text = run("pack.zip", "--lang", "en", "--key", Signer().verifier)
    assert (code, "Does not prove" in text, ORIGIN in text) == (0, True, True)
    code, text = run("pack.zip", "--key", Signer(2).verifier)
    assert (code, SIGNATURE in text) == (1, True)
    code, text = run("bad.zip", "--lang", "ja")
    assert (code, "成り立たない" in text, "block 1 of access/1" in text) == (1, True, True)
    assert run("none.zip")[0] == run("missing.zip")[0] == run("pack.zip", "--key", "x")[0] == 2
    assert not (tmp_path / "folder" / "__pycache__").exists()


def test_nothing_in_a_pack_reaches_the_terminal_unprintable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    blocks = WHOLE["evidence/blocks.jsonl"].replace(b'"books"', b'"\\u001b[2J\\ud800"', 1)
    zipped(resealed(WHOLE | {"evidence/blocks.jsonl": blocks}), tmp_path / "pack.zip")
    monkeypatch.setattr(sys, "argv", ["verify.py", str(tmp_path / "pack.zip")])
    assert verify.main() == 1
    out = capsys.readouterr().out
    assert "?[2J?" in out
    assert "\x1b" not in out


def _command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.options(parser)
    return command.run(parser.parse_args(words))


def test_the_command_says_what_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = str(zipped(WHOLE, tmp_path / "pack.zip"))
    assert _command(pack, "--key", Signer().verifier, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["holds"], answer["fault"], answer["blocks"]) == (True, None, 12)
    assert answer["checkpoint"]["keys"] == [Signer().verifier]
    assert [head["number"] for head in answer["heads"]] == [4, 4, 4]
    assert _command(pack, "--lang", "ja") == 0
    assert "成り立つ\n  ブロック 12、" in capsys.readouterr().out
    assert _command(pack, "--lang", "en", "--key", Signer(2).verifier) == 1
    assert f"does not hold\n  first {SIGNATURE}: no known key" in capsys.readouterr().out
    assert _command(pack, "--json", "--key", Signer(2).verifier) == 1
    fault = json.loads(capsys.readouterr().out)["fault"]
    assert (fault["lane"], fault["what"].partition(":")[0]) == ("", SIGNATURE)


@pytest.mark.parametrize(
    "words",
    [
        ["missing.zip"],
        ["pack.zip", "--key", "x"],
        ["pack.zip", "--anchor", "x"],
        ["chdb://./none", "--key", Signer().verifier],
    ],
)
def test_the_command_refuses_what_it_cannot_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    zipped(WHOLE, tmp_path / "pack.zip")
    with pytest.raises(Refusal):
        _command(*words)
