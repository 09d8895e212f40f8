"""`shoseki restore`: an installation from a backup, or a loss accepted."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from controls.events import rfc3339
from controls.kernel import Refusal
from streams import settings as configuration
from streams import wiring
from streams.backup import copy_log, fill, read_manifest
from streams.evidence.anchor import Anchors, ends
from streams.evidence.note import opened
from streams.keys import Keys
from streams.store import Store

HELP = "make an installation from a backup, in empty places; or accept that a store was set back"


def options(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "The places of store and log that the configuration names must be empty. Every file is "
        "compared with its digest and every chain verified before anything takes its place. The "
        "file of anchors gets a line that says so; where the backup is older than the anchors, "
        "the next start puts the loss on record as a critical finding of GOV-08. Keys are not in "
        "a backup: put the key directory back first. --accept is for a store that was restored "
        "otherwise, by a ClickHouse server's own means."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("backup", nargs="?", type=Path, metavar="BACKUP", help="the directory")
    what.add_argument("--accept", metavar="REASON", help="accept the store as it is, and why")
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")


def run(args: argparse.Namespace) -> int:
    """0 where it is restored and every chain holds, 1 where one does not."""
    settings = configuration.load(args.config)
    if args.accept is not None:
        if not args.accept.strip():
            raise Refusal("--accept: say why, in a few words: it goes on record")
        with wiring.using(settings.store, settings.clickhouse) as store:
            accept(settings, store, args.accept)
        return 0
    if not any(Path(settings.keys).glob("*.key")):
        raise Refusal(
            f"{settings.keys}: no keys are here; put the copy of the key directory back first: "
            "with new keys nobody in the restored evidence would be recognised"
        )
    manifest = read_manifest(args.backup)
    log = wiring.log_directory(settings)
    if manifest["log"] and log is None:
        raise Refusal(f"{args.backup}: holds an embedded log, but broker = {settings.broker}")
    places = [place for place in (wiring.store_directory(settings), log) if place is not None]
    for place in places:
        if place.exists() and any(place.iterdir()):
            raise Refusal(f"{place}: is not empty; a backup is restored into empty places only")
    drafts = {place: place.with_name(f".{place.name}.restoring") for place in places}
    for draft in drafts.values():
        shutil.rmtree(draft, ignore_errors=True)
    try:
        return restored(args.backup, manifest, settings, drafts)
    finally:
        for draft in drafts.values():
            shutil.rmtree(draft, ignore_errors=True)


def restored(
    backup: Path,
    manifest: dict[str, object],
    settings: configuration.Settings,
    drafts: dict[Path, Path],
) -> int:
    log, place = wiring.log_directory(settings), wiring.store_directory(settings)
    url = settings.store if place is None else f"chdb://{drafts[place]}"
    store = wiring.open_store(url)
    try:
        report = fill(wiring.copied(store), backup, manifest)
        if report.fault is not None:
            print(f"{backup}: does not hold: first {report.fault}", file=sys.stderr)
            return 1
        if log is not None and manifest["log"]:
            copy_log(backup, manifest, drafts[log])
        anchors = Anchors(settings.anchors)
        heads, lost = ends(store.heads()), anchors.fault(store)
        continue_log(settings, anchors, store)
    finally:
        store.close()
    for target, draft in drafts.items():
        if draft.exists():
            if target.exists():
                target.rmdir()
            os.rename(draft, target)
    # last of all: cut off before this, the restored store is refused, which is the safe side
    anchors.accept(_now(), heads, f"restored from {backup.name}", lost)
    print(
        f"{backup}: restored; {report.blocks:,} blocks and {report.rows:,} rows, "
        f"{len(report.heads)} chains hold"
    )
    _tell(lost)
    if not manifest["log"]:
        print(
            "The log is Kafka's. Workers whose memory is ahead of this store judge the log "
            "again from its beginning, where it still has that."
        )
    return 0


def accept(settings: configuration.Settings, store: Store, why: str) -> None:
    anchors = Anchors(settings.anchors)
    lost = anchors.fault(store)
    continue_log(settings, anchors, store)
    anchors.accept(_now(), ends(store.heads()), why, lost)
    print(f"{anchors.path}: the store is accepted as it is")
    _tell(lost)


def continue_log(settings: configuration.Settings, anchors: Anchors, store: Store) -> None:
    """Give the store back what it has lost of the log, which goes on from there; Refusal for an
    entry that none of this installation's keys has signed."""
    verifiers = [*Keys(Path(settings.keys), Path(settings.data)).verifiers().values()]
    for entry in anchors.missing(store.last_entry()):
        try:
            opened(entry.note, verifiers)
        except Refusal as refused:
            raise Refusal(
                f"{anchors.path}: entry {entry.index}: {refused}; put back the file of anchors "
                "and the key directory (log-*.pub) of this installation"
            ) from None
        store.append(entry)


def _tell(lost: str | None) -> None:
    if lost is None:
        print("Nothing that was anchored is missing.")
    else:
        print(f"It is behind its anchor: {lost}. The next start puts that on record (GOV-08).")


def _now() -> str:
    return rfc3339(time.time_ns() // 1_000_000)
