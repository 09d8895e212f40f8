"""`shoseki account`: what came in from every source on every day, and whether it adds up."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controls.calendar import jst_text
from streams import settings as configuration
from streams import wiring, words
from streams.cli import _period
from streams.export.account import FIGURES, Account, Line, Stretch, account
from streams.export.cut import Cut, Evidence
from streams.export.gaps import Gap

HELP = "received, evaluated, rejected, duplicate and missing by source and day; does it add up"
STORE = True
COUNTS = (*FIGURES, "expired", "heartbeats", "first", "last", "missing")


def options(parser: argparse.ArgumentParser) -> None:
    """--from, --to, --config, --json."""
    _period.options(parser)
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """0 where everything adds up, else 1; days that are none are a Refusal."""
    period = _period.period(args)
    settings = configuration.load(args.config)
    with wiring.using(settings.store, settings.clickhouse) as store:
        found = account(Evidence(store, Cut(0, 0, store.heads()), period))
    for text in lines(found) if args.json else page(found):
        print(text)
    return 1 if found.faults else 0


def lines(found: Account) -> Iterator[str]:
    """A JSON object for each source and day, each chain and day, and the result."""
    for line in found.lines:
        counts = {name: getattr(line, name) for name in COUNTS}
        gaps = [gap_of(gap) for gap in line.gaps]
        yield words.line({"day": f"{line.day}", "source": line.source, **counts, "gaps": gaps})
    for stretch in found.offsets:
        yield words.line(
            {
                "day": f"{stretch.day}",
                "lane": stretch.place[0],
                "partition": stretch.place[1],
                "blocks": stretch.blocks,
                "first_offset": stretch.first,
                "last_offset": stretch.last,
                "contiguous": stretch.contiguous,
                **{name: stretch.figures[name] for name in FIGURES},
            }
        )
    yield words.line({"adds_up": not found.faults, "faults": found.faults})


def gap_of(gap: Gap) -> dict[str, Any]:
    """A gap as plain JSON; `until` null while it lasts."""
    until = None if gap.until is None else jst_text(gap.until)
    return asdict(gap) | {"since": jst_text(gap.since), "until": until}


def page(found: Account) -> Iterator[str]:
    """The account for a terminal."""
    numbers = range(2, 2 + len(COUNTS))
    yield words.table(("day", "source", *COUNTS, "gaps"), map(_row, found.lines), right=numbers)
    yield ""
    head = ("day", "chain", "blocks", "offsets", "contiguous")
    numbers = range(5, 5 + len(FIGURES))
    yield words.table((*head, *FIGURES), map(_chain, found.offsets), right=(2, *numbers))
    yield ""
    if not found.faults:
        yield "adds up"
    for fault in found.faults:
        yield f"does not add up: {fault}"


def _row(line: Line) -> tuple[Any, ...]:
    counts = (getattr(line, name) for name in COUNTS)
    gaps = "; ".join(_words(gap) for gap in line.gaps)
    return f"{line.day}", line.source or "-", *("-" if n is None else n for n in counts), gaps


def _words(gap: Gap) -> str:
    until = "open" if gap.until is None else jst_text(gap.until)[:16]
    declared = f" ({gap.declaration} by {gap.declared_by})" if gap.declaration else ""
    return f"{jst_text(gap.since)[:16]} to {until}: {gap.reason}{declared}"


def _chain(stretch: Stretch) -> tuple[Any, ...]:
    offsets = f"{stretch.first}..{stretch.last}"
    held = "yes" if stretch.contiguous else "no"
    figures = (stretch.figures[name] for name in FIGURES)
    return f"{stretch.day}", stretch.chain, stretch.blocks, offsets, held, *figures
