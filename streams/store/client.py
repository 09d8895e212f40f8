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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controls.kernel import Refusal
from streams.store import StoreError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

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


def connect(url: str) -> Engine:
    """Open `chdb://DIRECTORY` or `clickhouse://USER@HOST:PORT/DATABASE`.

    A server's password is read from CLICKHOUSE_PASSWORD unless the URL has one.  Raises
    Refusal for a URL, directory or owner that somebody must put right, StoreError where the
    engine itself fails.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "chdb" and rest:
        return _embedded(Path(rest))
    if scheme == "clickhouse" and rest:
        return _server(url)
    raise Refusal(
        f"store = {url!r}: expected chdb://DIRECTORY or clickhouse://USER@HOST:8123/DATABASE"
    )


def explain(error: Exception) -> str:
    """The cause without the values: an engine's message may quote what it was given."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    text = str(error)
    code = re.search(r"\bCode: (\d+)", text)
    name = re.findall(r"\(([A-Z][A-Z0-9_]{3,})\)", text)
    if code is None:
        return type(error).__name__
    cause = re.search(r"(No space left on device|File too large|Permission denied)", text)
    return f"ClickHouse error {code[1]} {name[-1] if name else ''}".strip() + (
        f": {cause[1]}" if cause else ""
    )


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
    except Exception as error:
        release()
        raise StoreError(f"{directory}: the engine does not open: {explain(error)}") from None

    def close() -> None:
        client.close()
        release()

    return Engine(client, close)


def _server(url: str) -> Engine:
    import clickhouse_connect

    place = url.rpartition("@")[2]
    try:
        client = clickhouse_connect.get_client(
            dsn=url,
            settings=SETTINGS,
            form_encode_query_params=True,  # an ask has more values than a URL may hold
            autogenerate_session_id=False,
            password=os.environ.get("CLICKHOUSE_PASSWORD", ""),
        )
    except Exception as error:
        raise StoreError(f"{place}: no ClickHouse answers: {explain(error)}") from None
    return Engine(client, client.close)
