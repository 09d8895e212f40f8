"""The period that a command looks at: two days in Japan, both inclusive."""

from __future__ import annotations

import argparse
from datetime import date

from controls.kernel import Refusal
from streams.export.cut import Period


def options(parser: argparse.ArgumentParser) -> None:
    """--from and --to."""
    parser.add_argument(
        "--from", dest="first", required=True, metavar="DATE", help="first day, in Japan"
    )
    parser.add_argument("--to", dest="last", required=True, metavar="DATE", help="last day")


def period(args: argparse.Namespace) -> Period:
    """The period given; Refusal where a day is none, or the last lies before the first."""
    found = Period(day("--from", args.first), day("--to", args.last))
    if found.last < found.first:
        raise Refusal(f"--to {args.last}: lies before --from {args.first}; exchange them")
    return found


def day(option: str, text: str) -> date:
    """A day of the command line; Refusal where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{option} {text}: expected a day as 2026-04-01") from None
