"""The commands that read and keep a store, on a ClickHouse server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.cli import main
from streams.settings import ClickHouseServer
from streams.store.clickhouse import ClickHouse
from tests.clickhouse import Server
from tests.streams.blocks import block, company, finding

OLD = 1_577_836_800_000
"""2020-01-01: whatever is kept for years has expired."""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shoseki.toml"


def written(server: Server, config: Path) -> ClickHouse:
    config.write_text(
        f'store = "{server.url(user="writer")}"\n[clickhouse]\npassword_file = "password"\n'
    )
    (config.parent / "password").write_text("tamago")
    return ClickHouse.open(
        server.url(user="writer"), ClickHouseServer(password_file=str(config.parent / "password"))
    )


def test_a_server_is_migrated_verified_and_let_expire(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users = {"writer": "tamago", "default": ""}
    with Server(tmp_path / "clickhouse", users) as server:
        assert main(["migrate", server.url()]) == 0
        store = written(server, config)
        first = block(lane="books", recorded_at=OLD, now=OLD, findings=[finding(1)])
        store.write(first)
        store.write(block(first.head, lane="books"))
        assert main(["migrate", "--config", str(config)]) == 0
        capsys.readouterr()

        assert main(["findings", "list", "--json", "--config", str(config)]) == 1
        assert json.loads(capsys.readouterr().out)["code"] == "BULK_READ"
        assert main(["verify", "--config", str(config)]) == 0
        assert "expired" not in capsys.readouterr().out

        assert main(["retention", "--config", str(config)]) == 0
        assert "log        3 years" in capsys.readouterr().out
        assert main(["retention", "--apply", "--json", "--config", str(config)]) == 0
        rows = {row["class"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
        gone = {name: row["deleted"] for name, row in rows.items() if row["deleted"]}
        assert gone == {"log": 2, "register": 4}

        assert main(["verify", "--config", str(config)]) == 0
        assert "2 rows have expired under class log" in capsys.readouterr().out
        store._client.command("DELETE FROM events WHERE retention = 'log'")
        assert main(["retention", "--apply", "--config", str(config)]) == 1
        assert "nothing is deleted" in capsys.readouterr().err
        assert main(["verify", "--json", "--config", str(config)]) == 1
        told = json.loads(capsys.readouterr().out)
        assert told["fault"]["number"] == 2
        assert "class log are missing" in told["fault"]["what"]
        store.close()


def test_a_server_that_is_not_there_is_told_without_the_password(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Server(tmp_path / "clickhouse", {"writer": "tamago"}) as server:
        company(store := written(server, config))
        store.close()
    assert main(["verify", "--config", str(config)]) == 2
    told = capsys.readouterr().err
    assert "writer@127.0.0.1" in told
    assert "Connection refused" in told
    assert "tamago" not in told
