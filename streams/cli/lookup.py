"""`shoseki lookup`: what evidence holds of one person, for the protection manager.

Only who has the keys can do it, for a stated reason and with somebody else's approval; the look-up
itself goes on record.  It also answers a person's own request for disclosure.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from controls.calendar import jst_text
from controls.events import TYPES, Event, OwnLookedUp, spec
from controls.kernel import Refusal
from streams import acts, wiring, words
from streams import settings as configuration
from streams.pseudonyms import Pseudonyms
from streams.recall import EVER
from streams.store import Ask, Store

HELP = "what evidence holds of a person: events and findings; goes on record"
STORE = True


def options(parser: argparse.ArgumentParser) -> None:
    """PERSON, and who asks why."""
    parser.add_argument("person", metavar="PERSON", help="the reference as sources send it")
    parser.add_argument(
        "--reason", required=True, metavar="TEXT", help="why, naming nobody; goes on record"
    )
    parser.add_argument("--by", required=True, metavar="PERSON", help="who looks")
    parser.add_argument("--approved-by", required=True, metavar="PERSON", help="another person")
    parser.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """0, whether anything was found or not."""
    if not args.person.strip():
        raise Refusal("PERSON: a reference is expected, as the sources send it")
    if args.by == args.approved_by:
        raise Refusal("--approved-by: somebody else than --by approves a look-up")
    settings = configuration.load(args.config)
    forms = Pseudonyms(Path(settings.keys), Path(settings.data))
    names = forms.pseudonyms(args.person)
    with wiring.using(settings.store, settings.clickhouse) as store:
        events = sorted(seen(store, names), key=lambda event: (event.occurred_at, event.event_id))
        findings = [
            finding
            for finding in store.findings()
            if any(name in finding["subject"] for name in names.values())
        ]
        now = wiring.now()
        acts.told(
            settings,
            store,
            OwnLookedUp,
            args.by,
            lookup_id=forms.digest(f"{args.person}\n{args.by}\n{now}".encode())[:16],
            subject_ref=args.person,
            found=len(events) + len(findings),
            by_ref=args.by,
            approver_ref=args.approved_by,
            reason=args.reason,
        )
    if args.json:
        for row in [*map(told, events), *map(words.contract, findings)]:
            print(words.line(row))
        return 0
    years = ", ".join(map(str, names)) or "none"
    print(f"{len(events):,} events and {len(findings):,} findings; keys of the years: {years}")
    rows = [(jst_text(e.occurred_at)[:19], e.type, e.source_id, e.event_id) for e in events]
    if rows:
        print(words.table(("occurred (JST)", "type", "source", "event"), rows))
    if findings:
        print(words.findings_table(findings))
    return 0


def seen(store: Store, names: Mapping[int, str]) -> Iterator[Event]:
    """Every event with one of these pseudonyms in any field, once."""
    wanted = frozenset(names.values())
    asks = [
        Ask(kind, field.name, wanted, 0, EVER)
        for kind in TYPES
        for field in spec(kind).fields
        if field.ev == "hmac"
    ]
    for (lane, partition), head in store.heads().items() if wanted else ():
        yield from store.recall(lane, partition, head.last_offset + 1, asks)


def told(event: Event) -> dict[str, Any]:
    """An event for the answer: what it is and where it came from."""
    return {
        "event_id": event.event_id,
        "event_type": event.type,
        "occurred_at": jst_text(event.occurred_at),
        "source_id": event.source_id,
    }
