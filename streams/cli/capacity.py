"""`shoseki capacity`: what a rate takes, from measured figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from streams import capacity

HELP = "cores, partitions and disks for a rate, from what the bench measured"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="what `make bench ARGS=--json` printed")
    parser.add_argument("--rate", type=rate, action="append", metavar="N",
                        help="events a second; may be repeated")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one object a rate")


def rate(text: str) -> int:
    """A positive number of events; ValueError is argparse's sign that it is none."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def run(args: argparse.Namespace) -> int:
    measured = capacity.load(args.file)
    rates = tuple(args.rate or capacity.RATES)
    if args.json:
        for row in capacity.rows(measured, rates):
            print(json.dumps(row))
    else:
        print(capacity.page(measured, rates), end="")
    return 0
