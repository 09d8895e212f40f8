"""`shoseki check`: judge files with the whole catalogue, without a service."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from controls.events.fields import instant
from controls.kernel import HOUR, MINUTE, Refusal
from streams import settings as configuration
from streams import wiring, words
from streams.checkpoints import Checkpoints
from streams.reading import Reader
from streams.replay import Replay
from streams.sources import FORMATS

HELP = "judge files with the whole catalogue, no service needed"
NOTICE = "shoseki: subjects are shown as in the file: this output is personal data; nothing is kept"
SHOWN = ("violation", "indeterminate")


def options(parser: argparse.ArgumentParser) -> None:
    """FILE… and how to read and to show them."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="event lines; - is stdin")
    parser.add_argument("--format", choices=FORMATS, default="events", help="format of the lines")
    parser.add_argument("--source", type=Path, metavar="TOML", help="what a log is the log of")
    parser.add_argument("--config", type=Path, metavar="TOML", help="parameters of controls")
    parser.add_argument("--until", metavar="TIME", help="go on to this time after the last line")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--history", action="store_true", help="every revision of every finding")
    shown.add_argument(
        "--populations", action="store_true", help="what was looked at, by control and verdict"
    )
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="keep sealed, pseudonymous evidence there"
    )
    parser.add_argument("--partitions", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """1 where a violation stands, else 0."""
    settings = configuration.load(args.config)
    origin = str(args.config or "configuration")
    if args.record is None:
        print(NOTICE, file=sys.stderr)
        parts = wiring.passing(settings, origin)
    else:
        settings = recorded(settings, args.record)
        parts = wiring.parts(
            settings, empty_store(settings, args.record), wiring.open_forms(settings), origin
        )
    reader = Reader(parts.forms, args.format, args.source, settings.org_id)
    until = None if args.until is None else moment(args.until)
    replay = Replay(
        parts,
        partitions=args.partitions,
        spacing=MINUTE if args.history else HOUR,
    )
    wiring.collect_seldom()
    replay.run(reader.files(args.files))
    replay.finish(until)
    if args.record is not None:
        Checkpoints(settings, parts.store).write(replay.now)
    for reject in reversed(parts.store.rejects()):
        print(f"line {reject['position'] + 1}: {reject['reason']}", file=sys.stderr)
    store = parts.store
    current = [f for f in store.findings() if f["verdict"] in SHOWN]
    if args.populations:
        show_populations(store.populations(), args.json)
    else:
        show(store.findings(history=True) if args.history else current, args.json)
    store.close()
    return 1 if any(f["verdict"] == "violation" for f in current) else 0


def moment(text: str) -> int:
    """The instant (ms) of an RFC 3339 text."""
    try:
        return instant(text)
    except Exception:
        raise Refusal(
            f"--until {text}: a time with offset is expected, such as 2026-11-12T10:30:00+09:00"
        ) from None


def recorded(settings: configuration.Settings, directory: Path) -> configuration.Settings:
    """Settings under which evidence is kept in a directory, its keys in a second one beside it."""
    return settings.model_copy(
        update={
            "data": str(directory),
            "store": f"chdb://{directory / 'store'}",
            "keys": f"{directory}.keys",
        }
    )


def empty_store(settings: configuration.Settings, directory: Path) -> Any:
    """A store that holds nothing yet: one record is one run."""
    store = wiring.open_store(settings.store)
    if any(True for _ in store.blocks()):
        store.close()
        raise Refusal(f"--record {directory}: holds a record already; give an empty directory")
    return store


def show(findings: Iterable[dict[str, Any]], json: bool) -> None:
    if json:
        for finding in findings:
            print(words.line(words.contract(finding)))
        return
    listed = list(findings)
    print(words.findings_table(listed) if listed else "no findings")


def show_populations(populations: dict[str, dict[str, int]], json: bool) -> None:
    if not json:
        print(words.populations_table(populations))
        return
    for control, counts in sorted(populations.items()):
        for verdict, count in sorted((v, n) for v, n in counts.items() if n):
            print(words.line({"control": control, "verdict": verdict, "count": count}))
