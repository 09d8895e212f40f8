"""Rejects: where lines stood, told once however often they come, counted and read again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controls.events import AccessDatastoreQuery, Event
from controls.examples import event
from streams import messages, wiring
from streams import settings as configuration
from streams.cli import main, reads_store
from streams.cli import rejects as command
from streams.codec import encode
from streams.messages import Tick
from streams.pipeline import MemoryState
from streams.pseudonyms import Plain
from streams.quarantine import make_keys
from streams.reading import Lines, Reader
from streams.rejects import Refused, Reject
from streams.replay import Log
from streams.store.memory import Memory
from tests.streams.blocks import block, reject

NOW = 1_795_600_800_000
WEB = """
source_id = "web-crm"
org_id = "example-kk"
system_id = "crm"
host = "crm.example.jp"
"""
HIT = b'192.0.2.7 - - [11/Nov/2026:10:00:03 +0900] "GET /a HTTP/1.1" 200 5 "-" "agent"\n'


def query(number: int, **fields: Any) -> Event:
    given = {"event_id": f"q{number}", "account_ref": "a", "system_id": "crm", "rows": 1,
             "dataset_id": "customers", "operation": "read", "fields": (), "statement_digest": "",
             "joins_dataset_ids": ()}  # fmt: skip
    return event(AccessDatastoreQuery, "2026-11-11 09:00:00", **given | fields)


class Lane:
    """One partition of a lane, judged."""

    def __init__(self, lane: str) -> None:
        self.store = Memory()
        parts = wiring.parts(configuration.Settings(), self.store, Plain())
        self.log = Log(lane, 0, parts, MemoryState())
        self.now = NOW

    def send(self, *values: bytes) -> None:
        """Messages, and the tick that closes their block."""
        for value in values:
            self.log.append(self.now, value)
        self.now += 1000
        self.log.append(self.now, Tick(self.now, -1))

    def counts(self) -> tuple[int, int, int]:
        """Events, rejects, duplicates."""
        blocks = list(self.store.blocks())
        return tuple(
            sum(row[name] for row in blocks) for name in ("evaluated", "rejected", "duplicates")
        )  # type: ignore[return-value]


def told(*rejects: Reject) -> bytes:
    (message,) = messages.refused(rejects)
    return message


REJECT = Reject(7, "line: UTF-8 is expected", "web", "d" * 64, "raw-web/0")


def test_a_reject_of_a_raw_topic_that_comes_again_is_a_duplicate() -> None:
    lane = Lane("books")
    lane.send(told(REJECT, REJECT))
    lane.send(told(REJECT))
    assert lane.counts() == (0, 1, 2)


@pytest.mark.parametrize("other", [{"position": 8}, {"digest": "e" * 64}, {"origin": "raw-web/1"}])
def test_another_line_another_place_or_another_topic_is_another_reject(
    other: dict[str, Any],
) -> None:
    lane = Lane("books")
    lane.send(told(REJECT))
    lane.send(told(replace(REJECT, **other)))
    assert lane.counts() == (0, 2, 0)


def test_rejects_of_files_are_never_taken_for_one_another() -> None:
    lane = Lane("books")
    for _ in range(2):
        lane.send(told(replace(REJECT, origin="")))
    assert lane.counts() == (0, 2, 0)


def test_a_conflict_that_comes_again_is_a_duplicate() -> None:
    lane = Lane("access")
    first, second = (encode(Plain().join(query(1, rows=rows))) for rows in (1, 2))
    lane.send(first, second, second)
    lane.send(second)
    lane.send(first)
    assert lane.counts() == (1, 1, 3)
    (row,) = lane.store.rejects()
    assert (row["origin"], row["reason"][:9]) == ("access/0", "event_id:")


def test_the_reader_tells_of_every_refused_line_what_reading_it_again_takes() -> None:
    kept: list[Refused] = []
    read = Reader(Plain(), org_id="example-kk", refused=kept.append)
    raw = [b'{"a":1}\n', encode(query(1, org_id="another"))]
    items = read.read(Lines(raw, [5, 9], ["x", "y"], [NOW, NOW + 1], "raw/0"))
    assert [line.reject for line in kept] == items
    assert [(line.line, line.mark, line.arrived) for line in kept] == [
        (b'{"a":1}', "x", NOW),
        (raw[1], "y", NOW + 1),
    ]
    assert [(line.reject.origin, line.reject.position) for line in kept] == [
        ("raw/0", 5), ("raw/0", 9)
    ]  # fmt: skip
    assert all(line.reject.digest == Plain().digest(line.line) for line in kept)


# --- the command -----------------------------------------------------------------------------


def test_only_the_part_that_reads_the_store_is_carried_out_by_the_service() -> None:
    assert reads_store(command, ["list", "--json"])
    assert not reads_store(command, ["replay", "--key", "list"])
    assert not reads_store(command, [])


def test_rejects_are_listed_by_reason_source_and_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Memory()
    store.write(block(rejects=[reject(1), reject(2), reject(3)]))
    monkeypatch.setattr(wiring, "_held", {configuration.load(None).store: store})
    assert main(["rejects", "list", "--by", "source_id,origin", "--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"source_id": "", "origin": "", "count": 1},
        {"source_id": "crm-audit", "origin": "raw-web/3", "count": 2},
    ]
    assert main(["rejects", "list", "--source-id", "crm-audit"]) == 0
    (row,) = capsys.readouterr().out.splitlines()[2:]
    assert reject(1)["reason"] in row
    assert row.endswith(" 2")
    assert main(["rejects", "list", "--day", "2001-01-01", "--json"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["rejects", "list", "--lines", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["position"] == 3


def test_keygen_tells_where_the_private_key_belongs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rejects", "keygen", "--out", str(tmp_path / "r")]) == 0
    assert "off this machine" in capsys.readouterr().out
    assert main(["rejects", "keygen", "--out", str(tmp_path / "r")]) == 2


def test_lines_of_a_file_come_back_after_the_source_was_put_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sealed by publish; read again with the TOML as it is now, under the ids of the file."""
    private, public = make_keys(tmp_path / "rejects")
    config, log, toml = tmp_path / "c.toml", tmp_path / "web.log", tmp_path / "web.toml"
    config.write_text(
        f'broker = "local://{tmp_path}/data/log"\ndata = "{tmp_path}/data"\n'
        f'keys = "{tmp_path}/keys"\norg_id = "example-kk"\n'
        f'[quarantine]\nkey = "{public}"\ndirectory = "{tmp_path}/sealed"\n'
    )
    log.write_bytes(HIT * 2 + b"no line of a log\n")
    toml.write_text(WEB.replace("example-kk", "mistyped"))
    publish = ["publish", "--json", "--config", str(config), "--format", "nginx",
               "--source", str(toml), str(log)]  # fmt: skip
    assert main(publish) == 0
    assert json.loads(capsys.readouterr().out) == {"events": 0, "rejects": 3}
    toml.write_text(WEB)
    replay = ["rejects", "replay", "--json", "--config", str(config)]
    assert main([*replay, "--key", str(private), "--reason", "org_id"]) == 0
    assert json.loads(capsys.readouterr().out) == {"events": 2, "rejects": 0, "damaged": 0}
    assert main([*replay, "--key", str(private)]) == 0
    assert json.loads(capsys.readouterr().out) == {"events": 2, "rejects": 1, "damaged": 0}
    again = [*replay, "--file", str(log), "--format", "nginx", "--source", str(toml)]
    assert main(again) == 0
    assert json.loads(capsys.readouterr().out) == {"events": 2, "rejects": 1, "damaged": 0}
    from tests.streams.kafka.intake import lanes_in

    ids = [
        json.loads(line)["event_id"]
        for (lane, _), sent in lanes_in(tmp_path / "data" / "log").items()
        if lane == "access"
        for _, message in sent
        for line in message.split(b"\n")
    ]
    assert (len(ids), len(set(ids))) == (6, 2)
