"""The books (台帳) that checks consult, as of a moment and as known at a moment.

A register is a declaration: which events build it, under which keys an entry is found, and from
when it holds.  Every entry keeps both times: `valid` (when it took effect) and `known` (the
offset of `books` at which it was recorded), so that yesterday's verdict can be asked again with
yesterday's knowledge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from controls.events import Event
from controls.kernel import DAY, arrival

T = TypeVar("T")

FOREVER = 1 << 62
"""Later than every instant and every offset."""


def occurred(event: Any) -> int:
    return int(event.occurred_at)


@dataclass(frozen=True, slots=True)
class Register:
    """A book: entries of the event types `on`, found under `keys`, valid from `valid` (ms).

    An entry that corrects another (`corrects_event_id`) takes its place, from its time on.

    A book of observations, which never end, is held for `keep` (ms) and beyond that the last entry
    under each key; what is older is asked of the evidence, where `stored` finds it.
    """

    name: str
    on: tuple[type[Event], ...]
    keys: Callable[[Any], Iterable[str]]
    valid: Callable[[Any], int] = occurred
    keep: int | None = None
    stored: Callable[[str], tuple[str, str]] | None = None
    """The field and its value by which the entries under a key are found in evidence."""


class _Entry(NamedTuple):
    valid: int
    version: int
    observed: int
    event_id: str
    known: int
    event: Any


Evidence = Callable[[Register, str, int, int], Iterable[Any]]
"""Entries of a book that are in the store: those under a key, valid at an instant (ms) or before,
and recorded at an offset or before."""


class Registers:
    """All books of one installation; one copy a worker, filled from `books` in offset order."""

    def __init__(
        self,
        declared: Iterable[Register],
        ref: Callable[[str], str] = lambda plain: plain,
        evidence: Evidence = lambda register, key, at, known: (),
    ) -> None:
        self.ref = ref
        self._evidence = evidence
        self._declared = {register.name: register for register in declared}
        self._by_type: dict[type[Event], list[Register]] = {}
        for register in self._declared.values():
            for kind in register.on:
                self._by_type.setdefault(kind, []).append(register)
        self._books: dict[str, dict[str, list[_Entry]]] = {name: {} for name in self._declared}
        self._known: list[int] = []
        self._log: list[Any] = []
        self._by_id: dict[str, tuple[int, Any]] = {}
        self._corrected: dict[str, int] = {}
        self._forgotten: dict[str, set[str]] = {name: set() for name in self._declared}
        self._tidied = 0
        self.types = frozenset(self._by_type)
        """The event types that build a book."""
        self.reached = -1
        """The last offset of `books` that is in here."""

    def term(self, event: Any) -> int:
        """How long an event is held in memory (ms): mostly FOREVER; 0 where no book takes it."""
        books = self._by_type.get(type(event), ())
        if books and event.corrects_event_id:
            return FOREVER
        longest = 0
        for register in books:
            if any(register.keys(event)):
                if register.keep is None:
                    return FOREVER
                longest = max(longest, register.keep)
        return longest

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._by_id

    def forget(self, now: int) -> None:
        """Once a day of `now` (ms), let go of observations that are older than their book holds.

        `now` is that of the partition that is furthest behind: the others' `changes` are past what
        goes.  What arrived late stays as long as if it had happened then.
        """
        if now // DAY == self._tidied:
            return
        self._tidied = now // DAY
        gone: set[str] = set()
        held: set[str] = set()
        for register in self._declared.values():
            if register.keep is None:
                continue
            floor = now - register.keep
            for key, entries in self._books[register.name].items():
                old = bisect_left(entries, (floor,)) - 1
                drop = next((n for n in range(old) if arrival(entries[n].event) >= floor), old)
                if drop > 0:
                    gone.update(entry.event_id for entry in entries[:drop])
                    del entries[:drop]
                    self._forgotten[register.name].add(key)
                held.update(entry.event_id for entry in entries)
        gone = {each for each in gone - held if self.term(self._by_id[each][1]) != FOREVER}
        if gone:
            kept = [n for n, event in enumerate(self._log) if event.event_id not in gone]
            self._log = [self._log[n] for n in kept]
            self._known = [self._known[n] for n in kept]
            for each in gone:
                del self._by_id[each]

    def add(self, event: Any, known: int) -> None:
        """Enter `event`, recorded at offset `known`; entering it twice changes nothing."""
        books = self._by_type.get(type(event))
        if books is None or event.event_id in self._by_id:
            return
        self._by_id[event.event_id] = (known, event)
        self._known.append(known)
        self._log.append(event)
        if event.corrects_event_id:
            self._corrected.setdefault(event.corrects_event_id, known)
        for register in books:
            entry = self._entry(register, event, known)
            book = self._books[register.name]
            for key in register.keys(event):
                insort(book.setdefault(key, []), entry)
        for later in self._corrections_of(event):
            self._move(later)

    def _entry(self, register: Register, event: Any, known: int) -> _Entry:
        valid = register.valid(event)
        original = self._by_id.get(event.corrects_event_id or "")
        if original is not None and type(original[1]) is type(event):
            valid = min(valid, register.valid(original[1]))
        version = getattr(event, "version", None)
        return _Entry(
            valid,
            version if isinstance(version, int) else 0,
            event.observed_at,
            event.event_id,
            known,
            event,
        )

    def _corrections_of(self, event: Any) -> list[Any]:
        if event.event_id not in self._corrected:
            return []
        return [e for e in self._log if e.corrects_event_id == event.event_id]

    def _move(self, event: Any) -> None:
        """Place a correction anew, now that what it corrects is known."""
        known = self._by_id[event.event_id][0]
        for register in self._by_type[type(event)]:
            book = self._books[register.name]
            for key in register.keys(event):
                book[key] = [e for e in book[key] if e.event_id != event.event_id]
                insort(book[key], self._entry(register, event, known))

    def changes(self, after: int, upto: int) -> Sequence[Any]:
        """The events that entered at offsets in (after, upto], with what they correct."""
        low, high = bisect_right(self._known, after), bisect_right(self._known, upto)
        changed = list(self._log[low:high])
        for event in self._log[low:high]:
            original = self._by_id.get(event.corrects_event_id or "")
            if original is not None:
                changed.append(original[1])
        return changed

    def view(self, known: int, now: int, began: int | None = None, org_id: str = "") -> View:
        """The books as known at offset `known`, for judging at the instant `now`."""
        return View(self, known, now, began, org_id)

    def _visible(self, entry: _Entry, known: int) -> bool:
        return entry.known <= known < self._corrected.get(entry.event_id, FOREVER)

    def _event(self, event_id: str, known: int) -> Any | None:
        at, event = self._by_id.get(event_id, (FOREVER, None))
        return event if at <= known < self._corrected.get(event_id, FOREVER) else None

    def _keys(self, register: Register, known: int) -> list[str]:
        return [
            key
            for key, entries in self._books[register.name].items()
            if any(self._visible(entry, known) for entry in entries)
        ]

    def _entries(self, register: Register, key: str, at: int, known: int) -> list[Any]:
        entries = self._books[register.name].get(key)
        if not entries:
            return []
        if entries[-1].valid > at:
            entries = entries[: bisect_left(entries, (at + 1,))]
        corrected = self._corrected
        return [
            entry.event
            for entry in entries
            if entry.known <= known
            and (entry.event_id not in corrected or known < corrected[entry.event_id])
        ]

    def _first(self, register: Register, key: str, known: int) -> Any | None:
        entries = self._books[register.name].get(key, ())
        return next((entry.event for entry in entries if self._visible(entry, known)), None)

    def _latest(
        self, register: Register, key: str, at: int, known: int, that: Callable[[Any], bool] | None
    ) -> Any | None:
        entries = self._books[register.name].get(key)
        if entries:
            place = len(entries) if entries[-1].valid <= at else bisect_left(entries, (at + 1,))
            while place:
                place -= 1
                entry = entries[place]
                if self._visible(entry, known) and (that is None or that(entry.event)):
                    return entry.event
        if key not in self._forgotten[register.name]:
            return None
        stored = self._evidence(register, key, at, known)
        older = sorted(self._entry(register, event, known) for event in stored)
        return next(
            (
                entry.event
                for entry in reversed(older)
                if self._visible(entry, known) and (that is None or that(entry.event))
            ),
            None,
        )


class View:
    """What was known of the books at one offset, and the instant of judging (`now`, ms).

    `began` (ms) is when the installation's first event of `books` arrived, and monitoring with it;
    None outside of `books` and before there was any.  `org_id` is the organisation's.
    """

    __slots__ = ("_once", "_registers", "began", "known", "now", "org_id")

    def __init__(
        self,
        registers: Registers,
        known: int,
        now: int,
        began: int | None = None,
        org_id: str = "",
    ) -> None:
        self._registers = registers
        self.known = known
        self.now = now
        self.began = began
        self.org_id = org_id
        self._once: dict[Callable[[View], Any], Any] = {}

    def once(self, what: Callable[[View], T]) -> T:
        """What `what` says of this view, which is worked out once."""
        if what not in self._once:
            self._once[what] = what(self)
        found: T = self._once[what]
        return found

    def entries(self, register: Register, key: str, at: int) -> list[Any]:
        """The entries under `key` that held at `at` or before, oldest first; of a book with
        `keep`, those that are held."""
        return self._registers._entries(register, key, at, self.known)

    def latest(
        self, register: Register, key: str, at: int, that: Callable[[Any], bool] | None = None
    ) -> Any | None:
        """The entry under `key` that holds at `at`, the last of those for which `that` is true;
        None where the book has none."""
        return self._registers._latest(register, key, at, self.known, that)

    def all(self, register: Register, key: str) -> list[Any]:
        """Every entry known under `key`, whenever it holds."""
        return self._registers._entries(register, key, FOREVER - 1, self.known)

    def first(self, register: Register, key: str) -> Any | None:
        """The entry known under `key` that held first; None where the book has none."""
        return self._registers._first(register, key, self.known)

    def keys(self, register: Register) -> list[str]:
        """Every key under which the book has an entry, in no order that means anything."""
        return self._registers._keys(register, self.known)

    def event(self, event_id: str) -> Any | None:
        """The event of that id, of any book; None where it is not known or was corrected."""
        return self._registers._event(event_id, self.known)

    def told(self, kinds: Collection[type[Any]]) -> list[Any]:
        """Every event of these types that is held, in the order in which it came to be known."""
        return [e for e in self._registers.changes(-1, self.known) if type(e) in kinds]

    def ref(self, plain: str) -> str:
        """The form in which the lanes carry an id that stands plainly elsewhere."""
        return self._registers.ref(plain)


def field(name: str) -> Callable[[Any], tuple[str, ...]]:
    """Entries are found under the value of one field; a blank or null value under none."""

    def keys(event: Any) -> tuple[str, ...]:
        value = getattr(event, name)
        return (value,) if value else ()

    return keys
