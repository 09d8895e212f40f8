"""What a privacy office asks of a recorded store: packs, the month, a person, keys."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2 as pdfium
import pytest

from streams.cli import main
from streams.evidence.verify import verify_pack
from streams.keys import Keys
from streams.local import Broker
from streams.simulate import simulate
from streams.topics import topic

BY = ("--by", "stf-office", "--approved-by", "stf-manager")


@dataclass(frozen=True)
class Office:
    folder: Path
    person: str

    @property
    def config(self) -> tuple[str, str]:
        return "--config", str(self.folder / "shoseki.toml")

    def own(self) -> list[dict[str, Any]]:
        """The acts that are on their way to `books`."""
        broker = Broker(self.folder / "record" / "log")
        values = [
            line for entry in broker.read(topic("books"), 0, 0) for line in entry.value.split(b"\n")
        ]
        broker.close()
        return [json.loads(value) for value in values]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Some thousand events of April, recorded; nothing else runs."""
    folder = tmp_path_factory.mktemp("office")
    events = list(islice(simulate(1, 20, 5), 3_000))
    encode = msgspec.json.Encoder().encode
    (folder / "events.jsonl").write_bytes(b"".join(encode(each) + b"\n" for each in events))
    (folder / "shoseki.toml").write_text(
        f'broker = "local://{folder}/record/log"\nstore = "chdb://{folder}/record/store"\n'
        f'keys = "{folder}/record.keys"\ndata = "{folder}/record"\n'
    )
    argv = ["check", "--record", str(folder / "record"), "--until", "2026-04-30T23:00:00+09:00"]
    assert main([*argv, str(folder / "events.jsonl")]) in (0, 1)
    joined = next(each for each in events if each["event_type"] == "staff.changed")
    return Office(folder, joined["person_ref"])


def test_a_pack_is_cut_at_a_checkpoint_and_goes_on_record(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pack.zip"
    days = ["--from", "2026-04-01", "--to", "2026-04-30", *office.config]
    assert main(["export", *days, "--out", str(out), "--by", "stf-office"]) == 0
    assert verify_pack(out).fault is None
    assert main(["verify", str(out)]) == 0
    exported = office.own()[-1]
    assert (exported["event_type"], exported["cut_at"]) == ("own.exported", 1)
    assert exported["by_ref"].startswith("jn_")
    with zipfile.ZipFile(out) as pack:
        assert b"own.exported" not in pack.read("evidence/events.jsonl")
    for odd, said in (
        (["--at", "7"], "no such checkpoint"),
        (["--as-known", "2020-01-01"], "the log begins later"),
    ):
        assert main(["export", *days, "--out", str(out), *odd]) == 2
        assert said in capsys.readouterr().err


def test_the_month_is_two_pages(office: Office, tmp_path: Path) -> None:
    out = tmp_path / "april.pdf"
    assert main(["report", "--month", "2026-04", "--out", str(out), *office.config]) == 0
    assert len(pdfium.PdfDocument(out)) == 2
    assert main(["report", "--month", "2026-13", "--out", str(out), *office.config]) == 2


def test_a_person_is_found_under_every_years_pseudonym_and_that_is_on_record(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["lookup", office.person, "--reason", "disclosure", *office.config]
    assert main([*argv, *BY, "--json"]) == 0
    out = capsys.readouterr().out
    found = [json.loads(line) for line in out.splitlines()]
    assert "staff.changed" in {row.get("event_type") for row in found}
    assert office.person not in out
    own = office.own()[-1]
    assert (own["event_type"], own["found"]) == ("own.looked_up", len(found))
    assert own["subject_ref"].startswith("jn_")
    assert main([*argv, "--by", "a", "--approved-by", "a"]) == 2
    assert "somebody else" in capsys.readouterr().err


def test_a_past_years_key_is_destroyed_once_on_record_and_for_good(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = Keys(office.folder / "record.keys")
    years = [int(name[-4:]) for name in keys.names("evidence-")]
    past = min(years)
    argv = ["keys", "destroy", "--reason", "over", *office.config]
    assert main([*argv, str(past), *BY]) == 0
    assert office.own()[-1]["event_type"] == "own.key_destroyed"
    assert keys.destroyed(f"evidence-{past}") and keys.destroyed(f"digest-{past}")
    assert main([*argv, str(past), *BY]) == 2
    assert main([*argv, "2999", *BY]) == 2
    assert main([*argv, str(past + 1), "--by", "a", "--approved-by", "a"]) == 2
    capsys.readouterr()
    assert main(["verify", f"chdb://{office.folder}/record/store"]) == 0


def test_a_rotated_key_signs_beside_the_former(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "rotate", *office.config]) == 0
    assert "log-2" in capsys.readouterr().out
    assert main(["keys", "rotate", "--retire", "log-1", *office.config]) == 0
    assert main(["keys", "rotate", "--retire", "log-2", *office.config]) == 2
    assert "only key that signs" in capsys.readouterr().err
