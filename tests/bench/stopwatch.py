"""Where the time goes: real functions, each wrapped to charge its own time to a stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from time import perf_counter
from typing import Any

from controls.engine import Engine
from controls.registers import Registers
from streams import codec, pipeline
from streams.evidence import seal
from streams.pipeline import Partition
from streams.pseudonyms import Pseudonyms
from streams.store.clickhouse import ClickHouse

STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "decode": ((codec, "decode"),),
    "forms": ((Pseudonyms, "join"), (Pseudonyms, "evidence"), (pipeline, "veiled")),
    "registers": (
        (Registers, "add"),
        (Registers, "changes"),
        (Partition, "_recognise"),
        (codec, "encode"),
    ),
    "evaluate": ((Engine, "evaluate"),),
    "recall": ((ClickHouse, "recall"), (Pseudonyms, "recall")),
    "seal": ((pipeline, "seal"),),
    "columns": (
        (seal, "event_columns"),
        (seal, "finding_columns"),
        (seal, "place"),
        (ClickHouse, "_insert"),
    ),
    "insert": ((ClickHouse, "write"),),
    "flush": ((Partition, "flush"),),
}
"""What counts as which stage.  A function called by another is charged to its own stage alone;
what belongs to none is `other`.  In `check` only registers encode events."""


class Stopwatch:
    """Charges every moment between `start` and `stop` to exactly one stage."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys((*STAGES, "other"), 0.0)
        self._open = ["other"]
        self._mark = perf_counter()

    def _turn(self) -> None:
        now = perf_counter()
        self.spent[self._open[-1]] += now - self._mark
        self._mark = now

    def start(self) -> None:
        self._mark = perf_counter()

    stop = _turn

    def timed(self, stage: str, real: Callable[..., Any]) -> Callable[..., Any]:
        spent, open_ = self.spent, self._open

        @wraps(real)
        def call(*args: Any, **kwargs: Any) -> Any:
            now = perf_counter()
            spent[open_[-1]] += now - self._mark
            self._mark = now
            open_.append(stage)
            try:
                return real(*args, **kwargs)
            finally:
                now = perf_counter()
                spent[open_.pop()] += now - self._mark
                self._mark = now

        return call

    @contextmanager
    def watching(self, client: Any) -> Iterator[None]:
        """Every function of `STAGES`, and the engine's own insert, charged while this lasts."""
        places = [(s, place) for s, each in STAGES.items() for place in each]
        places.append(("insert", (client, "insert_arrow")))
        real = [(owner, name, getattr(owner, name)) for _, (owner, name) in places]
        for (stage, _), (owner, name, function) in zip(places, real, strict=True):
            setattr(owner, name, self.timed(stage, function))
        try:
            yield
        finally:
            for owner, name, function in real:
                setattr(owner, name, function)
