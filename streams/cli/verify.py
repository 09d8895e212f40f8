"""`shoseki verify`: recompute a pack or a store and name the first block that does not hold."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from controls.kernel import Refusal
from streams.evidence.anchor import Anchors
from streams.evidence.reader import NotAPack, verify_pack
from streams.evidence.verify import Report, verify
from streams.settings import load

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
    parser.add_argument("--json", action="store_true", help="one object on stdout")


def run(args: argparse.Namespace) -> int:
    target, anchor = args.target, args.anchor
    if target is None:
        settings = load(args.config)
        target = settings.store
        if anchor is None and settings.anchors.exists():
            anchor = settings.anchors
    expired = dict(map(_expiry, args.expired))
    if "://" in target:
        report = _store(target, expired, anchor)
    elif anchor is not None:
        raise Refusal("--anchor: a store is compared with its anchors; a pack names its own heads")
    else:
        try:
            report = verify_pack(Path(target), expired)
        except NotAPack as refused:
            raise Refusal(str(refused)) from None
    _tell(target, report, args.json)
    return 1 if report.fault else 0


def _expiry(text: str) -> tuple[str, int]:
    name, _, day = text.partition("=")
    try:
        when = datetime.combine(date.fromisoformat(day), time(), ZoneInfo("Asia/Tokyo"))
    except ValueError:
        raise Refusal(f"--expired {text}: expected CLASS=YYYY-MM-DD, e.g. log=2026-04-01") from None
    return name, int(when.timestamp() * 1000)


def _store(url: str, expired: dict[str, int], anchor: Path | None) -> Report:
    from streams import wiring  # a pack is verified without the engine and the controls

    anchored = None if anchor is None else Anchors(anchor).expected()
    with wiring.using(url) as store:
        return verify(store, expired=expired, anchored=anchored)


def _tell(target: str, report: Report, as_json: bool) -> None:
    fault = report.fault
    if as_json:
        answer = {
            "target": target,
            "holds": fault is None,
            "blocks": report.blocks,
            "rows": report.rows,
            "pending": report.pending,
            "expired": report.expired,
            "heads": report.heads,
            "fault": fault and {
                "lane": fault.lane,
                "partition": fault.partition,
                "number": fault.number,
                "what": fault.what,
            },
        }  # fmt: skip
        print(json.dumps(answer, ensure_ascii=False))
        return
    if fault is not None:
        print(f"{target}: does not hold")
        print(f"  first {fault}")
        return
    print(f"{target}: holds")
    print(f"  {report.blocks:,} blocks, {report.rows:,} rows, {len(report.heads)} chains")
    for head in report.heads:
        begin = "" if head["first"] == 1 else f", from block {head['first']}"
        name = f"{head['lane']}/{head['partition']}"
        print(f"  {name}  {head['number']} blocks{begin}  {head['link']}")
    if report.expired:
        print(f"  {report.expired:,} rows have expired; their roots and counts hold")
    if report.pending:
        print(f"  {report.pending:,} rows are not sealed yet", file=sys.stderr)
