"""`shoseki clocks`: the terms of the law that run, and what of each report is still open."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from controls import catalogue
from controls.calendar import jst_text
from controls.events.fields import instant
from controls.kernel import HOUR, REPORT_ITEMS, STANDING, Refusal
from streams import settings as configuration
from streams import wiring, words
from streams.clocks import Term, running

HELP = "open terms of the law: due when, which of the nine report items are filled"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    """--at, --config, --json."""
    parser.add_argument("--at", metavar="TIME", help="as of this time instead of now (RFC 3339)")
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """1 where a term is over, else 0."""
    try:
        now = wiring.now() if args.at is None else instant(args.at)
    except ValueError as error:
        raise Refusal(f"--at {args.at}: {error}") from None
    settings = configuration.load(args.config)
    controls = catalogue.load(settings.controls).controls
    with wiring.using(settings.store, settings.clickhouse) as store:
        terms = running(controls, store, now)
        candidates = [
            finding
            for finding in store.findings()
            if (finding["severity"], finding["verdict"]) == ("critical", "violation")
            and finding["status"] in STANDING
        ]
    if args.json:
        for term in terms:
            print(words.line(row(term, now)))
    else:
        print(page(terms, now, len(candidates)))
    return 1 if any(term.over(now) for term in terms) else 0


def row(term: Term, now: int) -> dict[str, Any]:
    """A term as plain JSON."""
    return {
        "control": term.control,
        "law": list(term.law),
        "term": {"ja": term.what.ja, "en": term.what.en},
        "subject": term.subject,
        "began_at": jst_text(term.begun),
        "due_at": None if term.due is None else jst_text(term.due),
        "seconds_left": None if term.due is None else (term.due - now) // 1000,
        "items_filled": None if term.filled is None else list(term.filled),
        "items_open": wanting(term),
    }


def wanting(term: Term) -> list[int] | None:
    """The report items that are not filled; None where no report is owed."""
    if term.filled is None:
        return None
    return [number for number in REPORT_ITEMS if number not in term.filled]


def page(terms: list[Term], now: int, candidates: int) -> str:
    """Terms for a terminal."""
    lines = [f"{len(terms)} open terms as of {jst_text(now)[:16].replace('T', ' ')} (JST)"]
    if terms:
        table = []
        for term in terms:
            due = "stands still" if term.due is None else jst_text(term.due)[:16].replace("T", " ")
            wanted = wanting(term)
            open_ = "" if wanted is None else ", ".join(map(str, wanted)) or "none"
            table.append((due, left(term, now), term.control, term.what.ja, term.subject, open_))
        heads = ("due (JST)", "left", "control", "term", "subject", "report items open")
        lines += ["", words.table(heads, table)]
    if candidates:
        lines += [
            "",
            f"{candidates} open critical findings are incident candidates: no clock runs for them "
            "until a person records incident.detected (`shoseki findings list`).",
        ]
    return "\n".join(lines)


def left(term: Term, now: int) -> str:
    """Days and hours to the end, or since."""
    if term.due is None:
        return "-"
    days, hours = divmod(abs(term.due - now) // HOUR, 24)
    return f"{days} d {hours} h" + (" over" if term.over(now) else "")
