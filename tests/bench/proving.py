"""A pack of everything that was judged: written, verified, and the same rows read once."""

from __future__ import annotations

import resource
from copy import copy
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import judging
from workload import BLOCK

from controls import catalogue
from controls.calendar import jst_day
from controls.kernel import SECOND
from streams.checkpoints import Checkpoints
from streams.cli.export import order
from streams.evidence.block import Header
from streams.evidence.seal import seal
from streams.evidence.verify import verify_pack
from streams.export.cut import Evidence, Period
from streams.export.cutting import cut
from streams.export.gaps import event_of
from streams.export.pack import write_pack
from streams.store.clickhouse import ClickHouse

LANE = "access", 0


def measure(file: Path, here: Path, rows: int) -> dict[str, Any]:
    """Seconds of reading, writing and verifying, and the peak of resident memory after each; of at
    least so many rows, most of them copies where not so many events were judged."""
    run = judging.Run(file, here / "proved")
    run.prepared()()
    store = run.store
    grow(store, rows)
    blocks = list(store.blocks())
    Checkpoints(run.settings, store).write(max(block["now"] for block in blocks))
    days = [jst_day(block["now"]) for block in blocks]
    period = Period(min(days), max(days))
    peaks = {"judged": _peak()}
    began = perf_counter()
    count = sum(
        1
        for table in ("events", "findings", "rejects")
        for lane, partition in store.heads()
        for _ in store.rows(table, lane, partition)
    )
    reading = perf_counter() - began
    peaks["read"] = _peak()
    pack = here / "pack.zip"
    began = perf_counter()
    write_pack(order(run.settings, Evidence(store, cut(store), period), catalogue.load()), pack)
    writing = perf_counter() - began
    peaks["written"] = _peak()
    store.close()
    began = perf_counter()
    report = verify_pack(pack, {})
    verifying = perf_counter() - began
    peaks["verified"] = _peak()
    assert report.fault is None, report.fault
    return {
        "rows": count,
        "bytes": pack.stat().st_size,
        "reading": reading,
        "writing": writing,
        "verifying": verifying,
        "rss_mib": peaks,
    }


def grow(store: ClickHouse, rows: int) -> None:
    """Go on with one chain, with copies of its events under ids of their own and no numbers."""
    head = store.head(*LANE)
    assert head is not None
    held = sum(block["evaluated"] for block in store.blocks())
    patterns = [event_of(row) for row in islice(store.rows("events", *LANE), BLOCK)]
    fingerprint = next(iter(store.fingerprints(*LANE)))
    while held < rows:
        first = head.last_offset + 1
        events = []
        for at, pattern in enumerate(patterns, first):
            event = copy(pattern)
            object.__setattr__(event, "event_id", f"copy-{at}")
            object.__setattr__(event, "source_seq", None)
            events.append(event)
        last, now = first + len(events) - 1, head.now + SECOND
        header = Header(
            *LANE, first, last, now, now, head.books_upto, len(events), {}, fingerprint, {}
        )
        sealed = seal(header, events, (), (), head, range(first, last + 1))
        store.write(sealed)
        head, held = sealed.head, held + len(events)


def _peak() -> float:
    """The most memory that the process ever had resident, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
