"""A ClickHouse server for tests: the HTTP interface in front of the embedded engine.

There is no ClickHouse server where these tests run.  This process holds chDB and answers what
clickhouse-connect's ordinary client asks over HTTP: statements and inserts in every format,
parameters, settings, sessions, compression both ways, users, errors with their codes, TLS.  Users
are checked at the door; roles, grants and replication are not the engine's, so nothing here
pretends to them.  It can also go wrong on request: see `Faults`.

    python -m tests.streams.store.bridge DIRECTORY --port 8123

`tests/clickhouse.py` starts and steers one for a test.  With `--steered` every line on stdin is a
JSON object of faults, answered by a line of what was asked so far; the end of stdin ends it.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chdb
import lz4.frame
from aiohttp import web

TRANSPORT = frozenset(
    "query database default_format session_id session_timeout session_check query_id quota_key "
    "user password compress decompress enable_http_compression wait_end_of_query buffer_size "
    "client_protocol_version role send_progress_in_http_headers http_zlib_compression_level "
    "http_headers_progress_interval_ms cancel_http_readonly_queries_on_client_close".split()
)
"""Parameters of the HTTP interface itself; every other one is a setting, or `param_NAME`."""

STATUS = {516: 403, 497: 403, 164: 403, 60: 404, 81: 404, 47: 404, 62: 400, 115: 400, 373: 500}
"""HTTP status by error code, as the server has it; 500 for the rest."""

PACK: dict[str, Callable[[bytes], bytes]] = {"lz4": lz4.frame.compress, "gzip": gzip.compress}
UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "lz4": lz4.frame.decompress, "gzip": gzip.decompress, "deflate": zlib.decompress,
}  # fmt: skip

_INSERT = re.compile(rb"\s*INSERT\s+INTO\s+`?(\w+)`?(?:\.`?(\w+)`?)?", re.I)
_SELECTS = re.compile(r"\s*(\(|SELECT|WITH|SHOW|DESC|EXPLAIN|EXISTS|CHECK)\b", re.I)
_DATA = re.compile(rb"\bFORMAT\s+(\w+)[ \t]*(?:\r?\n|;|$| )", re.I)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.I)
_SETTING = re.compile(r"[A-Za-z_]\w*")
_CODE = re.compile(r"Code: (\d+)\.")


@dataclass(slots=True)
class Faults:
    """How the server goes wrong; steered while it runs."""

    latency: float = 0.0
    """Seconds before each request is looked at."""
    refuse: bool = False
    """Every request is answered 503."""
    cut: str | None = None
    """Reset the connection of an insert: `before` it is taken, `during` (it is taken `late`
    seconds after the client has heard of the reset), or `after` it is taken."""
    late: float = 1.0
    cuts: int = 0
    """So many inserts are cut, then no more."""
    error: int | None = None
    """Every insert is answered with this error code."""
    table: str | None = None
    """Only inserts into this table are cut or answered with the error."""

    def concern(self, table: str) -> bool:
        return self.table in (None, table)


@dataclass(slots=True)
class Count:
    """What was asked so far."""

    requests: int = 0
    inserts: Counter[str] = field(default_factory=Counter)


class ServerError(Exception):
    """An error as the server words it."""


class Cut(Exception):
    """The connection is to be reset without an answer."""


@dataclass(slots=True)
class Request:
    """One request, taken apart."""

    sql: bytes
    data: bytes | None
    table: str | None
    """The table of an insert that brings its rows."""
    parameters: dict[str, str]
    settings: dict[str, str]
    binds: dict[str, str]
    readonly: bool


class Bridge:
    """Answers requests from the engine in `directory`, several at once."""

    def __init__(self, directory: str, users: Mapping[str, str], readers: frozenset[str]) -> None:
        self.directory, self.users, self.readers = directory, users, readers
        self.faults, self.count = Faults(), Count()
        self._held = chdb.connect(directory)  # the engine lives as long as one handle does
        self.version, self.timezone = json.loads(
            self._held.query("SELECT version(), timezone()", "JSONCompactEachRow").bytes()
        )
        self._threads = ThreadPoolExecutor(16)
        self._sessions: dict[str, tuple[Any, threading.Lock]] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Every request but /ping."""
        self.count.requests += 1
        await asyncio.sleep(self.faults.latency)
        if self.faults.refuse:
            return web.Response(status=503, text="Service Unavailable\n")
        try:
            asked = await self._asked(request)
            if asked.table is not None:
                self.count.inserts[asked.table] += 1
                await self._go_wrong(asked)
            loop = asyncio.get_running_loop()
            body, form = await loop.run_in_executor(self._threads, self._execute, asked)
            if asked.table is not None and self._cut("after", asked.table):
                raise Cut
        except Cut:
            reset(request)
            return web.Response()
        except (ServerError, RuntimeError) as error:
            return self._failed(error)
        headers = {
            "X-ClickHouse-Query-Id": asked.parameters.get("query_id") or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": self.timezone,
            "X-ClickHouse-Server-Display-Name": "bridge",
        }
        if form is not None:
            headers["X-ClickHouse-Format"] = form
        wanted = request.headers.get("Accept-Encoding", "").replace(" ", "").split(",")
        coding = next((name for name in PACK if name in wanted), None)
        if body and coding and asked.parameters.get("enable_http_compression") == "1":
            body, headers["Content-Encoding"] = PACK[coding](body), coding
        return web.Response(body=body, headers=headers)

    async def _asked(self, request: web.Request) -> Request:
        user = self._user(request)
        parameters = dict(request.query)
        body = b""
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                value = bytes(await part.read())
                if part.name == "query":
                    body = value
                else:
                    parameters[str(part.name)] = value.decode()
        else:
            body = await request.read()
            coding = request.headers.get("Content-Encoding", "identity")
            if coding != "identity":
                body = UNPACK[coding](body)
        sql, data = statement(parameters.get("query", "").encode(), body)
        insert = _INSERT.match(sql) if data is not None else None
        table = (insert[2] or insert[1]).decode() if insert else None
        readonly = user in self.readers or request.method == "GET"
        return Request(
            sql, data, table, parameters,
            {k: v for k, v in parameters.items() if k not in TRANSPORT and k[:6] != "param_"},
            {k[6:]: v for k, v in parameters.items() if k[:6] == "param_"},
            readonly,
        )  # fmt: skip

    def _user(self, request: web.Request) -> str:
        given = request.headers.get("Authorization", "")
        if given.startswith("Basic "):
            user, _, password = base64.b64decode(given[6:]).decode().partition(":")
        else:
            user = request.headers.get("X-ClickHouse-User") or request.query.get("user", "default")
            password = request.headers.get("X-ClickHouse-Key") or request.query.get("password", "")
        if self.users.get(user) != password:
            raise ServerError(
                f"Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect, "
                "or there is no user with such name. (AUTHENTICATION_FAILED)"
            )
        return user

    async def _go_wrong(self, asked: Request) -> None:
        assert asked.table is not None
        faults = self.faults
        if faults.error is not None and faults.concern(asked.table):
            raise ServerError(f"Code: {faults.error}. DB::Exception: As ordered. (ORDERED)")
        if self._cut("before", asked.table):
            raise Cut
        if self._cut("during", asked.table):
            asyncio.get_running_loop().call_later(
                faults.late, self._threads.submit, self._execute, asked
            )  # the client is gone, the server goes on
            raise Cut

    def _cut(self, moment: str, table: str) -> bool:
        faults = self.faults
        if faults.cut != moment or not faults.cuts or not faults.concern(table):
            return False
        faults.cuts -= 1
        return True

    def _execute(self, asked: Request) -> tuple[bytes, str | None]:
        """The answer's body and its format; None where there is no result set."""
        with self._handle(asked) as handle:
            if asked.data is not None:
                insert(handle, asked.sql, asked.data)
                return b"", None
            sql = asked.sql.decode()
            named = _FORMAT.search(sql)
            form = named[1] if named else asked.parameters.get("default_format", "TabSeparated")
            body = handle.query(sql, form, params=asked.binds).bytes() or b""
            return body, form if body or _SELECTS.match(sql) else None

    @contextmanager
    def _handle(self, asked: Request) -> Iterator[Any]:
        """A handle with the request's database and settings; a session keeps its own."""
        session = asked.parameters.get("session_id")
        if session is None:
            handle = chdb.connect(self.directory)
            try:
                self._prepare(handle, asked)
                yield handle
            finally:
                handle.close()
            return
        handle, lock = self._sessions.get(session) or self._sessions.setdefault(
            session, (chdb.connect(self.directory), threading.Lock())
        )
        if not lock.acquire(blocking=False):
            raise ServerError(
                f"Code: 373. DB::Exception: Session {session} is locked by a concurrent client. "
                "(SESSION_IS_LOCKED)"
            )
        try:
            self._prepare(handle, asked)
            yield handle
        finally:
            lock.release()

    def _prepare(self, handle: Any, asked: Request) -> None:
        for name in asked.settings:
            if not _SETTING.fullmatch(name):
                raise ServerError(
                    f"Code: 115. DB::Exception: Unknown setting {name}. (UNKNOWN_SETTING)"
                )
        if asked.settings:
            pairs = ", ".join(f"{name} = {quoted(v)}" for name, v in asked.settings.items())
            handle.query(f"SET {pairs}")
        if database := asked.parameters.get("database"):
            handle.query(f"USE `{database.replace('`', '``')}`")
        if asked.readonly:
            handle.query("SET readonly = 2")  # settings may be set, as the client does

    def _failed(self, error: Exception) -> web.Response:
        text = str(error)
        text = text[max(text.find("Code: "), 0) :]
        found = _CODE.match(text)
        code = int(found[1]) if found else 1002
        return web.Response(
            status=STATUS.get(code, 500),
            text=f"{text.strip()} (version {self.version})\n",
            headers={
                "X-ClickHouse-Exception-Code": str(code),
                "X-ClickHouse-Server-Display-Name": "bridge",
            },
        )


def statement(query: bytes, body: bytes) -> tuple[bytes, bytes | None]:
    """The statement and the rows that came with it, in the URL and the body or all in the body."""
    if query and body:
        return (query, body) if _INSERT.match(query) else (query + b"\n" + body, None)
    sql = query or body
    named = _DATA.search(sql) if _INSERT.match(sql) else None
    if named and sql[named.end() :].strip():
        return sql[: named.end()], sql[named.end() :]
    return sql, None


def insert(handle: Any, sql: bytes, data: bytes) -> None:
    """Insert rows; the engine takes them from a file only, and this one never touches a disk."""
    text = sql.decode().rstrip().rstrip(";")
    named = _FORMAT.search(text)
    form = named[1] if named else "Values"
    file = os.memfd_create("rows")
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        into = text[: named.start()] if named else text
        handle.query(f"{into} FROM INFILE '/proc/self/fd/{file}' FORMAT {form}")
    finally:
        os.close(file)


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def reset(request: web.Request) -> None:
    """End a connection at once, so that the other side sees a reset."""
    transport = request.transport
    if transport is not None:
        plain = transport.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


async def ping(request: web.Request) -> web.Response:
    return web.Response(text="Ok.\n")


async def steer(bridge: Bridge) -> None:
    """Faults from stdin until it ends."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        for name, value in json.loads(line).items():
            setattr(bridge.faults, name, value)
        asked, cuts = bridge.count, bridge.faults.cuts
        told = {"requests": asked.requests, "inserts": asked.inserts, "cuts": cuts}
        print(json.dumps(told), flush=True)


async def serve(args: argparse.Namespace) -> None:
    users = json.loads(os.environ.get("BRIDGE_USERS", '{"default": ""}'))
    readers = frozenset(os.environ.get("BRIDGE_READERS", "").split(","))
    Path(args.directory).mkdir(parents=True, exist_ok=True)
    bridge = Bridge(args.directory, users, readers)
    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/ping", ping)
    app.router.add_route("*", "/", bridge.answer)
    secure = None
    if args.certificate:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(args.certificate, args.key)
    runner = web.AppRunner(app, handle_signals=True, auto_decompress=False, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", args.port, ssl_context=secure)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    try:
        await (steer(bridge) if args.steered else asyncio.Event().wait())
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", help="of the engine's data")
    parser.add_argument("--port", type=int, default=8123, help="on loopback; 0 takes a free one")
    parser.add_argument("--certificate", help="PEM file; with it the server speaks TLS")
    parser.add_argument("--key", help="PEM file of the certificate's key")
    parser.add_argument("--steered", action="store_true", help="take faults from stdin")
    try:
        asyncio.run(serve(parser.parse_args()))
    except (KeyboardInterrupt, web.GracefulExit):
        pass


if __name__ == "__main__":
    main()
