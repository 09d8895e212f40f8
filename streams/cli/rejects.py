"""`shoseki rejects`: what was refused and why, and the way back for lines that were refused."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from controls.kernel import Refusal
from streams import rereading, wiring, words
from streams import settings as configuration
from streams.reading import Reader
from streams.rejects import Reject
from streams.sources import FORMATS

if TYPE_CHECKING:
    from streams.quarantine import Opened

HELP = "refused lines: list, replay, keygen"
STORE = ("list",)

COLUMNS = ("day", "source_id", "origin", "reason")


def options(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(dest="part", required=True, metavar="list|replay|keygen")
    listed = parts.add_parser("list", help="how many lines were refused, by reason, source and day")
    listed.add_argument(
        "--by",
        type=_columns,
        default=COLUMNS,
        metavar="COLUMNS",
        help=f"of {','.join(COLUMNS)}; all of them unless given",
    )
    listed.add_argument("--day", type=_day, metavar="DATE", help="recorded on this day (JST)")
    listed.add_argument("--source-id", metavar="ID", help="of this source")
    listed.add_argument(
        "--lines",
        type=int,
        metavar="N",
        help="the newest N lines instead: origin, position, reason, digest",
    )
    replay = parts.add_parser(
        "replay",
        help="read refused lines again, after their source's TOML was put right",
        description="What is an event now goes to its lane, under the id it would have had; what "
        "is refused again is on record already and is only counted.",
    )
    where = replay.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--key", type=Path, metavar="FILE", help="the private key: lines of the quarantine"
    )
    where.add_argument("--topic", metavar="NAME", help="a raw topic, with --partition and --from")
    where.add_argument("--file", metavar="FILE", help="a file, with --format and --source")
    replay.add_argument(
        "--day", type=_day, metavar="DATE", help="lines that were sealed on this day (UTC)"
    )
    replay.add_argument("--source-id", metavar="ID", help="sealed lines of this source")
    replay.add_argument("--reason", metavar="TEXT", help="sealed lines whose reason has this text")
    replay.add_argument("--partition", type=int, metavar="N", help="partition of the raw topic")
    replay.add_argument("--from", dest="first", type=int, metavar="OFFSET", help="first offset")
    replay.add_argument(
        "--to",
        dest="last",
        type=int,
        metavar="OFFSET",
        help="last offset; all there is unless given",
    )
    replay.add_argument("--format", choices=FORMATS, help="of a file, sealed lines of files too")
    replay.add_argument("--source", type=Path, metavar="TOML", help="what a log is the log of")
    keygen = parts.add_parser("keygen", help="make the pair of keys of a quarantine")
    keygen.add_argument(
        "--out",
        type=Path,
        default=Path("rejects"),
        metavar="NAME",
        help="NAME.key is private, NAME.pub public (rejects)",
    )
    for part in (listed, replay):
        part.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
    for part in (listed, replay, keygen):
        part.add_argument("--json", action="store_true", help="one JSON object a line")


def _columns(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not set(names) <= set(COLUMNS):
        raise argparse.ArgumentTypeError(f"{text!r}: some of {','.join(COLUMNS)} are expected")
    return names


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give a day as 2026-11-25") from None


def run(args: argparse.Namespace) -> int:
    """0 where it could be done."""
    {"list": _list, "replay": _replay, "keygen": _keygen}[args.part](args)
    return 0


def _list(args: argparse.Namespace) -> None:
    settings = configuration.load(args.config)
    with wiring.using(settings.store) as store:
        if args.lines:
            columns: tuple[str, ...] = ("origin", "position", "source_id", "reason", "digest")
            rows = [{name: row[name] for name in columns} for row in store.rejects(args.lines)]
        else:
            columns = (*args.by, "count")
            rows = _summed(store.reject_counts(), args)
    if args.json:
        for row in rows:
            print(words.line(row))
    else:
        numbers = [at for at, name in enumerate(columns) if name in ("count", "position")]
        print(words.table(columns, [tuple(row.values()) for row in rows], right=numbers))


def _summed(rows: Iterable[dict[str, object]], args: argparse.Namespace) -> list[dict[str, object]]:
    counts: Counter[tuple[object, ...]] = Counter()
    for row in rows:
        if args.day is not None and row["day"] != args.day.isoformat():
            continue
        if args.source_id is not None and row["source_id"] != args.source_id:
            continue
        counts[tuple(row[name] for name in args.by)] += int(str(row["count"]))
    return [
        dict(zip(args.by, at, strict=True)) | {"count": counts[at]}
        for at in sorted(counts, key=repr)
    ]


def _replay(args: argparse.Namespace) -> None:
    settings = configuration.load(args.config)
    forms = wiring.open_forms(settings)
    damaged = 0
    if args.key:
        opened = _opened(settings, args.key)
        lines = (line for line in opened.lines(args.day) if _wanted(line.reject, args))
        items = rereading.sealed(lines, settings, forms, args.format, args.source)
        events, rejects = rereading.publish(items, settings)
        damaged = opened.damaged
    elif args.topic:
        if args.partition is None or args.first is None:
            raise Refusal("--topic: --partition and --from say what is to be read again")
        place = args.partition, args.first, args.last
        items = rereading.of_topic(args.topic, *place, settings, forms)
        events, rejects = rereading.publish(items, settings)
    else:
        reader = Reader(forms, args.format or "events", args.source, settings.org_id)
        events, rejects = rereading.publish(reader.file(args.file, wiring.now()), settings)
    if args.json:
        print(words.line({"events": events, "rejects": rejects, "damaged": damaged}))
        return
    print(f"{events} lines are events now, {rejects} are refused again")
    if damaged:
        print(f"{damaged} boxes of the quarantine are damaged and were left out")


def _opened(settings: configuration.Settings, key: Path) -> Opened:
    from streams.quarantine import Opened

    if settings.quarantine is None:
        raise Refusal("quarantine: none is configured; [quarantine] says where it is")
    return Opened(Path(settings.quarantine.directory), key)


def _wanted(reject: Reject, args: argparse.Namespace) -> bool:
    if args.source_id is not None and reject.source_id != args.source_id:
        return False
    return args.reason is None or args.reason in reject.reason


def _keygen(args: argparse.Namespace) -> None:
    from streams.quarantine import make_keys

    private, public = make_keys(args.out)
    if args.json:
        print(words.line({"private": str(private), "public": str(public)}))
        return
    print(f"{private}: the private key; take it off this machine and keep it where only those are")
    print("  who may read refused lines. Without it they can never be read again.")
    print(f'{public}: the public key; [quarantine] key = "{public}" seals refused lines with it')
