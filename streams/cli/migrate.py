"""`shoseki migrate`: bring the store's tables forward, as a user who may."""

from __future__ import annotations

import argparse
from pathlib import Path

from streams import settings as configuration
from streams import wiring

HELP = "make the store's database and tables, or bring them forward"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "store", nargs="?", metavar="STORE-URL", help="with another user than the configuration's"
    )
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")


def run(args: argparse.Namespace) -> int:
    """0 where the tables are those of this version, now or already."""
    settings = configuration.load(args.config)
    with wiring.hold(args.store or settings.store, settings.clickhouse):
        return 0
