"""What a service says on stderr: one line an occurrence, and nothing of what it met."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from typing import Any

LIBRARIES = ("aiokafka", "faust", "kafka", "mode")
SELDOM = 10.0
"""Seconds between two lines from one place of a library: aiokafka, refused by a broker, writes 150
a second."""


def to_stderr() -> None:
    """Have the service's log lines written; libraries speak from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(name)s %(message)s"))
    handler.addFilter(Seldom())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in (*LIBRARIES, "streams.state"):  # the last: Faust's tables
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("clickhouse_connect", "urllib3.connectionpool"):  # store.waiting tells it better
        logging.getLogger(name).setLevel(logging.ERROR)


class Seldom(logging.Filter):
    """Holds back what a place of a library says again within `seconds`; the next line that passes
    says how many were."""

    def __init__(
        self, seconds: float = SELDOM, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._seconds, self._clock = seconds, clock
        self._said: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in LIBRARIES:
            return True
        place, now = (record.pathname, record.lineno), self._clock()
        at, held = self._said.get(place, (-math.inf, 0))
        if now - at < self._seconds:
            self._said[place] = at, held + 1
            return False
        self._said[place] = now, 0
        if held:
            record.msg, record.args = f"{record.getMessage()} (and {held} like it)", ()
        return True


class OneLine(logging.Formatter):
    """One line an occurrence: of an exception only its kind, since a trace shows what it met."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", " ")

    def formatException(self, ei: Any) -> str:
        return f"({ei[0].__name__})"


def shown(url: str) -> str:
    """A URL without the password that it may carry."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
