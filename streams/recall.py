"""Reading stored events back into the form in which they are judged.

The store knows pseudonyms of a year, the engine join forms.  A pseudonym cannot be undone, but
the references that matter are known: those of the registers, of the question itself and of what
was found before.  All others stay as they are, and no look-up finds them, as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from controls.events import Event, spec
from controls.events.fields import LAST_INSTANT
from controls.kernel import DAY
from controls.registers import Evidence, Register
from controls.shapes import Look
from streams.pseudonyms import Forms, jst_year
from streams.slots import reader
from streams.store import Ask, Store

EVER = LAST_INSTANT - DAY
"""Later than every event, and still in a year that Japan can write."""

_readers: dict[str, Callable[[Any], list[Any]]] = {}


def refs(event: Any) -> list[str]:
    """The references an event carries."""
    read = _readers.get(event.type)
    if read is None:
        names = [field.name for field in spec(event.type).fields if field.ev == "hmac"]
        read = _readers[event.type] = reader(names)
    return [value for value in read(event) if value]


class Familiar:
    """References that can be recognised in evidence, with their pseudonyms by year."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._known: dict[str, None] = {}
        self._order: list[str] = []
        self._years: dict[int, tuple[int, dict[str, str]]] = {}

    def add(self, found: Iterable[str]) -> None:
        for ref in found:
            if ref not in self._known:
                self._known[ref] = None
                self._order.append(ref)

    def of(self, year: int) -> Mapping[str, str]:
        """{pseudonym: reference} of the year, for every reference known so far."""
        done, known = self._years.get(year, (0, {}))
        for ref in self._order[done:]:
            known[self._forms.veil(ref, year)] = ref
        self._years[year] = (len(self._order), known)
        return known


Wanted = tuple[type[Event], str | None, str]
"""A type, and a field of it with its value, or None and an empty one."""


def stretches(
    looks: Sequence[Look], latest: Mapping[str, int]
) -> Iterator[tuple[Wanted, int, int]]:
    """What is looked for and in which stretches of time (ms), those that meet joined to one."""
    wanted: dict[Wanted, list[tuple[int, int]]] = {}
    for look in looks:
        if look.since <= latest.get(look.type.type, -1):
            until = EVER if look.until is None else min(look.until, EVER)
            wanted.setdefault((look.type, look.field, look.value), []).append((look.since, until))
    for what, periods in wanted.items():
        periods.sort()
        since, until = periods[0]
        for start, end in periods[1:]:
            if start > until:
                yield what, since, until
                since, until = start, end
            until = max(until, end)
        yield what, since, until


def recaller(
    store: Store,
    lane: str,
    partition: int,
    below: int,
    latest: Mapping[str, int],
    forms: Forms,
    familiar: Familiar,
) -> Callable[[Sequence[Look]], Iterator[Event]]:
    """A recall for one block: rows of this partition with offset < `below`, in join form.

    `latest` tells for each type when its last stored event occurred.
    """

    def recall(looks: Sequence[Look]) -> Iterator[Event]:
        years = forms.years()
        asks: list[Ask] = []
        for (kind, field, value), since, until in stretches(looks, latest):
            values = frozenset((value,)) if field is not None else frozenset()
            if years and field is not None and spec(kind.type)[field].ev == "hmac":
                familiar.add(values)
                first, last = jst_year(max(since, 0)), jst_year(until)
                values = frozenset(
                    forms.veil(value, year) for year in years if first <= year <= last
                )
                if not values:
                    continue
            asks.append(Ask(kind.type, field, values, since, until))
        if not asks:
            return iter(())
        rows = store.recall(lane, partition, below, asks)
        if not years:
            return rows
        return (forms.recall(row, familiar.of(jst_year(row.occurred_at))) for row in rows)

    return recall


def evidence(store: Store, forms: Forms) -> Evidence:
    """What the registers no longer hold, read back from the rows of `books`."""

    def stored(register: Register, key: str, at: int, known: int) -> list[Event]:
        assert register.stored is not None
        field, value = register.stored(key)
        looks = [Look(kind, field, value, 0, at) for kind in register.on]
        latest = dict.fromkeys((kind.type for kind in register.on), EVER)
        recall = recaller(store, "books", 0, known + 1, latest, forms, Familiar(forms))
        return [event for event in recall(looks) if key in register.keys(event)]

    return stored
