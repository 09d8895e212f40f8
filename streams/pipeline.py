"""One block's way: decode, evaluate, seal, write, tell, flush, count.

Read `Partition.judge`, `write` and `flush` from top to bottom; that is all that happens to an
event.  Nothing is acknowledged by whoever calls this before `flush` has returned.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import compress, repeat
from typing import Any, Protocol

import msgspec

from controls.block import CLOCK, Block, Conflict, Outcome
from controls.catalogue import Version
from controls.engine import Engine, by_type
from controls.events import Event
from controls.kernel import HOUR, Refusal
from controls.registers import FOREVER, Registers
from streams import codec, messages
from streams.blocks import Batch
from streams.evidence.block import Head, Header, Sealed
from streams.evidence.seal import seal
from streams.ids import Ids
from streams.local.partitioner import partition_of
from streams.metrics import METRICS
from streams.pseudonyms import Forms, jst_year
from streams.recall import Familiar, recaller, refs
from streams.registers import OBSERVED, REACHED, REGISTER, derived, fill, remembered
from streams.rejects import Reject
from streams.store import Store, unquestioned
from streams.versions import LAYOUT, RULES, foreign, ours, outdated, renewing, stamped

DEDUP = 96 * HOUR
"""Ids of traffic are remembered this long (ms); those of `books` for ever."""

SEEN = "seen"
"""The references of what a partition found, which evidence alone would not tell."""


class State(Protocol):
    """What one partition remembers, durable or not."""

    def get(self, key: str) -> Any | None: ...
    def put(self, key: str, value: Any) -> None: ...
    def drop(self, key: str, applied: int) -> None: ...
    def items(self) -> Iterable[tuple[str, Any]]: ...


class Agenda:
    """Keys of the state by the time for which they wait; rebuilt from the state alone."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._heap = [
            (value["due"], key) for key, value in state.items() if value.get("due") is not None
        ]
        heapq.heapify(self._heap)

    def note(self, key: str, value: Any | None) -> None:
        if value is not None and value.get("due") is not None:
            heapq.heappush(self._heap, (value["due"], key))

    def next(self) -> int | None:
        """The next time at which something is due (ms)."""
        while self._heap:
            due, key = self._heap[0]
            value = self._state.get(key)
            if value is not None and value.get("due") == due:
                return int(due)
            heapq.heappop(self._heap)
        return None

    def due(self, now: int) -> list[str]:
        """The keys whose time is past."""
        keys: dict[str, None] = {}
        held = []
        while (due := self.next()) is not None and due < now:
            held.append(heapq.heappop(self._heap))
            keys[held[-1][1]] = None
        for entry in held:
            heapq.heappush(self._heap, entry)
        return list(keys)


@dataclass(slots=True)
class Work:
    """A judged block on its way: what is to be written, told and remembered."""

    batch: Batch
    outcome: Outcome
    sealed: Sealed | None
    ids: dict[str, str] = field(default_factory=dict)
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """What the partitions of one installation share."""

    engine: Engine
    registers: Registers
    store: Store
    forms: Forms
    fingerprint: str
    org_id: str | None = None
    dedup: int = DEDUP
    versions: Mapping[str, Version] = field(default_factory=dict)
    """Code and parameters of every control: the memory of other ones is made again."""
    partitions: int = 1
    """Of each lane but `books`."""


class Partition:
    """One partition of one lane: its memory, its ids, the head of its chain."""

    def __init__(self, lane: str, number: int, parts: Parts, state: State) -> None:
        self.lane, self.number = lane, number
        self.parts, self.state = parts, state
        self.agenda = Agenda(state)
        self.head: Head | None = parts.store.head(lane, number)
        clock = state.get(CLOCK)
        self.applied: int = clock["applied"] if clock else -1
        self.now: int = clock["now"] if clock else 0
        self.books_upto: int = clock["known"] if clock and lane != "books" else -1
        self._recognised = -1
        if lane == "books":
            fill(parts.registers, state.items())
            parts.registers.reached = max(parts.registers.reached, self.applied)
        self.ids = Ids(parts.store, lane, number, self.applied + 1, self.now, parts.dedup)
        self.latest = parts.store.latest(lane, number)
        """When the last stored event of each type occurred (ms): nobody looks for later ones."""
        self.familiar = Familiar(parts.forms)
        self.familiar.add((state.get(SEEN) or {"refs": ()})["refs"])
        self.renewal = outdated(self)

    # -- judge: reads, and changes nothing that lasts ------------------------------------------

    def judge(self, batch: Batch) -> Work | None:
        """What the block comes to; None where it was judged, written and remembered before."""
        if batch.last_offset <= self.applied:
            return None
        if self.head is not None and batch.last_offset == self.head.last_offset:
            batch.now, batch.books_upto = self.head.now, self.head.books_upto
        again = self.head is not None and batch.last_offset <= self.head.last_offset
        if again and self.renewal is not None:
            raise Refusal(
                f"{self.lane}/{self.number}: the rules were changed while a block was sealed and "
                "not yet remembered: start once with the former version and parameters"
            )
        received, offsets, refused = decoded(batch)
        first = self.head.last_offset + 1 if self.head else 0
        first = min(first, batch.first_offset)
        events, kept, conflicts, repeats, ids = self._new(received, offsets)
        refused += [entry for entry, _ in conflicts]
        known = self._on_record(refused, first)
        rejects = [entry for entry, repeat in zip(refused, known, strict=True) if not repeat]
        fresh = {entry["digest"] for entry in rejects}
        conflicting = [told for entry, told in conflicts if entry["digest"] in fresh]
        repeats.update(compress([entry["source_id"] for entry in refused], known))
        registers = self.parts.registers
        due = self.agenda.due(max(batch.now, self.now))
        memory: dict[str, Any] = {}
        if self.lane == "books":
            self._enter(events, batch, due, memory)
        strange = foreign(self, batch.tallies)
        block = Block(
            self.lane,
            self.number,
            first,
            batch.last_offset,
            batch.recorded_at,
            batch.now,
            batch.books_upto,
            events,
            conflicting,
            [ours(tally, strange) for tally in batch.tallies],
        )
        self._recognise()
        recall = recaller(
            self.parts.store,
            self.lane,
            self.number,
            first,
            self.latest,
            self.parts.forms,
            self.familiar,
        )
        outcome = self.parts.engine.evaluate(
            block,
            self.state,  # type: ignore[arg-type]
            registers,
            due,
            recall,
            renewing(self, self.renewal, strange),
            self._keeps,
        )
        if outcome.tally is not None:
            drawn = stamped(outcome.tally, self.parts.versions)
            outcome.tally = replace(outcome.tally, rules=drawn)
        for entry in outcome.derived:
            registers.add(entry, batch.last_offset + 1)  # the next block's knowledge
            memory[derived(entry)] = {"entry": asdict(entry)}
        self._remember(outcome, memory, events, batch)
        sealed = None
        counted = any(any(counts.values()) for counts in outcome.populations.values())
        if not again and (events or rejects or repeats or outcome.findings or counted):
            sealed = self._seal(block, outcome, events, kept, rejects, repeats)
        if sealed is not None or CLOCK in outcome.memory:
            if self.state.get(RULES) is None or self.renewal is not None:
                rules = {"versions": self.parts.versions, "layout": LAYOUT}
                outcome.memory[RULES] = rules | {"applied": batch.last_offset}
            outcome.memory[CLOCK] = self._clock(outcome, batch.last_offset, sealed)
        if self.lane == "books":
            outcome.memory[REACHED] = {"applied": batch.last_offset}
        return Work(batch, outcome, sealed, ids, len(rejects))

    def _keeps(self, key: str) -> bool:
        """Whether a key of this lane belongs to this partition."""
        return partition_of(key.encode(), self.parts.partitions) == self.number

    def _new(
        self, received: list[Event], offsets: list[int]
    ) -> tuple[list[Event], list[int], list[tuple[dict[str, Any], Conflict]], Counter[str],
        dict[str, str],
    ]:  # fmt: skip
        """The events that are no repeats, and how many are, by source.  The same id with another
        payload is a conflict: the first one stands, the second is on record as a reject that the
        lane itself made."""
        ids = {event.event_id: event.payload_digest or "" for event in received}
        known = self.ids.known(ids.keys(), self.applied + 1)
        if len(ids) == len(received) and not known:
            return received, offsets, [], Counter(), ids
        ids = {}
        events: list[Event] = []
        kept: list[int] = []
        conflicts: list[tuple[dict[str, Any], Conflict]] = []
        origin = f"{self.lane}/{self.number}"
        repeats: Counter[str] = Counter()
        for event, offset in zip(received, offsets, strict=True):
            event_id, digest = event.event_id, event.payload_digest or ""
            first = known.get(event_id) or ids.get(event_id)
            if first is None:
                ids[event_id] = digest
                events.append(event)
                kept.append(offset)
            elif first == digest:
                repeats[event.source_id] += 1
            else:
                conflict = Conflict(
                    event_id,
                    event.occurred_at,
                    event.observed_at,
                    event.ingested_at,
                    event.source_id,
                )
                reason = "event_id: this id is stored with another payload; the first one is kept"
                reject = Reject(0, reason, event.source_id, digest, origin)
                conflicts.append((row(offset, reject), conflict))
        return events, kept, conflicts, repeats, ids

    def _on_record(self, refused: Sequence[Mapping[str, Any]], first: int) -> list[bool]:
        """Of each reject whether it is a repeat: of one in a block before this one, which begins
        at `first`, or of one that stands earlier in this list.

        A file's rejects are never repeats: its positions say nothing of another file's.
        """
        places = [(entry["origin"], entry["position"], entry["digest"]) for entry in refused]
        asked = {place for place in places if place[0]}
        known = self.parts.store.rejected(self.lane, self.number, first, asked) if asked else set()
        repeats = []
        for place in places:
            repeats.append(place in known)
            if place[0]:
                known.add(place)
        return repeats

    def _enter(
        self, events: list[Event], batch: Batch, due: list[str], memory: dict[str, Any]
    ) -> None:
        """Enter into the registers what belongs there, and remember the lines to fill them anew."""
        registers = self.parts.registers
        for key in due:
            if key.startswith(OBSERVED):
                value = self.state.get(key)
                assert value is not None
                held = [event for event in remembered(value) if event.event_id in registers]
                longest = max(map(registers.term, held), default=0)
                memory[key] = _lines(map(codec.encode, held), batch.now + longest) if held else None
        lasting: list[Event] = []
        passing: list[Event] = []
        longest = 0
        for event in events:
            if event.__class__ in registers.types and (term := registers.term(event)):
                if term == FOREVER:
                    lasting.append(event)
                else:
                    passing.append(event)
                    longest = max(longest, term)
        for event in (*passing, *lasting):  # in the order in which `fill` enters them
            registers.add(event, batch.last_offset)
        memory |= _pieces(f"{REGISTER}{batch.last_offset}", lasting)
        memory |= _pieces(f"{OBSERVED}{batch.last_offset}", passing, batch.now + longest)

    def _recognise(self) -> None:
        """Know the references of the registers before stored rows are read back."""
        registers = self.parts.registers
        changed = registers.changes(self._recognised, FOREVER)
        self.familiar.add(
            {ref for event in changed if isinstance(event, Event) for ref in refs(event)}
        )
        self._recognised = registers.reached

    def _remember(
        self, outcome: Outcome, memory: dict[str, Any], events: list[Event], batch: Batch
    ) -> None:
        """Registers and references of findings go into memory before the judgements from
        which they follow: what includes this block is not judged again."""
        changed = outcome.tally.changes if outcome.tally else {}
        wanted = {
            event_id
            for subjects in changed.values()
            for change in subjects.values()
            for entry in change["add"].values()
            for event_id in entry["ids"]
        }
        if wanted:
            found = {ref for e in events if e.event_id in wanted for ref in refs(e)}
            known = (self.state.get(SEEN) or {"refs": []})["refs"]
            if new := sorted(found - set(known)):
                memory[SEEN] = {"refs": [*known, *new]}
                self.familiar.add(new)
        for value in memory.values():
            if value is not None:
                value["applied"] = batch.last_offset
        outcome.memory = memory | outcome.memory

    def _clock(self, outcome: Outcome, last: int, sealed: Sealed | None) -> dict[str, Any]:
        """How far the memory goes, and with which block of the chain: [number, link]."""
        clock = outcome.memory.pop(CLOCK, None) or self.state.get(CLOCK) or {"now": 0, "known": -1}
        head = sealed.head if sealed is not None else self.head
        if head is not None and head.last_offset > last:
            head = self.parts.store.ending(self.lane, self.number, last)
        place = [head.number, head.link] if head else None
        return {**clock, "applied": last, "sealed": place}

    def _seal(
        self,
        block: Block,
        outcome: Outcome,
        events: list[Event],
        offsets: list[int],
        rejects: list[dict[str, Any]],
        repeats: Mapping[str, int],
    ) -> Sealed:
        forms = self.parts.forms
        header = Header(
            block.lane,
            block.partition,
            block.first_offset,
            block.last_offset,
            block.recorded_at,
            block.now,
            block.books_upto,
            len(events) + len(rejects) + sum(repeats.values()),
            repeats,
            self.parts.fingerprint,
            {
                control: {verdict: n for verdict, n in counts.items() if n}
                for control, counts in outcome.populations.items()
            },
        )
        evidence = [forms.evidence(event) for event in events]
        findings = [veiled(forms, finding) for finding in outcome.findings]
        return seal(header, evidence, findings, rejects, self.head, offsets)

    # -- write and flush: the store first, then the memory -------------------------------------

    def write(self, work: Work, held: Callable[[], None] = unquestioned) -> None:
        """Keep the block's rows; raises StoreError, and then nothing may be acknowledged.

        `held` raises where the partition may be another worker's by now: see `Store.write`.
        """
        if work.sealed is not None:
            with METRICS.store_seconds.labels(self.lane).time():
                self.parts.store.write(work.sealed, held)

    def flush(self, work: Work) -> None:
        """Remember what the block changed; the clock last, so that it vouches for the rest."""
        if work.sealed is not None:
            self.head = work.sealed.head
        for key, value in work.outcome.memory.items():
            if value is None:
                self.state.drop(key, work.batch.last_offset)
            else:
                self.state.put(key, value)
            self.agenda.note(key, value)
        if self.lane == "books" and REACHED in work.outcome.memory:
            registers = self.parts.registers
            registers.reached = max(registers.reached, work.batch.last_offset)
        self.now = max(self.now, work.batch.now)
        if CLOCK in work.outcome.memory:
            self.applied = work.batch.last_offset
            self.renewal = None
        self.ids.keep(work.ids, work.batch.now, self.now)
        self._note_latest(work)
        METRICS.block(self.lane, self.number, work)

    def _note_latest(self, work: Work) -> None:
        for kind, events in by_type(work.sealed.events if work.sealed else ()).items():
            latest = max(event.occurred_at for event in events)
            self.latest[kind.type] = max(latest, self.latest.get(kind.type, 0))


def _pieces(
    name: str, events: Sequence[Event], due: int | None = None
) -> dict[str, dict[str, Any]]:
    """Events as they are remembered, in pieces: a block's together may be more than Kafka takes as
    one message."""
    packs = messages.packed(map(codec.encode, events))
    return {f"{name}|{piece}": _lines([pack], due) for piece, pack in enumerate(packs)}


def _lines(lines: Iterable[bytes], due: int | None = None) -> dict[str, Any]:
    """A remembered value of lines; those that the registers let go, until `due` (ms)."""
    value: dict[str, Any] = {"lines": b"\n".join(lines).decode()}
    return value if due is None else value | {"due": due}


def decoded(batch: Batch) -> tuple[list[Event], list[int], list[dict[str, Any]]]:
    """The events of a batch with their offsets, and the rows of what could not be read."""
    events: list[Event] = []
    offsets: list[int] = []
    rejects: list[dict[str, Any]] = []
    for offset, value in batch.contents:
        items: Sequence[Any] = value
        if isinstance(value, bytes):
            items = codec.decode(value.split(b"\n"), lane=True)
        read = [item for item in items if item.__class__ is not Reject]
        events += read
        offsets += repeat(offset, len(read))
        if len(read) < len(items):
            rejects += [row(offset, item) for item in items if isinstance(item, Reject)]
    return events, offsets, rejects


def row(offset: int, reject: Reject) -> dict[str, Any]:
    """A reject as the store keeps it."""
    return {
        "offset": offset,
        "origin": reject.origin,
        "position": reject.position,
        "source_id": reject.source_id or "",
        "reason": reject.reason,
        "digest": reject.digest,
    }


def veiled(forms: Forms, finding: Mapping[str, Any]) -> dict[str, Any]:
    """A finding in evidence form: every reference in any of its words a pseudonym of its year."""
    text = forms.veil(msgspec.json.encode(finding).decode(), jst_year(finding["occurred_at"]))
    shown: dict[str, Any] = msgspec.json.decode(text)
    return shown


class MemoryState:
    """A state that lasts as long as the process: for `check` and for tests."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        self._values[key] = value

    def drop(self, key: str, applied: int) -> None:
        self._values.pop(key, None)

    def items(self) -> Iterator[tuple[str, Any]]:
        return iter(self._values.items())
