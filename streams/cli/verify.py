"""`shoseki verify`: recompute a pack or a store and name the first block that does not hold."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from datetime import date, datetime, time
from pathlib import Path
from time import time_ns
from typing import Any
from zoneinfo import ZoneInfo

from controls.kernel import Refusal
from streams.evidence.anchor import Anchors
from streams.evidence.verify import NotAPack, Report, tell, verify, verify_pack
from streams.settings import Settings, load

HELP = "recompute an evidence pack or a store from its rows and check every chain"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target",
        nargs="?",
        metavar="PACK.zip|STORE-URL",
        help="an evidence pack, or a store such as chdb://./data/store",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="take the store from this configuration"
    )
    parser.add_argument(
        "--expired",
        action="append",
        default=[],
        metavar="CLASS=DATE",
        help="rows of this retention class recorded before the day (JST) may be gone",
    )
    parser.add_argument(
        "--anchor",
        type=Path,
        metavar="FILE",
        help="compare a store with the heads that this file of anchors knows "
        "(of a configured store: its own file, unless it has none)",
    )
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="NAME+HASH+KEY",
        help="a pack must be signed by this verifier key, or by one of several",
    )
    parser.add_argument("--lang", choices=("ja", "en"), help="instead of that of LANG")
    parser.add_argument("--json", action="store_true", help="one object on stdout")


def run(args: argparse.Namespace) -> int:
    settings = load(args.config)
    target, anchor = args.target or settings.store, args.anchor
    if args.target is None and anchor is None and settings.anchors.exists():
        anchor = settings.anchors
    expired = dict(map(_expiry, args.expired))
    if "://" in target and args.key:
        raise Refusal("--key: a pack is signed, a store is not; compare it with --anchor FILE")
    if "://" in target:
        report = _store(target, settings, expired, anchor)
    elif anchor is not None:
        raise Refusal("--anchor: a store is compared with its anchors; a pack names its own heads")
    else:
        try:
            report = verify_pack(Path(target), expired, args.key)
        except NotAPack as refused:
            raise Refusal(str(refused)) from None
    if args.json:
        print(json.dumps(_answer(target, report), ensure_ascii=False))
    else:
        _tell(target, report, args.lang or os.environ.get("LANG", "")[:2])
    return 1 if report.fault else 0


def _expiry(text: str) -> tuple[str, int]:
    name, _, day = text.partition("=")
    try:
        when = datetime.combine(date.fromisoformat(day), time(), ZoneInfo("Asia/Tokyo"))
    except ValueError:
        raise Refusal(f"--expired {text}: expected CLASS=YYYY-MM-DD, e.g. log=2026-04-01") from None
    return name, int(when.timestamp() * 1000)


def _store(url: str, settings: Settings, expired: dict[str, int], anchor: Path | None) -> Report:
    """What the retention classes let go may be gone; others may be writing to a server."""
    from streams import wiring  # a pack is verified without the engine and the controls
    from streams.retention import expiry
    from streams.store.settled import Settled

    expired = expiry(time_ns() // 1_000_000, settings.retention) | expired
    anchored = None if anchor is None else Anchors(anchor).expected()
    with wiring.using(url, settings.clickhouse) as store:
        source = store if url.startswith("chdb://") else Settled(store)
        return verify(source, expired=expired, anchored=anchored)


def _answer(target: str, report: Report) -> dict[str, Any]:
    fault = report.fault
    return {
        "target": target,
        "holds": fault is None,
        "blocks": report.blocks,
        "rows": report.rows,
        "pending": report.pending,
        "expired": report.expired,
        "expired_classes": report.classes,
        "heads": report.heads,
        "checkpoint": report.checkpoint,
        "fault": fault and asdict(fault),
    }


def _tell(target: str, report: Report, language: str) -> None:
    for line in tell(target, report, language):
        print(line)
    if report.fault is not None:
        return
    for head in report.heads:
        begin = "" if head["first"] == 1 else f", from block {head['first']}"
        name = f"{head['lane']}/{head['partition']}"
        print(f"  {name}  {head['number']} blocks{begin}  {head['link']}")
    if report.pending:
        print(f"  {report.pending:,} rows are not sealed yet", file=sys.stderr)
