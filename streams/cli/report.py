"""`shoseki report`: the month on two pages, in Japanese, for the representative and the minutes."""

from __future__ import annotations

import argparse
import re
from calendar import monthrange
from datetime import date
from io import BytesIO
from pathlib import Path

from controls import catalogue
from controls.kernel import Refusal
from streams import settings as configuration
from streams import wiring
from streams.export.cut import Evidence, Period
from streams.export.cutting import cut, linked
from streams.export.monthly import monthly
from streams.export.tables import tables
from streams.keys import Keys

HELP = "the month on two pages (PDF, Japanese), with the checkpoint to print into the minutes"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    """--month, --out, --config."""
    parser.add_argument("--month", required=True, metavar="YYYY-MM", help="a month, in Japan")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.pdf")
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")


def run(args: argparse.Namespace) -> int:
    """0 where the report is written: as of the last checkpoint of the month."""
    month = period(args.month)
    settings = configuration.load(args.config)
    found = catalogue.load(settings.controls, str(args.config or "configuration"))
    with wiring.using(settings.store, settings.clickhouse) as store:
        evidence = Evidence(store, cut(store, known=month.last), month)
        parts = wiring.installed(settings.store)
        links = linked(parts.forms, parts.registers) if parts else ()
        file = BytesIO()
        keys = Keys(Path(settings.keys)).verifiers().values()
        monthly(file, evidence, found, tables(evidence, found, links), [*keys])
    try:
        args.out.write_bytes(file.getvalue())
    except OSError as error:
        raise Refusal(f"{args.out}: cannot be written ({error.strerror})") from None
    print(f"{args.out}: written, as of checkpoint {evidence.cut.size}")
    return 0


def period(text: str) -> Period:
    """The days of a month; Refusal where it is none."""
    if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) is None or text < "2000":
        raise Refusal(f"--month {text}: expected a month as 2026-04")
    year, month = int(text[:4]), int(text[5:])
    return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
