"""`shoseki retention`: how long each class of evidence is kept, and what has expired."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from controls.events.retention import RETENTION
from streams import chores, wiring
from streams import settings as configuration
from streams.retention import expiry

HELP = "how long each class of evidence is kept; --apply deletes what has expired"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
    parser.add_argument(
        "--apply", action="store_true", help="verify, then delete now what has expired"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a class")


def run(args: argparse.Namespace) -> int:
    """1 where a chain does not hold, and so nothing was deleted."""
    settings = configuration.load(args.config)
    now = time.time_ns() // 1_000_000
    gone: dict[str, int] = {}
    if args.apply:
        with wiring.using(settings.store, settings.clickhouse) as store:
            report = chores.recomputed(store, now, settings.retention)
            if report.fault is not None:
                print(f"nothing is deleted: a chain does not hold: {report.fault}", file=sys.stderr)
                return 1
            gone = chores.expired(store, now, report, settings.retention)
    moments = expiry(now, settings.retention)
    for name, kept in RETENTION.items():
        row = {
            "class": name,
            "years": settings.retention.get(name, kept.years),
            "expired_before": datetime.fromtimestamp(moments[name] / 1000, UTC).date().isoformat(),
            "deleted": gone.get(name, 0),
            "what": kept.en,
            "basis": kept.basis,
        }
        if args.json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            print(
                f"{name:10} {row['years']} years; recorded before {row['expired_before']} has "
                f"expired; {row['deleted']:,} rows deleted\n           {kept.ja}: {kept.basis}"
            )
    return 0
