"""What a service says on stderr: one line an occurrence, and nothing of what it met."""

from __future__ import annotations

import logging
import sys
from typing import Any


def to_stderr() -> None:
    """Have the service's log lines written; libraries speak from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in ("aiokafka", "faust", "kafka", "mode", "streams.state"):  # the last: Faust's tables
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("clickhouse_connect", "urllib3.connectionpool"):  # store.waiting tells it better
        logging.getLogger(name).setLevel(logging.ERROR)


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
