"""Turns three URLs into parts; the only place that chooses embedded or production."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.kernel import HOUR, Refusal
from controls.registers import Registers
from streams import topics
from streams.pipeline import Parts
from streams.pseudonyms import Forms, Plain, Pseudonyms
from streams.recall import evidence
from streams.settings import ClickHouseServer, Settings
from streams.store import Store
from streams.store.memory import Memory

if TYPE_CHECKING:
    from streams.local import Broker
    from streams.quarantine import Quarantine
    from streams.store.clickhouse import ClickHouse


def now() -> int:
    """The machine's clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def collect_seldom() -> None:
    """Leave what is loaded out of garbage collection and collect the rest rarely.

    Events and their rows have no cycles; collecting among them by default costs a fifth of the
    pipeline's time (facts: some 11 µs an event).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)


def demand_topics(settings: Settings) -> None:
    """Refusal unless the topics that a worker needs are as declared; `local://` makes its own."""
    if settings.broker.startswith("kafka://"):
        topics.demand(settings, [*topics.lanes(settings), *topics.memory(settings)])


def open_store(url: str, server: ClickHouseServer | None = None) -> Store:
    """The store of a URL, its tables up to date: `chdb://` or `clickhouse://`; else Refusal."""
    from streams.store.clickhouse import ClickHouse  # its libraries take half a second

    return ClickHouse.open(url, server)


def copied(store: Store) -> ClickHouse:
    """The store as one whose rows can be copied; Refusal where they cannot."""
    from streams.store.clickhouse import ClickHouse

    if not isinstance(store, ClickHouse):
        raise Refusal("store: only chdb:// and clickhouse:// stores are backed up and restored")
    return store


def store_directory(settings: Settings) -> Path | None:
    """Where an embedded store lies; None for a server."""
    scheme, _, rest = settings.store.partition("://")
    return Path(rest) if scheme == "chdb" else None


def log_directory(settings: Settings) -> Path | None:
    """Where an embedded log lies; None for Kafka."""
    scheme, _, rest = settings.broker.partition("://")
    return Path(rest) if scheme == "local" else None


def embedded_log(settings: Settings) -> Broker | None:
    """The embedded log, if there is one; looking makes none."""
    directory = log_directory(settings)
    if directory is None:
        return None
    if not directory.is_dir():
        raise Refusal(f"{directory}: there is no log here; `shoseki run` makes it")
    from streams.local import Broker

    return Broker.shared(directory)


def open_forms(settings: Settings) -> Forms:
    """The installation's keys, made on first use."""
    return Pseudonyms(Path(settings.keys), Path(settings.data))


def open_quarantine(settings: Settings) -> Quarantine | None:
    """Where refused lines are kept, if anywhere; Refusal inside the data directory."""
    chosen = settings.quarantine
    if chosen is None:
        return None
    from streams.quarantine import Quarantine

    directory = Path(chosen.directory)
    if directory.resolve().is_relative_to(Path(settings.data).resolve()):
        raise Refusal(
            f"quarantine.directory = {directory}: must not lie inside the data directory "
            f"{settings.data}, where a copy of the evidence would carry it along"
        )
    return Quarantine(
        directory,
        Path(chosen.key),
        days=chosen.days,
        limit=chosen.megabytes << 20,
        clock=now,
    )


def parts(settings: Settings, store: Store, forms: Forms, origin: str = "configuration") -> Parts:
    """What all partitions of an installation share."""
    found = catalogue.load(settings.controls, origin)
    return Parts(
        Engine(found.controls),
        Registers((*BOOKS, *gaps.BOOKS), forms.ref, evidence(store, forms)),
        store,
        forms,
        found.fingerprint,
        settings.org_id,
        settings.dedup_hours * HOUR,
        found.versions,
        settings.partitions,
    )


def passing(settings: Settings, origin: str = "configuration") -> Parts:
    """Parts that keep nothing: a store in memory, subjects as they are."""
    return parts(settings, Memory(), Plain(), origin)


_held: dict[str, Store] = {}
"""Stores that this process keeps open; an embedded engine admits no second one."""


_installed: dict[str, Parts] = {}
"""What a service of this process judges with, by the URL of its store."""


def install(url: str, parts: Parts) -> Parts:
    """State with what the service of this process judges, until its store is let go."""
    _installed[url] = parts
    return parts


def installed(url: str) -> Parts | None:
    """What the service that holds a store judges with; None where this process runs none."""
    return _installed.get(url)


def held(url: str) -> bool:
    """Whether this process keeps the store open."""
    return url in _held


@contextmanager
def hold(url: str, server: ClickHouseServer | None = None) -> Iterator[Store]:
    """Keep a store open, and let `using` share it, until the block ends."""
    store = open_store(url, server)
    _held[url] = store
    try:
        yield store
    finally:
        del _held[url]
        _installed.pop(url, None)
        store.close()


@contextmanager
def using(url: str, server: ClickHouseServer | None = None) -> Iterator[Store]:
    """The store that this process holds, else one that is opened and closed again.

    Refusal where an embedded store does not exist yet: looking makes none.
    """
    if url in _held:
        yield _held[url]
        return
    scheme, _, rest = url.partition("://")
    if scheme == "chdb" and not Path(rest).is_dir():
        raise Refusal(f"{rest}: there is no store here; `shoseki run` or `check --record` makes it")
    store = open_store(url, server)
    try:
        yield store
    finally:
        store.close()
