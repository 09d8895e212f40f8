"""`check --record` in blocks of 10,000, by stage and bare, and the floor under it."""

from __future__ import annotations

import cProfile
import io
import pstats
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import pyarrow as pa
import workload
from service import limited
from stopwatch import Stopwatch

from controls.events import TYPES, spec
from streams import settings, wiring
from streams.cli.check import recorded
from streams.reading import Reader
from streams.replay import Replay
from streams.store.clickhouse import ClickHouse
from streams.store.sql import SCHEMAS


@dataclass
class Run:
    """One store, through which the events go as often as they are measured."""

    file: Path
    here: Path
    only: Collection[str] = ()
    """The controls by which it is judged; all where none is named."""
    store: ClickHouse = field(init=False)

    def __post_init__(self) -> None:
        self.settings = recorded(settings.Settings(), self.here)
        store = wiring.open_store(self.settings.store)
        assert isinstance(store, ClickHouse)
        self.store = store

    def prepared(self) -> Callable[[], None]:
        """Ready to take all events from bytes to sealed rows."""
        forms = wiring.open_forms(self.settings)
        parts = limited(wiring.parts(self.settings, self.store, forms), self.only)
        replay = Replay(parts, spacing=1 << 60)
        items = Reader(forms).file(str(self.file))

        def whole() -> None:
            for block, now in workload.blocks(items):
                replay.run(block)
                replay.tick(now)

        wiring.collect_seldom()
        return whole


def measure(file: Path, here: Path, only: Collection[str] = ()) -> dict[str, Any]:
    """Bare, then the floor: in this process, the same engine of the store underneath."""
    bare = Run(file, here / "bare", only)
    rows: list[tuple[str, pa.Table, str]] = []
    real, apart = bare.store._insert, 0.0

    def insert(table: str, columns: Mapping[str, Sequence[Any]], token: str, *held: Any) -> None:
        """Insert, and keep the rows as Arrow, which no collection of garbage walks through."""
        nonlocal apart
        real(table, columns, token, *held)
        began = perf_counter()
        if table in FLOOR:
            rows.append((table, arrow(table, columns), token))
        apart += perf_counter() - began

    bare.store._insert = insert  # type: ignore[method-assign]
    whole = bare.prepared()
    began = perf_counter()
    whole()
    seconds = perf_counter() - began - apart
    findings = sum(f["verdict"] == "violation" for f in bare.store.findings())
    events = sum(block["evaluated"] + block["duplicates"] for block in bare.store.blocks())
    floor_parts = floor(file, rows, bare.store._client)
    bare.store.close()
    return {
        "seconds": seconds,
        "floor": floor_parts,
        "blocks": sum(table == "ledger" for table, _, _ in rows),
        "violations": findings,
        "events": events,
    }


def stages(file: Path, here: Path) -> dict[str, Any]:
    """The same once more, every function charged to its stage."""
    run = Run(file, here / "stages")
    watch = Stopwatch()
    whole = run.prepared()
    with watch.watching(run.store._client):
        watch.start()
        began = perf_counter()
        whole()
        watch.stop()
        seconds = perf_counter() - began
    run.store.close()
    return {"seconds": seconds, "stages": watch.spent}


def profiled(file: Path, here: Path) -> dict[str, Any]:
    """The fifteen functions in which most time is spent."""
    run = Run(file, here / "profile")
    profiler = cProfile.Profile()
    profiler.runcall(run.prepared())
    run.store.close()
    out = io.StringIO()
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(15)
    return {"profile": out.getvalue()}


FLOOR = ("events", "ledger")


def arrow(table: str, columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    schema = SCHEMAS[table]
    return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def floor(file: Path, rows: Sequence[tuple[str, pa.Table, str]], client: Any) -> dict[str, float]:
    """Seconds nobody can do without: msgspec reads the lines into typed structs, and the engine
    takes the same rows, made beforehand."""
    decoder = msgspec.json.Decoder(twins())
    with open(file, "rb") as stream:
        parts = list(chunks(stream))
    wiring.collect_seldom()
    began = perf_counter()
    for lines in parts:
        decoder.decode_lines(lines)
    decoded = perf_counter()
    for table, block, token in rows:
        settings = {"insert_deduplication_token": f"floor/{token}"}
        client.insert_arrow(table, block, settings=settings)
    return {"decode": decoded - began, "insert": perf_counter() - decoded}


def chunks(stream: io.BufferedReader) -> Iterator[bytes]:
    while lines := list(islice(stream, workload.BLOCK)):
        yield b"".join(lines)


def twins() -> Any:
    """A union of structs, one a type; a time stays the text that it is."""
    union: Any = None
    for name in TYPES:
        fields = [
            (f.name, plain(f.kind, f.annotation, f.nullable), msgspec.NODEFAULT)
            if not f.nullable
            else (f.name, plain(f.kind, f.annotation, True), None)
            for f in spec(name).fields
            if f.name != "event_type"
        ]
        twin: Any = msgspec.defstruct(
            name.replace(".", "_"), fields, tag_field="event_type", tag=name, kw_only=True, gc=False
        )
        union = twin if union is None else union | twin
    return union


def plain(kind: str, annotation: Any, nullable: bool) -> Any:
    if kind == "instant":
        annotation = str
    elif kind == "list of text or number":
        # a list of people, where evidence keeps their number
        annotation = tuple[str, ...]
    return annotation | None if nullable else annotation
