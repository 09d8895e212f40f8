"""The books (台帳) that checks consult, as of a moment and as known at a moment.

A register is a declaration: which events build it, under which keys an entry is found, and from
when it holds.  Every entry keeps both times: `valid` (when it took effect) and `known` (the
offset of `books` at which it was recorded), so that yesterday's verdict can be asked again with
yesterday's knowledge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from controls.events import Event

FOREVER = 1 << 62
"""Later than every instant and every offset."""


def occurred(event: Any) -> int:
    return int(event.occurred_at)


@dataclass(frozen=True, slots=True)
class Register:
    """A book: entries of the event types `on`, found under `keys`, valid from `valid` (ms).

    An entry that corrects another (`corrects_event_id`) takes its place, from its time on.
    """

    name: str
    on: tuple[type[Event], ...]
    keys: Callable[[Any], Iterable[str]]
    valid: Callable[[Any], int] = occurred


class _Entry(NamedTuple):
    valid: int
    version: int
    observed: int
    event_id: str
    known: int
    event: Any


class Registers:
    """All books of one installation; one copy a worker, filled from `books` in offset order."""

    def __init__(
        self, declared: Iterable[Register], ref: Callable[[str], str] = lambda plain: plain
    ) -> None:
        self.ref = ref
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
        self.reached = -1
        """The last offset of `books` that is in here."""

    @property
    def types(self) -> frozenset[type[Event]]:
        """The event types that build a book."""
        return frozenset(self._by_type)

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

    def view(self, known: int, now: int) -> View:
        """The books as known at offset `known`, for judging at the instant `now`."""
        return View(self, known, now)

    def _entries(self, register: Register, key: str, at: int, known: int) -> list[Any]:
        entries = self._books[register.name].get(key)
        if not entries:
            return []
        high = bisect_left(entries, (at + 1,))
        found = entries[:high]
        if known < self._known[-1]:
            found = [e for e in found if e.known <= known]
        if self._corrected:
            gone = self._corrected
            found = [e for e in found if gone.get(e.event_id, FOREVER) > known]
        return [e.event for e in found]


class View:
    """What was known of the books at one offset, and the instant of judging (`now`, ms)."""

    __slots__ = ("_registers", "known", "now")

    def __init__(self, registers: Registers, known: int, now: int) -> None:
        self._registers = registers
        self.known = known
        self.now = now

    def entries(self, register: Register, key: str, at: int) -> list[Any]:
        """The entries under `key` that held at `at` or before, oldest first."""
        return self._registers._entries(register, key, at, self.known)

    def latest(self, register: Register, key: str, at: int) -> Any | None:
        """The entry under `key` that holds at `at`; None where the book has none."""
        entries = self._registers._entries(register, key, at, self.known)
        return entries[-1] if entries else None

    def all(self, register: Register, key: str) -> list[Any]:
        """Every entry known under `key`, whenever it holds."""
        return self._registers._entries(register, key, FOREVER - 1, self.known)

    def ref(self, plain: str) -> str:
        """The form in which the lanes carry an id that stands plainly elsewhere."""
        return self._registers.ref(plain)


def field(name: str) -> Callable[[Any], tuple[str, ...]]:
    """Entries are found under the value of one field; a blank or null value under none."""

    def keys(event: Any) -> tuple[str, ...]:
        value = getattr(event, name)
        return (value,) if value else ()

    return keys
