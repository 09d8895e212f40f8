"""`shoseki export`: the evidence pack of a period, cut at a checkpoint of the log."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controls import catalogue
from controls.catalogue import Catalogue
from controls.events import OwnExported
from streams import acts, wiring
from streams import settings as configuration
from streams.cli import _period
from streams.cli.controls import described
from streams.export.cut import Evidence
from streams.export.cutting import cut, linked
from streams.export.pack import Order, write_pack
from streams.keys import Keys
from streams.retention import expiry
from streams.store import Store

HELP = "write an evidence pack: tables, report, workbook, OSCAL, samples, rows and proofs"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    """--from, --to, --out and what it is cut at."""
    _period.options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="PACK.zip")
    at = parser.add_mutually_exclusive_group()
    at.add_argument("--at", type=int, metavar="SIZE", help="cut at the checkpoint of this size")
    at.add_argument("--as-known", metavar="DATE", help="cut at the last checkpoint up to this day")
    parser.add_argument(
        "--auditor",
        action="store_true",
        help="no fields of events: pseudonyms, populations and digests only",
    )
    parser.add_argument("--seed", metavar="TEXT", help="draw the samples by this seed")
    parser.add_argument(
        "--by", default="", metavar="PERSON", help="who exports; goes on record as a pseudonym"
    )
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
    parser.add_argument("--json", action="store_true", help="the manifest on stdout")


def run(args: argparse.Namespace) -> int:
    """0 where the pack is written and on record."""
    period = _period.period(args)
    known = args.as_known and _period.day("--as-known", args.as_known)
    settings = configuration.load(args.config)
    found = catalogue.load(settings.controls, str(args.config or "configuration"))
    with wiring.using(settings.store, settings.clickhouse) as store:
        evidence = Evidence(store, cut(store, args.at, known), period)
        asked = order(settings, evidence, found, auditor=args.auditor, seed=args.seed)
        manifest = write_pack(asked, args.out, lambda text: print(f"{text} …", file=sys.stderr))
        on_record(settings, store, manifest, args.by)
    if args.json:
        print(json.dumps(manifest, ensure_ascii=False))
    else:
        size = manifest["cut"]["size"]
        print(f"{args.out}: written, cut at checkpoint {size}; shoseki verify {args.out}")
    return 0


def order(
    settings: configuration.Settings, evidence: Evidence, found: Catalogue, **more: Any
) -> Order:
    """A pack of this evidence, signed by the installation's keys.

    Pseudonyms of several years are linked where this process judges and so knows references.
    """
    keys = Keys(Path(settings.keys), Path(settings.data))
    origin = evidence.cut.note.partition("\n")[0]
    parts = wiring.installed(settings.store)
    links: Sequence[tuple[str, str]] = linked(parts.forms, parts.registers) if parts else ()
    stated = [
        described(found, control) | {"version": dict(found.versions[control.id])}
        for control in found.controls
    ]
    return Order(
        evidence,
        found,
        {"controls": stated},
        keys.signers(origin),
        [*keys.verifiers().values()],
        parts.forms.years() if parts else (),
        links,
        expiry(evidence.cut.at, settings.retention),
        **more,
    )


def on_record(
    settings: configuration.Settings, store: Store, manifest: dict[str, Any], by: str
) -> None:
    """Tell `books` of the export; it lies after the cut and so is in no such pack."""
    rows = sum(manifest["files"][f"evidence/{n}.jsonl"]["rows"] for n in ("events", "findings"))
    acts.told(
        settings,
        store,
        OwnExported,
        by,
        pack_id=manifest["files"]["evidence/entry.json"]["sha256"][:16],
        period_from=manifest["period"][0],
        period_to=manifest["period"][1],
        cut_at=manifest["cut"]["size"],
        auditor_view=manifest["auditor"],
        rows=rows,
        by_ref=by,
    )
