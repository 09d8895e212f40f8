"""A real nginx on the loopback writes the log that the adapter reads."""

import json
import socket
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.cli import main
from streams.pseudonyms import Plain
from streams.sources import read_source
from streams.sources.combined import combined

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log combined;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /customers {{
            auth_basic staff;
            auth_basic_user_file {folder}/users;
            return 200 "customer";
        }}
        location /members {{
            alias {folder}/site;
            auth_basic staff;
            auth_basic_user_file {folder}/users;
        }}
        location / {{ return 404; }}
    }}
}}
"""
SOURCE = """
source_id = "web-crm"
org_id = "example-kk"
system_id = "crm"
host = "crm.example.jp"
scheme = "http"
[[user]]
match = '[a-z]+'
kind = "staff"
[[path]]
match = '/members/[0-9]+'
class = "/members/{id}"
kind = "datastore"
operation = "read"
dataset = "customers"
[[path]]
match = '/members[.]csv'
query = 'limit=(?P<n>[0-9]+)'
class = "/members.csv"
kind = "datastore"
operation = "export"
dataset = "customers"
rows = "n"
[[path]]
match = '/customers'
class = "/customers"
dataset = "customers"
"""


def ask(port: int, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def get(target: str, user: str = "", password: str = "pw", agent: str = "check") -> bytes:
    login = b64encode(f"{user}:{password}".encode()).decode()
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: {agent}\r\n"
    return (head + (f"Authorization: Basic {login}\r\n" if user else "") + "\r\n").encode()


@pytest.fixture
def port(needs: Callable[[str], Path], tmp_path: Path) -> int:
    """A free port of the loopback; skips where there is no nginx."""
    needs("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_nginx_writes_is_read(
    needs: Callable[[str], Path],
    port: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "17").write_text("customer 17")
    (tmp_path / "site.csv").write_text("17,18")
    (tmp_path / "users").write_text("sato:{PLAIN}pw\nthe boss:{PLAIN}pw\n")
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port))
    (tmp_path / "source.toml").write_text(SOURCE)
    server = subprocess.Popen(
        [needs("nginx"), "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", "error.log"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                ask(port, get("/"))
                break
            except ConnectionRefusedError:
                assert server.poll() is None, (tmp_path / "error.log").read_text()
                assert time.monotonic() < deadline, "nginx does not answer"
                time.sleep(0.05)
        for raw in (
            get("/members/17", "sato"),
            get("/members/%31%37?name=yamada", "sato"),
            get("/members/17", "the boss"),
            get("/members/17", "sato", "wrong"),
            get("/members/17"),
            get("/x", 'a" 200 "[b]', "pw", agent='say "hi" \\ 山田'),
            get("/customers", "sato"),
            get("/members.csv?limit=500", "sato"),
            b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\r\n\r\n",
            b"GET\r\n\r\n",
        ):
            ask(port, raw)
    finally:
        server.terminate()
        server.wait(10)
    lines = (tmp_path / "access.log").read_bytes().splitlines(keepends=True)
    read = combined(read_source(tmp_path / "source.toml"), Plain().event_id)
    out = list(read((line, at) for at, line in enumerate(lines)))
    shown = [
        (event["event_type"].removeprefix("access."), event["actor_ref"], event["actor_kind"])
        if isinstance(event, dict)
        else event.reason
        for event in out
    ]
    assert shown == [
        ("web_request", "", "unknown"),
        ("datastore_query", "sato", "staff"),
        ("datastore_query", "sato", "staff"),
        ("datastore_query", "the boss", "unknown"),
        ("web_request", "", "unknown"),
        ("web_request", "", "unknown"),
        ("web_request", 'a" 200 "[b]', "unknown"),
        ("web_request", "sato", "staff"),
        ("datastore_query", "sato", "staff"),
        ("web_request", "", "unknown"),
        ("web_request", "", "unknown"),
    ]
    forged = out[6]
    assert isinstance(forged, dict)
    assert forged["user_agent"] == 'say "hi" \\ 山田'
    assert len({event["event_id"] for event in out if isinstance(event, dict)}) == len(out)
    source, log = str(tmp_path / "source.toml"), str(tmp_path / "access.log")
    line = ["check", "--format", "nginx", "--source", source, "--populations", "--json", log]
    assert main(line) == 1
    judged = {row["control"] for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert judged >= {"TEC-01", "TEC-05", "TEC-09"}
