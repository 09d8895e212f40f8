"""The gaps of log sources: when they fell silent, why, and who declared it."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from controls.calendar import day_end
from controls.events import Event, LogConfigChanged, LogSourceStatus, RegisterSource
from controls.events.fields import instant
from streams.export.cut import Evidence, Row
from streams.recall import EVER
from streams.store import Ask
from streams.store.columns import ENVELOPE, event_from, names

E = TypeVar("E", bound=Event)
BROKEN = ("disabled", "cleared", "deleted")
"""Changes of a log's configuration that make a gap."""
_values = itemgetter(*names(ENVELOPE), "attributes")


def event_of(row: Row) -> Any:
    """The event of a row of evidence."""
    return event_from(_values(row))


def standing(events: Iterable[E]) -> list[E]:
    """Events that no other of them corrects, by when they occurred."""
    held = list(events)
    corrected = {event.corrects_event_id for event in held}
    ordered = sorted(held, key=lambda event: (event.occurred_at, event.event_id))
    return [event for event in ordered if event.event_id not in corrected]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time for which a source did not say all: `until` None while that lasts; both in ms.

    `declaration` is the outage under which it was declared, `document` what is kept instead.
    """

    source: str
    since: int
    until: int | None
    reason: str
    declaration: str | None = None
    declared_by: str | None = None
    document: str | None = None

    def within(self, start: int, end: int) -> bool:
        """Whether any of it lies in [start, end)."""
        return self.since < end and (self.until is None or self.until > start)


def reported(evidence: Evidence) -> list[LogSourceStatus]:
    """The reports up to the cut that a source stopped or has a gap."""
    head = evidence.cut.heads.get(("books", 0))
    if head is None:
        return []
    ask = Ask(LogSourceStatus.type, "status", frozenset({"stopped", "gap"}), 0, EVER)
    found: Iterator[Any] = evidence.store.recall("books", 0, head.last_offset + 1, [ask])
    return standing(found)


class Life:
    """When sources spoke again after the moments at which they fell silent: the gaps.

    A gap begins with a report that a source stopped or has a gap, or where GOV-08 found silence or
    numbers that did not come; it ends with the source's next sign of life.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._stops = reported(evidence)
        self._silent, self._holes = self._found()
        begins: dict[str, set[int]] = defaultdict(set)
        for stop in self._stops:
            begins[stop.monitored_source_id].add(stop.occurred_at)
        for source, last in self._silent:
            begins[source].add(last)
        self._begins = {source: sorted(moments) for source, moments in begins.items()}
        self._ends: dict[tuple[str, int], int] = {}
        self._before: dict[tuple[str, int], int] = {}

    def _found(self) -> tuple[dict[tuple[str, int], Row], dict[tuple[str, int], Row]]:
        """GOV-08's findings of silence by source and last sign (ms), of holes by source and first
        number."""
        silent, holes = {}, {}
        for finding in self._evidence.findings:
            source, _, mark = finding["subject"].rpartition("|")
            if finding["control"] == "GOV-08" and finding["check"] == "silence":
                silent[source, instant(mark)] = finding
            elif finding["control"] == "GOV-08" and finding["check"] == "sequence":
                holes[source, int(mark)] = finding
        return silent, holes

    def heard(self, source: str, at: int, number: int | None) -> None:
        """A sign of life, at an instant (ms); maybe a numbered one."""
        begins = self._begins.get(source)
        if begins is not None:
            for begin in begins[: bisect_left(begins, at)]:
                end = self._ends.get((source, begin))
                if end is None or at < end:
                    self._ends[source, begin] = at
        if number is not None and (source, number + 1) in self._holes:
            self._before[source, number + 1] = at

    def gaps(
        self,
        registered: Mapping[str, Sequence[RegisterSource]],
        changes: Iterable[LogConfigChanged],
    ) -> list[Gap]:
        """Those that lie in the period, by source and beginning."""
        found = [*self._declared(), *self._silences(registered, changes), *self._numbers()]
        period = self._evidence.period
        return sorted(
            (gap for gap in found if gap.within(period.start, period.end)),
            key=lambda gap: (gap.source, gap.since, gap.reason),
        )

    def _declared(self) -> Iterator[Gap]:
        for stop in self._stops:
            source, at = stop.monitored_source_id, stop.occurred_at
            declared = stop.declared_outage_id
            yield Gap(
                source,
                at,
                self._ends.get((source, at)),
                f"{stop.status}, {'declared' if declared else 'not declared'}",
                declared,
                (stop.recorded_by_ref or stop.actor_ref) if declared else None,
                stop.document_ref,
            )

    def _silences(
        self,
        registered: Mapping[str, Sequence[RegisterSource]],
        changes: Iterable[LogConfigChanged],
    ) -> Iterator[Gap]:
        known = list(changes)
        for source, last in self._silent:
            outages = [
                stop.occurred_at
                for stop in self._stops
                if stop.monitored_source_id == source
                and stop.declared_outage_id
                and stop.occurred_at >= last
            ]
            ends = [*outages, self._ends.get((source, last))]
            lines = registered.get(source, ())
            ends += [day_end(line.retired_on) for line in lines if line.retired_on]
            until = min((end for end in ends if end is not None), default=None)
            causes = [
                f"{change.change} {change.ticket_id or ''}".strip()
                for change in known
                if change.monitored_source_id == source
                and change.change in BROKEN
                and last <= change.occurred_at
                and (until is None or change.occurred_at <= until)
            ]
            yield Gap(source, last, until, ", ".join(["GOV-08 SILENT", *causes]))

    def _numbers(self) -> Iterator[Gap]:
        for (source, first), finding in self._holes.items():
            seen = finding["occurred_at"]
            since = self._before.get((source, first), seen)
            code = finding["code"] or "SEQ_GAP?"
            reason = f"GOV-08 {code} {first}"
            yield Gap(source, min(since, seen), seen, reason)
