"""`shoseki simulate`: a company's events from a seed, and labels for what was planted."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import date, timedelta
from typing import BinaryIO, TextIO

import msgspec

from controls.kernel import Refusal
from streams.simulate import START, Simulation, simulate

HELP = "make a company's events from a seed, compliant but for what is planted"


def _date(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word!r}: give a day as 2026-04-01") from error


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--months", type=int, default=3, help="length of the period (3)")
    parser.add_argument("--staff", type=int, default=200, help="people at the start (200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same bytes (1)")
    parser.add_argument(
        "--start", type=_date, default=START, metavar="DATE", help=f"first day, in Japan ({START})"
    )
    parser.add_argument(
        "--plant", default="", metavar="LIST", help="all, or a list such as TEC-01,TEC-04:BRUTE"
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE",
        help="events as JSON Lines in order of arrival; - is stdout",
    )
    parser.add_argument(
        "--labels", metavar="FILE", help="findings that stand at the period's end, as JSON Lines"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON Lines")


def run(args: argparse.Namespace) -> int:
    """Write the files; the summary goes to stdout, to stderr where stdout holds the events."""
    try:
        company = simulate(
            args.months,
            args.staff,
            args.seed,
            [word for word in args.plant.split(",") if word],
            args.start,
        )
        counts = _write(company, args.out)
        if args.labels:
            with open(args.labels, "wb") as file:
                file.writelines(msgspec.json.encode(label) + b"\n" for label in company.labels)
    except ValueError as error:
        raise Refusal(f"simulate: {error}") from error
    except OSError as error:
        raise Refusal(
            f"simulate: {error.filename}: {error.strerror}; give --out and --labels "
            "files that can be written"
        ) from error
    _summary(company, counts, sys.stderr if args.out == "-" else sys.stdout, args.json)
    return 0


def _write(company: Simulation, out: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    encode = msgspec.json.Encoder().encode
    with ExitStack() as stack:
        file: BinaryIO = (
            sys.stdout.buffer
            if out == "-"
            else stack.enter_context(open(out, "wb", buffering=1 << 20))
        )
        month = (company.start - timedelta(days=1)).isoformat()[:7]
        for event in company:
            counts[event["event_type"]] += 1
            file.write(encode(event) + b"\n")
            if event["ingested_at"][:7] != month:
                month = event["ingested_at"][:7]
                print(
                    f"simulate: {month} begins, {counts.total():,} events so far", file=sys.stderr
                )
        file.flush()
    return counts


def _summary(company: Simulation, counts: Counter[str], file: TextIO, as_json: bool) -> None:
    if as_json:
        rows = [{"event_type": name, "count": n} for name, n in counts.most_common()]
        rows.append(
            {
                "events": counts.total(),
                "labels": len(company.labels),
                "from": company.start.isoformat(),
                "until": company.until,
            }
        )
        for row in rows:
            print(msgspec.json.encode(row).decode(), file=file)
        return
    lines = [f"{n:>10,}  {name}" for name, n in counts.most_common()]
    lines += [
        f"{counts.total():>10,}  events from {company.start}",
        "",
        f"{len(company.labels)} labels: findings that stand at {company.until} "
        f"(check --until {company.until})",
    ]
    print("\n".join(lines), file=file)
