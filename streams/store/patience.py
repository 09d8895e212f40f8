"""Asks a store again while it is away: which errors pass by themselves, and how long to wait."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from streams.metrics import METRICS
from streams.store import StoreError

log = logging.getLogger("shoseki.store")

PASSING = frozenset({
    75,   # CANNOT_WRITE_TO_FILE_DESCRIPTOR: the server's disk is full
    159,  # TIMEOUT_EXCEEDED
    202,  # TOO_MANY_SIMULTANEOUS_QUERIES
    203,  # NO_FREE_CONNECTION
    209,  # SOCKET_TIMEOUT
    210,  # NETWORK_ERROR
    225,  # NO_ZOOKEEPER
    236,  # ABORTED: the server is going down
    241,  # MEMORY_LIMIT_EXCEEDED
    242,  # TABLE_IS_READ_ONLY: the replica has lost its Keeper
    243,  # NOT_ENOUGH_SPACE
    252,  # TOO_MANY_PARTS: merges fall behind
    285,  # TOO_FEW_LIVE_REPLICAS
    286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
    319,  # UNKNOWN_STATUS_OF_INSERT: the token decides
    394,  # QUERY_WAS_CANCELLED
    425,  # SYSTEM_ERROR
    439,  # CANNOT_SCHEDULE_TASK
    499,  # S3_ERROR
    745,  # SERVER_OVERLOADED
    999,  # KEEPER_EXCEPTION
})  # fmt: skip
"""Error codes of ClickHouse that end without anybody changing what is asked
(src/Common/ErrorCodes.cpp)."""

FIRST, LONGEST = 0.1, 5.0
"""Seconds between two attempts: the first pause, and what doubling it comes to."""

Answer = TypeVar("Answer")


class Unavailable(StoreError):
    """The store is away for a while; what was asked may have been done or not."""


@contextmanager
def named(what: str) -> Iterator[None]:
    """Turn the engine's errors into ours, without the values they may quote."""
    from clickhouse_connect.driver.exceptions import Error

    try:
        yield
    except (Error, OSError) as error:
        kind = Unavailable if passes(error) else StoreError
        raise kind(f"store: {what} failed: {explain(error)}") from None


def passes(error: Exception) -> bool:
    """Whether asking again later can help."""
    code = _code(error)
    if code is not None:
        return code in PASSING
    status = _status(error)
    if status is not None:
        return status == 429 or status >= 500
    from clickhouse_connect.driver.exceptions import OperationalError

    return isinstance(error, OperationalError | OSError)


def explain(error: Exception) -> str:
    """The cause without the values: an engine's message may quote what it was given."""
    text = str(error)
    code = _code(error)
    if code is not None:
        name = re.findall(r"\(([A-Z][A-Z0-9_]{3,})\)", text)
        why = re.search(r"(No space left on device|File too large|Permission denied)", text)
        return f"ClickHouse error {code} {name[-1] if name else ''}".strip() + (
            f": {why[1]}" if why else ""
        )
    status = _status(error)
    if status is not None:
        return f"HTTP status {status}"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__:
            return "no answer in time"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, the innermost first."""
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in chain:
        chain.append(at)
        reason = getattr(at, "reason", None)  # urllib3 keeps the cause of its last try here
        at = at.__cause__ or at.__context__ or (reason if isinstance(reason, Exception) else None)
    return reversed(chain)


def _code(error: Exception) -> int | None:
    found = re.search(r"\bCode: (\d+)", str(error))
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else int(found[1]) if found else None


def _status(error: Exception) -> int | None:
    found = re.match(r"HTTP driver received HTTP status (\d+)", str(error))
    return int(found[1]) if found else None


class Patience:
    """Repeats what a store could not do, for up to `seconds` from the first attempt.

    What is asked must be safe to repeat: an insert has its token.  It blocks the thread that asks;
    `end` wakes whoever waits, and nothing is repeated after it.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ended = threading.Event()

    def end(self) -> None:
        self._ended.set()

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """What the call gives, at last; the last error where the time is up."""
        began = time.monotonic()
        pause = FIRST
        while True:
            try:
                return call()
            except Unavailable as error:
                gone = time.monotonic() - began
                if gone + pause > self._seconds or self._ended.is_set():
                    if gone < FIRST:
                        raise
                    raise Unavailable(f"{error} (tried for {gone:.0f} s)") from None
                METRICS.store_retries.inc()
                log.warning("store.waiting seconds=%.1f reason=%s", gone, error)
                self._ended.wait(pause)
                pause = min(pause * 2, LONGEST)
