"""What controls cost events that they do not read: the engine with the whole catalogue, and with
those controls alone that read a type, over the same events of that type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

from workload import BLOCK

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.kernel import Control
from controls.registers import Registers
from controls.shapes import Check
from streams import wiring
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.reading import Reader
from streams.rejects import Reject
from streams.replay import Replay
from streams.store.memory import Memory

TYPES = 3
"""So many of the most frequent types are measured."""
TIMES = 3
"""The least of so many runs counts."""


def measure(file: Path) -> dict[str, Any]:
    """By type: events, and CPU seconds in the engine with its readers and with all controls."""
    events: dict[type[Any], list[Any]] = defaultdict(list)
    for item in Reader(Plain()).file(str(file)):
        if not isinstance(item, Reject) and item.lane != "books":
            events[type(item)].append(item)
    controls = catalogue.load().controls
    wiring.collect_seldom()
    found = {}
    for kind in sorted(events, key=lambda kind: -len(events[kind]))[:TYPES]:
        readers = [c for c in controls if any(reads(ch, kind) for ch in c.checks(c.params))]
        found[kind.type] = {
            "events": len(events[kind]),
            "readers": len(readers),
            "controls": len(controls),
            "reading": min(judged(readers, events[kind]) for _ in range(TIMES)),
            "all": min(judged(controls, events[kind]) for _ in range(TIMES)),
        }
    return found


def reads(check: Check, kind: type[Any]) -> bool:
    return kind in check.on or bool(getattr(check, "every", False))


def judged(controls: Sequence[Control[Any]], events: Sequence[Any]) -> float:
    """CPU seconds that the engine takes, in blocks of the bench's size."""
    engine, spent = Engine(controls), 0.0
    evaluate = engine.evaluate

    def timed(*words: Any) -> Any:
        nonlocal spent
        began = process_time()
        outcome = evaluate(*words)
        spent += process_time() - began
        return outcome

    engine.evaluate = timed  # type: ignore[method-assign]
    parts = Parts(engine, Registers((*BOOKS, *gaps.BOOKS)), Memory(), Plain(), "")
    replay = Replay(parts, spacing=1 << 60)
    for start in range(0, len(events), BLOCK):
        replay.run(events[start : start + BLOCK])
        replay.tick(replay.now)
    return spent
