"""A pack: the same bytes for the same store, verified by itself, refused when it is none."""

from __future__ import annotations

import argparse
import json
import random
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from controls.kernel import Refusal
from streams.cli import verify as command
from streams.evidence import reader
from streams.evidence.pack import write_pack
from streams.evidence.reader import NotAPack, verify_pack
from streams.store.memory import Memory
from tests.streams.blocks import block, company

CATALOGUE = {"controls": [{"id": "TEC-05", "title": "大量閲覧"}]}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    store = Memory()
    company(store)
    out = tmp_path / "pack.zip"
    write_pack(store, out, CATALOGUE)
    return out


def _rewrite(pack: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(pack) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    out = pack.with_name("changed.zip")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in members.items():
            new.writestr(name, data)
    return out


def test_a_pack_verifies(pack: Path) -> None:
    report = verify_pack(pack)
    assert report.fault is None
    assert report.blocks == 12
    with zipfile.ZipFile(pack) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        assert json.loads(opened.read("catalogue.json")) == CATALOGUE
    assert manifest["timezone"] == "Asia/Tokyo"
    assert manifest["fingerprints"] == ["f" * 64]
    assert report.rows == sum(
        manifest["files"][name]["rows"]
        for name in ("events.jsonl", "findings.jsonl", "rejects.jsonl")
    )


def test_the_same_store_gives_the_same_bytes(pack: Path, tmp_path: Path) -> None:
    store = Memory()
    company(store)
    write_pack(store, tmp_path / "again.zip", CATALOGUE)
    assert (tmp_path / "again.zip").read_bytes() == pack.read_bytes()


def test_a_period_is_packed_from_its_first_block_to_its_last(tmp_path: Path) -> None:
    store, head = Memory(), None
    for day in range(4):
        # 2026-05-29 05:26 JST and the three days after it
        sealed = block(head, now=1_780_000_000_000 + day * 86_400_000)
        store.write(sealed)
        head = sealed.head
    out = tmp_path / "pack.zip"
    manifest = write_pack(store, out, {}, (date(2026, 5, 30), date(2026, 5, 31)))
    assert [chain["first"] for chain in manifest["chains"]] == [2]
    assert [chain["number"] for chain in manifest["chains"]] == [3]
    report = verify_pack(out)
    assert report.fault is None
    assert report.blocks == 2


def test_an_empty_store_gives_a_pack_that_verifies(tmp_path: Path) -> None:
    write_pack(Memory(), tmp_path / "pack.zip", {})
    assert verify_pack(tmp_path / "pack.zip").fault is None


@pytest.mark.parametrize("name", sorted(reader.MEMBERS - {"manifest.json"}))
def test_a_flipped_byte_in_a_file_is_found(pack: Path, name: str) -> None:
    chance = random.Random(name)
    for _ in range(40):

        def flip(members: dict[str, bytes]) -> None:
            data = bytearray(members[name])
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            members[name] = bytes(data)

        assert verify_pack(_rewrite(pack, flip)).fault is not None


def test_a_flipped_byte_in_a_row_names_its_block(pack: Path) -> None:
    def flip(members: dict[str, bytes]) -> None:
        members["events.jsonl"] = members["events.jsonl"].replace(b'"e010002"', b'"e010003"', 1)

    fault = verify_pack(_rewrite(pack, flip)).fault
    assert fault is not None
    assert (fault.lane, fault.partition, fault.number) == ("access", 1, 1)


def test_a_flipped_byte_in_the_zip_never_crashes(pack: Path) -> None:
    whole, chance = pack.read_bytes(), random.Random(1)
    out = pack.with_name("flipped.zip")
    held = 0
    for _ in range(150):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        out.write_bytes(data)
        try:
            held += verify_pack(out).fault is None
        except NotAPack:
            pass
    assert held < 30  # time stamps and the like in the zip's own records


def test_a_block_cut_from_the_end_is_found_in_a_pack(pack: Path) -> None:
    def cut(members: dict[str, bytes]) -> None:
        lines = members["blocks.jsonl"].splitlines(keepends=True)
        members["blocks.jsonl"] = b"".join(lines[:-1])
        last = json.loads(lines[-1])["last_offset"]
        rows = members["events.jsonl"].splitlines(keepends=True)
        members["events.jsonl"] = b"".join(
            row for row in rows if not (b'"books"' in row and f'"block":{last},'.encode() in row)
        )

    assert "the chains end elsewhere" in str(verify_pack(_rewrite(pack, cut)).fault)


def test_a_name_that_comes_twice_in_a_row_is_found(pack: Path) -> None:
    def twice(members: dict[str, bytes]) -> None:
        members["events.jsonl"] = members["events.jsonl"].replace(
            b'{"lane"', b'{"actor_ref":"x","lane"', 1
        )

    assert "cannot be read" in str(verify_pack(_rewrite(pack, twice)).fault)


def test_a_line_without_end_is_refused(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LONGEST_LINE", 300)
    assert "line 1 has more than 300 bytes" in str(verify_pack(pack).fault)


def test_a_bomb_is_refused_before_it_is_unpacked(pack: Path) -> None:
    def bomb(members: dict[str, bytes]) -> None:
        members["events.jsonl"] = bytes(20_000_000)

    with pytest.raises(NotAPack, match=r"events.jsonl would grow from [\d,]+ to 20,000,000"):
        verify_pack(_rewrite(pack, bomb))


def test_other_files_in_a_pack_are_refused(pack: Path) -> None:
    with pytest.raises(NotAPack, match=r"\.\./\.\./evil"):
        verify_pack(_rewrite(pack, lambda members: members.update({"../../evil": b"x"})))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(NotAPack, match="not a readable zip file"):
        verify_pack(tmp_path / "x.zip")


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.options(parser)
    return command.run(parser.parse_args(words))


def test_the_command_says_what_holds(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(str(pack)) == 0
    assert "12 blocks" in capsys.readouterr().out
    assert _run(str(pack), "--json") == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True


def test_the_command_names_the_first_block_that_does_not_hold(
    pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def flip(members: dict[str, bytes]) -> None:
        members["events.jsonl"] = members["events.jsonl"].replace(b'"e010002"', b'"e010003"', 1)

    assert _run(str(_rewrite(pack, flip))) == 1
    assert "block 1 of access/1" in capsys.readouterr().out


def test_the_command_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be opened"):
        _run(str(tmp_path / "none.zip"))
    with pytest.raises(Refusal, match="there is no store here"):
        _run(f"chdb://{tmp_path / 'none'}")
    with pytest.raises(Refusal, match="expected CLASS=YYYY-MM-DD"):
        _run(str(tmp_path), "--expired", "log")
