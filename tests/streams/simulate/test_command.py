"""`shoseki simulate` on files."""

import json
from pathlib import Path

import pytest

from streams.cli import main


def test_the_command_writes_events_and_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, labels = tmp_path / "events.ndjson", tmp_path / "labels.ndjson"
    assert main(["simulate", "--months", "1", "--staff", "25", "--seed", "4", "--plant",
                 "TEC-04,OUT-02:EXPIRED", "--start", "2026-09-01", "--out", str(out),
                 "--labels", str(labels), "--json"]) == 0
    said = capsys.readouterr()
    summary = [json.loads(line) for line in said.out.splitlines()]
    lines = out.read_bytes().splitlines()
    assert summary[-1] == {"events": len(lines), "labels": 4, "from": "2026-09-01",
                           "until": "2026-10-01T00:00:00.000+09:00"}
    assert sum(row["count"] for row in summary[:-1]) == len(lines)
    codes = sorted(json.loads(line)["code"] for line in labels.read_bytes().splitlines())
    assert codes == ["BRUTE", "BRUTE_SUCCESS", "EXPIRED", "SPRAY"]
    assert "simulate: 2026-09" in said.err


@pytest.mark.parametrize(("words", "reason"), [
    (["--plant", "TEC-99"], "TEC-99"),
    (["--staff", "3"], "--staff 3"),
    (["--out", "/nowhere/at/all"], "/nowhere/at/all"),
])
def test_what_cannot_be_done_is_said_in_a_sentence(
    words: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--months", "1", "--staff", "25", "--out",
                 str(tmp_path / "x"), *words]) == 2
    assert reason in capsys.readouterr().err
