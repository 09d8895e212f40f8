"""Reading stored events back into the form in which they are judged.

The store knows pseudonyms of a year, the engine join forms.  A pseudonym cannot be undone, but
the references that matter are known: those of the registers, of the question itself and of what
was found before.  All others stay as they are, and no look-up finds them, as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from controls.events import Event, spec
from controls.events.fields import LAST_INSTANT
from controls.kernel import DAY
from controls.shapes import Look
from streams.pseudonyms import Forms, jst_year
from streams.store import Ask, Store

EVER = LAST_INSTANT - DAY
"""Later than every event, and still in a year that Japan can write."""

_refs: dict[str, tuple[str, ...]] = {}


def refs(event: Any) -> Iterable[str]:
    """The references an event carries."""
    names = _refs.get(event.type)
    if names is None:
        fields = spec(event.type).fields
        names = _refs[event.type] = tuple(f.name for f in fields if f.ev == "hmac")
    return (value for value in (getattr(event, name) for name in names) if value)


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


def recaller(
    store: Store,
    lane: str,
    partition: int,
    below: int,
    latest: Mapping[str, int],
    forms: Forms,
    familiar: Familiar,
) -> Callable[[Sequence[Look]], list[Event]]:
    """A recall for one block: rows of this partition with offset < `below`, in join form.

    `latest` tells for each type when its last stored event occurred.
    """

    def recall(looks: Sequence[Look]) -> list[Event]:
        years = forms.years()
        asks: list[Ask] = []
        for look in looks:
            if look.since > latest.get(look.type.type, -1):
                continue
            until = EVER if look.until is None else min(look.until, EVER)
            values = frozenset((look.value,)) if look.field is not None else frozenset()
            if years and look.field is not None and spec(look.type.type)[look.field].ev == "hmac":
                familiar.add(values)
                first, last = jst_year(max(look.since, 0)), jst_year(until)
                values = frozenset(
                    forms.veil(look.value, year) for year in years if first <= year <= last
                )
                if not values:
                    continue
            asks.append(Ask(look.type.type, look.field, values, look.since, until))
        if not asks:
            return []
        rows = store.recall(lane, partition, below, asks)
        if not years:
            return rows
        return [forms.recall(row, familiar.of(jst_year(row.occurred_at))) for row in rows]

    return recall
