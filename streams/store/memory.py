"""The store in this process's memory: for judging files without keeping anything, and for tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

from controls.calendar import jst_day
from controls.events import Event
from streams.evidence.block import Head, Sealed
from streams.evidence.log import Entry
from streams.store import Ask, StoreError, asked_by, misplaced, unquestioned
from streams.store.columns import TABLES, finding_from, names

_Entry = tuple[int, int, Event]
"""(index in the order written, offset, event)."""


class Memory:
    """Blocks in lists, with an index for each (type, field) that was ever asked for."""

    def __init__(self) -> None:
        self._chains: dict[tuple[str, int], list[Sealed]] = defaultdict(list)
        self._by_type: dict[tuple[str, int, str], list[_Entry]] = defaultdict(list)
        self._by_value: dict[tuple[str, int, str], dict[str, dict[str, list[_Entry]]]] = (
            defaultdict(dict)
        )
        self._by_id: dict[str, Event] = {}
        self._rejected: dict[tuple[str, int], dict[tuple[str, int, str], int]] = defaultdict(dict)
        self._written = 0
        self._log: list[Entry] = []

    def query(
        self, sql: str, parameters: Mapping[str, Any], seconds: float = 10.0, rows: int = 10_000
    ) -> list[dict[str, Any]]:
        raise StoreError("store: memory knows no SQL; use chdb:// or clickhouse://")

    def close(self) -> None:
        """Nothing to let go of."""

    def write(self, sealed: Sealed, held: Callable[[], None] = unquestioned) -> None:
        key = (sealed.header.lane, sealed.header.partition)
        chain = self._chains[key]
        last = chain[-1] if chain else None
        if last is not None and sealed.header.last_offset <= last.header.last_offset:
            if sealed.number == last.number and sealed.head != last.head:
                raise StoreError(f"block {sealed.number} is already sealed with other contents")
            return
        if sealed.ledger["previous"] != (last.head.link if last else ""):
            raise StoreError(f"block {sealed.number} does not follow the end of its chain")
        held()
        chain.append(sealed)
        self._index(key, sealed)

    def _index(self, key: tuple[str, int], sealed: Sealed) -> None:
        offsets = sealed.tables["events"]["offset"]
        for refused in sealed.rejects:
            place = refused["origin"], refused["position"], refused["digest"]
            self._rejected[key].setdefault(place, refused["offset"])
        for event, offset in zip(sealed.events, offsets, strict=True):
            entry = (self._written, offset, event)
            self._written += 1
            self._by_id[event.event_id] = event
            self._by_type[*key, event.type].append(entry)
            for field, index in self._by_value[*key, event.type].items():
                _enter(index, field, entry)

    def rejected(
        self, lane: str, partition: int, below: int, rejects: Collection[tuple[str, int, str]]
    ) -> set[tuple[str, int, str]]:
        known = self._rejected[lane, partition]
        return {place for place in rejects if known.get(place, below) < below}

    def head(self, lane: str, partition: int) -> Head | None:
        chain = self._chains.get((lane, partition))
        return chain[-1].head if chain else None

    def heads(self) -> dict[tuple[str, int], Head]:
        return {key: self._chains[key][-1].head for key in sorted(self._chains)}

    def block(self, lane: str, partition: int, number: int) -> Head | None:
        chain = self._chains.get((lane, partition), ())
        return next((block.head for block in chain if block.number == number), None)

    def ending(self, lane: str, partition: int, offset: int) -> Head | None:
        chain = self._chains.get((lane, partition), ())
        heads = [block.head for block in chain if block.header.last_offset <= offset]
        return heads[-1] if heads else None

    def recall(
        self, lane: str, partition: int, below: int, asks: Sequence[Ask]
    ) -> Iterator[Event]:
        found: dict[int, Event] = {}
        for ask in asks:
            for written, offset, event in self._candidates((lane, partition, ask.type), ask):
                if offset < below and ask.since <= event.occurred_at <= ask.until:
                    found[written] = event
        return iter([found[written] for written in sorted(found)])

    def _candidates(self, key: tuple[str, int, str], ask: Ask) -> Iterable[_Entry]:
        entries = self._by_type[key]
        if ask.field is None:
            return entries
        index = self._by_value[key].get(ask.field)
        if index is None:
            index = self._by_value[key][ask.field] = {}
            for entry in entries:
                _enter(index, ask.field, entry)
        return [entry for value in ask.values for entry in index.get(value, ())]

    def history(
        self, lane: str, partition: int, types: Sequence[str], upto: int
    ) -> Iterator[list[Event]]:
        for block in self._chains.get((lane, partition), ()):
            if block.header.last_offset <= upto:
                yield [event for event in block.events if event.type in types]

    def fingerprints(self, lane: str, partition: int) -> set[str]:
        return {block.header.fingerprint for block in self._chains.get((lane, partition), ())}

    def ids(self, lane: str, partition: int, below: int, since: int) -> Iterator[tuple[str, str]]:
        for block in self._chains.get((lane, partition), ()):
            if block.header.recorded_at < since:
                continue
            offsets = block.tables["events"]["offset"]
            for event, offset in zip(block.events, offsets, strict=True):
                if offset < below:
                    yield event.event_id, event.payload_digest or ""

    def digests(
        self, lane: str, partition: int, below: int, ids: Collection[str]
    ) -> dict[str, str]:
        held, wanted = self.ids(lane, partition, below, 0), set(ids)
        return {event_id: digest for event_id, digest in held if event_id in wanted}

    def latest(self, lane: str, partition: int) -> dict[str, int]:
        return {
            kind: max(event.occurred_at for _, _, event in entries)
            for (of, number, kind), entries in self._by_type.items()
            if (of, number) == (lane, partition) and entries
        }

    def findings(self, history: bool = False) -> list[dict[str, Any]]:
        every = [
            finding_from(row)
            for lane, partition in sorted(self._chains)
            for row in self.rows("findings", lane, partition)
        ]
        every.sort(key=lambda f: (f["occurred_at"], f["finding_id"], f["revision"]))
        if history:
            return every
        newest: dict[str, dict[str, Any]] = {}
        for finding in every:
            other = newest.get(finding["finding_id"])
            if other is None or other["revision"] < finding["revision"]:
                newest[finding["finding_id"]] = finding
        return sorted(newest.values(), key=lambda f: (f["occurred_at"], f["finding_id"]))

    def finding(self, finding_id: str) -> list[dict[str, Any]]:
        return [f for f in self.findings(history=True) if f["finding_id"] == finding_id]

    def events(self, event_ids: Iterable[str]) -> list[Event]:
        wanted = dict.fromkeys(event_ids)
        return [self._by_id[event_id] for event_id in wanted if event_id in self._by_id]

    def populations(self) -> dict[str, dict[str, int]]:
        total: dict[str, dict[str, int]] = {}
        for chain in self._chains.values():
            for block in chain:
                for control, verdicts in block.header.populations.items():
                    sums = total.setdefault(control, {})
                    for verdict, count in verdicts.items():
                        sums[verdict] = sums.get(verdict, 0) + count
        return total

    def last_judged(self) -> dict[str, int]:
        last: dict[str, int] = {}
        for chain in self._chains.values():
            for block in chain:
                for control in block.header.populations:
                    at = int(block.ledger["recorded_at"])
                    last[control] = max(last.get(control, at), at)
        return last

    def blocks(self) -> Iterator[dict[str, Any]]:
        for key in sorted(self._chains):
            for block in self._chains[key]:
                yield dict(block.ledger)

    def rows(
        self, table: str, lane: str, partition: int, first: int = 0
    ) -> Iterator[dict[str, Any]]:
        keys = names(TABLES[table])
        for block in self._chains.get((lane, partition), ()):
            if block.header.last_offset < first:
                continue
            for row in zip(*block.tables[table].values(), strict=True):
                yield dict(zip(keys, row, strict=True))

    def log(self, first: int = 0) -> Iterator[Entry]:
        return iter(self._log[first:])

    def last_entry(self) -> Entry | None:
        return self._log[-1] if self._log else None

    def append(self, entry: Entry, held: Callable[[], None] = unquestioned) -> None:
        if entry in self._log[entry.index : entry.size]:
            return
        if entry.index != len(self._log):
            raise misplaced(entry)
        held()
        self._log.append(entry)

    def expire(self, retention: str, before: int) -> int:
        gone = 0
        for chain in self._chains.values():
            for at, block in enumerate(chain):
                if block.header.recorded_at < before:
                    chain[at] = _without(block, retention)
                    gone += len(block.events) - len(chain[at].events)
        for index in (self._by_type, self._by_value, self._by_id):
            index.clear()
        for key, chain in self._chains.items():
            for block in chain:
                self._index(key, block)
        return gone

    def reject_counts(self) -> list[dict[str, Any]]:
        keys = ("day", "source_id", "origin", "reason")
        counts = Counter(
            (jst_day(row["recorded_at"]).isoformat(), *(row[key] for key in keys[1:]))
            for row in self._all_rejects()
        )
        return [dict(zip(keys, at, strict=True)) | {"count": n} for at, n in sorted(counts.items())]

    def rejects(self, limit: int = 100) -> list[dict[str, Any]]:
        every = self._all_rejects()
        every.sort(
            key=lambda r: (-r["recorded_at"], r["lane"], r["partition"], -r["block"], -r["line"])
        )
        return every[:limit]

    def _all_rejects(self) -> list[dict[str, Any]]:
        return [
            row
            for lane, partition in sorted(self._chains)
            for row in self.rows("rejects", lane, partition)
        ]


def _without(block: Sealed, retention: str) -> Sealed:
    """The block without the events of a class."""
    kept = [name != retention for name in block.tables["events"]["retention"]]
    events = {name: list(compress(of, kept)) for name, of in block.tables["events"].items()}
    return replace(
        block, events=list(compress(block.events, kept)), tables={**block.tables, "events": events}
    )


def _enter(index: dict[str, list[_Entry]], field: str, entry: _Entry) -> None:
    """Add an entry under each value that its field is asked for by."""
    for value in asked_by(entry[2], field):
        index.setdefault(value, []).append(entry)
