"""A pack of everything that was judged: written, verified, and the same rows read once."""

from __future__ import annotations

import resource
from pathlib import Path
from time import perf_counter
from typing import Any

import judging

from controls import catalogue
from controls.calendar import jst_day
from streams.checkpoints import Checkpoints
from streams.cli.export import order
from streams.evidence.verify import verify_pack
from streams.export.cut import Evidence, Period
from streams.export.cutting import cut
from streams.export.pack import write_pack


def measure(file: Path, here: Path) -> dict[str, Any]:
    """Seconds of reading, writing and verifying, and the peak of resident memory after each."""
    run = judging.Run(file, here / "proved")
    run.prepared()()
    store = run.store
    blocks = list(store.blocks())
    Checkpoints(run.settings, store).write(max(block["now"] for block in blocks))
    days = [jst_day(block["now"]) for block in blocks]
    period = Period(min(days), max(days))
    judged = _peak()
    began = perf_counter()
    rows = sum(
        1
        for table in ("events", "findings", "rejects")
        for lane, partition in store.heads()
        for _ in store.rows(table, lane, partition)
    )
    reading = perf_counter() - began
    read = _peak()
    pack = here / "pack.zip"
    began = perf_counter()
    write_pack(order(run.settings, Evidence(store, cut(store), period), catalogue.load()), pack)
    writing = perf_counter() - began
    written = _peak()
    store.close()
    began = perf_counter()
    report = verify_pack(pack, {})
    verifying = perf_counter() - began
    assert report.fault is None, report.fault
    return {
        "rows": rows,
        "bytes": pack.stat().st_size,
        "reading": reading,
        "writing": writing,
        "verifying": verifying,
        "rss_mib": {"judged": judged, "read": read, "written": written, "verified": _peak()},
    }


def _peak() -> float:
    """The most memory that the process ever had resident, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
