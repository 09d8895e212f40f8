"""Contractors: who works for us on what terms, who works for them, and how each stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from controls.calendar import jst_day
from controls.events import (
    ContractorAssessed,
    ContractorAudited,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    ContractorReentrustDecided,
    ContractorReentrusted,
)
from controls.kernel import SEVERITIES, STANDING
from dashboards.panels import State
from streams.console import queries
from streams.console.graph import Edge
from streams.console.sight import Query, Row, Sight
from streams.export.gaps import standing
from streams.recall import EVER

KINDS = (
    ContractorAssessed, ContractorAudited, ContractorContracted, ContractorContractEnded,
    ContractorDataEntrusted, ContractorDataSettled, ContractorReentrustDecided,
    ContractorReentrusted,
)  # fmt: skip
MEASURES = ("outsourcing", "cross_border", "external_environment")
"""Measures whose findings may be about a contractor."""
WARNING = 45
"""Days before an end, or the end of an assessment, from which that is pointed out."""


@dataclass(slots=True)
class Sub:
    """A subcontractor: how we came to know of it, and what was decided."""

    id: str
    country: str = ""
    started: date | None = None
    known_by: str = ""
    decision: str = ""
    findings: list[Row] = field(default_factory=list)

    @property
    def state(self) -> State:
        if self.findings or self.decision == "refused":
            return "bad"
        return "good" if self.decision else "warning"


@dataclass(slots=True)
class Contractor:
    """A contractor as the books have it now; `until` is when its contract ends, or ended."""

    id: str
    countries: set[str] = field(default_factory=set)
    """Where it is, keeps data, or was given them."""
    contracts: list[Any] = field(default_factory=list)
    ended: date | None = None
    valid: date | None = None
    audited: date | None = None
    next_audit: date | None = None
    entrusted: int = 0
    principals: int = 0
    settled: bool = False
    subs: dict[str, Sub] = field(default_factory=dict)
    findings: list[Row] = field(default_factory=list)
    today: date = date.min

    @property
    def named(self) -> list[Row]:
        """The findings that name it, or who works for it."""
        return [*self.findings, *(row for sub in self.subs.values() for row in sub.findings)]

    @property
    def state(self) -> State:
        """bad: findings stand; warning: a term runs out, or nothing is known; else good."""
        if self.findings:
            return "bad"
        if self.ended is not None:
            return "good" if self.settled or not self.entrusted else "warning"
        terms = [self.valid, self.next_audit]
        near = any(day is not None and (day - self.today).days < WARNING for day in terms)
        return "warning" if near or not self.contracts else "good"


def page(sight: Sight, query: Query) -> Mapping[str, Any]:
    """The contractors, those with findings first, and what the graph is drawn from."""
    found = contractors(sight)
    order = {"bad": 0, "warning": 1, "good": 2}
    rows = sorted(
        found.values(), key=lambda c: (c.ended is not None, order[c.state], c.id)
    )  # fmt: skip
    return {
        "rows": rows,
        "edges": partial(edges, [each for each in rows if each.ended is None]),
        "current": sum(each.ended is None for each in rows),
        "subs": sum(len(each.subs) for each in rows),
        "bad": sum(each.state == "bad" for each in rows),
        "abroad": sum(bool(each.countries - {"JP"}) for each in rows if each.ended is None),
    }


def edges(rows: Sequence[Contractor], us: str, decisions: Mapping[str, str]) -> list[Edge]:
    """From us to each contractor, and from each to its subcontractors."""
    found = []
    for one in rows:
        said = ", ".join(contract.contract_id for contract in one.contracts)
        found.append(Edge(us, one.id, said, one.state))
        for sub in one.subs.values():
            said = f"{sub.country} {decisions.get(sub.decision, sub.decision)}".strip()
            found.append(Edge(one.id, sub.id, said, sub.state))
    return found


def contractors(sight: Sight) -> dict[str, Contractor]:
    """Every contractor that the books know, with the findings that name it."""
    types = [kind.type for kind in KINDS]
    told: list[Any] = [
        event
        for portion in sight.store.history("books", 0, types, EVER)
        for event in portion
        if event.occurred_at <= sight.now
    ]
    found: dict[str, Contractor] = {}
    today = jst_day(sight.now)
    for event in standing(told):
        name = event.contractor_id
        _take(found.setdefault(name, Contractor(name, today=today)), event, today)
    named = _named(sight)
    for each in found.values():
        each.findings = named.get(each.id, [])
        for sub in each.subs.values():
            sub.findings = named.get(sub.id, [])
    return found


def _take(one: Contractor, event: Any, today: date) -> None:
    """What one event says of a contractor."""
    match event:
        case ContractorAssessed():
            one.valid = event.valid_until
            one.countries.add(event.country)
        case ContractorAudited():
            one.audited, one.next_audit = jst_day(event.occurred_at), event.next_due
        case ContractorContracted():
            same = [held for held in one.contracts if held.contract_id != event.contract_id]
            one.contracts, one.ended = [*same, event], None
            one.countries.update(event.storage_countries)
        case ContractorContractEnded():
            left = [held for held in one.contracts if held.contract_id != event.contract_id]
            if event.ended_on > today:
                pass  # it is told before its day
            elif left:
                one.contracts = left
            else:
                one.ended = event.ended_on
        case ContractorDataEntrusted():
            one.entrusted += 1
            one.principals += event.principals_count
            one.countries.add(event.country)
        case ContractorDataSettled():
            one.settled = True
        case ContractorReentrustDecided() | ContractorReentrusted():
            sub = one.subs.setdefault(event.subcontractor_id, Sub(event.subcontractor_id))
            sub.country = event.subcontractor_country or sub.country
            if isinstance(event, ContractorReentrusted):
                sub.started, sub.known_by = event.started_on, event.known_by
            else:
                sub.decision = event.decision


def _named(sight: Sight) -> dict[str, list[Row]]:
    """Open findings by every word of their subject; the worst first."""
    own = [id for id in sight.ids if sight.catalogue.measures[id] in MEASURES]
    rows: Sequence[Row] = sight.ask(
        queries.FINDINGS, sight.of(*own), severities=[], statuses=list(STANDING),
        verdicts=["violation"], limit=5_000, offset=0,
    )  # fmt: skip
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: -SEVERITIES.index(row["severity"])):
        for word in dict.fromkeys(row["subject"].replace("|", " ").split()):
            found[word].append(row)
    return found
