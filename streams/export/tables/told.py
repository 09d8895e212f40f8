"""What the events of a pack tell, in one pass: those that tables ask for, by type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from controls.calendar import jst_day
from controls.catalogue import Catalogue
from controls.events import (
    AccessReviewed,
    AlertChanged,
    AssetDisposed,
    AssetInventoried,
    AssetLost,
    AssetReturned,
    AssetTakenOut,
    AttestationRecorded,
    BadgeRead,
    ContractorAssessed,
    ContractorAudited,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    ContractorReentrustDecided,
    ContractorReentrusted,
    Event,
    IncidentDetected,
    IncidentNotified,
    IncidentReported,
    IncidentStep,
    JointuseShared,
    NonconformityChanged,
    PmsActivity,
    RecordRetention,
    RegisterDataset,
    RequestDecided,
    RequestFee,
    RequestIdentityChecked,
    RequestReceived,
    RequestResponded,
    StaffChanged,
    TrainingCompleted,
    TrainingPlanned,
    TransferPersonalRelated,
    TransferProvided,
    TransferReceiptChecked,
    TransferRecordCreated,
    TransportDispatched,
    TransportReceived,
    VisitorRegistered,
)
from streams.export.account import Account
from streams.export.cut import Evidence, Row
from streams.export.gaps import event_of, standing

E = TypeVar("E", bound=Event)

KEPT: tuple[type[Event], ...] = (
    AccessReviewed,
    AlertChanged,
    AssetDisposed,
    AssetInventoried,
    AssetLost,
    AssetReturned,
    AssetTakenOut,
    AttestationRecorded,
    ContractorAssessed,
    ContractorAudited,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    ContractorReentrustDecided,
    ContractorReentrusted,
    IncidentDetected,
    IncidentNotified,
    IncidentReported,
    IncidentStep,
    JointuseShared,
    NonconformityChanged,
    PmsActivity,
    RecordRetention,
    RegisterDataset,
    RequestDecided,
    RequestFee,
    RequestIdentityChecked,
    RequestReceived,
    RequestResponded,
    StaffChanged,
    TrainingCompleted,
    TrainingPlanned,
    TransferPersonalRelated,
    TransferProvided,
    TransferReceiptChecked,
    TransferRecordCreated,
    TransportDispatched,
    TransportReceived,
    VisitorRegistered,
)
"""Types of which every event is held: they are of office scale.  Badge reads are only summed up,
all others are counted and let go."""

Links = Iterable[tuple[str, str]]
"""Pairs of pseudonyms, of two years, that stand for one reference."""


@dataclass(slots=True)
class Presence:
    """One zone on one day: first entry and last exit (ms), reads granted and denied."""

    first_in: int | None = None
    last_out: int | None = None
    granted: int = 0
    denied: int = 0


class Told:
    """The events that tables are made from, the account of all, and what stands beside them."""

    def __init__(self, evidence: Evidence, catalogue: Catalogue, links: Links = ()) -> None:
        self.evidence, self.catalogue, self.period = evidence, catalogue, evidence.period
        self.account = Account(evidence)
        self.actors: dict[str, str] = {}
        """Who did it, by the ids of the events that findings cite."""
        self.presence: dict[tuple[str, date], Presence] = defaultdict(Presence)
        self._events: dict[type[Event], list[Any]] = defaultdict(list)
        self._same = dict(_joined(links))
        self._read()

    def _read(self) -> None:
        cited = {name for finding in self.evidence.findings for name in finding["event_ids"]}
        kept = {kind.type: self._events[kind] for kind in KEPT}
        corrections: set[str] = set()
        for row in self.account.events():
            if row["event_id"] in cited:
                self.actors[row["event_id"]] = row["actor_ref"]
            name = row["event_type"]
            if name in kept:
                kept[name].append(event_of(row))
            elif name == BadgeRead.type:
                if row["corrects_event_id"]:
                    corrections.add(row["corrects_event_id"])
                self._enter(event_of(row))
        self.account.close()
        if corrections:
            self._enter_again(corrections)

    def _enter(self, read: BadgeRead) -> None:
        if read.occurred_at not in self.period:
            return
        found = self.presence[read.zone_id, jst_day(read.occurred_at)]
        if read.result == "denied":
            found.denied += 1
            return
        found.granted += 1
        at = read.occurred_at
        if read.direction == "in":
            found.first_in = at if found.first_in is None else min(at, found.first_in)
        else:
            found.last_out = at if found.last_out is None else max(at, found.last_out)

    def _enter_again(self, corrected: set[str]) -> None:
        """Sums cannot be taken back: those of reads of which some were corrected are made anew."""
        self.presence.clear()
        for row in self.evidence.rows("events", "books", 0):
            if row["event_type"] == BadgeRead.type and row["event_id"] not in corrected:
                self._enter(event_of(row))

    def of(self, kind: type[E]) -> list[E]:
        """The events of a type that no other corrects, by when they occurred."""
        return standing(self._events[kind])

    def within(self, kind: type[E]) -> list[E]:
        """Those that occurred in the period."""
        return [event for event in self.of(kind) if event.occurred_at in self.period]

    def same(self, pseudonym: str) -> str:
        """The one pseudonym for all that are known to stand for the same reference."""
        return self._same.get(pseudonym, pseudonym)

    def linked(self, pseudonym: str) -> bool:
        """Whether its pseudonyms of other years are known."""
        return pseudonym in self._same


def _joined(links: Links) -> Iterator[tuple[str, str]]:
    """The latest pseudonym of each that is linked; psYYYY_ sorts by year."""
    groups: dict[str, set[str]] = {}
    for one, other in links:
        group = groups.get(one, {one}) | groups.get(other, {other})
        for each in group:
            groups[each] = group
    for name, group in groups.items():
        yield name, max(group)


def by(events: Iterable[E], field: str) -> dict[str, list[E]]:
    """Events by the text in one of their fields, each group in the order given."""
    found: dict[str, list[E]] = defaultdict(list)
    for event in events:
        found[getattr(event, field) or ""].append(event)
    return dict(found)


def identified(finding: Row, *ids: str | None) -> bool:
    """Whether one of these ids is the finding's subject, or a part of it."""
    return not {finding["subject"], *finding["subject"].split("|")}.isdisjoint(ids)
