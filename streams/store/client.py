"""Opens the engine behind a store URL: chDB in this process, or a ClickHouse server.

`chdb://./data/store` is a directory of ours: `engine/` the data, `tmp/` what inserts pass
through (they are written in clear, so the directory is emptied at every start), `owner` the
lock that names the process.  The engine admits one process a directory and one directory a
process.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from controls.kernel import Refusal
from streams.settings import ClickHouseServer
from streams.store import StoreError
from streams.store.patience import Patience, explain, named

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

EXPECTED = (
    "expected chdb://DIRECTORY, clickhouse://USER@HOST:8123/DATABASE "
    "or clickhouses://USER@HOST:8443/DATABASE"
)
DATABASE = "shoseki"
SETTINGS: dict[str, Any] = {
    "session_timezone": "UTC",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_validate_utf8": 1,
}


@dataclass(frozen=True, slots=True)
class Engine:
    """An open engine; `close` ends it and lets others have it."""

    client: Client
    close: Callable[[], None]
    patience: Patience = field(default_factory=lambda: Patience(0))
    """With an embedded engine nothing passes by itself but a full disk, and that shall be told."""
    cluster: str | None = None


def connect(url: str, server: ClickHouseServer | None = None) -> Engine:
    """Open `chdb://DIRECTORY` or `clickhouse://USER@HOST:PORT/DATABASE`.

    `clickhouses://` speaks TLS and checks the certificate.  `server` says where the password is
    and how long to wait.  Raises Refusal for a URL, directory, password or owner that somebody
    must put right, StoreError where the engine itself fails.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "chdb" and rest:
        return _embedded(Path(rest))
    if scheme in ("clickhouse", "clickhouses") and rest:
        return _server(url, server or ClickHouseServer())
    raise Refusal(f"store = {url!r}: {EXPECTED}")


def _own(directory: Path) -> int:
    """Take the directory for this process; return the descriptor that holds the lock."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(directory / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refusal(
            f"{directory}: the store cannot be kept here ({error.strerror}); "
            "give a directory that this user may write"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.read(lock, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise Refusal(
            f"{directory}: process {pid} holds this store; only one process can: stop it first"
        ) from None
    try:
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        scratch = directory / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
    except OSError as error:
        os.close(lock)
        raise Refusal(
            f"{directory}: the store cannot be written ({error.strerror}); "
            "free some space or give another directory"
        ) from None
    return lock


def _embedded(directory: Path) -> Engine:
    directory = directory.absolute()
    lock = _own(directory)
    before = os.environ.get("TMPDIR"), tempfile.tempdir
    os.environ["TMPDIR"] = tempfile.tempdir = str(directory / "tmp")

    def release() -> None:
        tempfile.tempdir = before[1]
        if before[0] is None:
            os.environ.pop("TMPDIR", None)
        else:
            os.environ["TMPDIR"] = before[0]
        os.close(lock)

    try:
        import clickhouse_connect

        client = clickhouse_connect.get_client(
            interface="chdb", path=str(directory / "engine"), settings=SETTINGS
        )
        _move_in(client)
    except Exception as error:
        release()
        raise StoreError(f"{directory}: the engine does not open: {explain(error)}") from None

    def close() -> None:
        client.close()
        release()

    return Engine(client, close)


def _move_in(client: Client) -> None:
    """Use a database of our own, with the tables that former versions kept in `default`: there a
    file of the working directory goes before a table of its name."""
    client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    left = client.query(
        "SELECT name FROM system.tables WHERE database = 'default' AND engine LIKE '%MergeTree'"
    )
    for (name,) in left.result_rows:
        client.command(f"RENAME TABLE default.`{name}` TO {DATABASE}.`{name}`")
    client.database = DATABASE


@dataclass(frozen=True, slots=True)
class _Place:
    """What a server's URL says."""

    interface: str
    user: str
    host: str
    port: int
    database: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


def _place(url: str) -> _Place:
    """Refusal for a URL that is none; one with a password is not quoted."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refusal(f"store: {EXPECTED}") from None
    if parts.password is not None:
        raise Refusal(
            f"store = {parts.scheme}://{parts.username}:…@{parts.hostname}: a password has no "
            "place in a URL; put it into [clickhouse] password_file or the variable password_env"
        )
    database = parts.path.removeprefix("/") or DATABASE
    if not parts.hostname or parts.query or parts.fragment:
        raise Refusal(f"store = {url}: {EXPECTED}")
    if not re.fullmatch(r"[A-Za-z_]\w*", database, re.A):
        raise Refusal(f"store = {url}: database {database!r} is no plain name (letters, digits, _)")
    secure = parts.scheme == "clickhouses"
    return _Place(
        "https" if secure else "http",
        unquote(parts.username or "default"),
        parts.hostname,
        port or (8443 if secure else 8123),
        database,
    )


def _password(server: ClickHouseServer) -> str:
    if server.password_file is None:
        return os.environ.get(server.password_env, "")
    try:
        password = Path(server.password_file).read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is no text"
        raise Refusal(f"[clickhouse] password_file = {server.password_file}: {why}") from None
    if not password:
        raise Refusal(f"[clickhouse] password_file = {server.password_file}: is empty")
    return password


def _server(url: str, server: ClickHouseServer) -> Engine:
    import clickhouse_connect

    place = _place(url)
    password = _password(server)
    if server.ca_file is not None and not os.access(server.ca_file, os.R_OK):
        raise Refusal(f"[clickhouse] ca_file = {server.ca_file}: cannot be read")
    try:
        client = clickhouse_connect.get_client(
            interface=place.interface,
            host=place.host,
            port=place.port,
            username=place.user,
            password=password,
            ca_cert=server.ca_file if place.interface == "https" else None,
            connect_timeout=server.connect_seconds,
            send_receive_timeout=server.answer_seconds,
            settings=SETTINGS,
            form_encode_query_params=True,  # an ask has more values than a URL may hold
            autogenerate_session_id=False,  # several threads may ask at once
            dedicated_pool=True,
        )
    except Exception as error:
        told = explain(error)
        if "error 516" in told:
            told = "user and password are not those of the server (AUTHENTICATION_FAILED)"
        raise StoreError(f"{place}: no ClickHouse answers: {told}") from None
    patience = Patience(server.retry_seconds)

    def close() -> None:
        patience.end()
        client.close()

    try:
        _enter(client, place, server.cluster)
    except BaseException:
        close()
        raise
    return Engine(client, close, patience, server.cluster)


def _enter(client: Client, place: _Place, cluster: str | None) -> None:
    """Make the database unless it is there, and use it from now on."""
    name = place.database
    with named(f"looking for database {name}"):
        known = client.command(
            "SELECT count() FROM system.databases WHERE name = {name:String}", {"name": name}
        )
    if known == 0:
        everywhere = f" ON CLUSTER '{cluster}'" if cluster else ""
        try:
            with named(f"making database {name}"):
                client.command(f"CREATE DATABASE IF NOT EXISTS `{name}`{everywhere}")
        except StoreError as error:
            raise StoreError(
                f"{place}: there is no database {name!r}, or this user may not see it, and none "
                f"could be made ({error}); run `shoseki migrate` as a user with the role owner"
            ) from None
    client.database = name
