"""`shoseki sample`: draw the samples of a period, each traced to its block and the checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from controls import catalogue
from streams import settings as configuration
from streams import wiring, words
from streams.cli import _period
from streams.export import cutting
from streams.export.cut import Cut, Evidence
from streams.export.sample import Drawn, Samples, samples
from streams.store import Store

HELP = "draw the samples of a period, seeded, each traced from event to block to checkpoint"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    """--from, --to, --seed, --control, --config, --json."""
    _period.options(parser)
    parser.add_argument("--seed", help="draw by this seed instead of the cut's own")
    parser.add_argument("--control", metavar="ID", help="this control only")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """0; days that are none, or a control that is none, are a Refusal."""
    period = _period.period(args)
    settings = configuration.load(args.config)
    found = catalogue.load(settings.controls, str(args.config or "configuration"))
    only = [] if args.control is None else [found[args.control].id]
    with wiring.using(settings.store, settings.clickhouse) as store:
        cut = _cut(store)
        drawn = samples(Evidence(store, cut, period), found, args.seed, only)
    for text in lines(drawn) if args.json else page(drawn, cut):
        print(text)
    return 0


def _cut(store: Store) -> Cut:
    """The last checkpoint, as a pack is cut; where there is none yet, what is sealed."""
    if store.last_entry() is not None:
        return cutting.cut(store)
    heads = store.heads()
    return Cut(0, max((head.now for head in heads.values()), default=0), heads)


def lines(found: Samples) -> Iterator[str]:
    """How it was drawn, then an object a sample."""
    yield words.line(found.head)
    for row in found.rows():
        yield words.line(row)


def page(found: Samples, cut: Cut) -> Iterator[str]:
    """The samples for a terminal."""
    yield f"seed    {found.seed} ({'given' if found.chosen else 'of the cut'})"
    yield f"method  {found.method}"
    yield f"cut     checkpoint {cut.size}" if cut.size else "cut     the heads of all chains, now"
    for (lane, partition), head in sorted(cut.heads.items()):
        yield f"        {lane}/{partition}  block {head.number}  {head.link}"
    for drawn in found.controls:
        yield ""
        yield title(drawn)
        if drawn.rows:
            rows = [
                (
                    row["sample"],
                    ", ".join(row["why"]),
                    row["event_type"],
                    row["event_id"],
                    f"{row['lane']}/{row['partition']} {row['number']}:{row['line']}",
                    row["link"][:16],
                    row["verdict"],
                    row["finding_id"] or "",
                )
                for row in drawn.rows
            ]
            heads = ("sample", "why", "type", "event", "block:line", "link", "verdict", "finding")
            yield words.table(heads, rows)


def title(drawn: Drawn) -> str:
    """How many a control has and how many of them were taken, and why."""
    rules = "".join(f", {number} {rule}" for rule, number in sorted(drawn.always.items()))
    gone = f"; {drawn.absent} cited events are not in the evidence" if drawn.absent else ""
    return f"{drawn.control}: {drawn.drawn} of {drawn.frame} drawn{rules}{gone}"
