"""Embedded streaming: a durable log in a folder, and the Faust transport `local://` over it.

`Broker` works without Faust. `Transport` is the entry point `local` of the group
`faust.transports`; where the project is not installed, call `register()` before the
app is made.
"""

from typing import TYPE_CHECKING, Any

from .broker import Broker
from .log import PartitionLog
from .partitioner import murmur2, partition_of
from .records import Entry, Record

if TYPE_CHECKING:
    from .transport import Transport

__all__ = [
    "Broker",
    "Entry",
    "PartitionLog",
    "Record",
    "Transport",
    "cython_streams_loaded",
    "murmur2",
    "partition_of",
    "register",
]


def register() -> None:
    """Make Faust know `local://` even where no entry point is installed."""
    from faust.transport.drivers import TRANSPORTS

    TRANSPORTS.aliases["local"] = "streams.local:Transport"


def cython_streams_loaded() -> bool:
    """Whether Faust iterates streams in its compiled extension.

    The pure Python iterator acknowledges the messages of an old generation that it
    skips, so they would be lost.
    """
    from faust import streams

    return vars(streams).get("_CStreamIterator") is not None


def __getattr__(name: str) -> Any:
    # publishing processes use Broker alone and should not pay a second for importing Faust
    if name == "Transport":
        from .transport import Transport

        return Transport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
