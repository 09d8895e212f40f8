"""Evidence of a small company, for all that is made from evidence or shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from controls.kernel import HOUR
from streams import settings, wiring
from streams.evidence.log import again, stated
from streams.export.cut import Cut, Evidence, Period
from streams.pseudonyms import Pseudonyms
from streams.reading import Reader
from streams.replay import Replay
from streams.simulate import Simulation, simulate
from streams.store.clickhouse import ClickHouse
from streams.store.columns import TABLES
from streams.store.memory import Memory
from streams.store.sql import SCHEMAS

FIRST, LAST = date(2026, 4, 1), date(2026, 5, 12)


@dataclass(frozen=True)
class Company:
    evidence: Evidence
    people: frozenset[str]
    """Everybody's plain id: what must stand nowhere."""
    links: tuple[tuple[str, str], ...]
    """Everybody's pseudonym of each year with the one of 2026."""
    labels: tuple[Mapping[str, Any], ...]
    """What was planted, with what followed of it, up to the last day."""


def _lines(simulation: Simulation, people: set[str]) -> Iterator[bytes]:
    """Six weeks with every fault; now and then a line that comes twice, or that nobody can read."""
    encode = msgspec.json.Encoder().encode
    for number, event in enumerate(simulation):
        if event["ingested_at"][:10] > f"{LAST}":
            continue  # to the end: labels are known then
        if event["event_type"] == "staff.changed":
            people.add(event["person_ref"])
        yield encode(event)
        if number % 5_000 == 4_999:
            yield encode(event)
        elif number % 5_000 == 2_499:
            yield encode(event | {"occurred_at": "yesterday"})


def recorded(place: Path) -> Company:
    """40 staff from 1 April to 12 May 2026, cut at the end; access and principals in two
    partitions."""
    forms, store = Pseudonyms(place / "keys", place / "data"), Memory()
    parts = wiring.parts(settings.load(None), store, forms)
    replay = Replay(parts, partitions=2, spacing=24 * HOUR)
    people: set[str] = set()
    simulation = simulate(2, 40, 1, ["all"])
    replay.run(Reader(forms).items(_lines(simulation, people)))
    replay.finish()
    evidence = Evidence(store, Cut(1, replay.now, store.heads()), Period(FIRST, LAST))
    refs = [forms.ref(person) for person in sorted(people)]
    links = [
        (forms.veil(ref, year), forms.veil(ref, LAST.year))
        for ref in refs
        for year in forms.years()
        if year != LAST.year
    ]
    labels = [each for each in simulation.labels if each["occurred_at"][:10] < f"{LAST}"]
    return Company(evidence, frozenset(people), tuple(links), tuple(labels))


def fill(store: ClickHouse, company: Company) -> None:
    """Everything that the company's store holds, and one entry of the log over it."""
    evidence = company.evidence
    rows = {table: list[dict[str, Any]]() for table in SCHEMAS}
    rows["ledger"] = list(evidence.store.blocks())
    for lane, partition in evidence.cut.heads:
        for table in TABLES:
            if table != "ledger":
                rows[table] += evidence.store.rows(table, lane, partition)
    for table, found in rows.items():
        if found:
            store.load(table, pa.Table.from_pylist(found, SCHEMAS[table]), table)
    store.append(again(None, evidence.cut.at, stated(evidence.store.heads()), "note"))
