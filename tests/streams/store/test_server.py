"""What the store does with a server that the embedded engine never needs: TLS, users, outages."""

from __future__ import annotations

import itertools
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controls.kernel import Refusal
from streams.evidence.verify import verify
from streams.settings import ClickHouseServer
from streams.store import StoreError
from streams.store.clickhouse import ClickHouse
from streams.store.client import connect
from streams.store.settled import Settled
from tests.clickhouse import Server
from tests.streams.blocks import block, company, finding

PATIENT = ClickHouseServer(retry_seconds=30, answer_seconds=5)
HASTY = ClickHouseServer(retry_seconds=1, answer_seconds=1, connect_seconds=1)


_numbers = itertools.count(1)


@pytest.fixture
def own(server: Server) -> Iterator[Server]:
    """A database of the test's own on a server that it may break."""
    server.database = f"own_{next(_numbers)}"
    yield server
    server.steer(latency=0, refuse=False, cuts=0, error=None, table=None)


def opened(server: Server, how: ClickHouseServer = PATIENT) -> ClickHouse:
    return ClickHouse.open(server.url(), how)


# --- the way in ------------------------------------------------------------------------------


def test_the_database_is_made_where_there_is_none(own: Server) -> None:
    store = opened(own)
    store.write(block())
    store.close()
    again = ClickHouse.open(own.url(), PATIENT)
    assert again.head("access", 0) is not None
    again.close()


def test_a_password_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("tamago-42\n")
    with Server(tmp_path / "clickhouse", {"writer": "tamago-42"}) as server:
        url = server.url(user="writer")
        ClickHouse.open(url, ClickHouseServer(password_file=str(file))).close()
        monkeypatch.setenv("STORE_PASSWORD", "tamago-42")
        ClickHouse.open(url, ClickHouseServer(password_env="STORE_PASSWORD")).close()
        monkeypatch.setenv("STORE_PASSWORD", "tamago-43")
        with pytest.raises(StoreError, match=r"writer@127.*AUTHENTICATION_FAILED") as caught:
            ClickHouse.open(url, ClickHouseServer(password_env="STORE_PASSWORD"))
        assert "tamago" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), ("\n", "is empty")], ids=["absent", "empty"]
)
def test_a_password_file_without_a_password_is_refused(
    tmp_path: Path, content: str | None, why: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Refusal, match=f"password_file.*{why}"):
        connect("clickhouse://writer@127.0.0.1:1/x", ClickHouseServer(password_file=str(file)))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("clickhouse://writer:tamago@localhost/x", "no place in a URL"),
        ("clickhouse://writer@localhost:tamago/x", "expected chdb"),
        ("clickhouse://writer@localhost/x?secure=no", "expected chdb"),
        ("clickhouse://writer@localhost/a-b", "no plain name"),
        ("clickhouse:///x", "expected chdb"),
    ],
)
def test_an_odd_url_is_refused_and_no_password_shown(url: str, why: str) -> None:
    with pytest.raises(Refusal, match=why) as caught:
        connect(url)
    assert "tamago" not in str(caught.value)


def certificate(openssl: Path, folder: Path, name: str) -> tuple[Path, Path]:
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", key, "-out", cert,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def test_a_server_with_tls_is_believed_by_its_authority_alone(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    openssl = needs("openssl")
    cert, key = certificate(openssl, tmp_path, "ours")
    other, _ = certificate(openssl, tmp_path, "other")
    with Server(tmp_path / "clickhouse", certificate=cert, key=key) as server:
        store = ClickHouse.open(server.url(), ClickHouseServer(ca_file=str(cert)))
        company(store)
        assert verify(store).fault is None
        store.close()
        for ca_file in (str(other), None):
            began = time.monotonic()
            with pytest.raises(StoreError, match="certificate is not trusted"):
                connect(server.url(), ClickHouseServer(ca_file=ca_file))
            assert time.monotonic() - began < 5
        with pytest.raises(StoreError, match="no ClickHouse answers"):
            connect(server.url().replace("clickhouses", "clickhouse"), HASTY)


def test_an_authority_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="ca_file"):
        connect("clickhouses://localhost/x", ClickHouseServer(ca_file=str(tmp_path / "none")))


def test_a_user_who_may_only_read_sees_a_store_that_is_up_to_date(tmp_path: Path) -> None:
    users = {"default": "", "exporter": ""}
    with Server(tmp_path / "clickhouse", users, readers=("exporter",)) as server:
        with pytest.raises(StoreError, match="shoseki migrate"):
            ClickHouse.open(server.url(user="exporter"))
        owner = opened(server)
        company(owner)
        reader = ClickHouse.open(server.url(user="exporter"))
        assert verify(reader).blocks == 12
        with pytest.raises(StoreError, match=r"insert into events failed.*READONLY"):
            reader.write(block(reader.head("access", 0)))
        for store in (owner, reader):
            store.close()


def test_nobody_there_is_told_at_once_and_without_values(tmp_path: Path) -> None:
    with Server(tmp_path / "clickhouse") as server:
        url = server.url()
    with pytest.raises(StoreError, match="no ClickHouse answers: Connection refused"):
        connect(url)


# --- outages ---------------------------------------------------------------------------------


def held_up(server: Server, seconds: float) -> threading.Thread:
    """Kill the server now and start it again after a while."""
    server.kill()
    later = threading.Timer(seconds, server.start)
    later.start()
    return later


def sizes(store: ClickHouse) -> list[int]:
    tables = ("events", "findings", "rejects", "ledger")
    return [int(store._client.command(f"SELECT count() FROM {t}")) for t in tables]


def test_a_server_that_comes_back_is_written_and_read_as_if_nothing_was(own: Server) -> None:
    store = opened(own)
    first = block()
    store.write(first)
    restart = held_up(own, 1.0)
    store.write(block(first.head, findings=[finding(1)]))
    restart.join()
    restart = held_up(own, 1.0)
    assert verify(store).blocks == 2
    restart.join()
    assert sizes(store) == [12, 1, 0, 2]
    store.close()


@pytest.mark.parametrize("table", ["events", "findings", "ledger"])
@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_a_connection_lost_in_an_insert_neither_loses_nor_doubles_rows(
    own: Server, moment: str, table: str
) -> None:
    store = opened(own)
    first = block()
    store.write(first)
    own.steer(cut=moment, cuts=1, table=table, late=2.0)
    store.write(block(first.head, findings=[finding(1)]))
    if moment == "during":
        time.sleep(2.5)  # what the server had taken arrives
    assert sizes(store) == [12, 1, 0, 2]
    assert verify(store).fault is None
    assert own.steer()["cuts"] == 0
    store.close()


@pytest.mark.parametrize("code", [243, 252, 242])
def test_what_passes_by_itself_is_asked_again(own: Server, code: int) -> None:
    store = opened(own)
    own.steer(error=code)
    threading.Timer(0.5, own.steer, kwargs={"error": None}).start()
    store.write(block())
    assert sizes(store) == [6, 0, 0, 1]
    store.close()


def test_what_does_not_pass_is_told_at_once(own: Server) -> None:
    store = opened(own)
    own.steer(error=60)
    began = time.monotonic()
    with pytest.raises(StoreError, match="insert into events failed: ClickHouse error 60"):
        store.write(block())
    assert time.monotonic() - began < 1
    store.close()


def test_patience_has_an_end_and_says_how_long_it_was(own: Server) -> None:
    store = opened(own, HASTY)
    own.steer(refuse=True)
    with pytest.raises(StoreError, match=r"HTTP status 503 \(tried for \d+ s\)"):
        store.write(block())
    own.steer(refuse=False)
    own.pause()
    with pytest.raises(StoreError, match="no answer in time"):
        store.write(block())
    own.resume()
    store.write(block())
    assert sizes(store) == [6, 0, 0, 1]
    store.close()


def test_a_store_that_is_closed_asks_no_more(own: Server) -> None:
    store = opened(own, ClickHouseServer(retry_seconds=600))
    own.steer(refuse=True)
    threading.Timer(0.5, store.close).start()
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.write(block())
    assert time.monotonic() - began < 5


def test_two_writers_of_one_partition_write_a_block_once(own: Server) -> None:
    stores = [opened(own) for _ in range(2)]
    own.steer(latency=0.1)  # both look before either writes
    head = None
    for number in range(3):
        sealed = block(head, findings=[finding(number)])
        threads = [threading.Thread(target=store.write, args=(sealed,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        head = sealed.head
    assert sizes(stores[0]) == [18, 3, 0, 3]
    assert verify(stores[0]).fault is None
    for store in stores:
        store.close()


def test_a_full_disk_of_the_server_holds_the_writer_up_until_there_is_room(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    mount, disk = needs("mount"), tmp_path / "disk"
    disk.mkdir()
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=64m", "none", disk], check=True)
    try:
        with Server(disk / "clickhouse") as server:
            store = opened(server)
            first = block()
            store.write(first)
            filler = disk / "filler"
            with open(filler, "wb") as file, pytest.raises(OSError, match="No space"):
                while True:
                    file.write(os.urandom(1 << 16))
                    file.flush()
            hasty = ClickHouse.open(server.url(), HASTY)
            with pytest.raises(StoreError, match=r"insert into events failed.*tried for"):
                hasty.write(block(first.head))
            hasty.close()
            threading.Timer(1.0, filler.unlink).start()
            store.write(block(first.head))
            assert sizes(store) == [12, 0, 0, 2]
            assert verify(store).fault is None
            store.close()
    finally:
        subprocess.run(["umount", disk], check=True)


# --- verification beside writers ---------------------------------------------------------------


def test_verification_of_one_moment_is_not_disturbed_by_writers(own: Server) -> None:
    writer, reader = opened(own), opened(own)
    over = threading.Event()

    def write() -> None:
        head = None
        while not over.is_set():
            sealed = block(head, size=3)
            writer.write(sealed)
            head = sealed.head

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen = [verify(Settled(reader)) for _ in range(15)]
    finally:
        over.set()
        thread.join()
    assert [report.fault for report in seen] == [None] * 15
    assert [report.pending for report in seen] == [0] * 15
    assert seen[-1].blocks > seen[0].blocks
    for store in (writer, reader):
        store.close()
