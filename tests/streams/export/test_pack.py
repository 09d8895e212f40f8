"""The pack as a whole: signed, byte for byte the same, verified by what lies in it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from controls import catalogue
from streams.cli import main
from streams.cli.controls import described
from streams.evidence.log import following, stated
from streams.evidence.note import Signer
from streams.evidence.verify import verify_pack
from streams.export.cut import Evidence, Period
from streams.export.cutting import cut
from streams.export.pack import Order, write_pack

SIGNER = Signer("shoseki/pyx", bytes(32))
FOUND = catalogue.load()
DESCRIBED = {
    "controls": [
        described(FOUND, control) | {"version": dict(FOUND.versions[control.id])}
        for control in FOUND.controls
    ]
}


@pytest.fixture(scope="module")
def order(company: Any) -> Order:
    """A pack of the company's time, with one checkpoint."""
    evidence: Evidence = company.evidence
    store = evidence.store
    if store.last_entry() is None:
        heads = stated(store.heads())
        store.append(following(None, evidence.cut.at, heads, SIGNER.name, [SIGNER]))
    return Order(
        Evidence(store, cut(store), evidence.period),
        FOUND,
        DESCRIBED,
        [SIGNER],
        [SIGNER.verifier],
        links=company.links,
    )


@pytest.fixture(scope="module")
def pack(order: Order, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("p") / "pack.zip"
    write_pack(order, out)
    return out


def test_a_pack_holds_and_its_inner_verifier_says_so_alone(pack: Path, tmp_path: Path) -> None:
    report = verify_pack(pack, keys=[SIGNER.verifier])
    assert report.fault is None
    assert report.checkpoint is not None
    with zipfile.ZipFile(pack) as members:
        members.extract("verify.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", str(pack), "--lang", "en"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert ": holds" in done.stdout


def test_the_same_cut_and_key_give_the_same_bytes(order: Order, pack: Path, tmp_path: Path) -> None:
    fresh = Evidence(order.evidence.store, order.evidence.cut, order.evidence.period)
    write_pack(replace(order, evidence=fresh), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == pack.read_bytes()


def test_an_auditor_is_told_no_field_of_any_event(
    order: Order, pack: Path, tmp_path: Path, company: Any
) -> None:
    out = tmp_path / "auditor.zip"
    write_pack(replace(order, auditor=True), out)
    assert verify_pack(out).fault is None
    with zipfile.ZipFile(out) as members:
        rows = [json.loads(line) for line in members.open("evidence/events.jsonl")]
        assert {tuple(row) for row in rows} == {
            ("lane", "partition", "block", "line", "retention", "leaf")
        }
        with zipfile.ZipFile(pack) as whole:
            assert members.read("evidence/blocks.jsonl") == whole.read("evidence/blocks.jsonl")


def test_nobody_stands_in_a_pack_by_name(pack: Path, company: Any) -> None:
    with zipfile.ZipFile(pack) as members:
        for name in members.namelist():
            if name.endswith((".csv", ".jsonl", ".json", ".txt")):
                text = members.read(name).decode("utf-8-sig")
                assert "jn_" not in text
                assert not [each for each in company.people if f'"{each}"' in text], name


def test_a_period_without_traffic_still_names_every_chain(order: Order, tmp_path: Path) -> None:
    later = Period(date(2030, 1, 1), date(2030, 1, 31))
    evidence = Evidence(order.evidence.store, order.evidence.cut, later)
    manifest = write_pack(replace(order, evidence=evidence), tmp_path / "late.zip")
    assert len(manifest["chains"]) == len(evidence.cut.heads) > len(evidence.chains)
    assert verify_pack(tmp_path / "late.zip").fault is None


def test_what_is_judged_again_from_the_pack_alone_is_the_same(
    order: Order, pack: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recheck", str(pack), "--json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said


def test_a_pack_that_was_changed_is_not_judged(
    pack: Path, tmp_path: Path, rewritten: Callable[[Path, Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    rewritten(pack, tmp_path / "odd.zip")
    assert main(["recheck", str(tmp_path / "odd.zip")]) == 1
    assert "does not hold" in capsys.readouterr().out


@pytest.fixture
def rewritten() -> Callable[[Path, Path], None]:
    """Copies a pack but for one line of its rejects."""

    def rewrite(pack: Path, out: Path) -> None:
        with zipfile.ZipFile(pack) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                content = old.read(name)
                if name == "evidence/rejects.jsonl":
                    content = b"".join(content.splitlines(keepends=True)[1:])
                new.writestr(name, content)

    return rewrite
