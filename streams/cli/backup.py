"""`shoseki backup`: a consistent copy of store and log, while the service runs or not."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from controls.events import rfc3339
from streams import settings as configuration
from streams import wiring
from streams.backup import back_up

HELP = "copy store and embedded log into a new directory, also while the service runs"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Keys are not copied: whoever has both evidence and keys can tell persons. Keep a copy of "
        "the key directory elsewhere; without it a restored installation cannot judge. A running "
        "service judges nothing while the copy is made; publishing goes on. With a broker that "
        "is no directory only the store is copied: Kafka keeps the log, and the changelogs in it."
    )
    parser.add_argument("out", type=Path, metavar="BACKUP", help="directory to make")
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
    parser.add_argument("--json", action="store_true", help="the manifest as one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 where the backup is whole and on the disk."""
    settings = configuration.load(args.config)
    at = rfc3339(time.time_ns() // 1_000_000)
    with wiring.using(settings.store, settings.clickhouse) as store:
        broker = wiring.embedded_log(settings)
        manifest = back_up(wiring.copied(store), broker, args.out, at)
    if args.json:
        print(json.dumps(manifest, ensure_ascii=False))
        return 0
    size = sum(file["bytes"] for file in manifest["files"].values())
    print(
        f"{args.out}: {len(manifest['heads'])} chains, {size:,} bytes"
        + ("" if manifest["log"] else "; the log is Kafka's and not in it")
    )
    for head in manifest["heads"]:
        print(f"  {head['lane']}/{head['partition']}  {head['number']} blocks  {head['link']}")
    print(f"Keys are not in it: keep a copy of {settings.keys} apart from it.")
    return 0
