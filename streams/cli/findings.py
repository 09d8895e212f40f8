"""`shoseki findings`: what stands, and what stood."""

from __future__ import annotations

import argparse
from pathlib import Path

from controls.kernel import Refusal
from streams import settings as configuration
from streams import wiring, words
from streams.cli.check import SHOWN, show

HELP = "findings in the store: list, show ID"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    """list and show, each with --json."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="list|show")
    listed = parts.add_parser("list", help="the current findings")
    listed.add_argument("--history", action="store_true", help="every revision, superseded too")
    listed.add_argument("--control", metavar="ID", help="of this control only")
    shown = parts.add_parser("show", help="one finding with its revisions")
    shown.add_argument("finding", metavar="ID", help="finding_id, or its first digits")
    for part in (listed, shown):
        part.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
        part.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """1 where a violation is shown, else 0."""
    settings = configuration.load(args.config)
    with wiring.using(settings.store, settings.clickhouse) as store:
        if args.part == "show":
            ids = sorted({f["finding_id"] for f in store.findings()})
            ids = [i for i in ids if i.startswith(args.finding)]
            if len(ids) != 1:
                raise Refusal(f"{args.finding}: {len(ids) or 'no'} findings have this id")
            found = store.finding(ids[0])
        else:
            found = store.findings(history=args.history)
            if not args.history:
                found = [f for f in found if f["verdict"] in SHOWN]
            if args.control:
                found = [f for f in found if f["control"] == args.control]
    if args.part == "show" and not args.json:
        for finding in found:
            for name, value in words.contract(finding).items():
                print(f"{name:14} {words.line(value) if isinstance(value, dict) else value}")
            print()
    else:
        show(found, args.json)
    return 1 if any(f["verdict"] == "violation" for f in found) else 0
