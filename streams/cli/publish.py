"""`shoseki publish`: files to the lanes, from any process, while `run` runs or before it does."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from streams import settings as configuration
from streams import wiring
from streams.publish import Publisher, open_log
from streams.reading import Reader, ignore
from streams.sources import FORMATS

HELP = "send files to the lanes of a service"


def options(parser: argparse.ArgumentParser) -> None:
    """FILE… and how to read them."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="event lines; - is stdin")
    parser.add_argument("--format", choices=FORMATS, default="events", help="format of the lines")
    parser.add_argument("--source", type=Path, metavar="TOML", help="what a log is the log of")
    parser.add_argument("--config", type=Path, metavar="TOML", help="the service's configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 where every line is on its way, as an event or as a reject."""
    settings = configuration.load(args.config)
    quarantine = wiring.open_quarantine(settings)
    refused = quarantine.keep if quarantine else ignore
    forms = wiring.open_forms(settings)
    reader = Reader(forms, args.format, args.source, settings.org_id, refused)
    log = open_log(settings)
    publisher = Publisher(log, settings.partitions)
    publisher.publish(reader.files(args.files, time.time_ns() // 1_000_000))
    log.close()
    if quarantine is not None:
        quarantine.sync()
        quarantine.purge()
    if args.json:
        print(f'{{"events":{publisher.events},"rejects":{publisher.rejects}}}')
    else:
        print(f"{publisher.events} events published, {publisher.rejects} lines refused")
    if publisher.rejects:
        print(
            "refused lines are on record: shoseki rejects list counts them by reason",
            file=sys.stderr,
        )
    return 0
