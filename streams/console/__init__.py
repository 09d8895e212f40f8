"""The console: what stands, why, and what is done about it, in a browser; no Grafana is needed.

Served by `shoseki run` on loopback, read only but for the on-call loop, or written as files.  Three
roles by token: privacy-office and soc see and act; auditor sees findings, pseudonyms, populations
and proofs, but no field of an event.
"""

from streams.console.files import write
from streams.console.office import Office
from streams.console.server import Console

__all__ = ["Console", "Office", "write"]
