"""`shoseki keys`: which keys an installation has, new ones, and the end of a year's."""

from __future__ import annotations

import argparse
from pathlib import Path

from controls.calendar import jst_day
from controls.events import OwnKeyDestroyed
from controls.kernel import Refusal
from streams import acts, wiring
from streams import settings as configuration
from streams.checkpoints import Checkpoints
from streams.evidence.note import key_hash
from streams.keys import Keys
from streams.settings import Settings
from streams.store import Store

HELP = "the installation's keys: list, create, rotate (those that sign), destroy a year's"
STORE = ("rotate", "destroy")


def options(parser: argparse.ArgumentParser) -> None:
    """list, create, rotate, destroy YEAR."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="list|create|rotate|destroy")
    listed = parts.add_parser("list", help="names, and the verifier keys that others need")
    create = parts.add_parser("create", help="make the keys that the first start would make")
    rotate = parts.add_parser(
        "rotate",
        help="a further key that signs; the others sign beside it until they are retired",
    )
    rotate.add_argument(
        "--retire", metavar="NAME", help="end one instead (log-1); what it signed stays valid"
    )
    destroy = parts.add_parser(
        "destroy",
        help="make a year's pseudonyms lead nowhere, for good; every proof still holds",
    )
    destroy.add_argument("year", type=int, metavar="YEAR", help="a past year (JST), such as 2023")
    destroy.add_argument("--reason", required=True, metavar="TEXT", help="why; goes on record")
    destroy.add_argument("--by", required=True, metavar="PERSON", help="who does it")
    destroy.add_argument("--approved-by", required=True, metavar="PERSON", help="another person")
    for each in (listed, create, rotate, destroy):
        each.add_argument("--config", type=Path, metavar="TOML", help="the configuration")


def run(args: argparse.Namespace) -> int:
    """0 where it is done."""
    settings = configuration.load(args.config)
    keys = Keys(Path(settings.keys), Path(settings.data))
    if args.part == "create":
        wiring.open_forms(settings)
        for year in ("digest", "evidence"):
            keys.get(f"{year}-{jst_day(wiring.now()).year}")
    elif args.part == "rotate":
        rotate(settings, keys, args.retire)
    elif args.part == "destroy":
        with wiring.using(settings.store, settings.clickhouse) as store:
            destroy(settings, keys, store, args)
    print("\n".join(listing(keys)))
    return 0


def rotate(settings: Settings, keys: Keys, retire: str | None) -> None:
    if retire is not None:
        keys.retire(retire)
        return
    with wiring.using(settings.store, settings.clickhouse) as store:
        origin = Checkpoints(settings, store).origin()
    if origin is None:
        raise Refusal("the log has no name yet: set origin = ..., or let a first block be sealed")
    keys.signers(origin)
    keys.sign_anew(origin)


def destroy(settings: Settings, keys: Keys, store: Store, args: argparse.Namespace) -> None:
    """The act goes on record first: a key that is gone without a word would be the worse fault."""
    name = f"evidence-{args.year}"
    if args.by == args.approved_by:
        raise Refusal("--approved-by: somebody else than --by approves the destruction of a key")
    if args.year >= jst_day(wiring.now()).year:
        raise Refusal(
            f"{args.year}: this year's key is in use; give a year that is over"
        )
    if name not in keys.names("evidence-"):
        raise Refusal(f"{args.year}: there is no key of that year; `shoseki keys list` shows all")
    acts.told(
        settings,
        store,
        OwnKeyDestroyed,
        args.by,
        key_year=args.year,
        key_id=name,
        by_ref=args.by,
        approver_ref=args.approved_by,
        reason=args.reason,
    )
    keys.destroy(name)
    if f"digest-{args.year}" in keys.names("digest-"):
        keys.destroy(f"digest-{args.year}")


def listing(keys: Keys) -> list[str]:
    """What there is, never a secret."""
    lines = [*keys.names("")]
    lines += [f"{path.stem} (destroyed)" for path in sorted(keys.directory.glob("*.destroyed"))]
    lines += [
        f"{name}: hash {key_hash(verifier)}, verifier key {verifier}"
        for name, verifier in keys.verifiers().items()
    ]
    return lines
