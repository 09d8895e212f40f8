"""What a page is made from: the evidence, the catalogue, and from when and for whom it is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from controls.calendar import day_start, jst_day
from controls.catalogue import Catalogue
from controls.kernel import DAY, Refusal
from controls.policies import Policy
from dashboards.panels import Panel
from dashboards.sql import CURRENT, POPULATIONS, Language, Scope, bound
from streams.pseudonyms import Forms
from streams.recall import EVER
from streams.store import Store

Row = dict[str, Any]
Query = Mapping[str, str]
"""What stands behind the `?` of an address, each name once."""
SECONDS, ROWS = 10.0, 10_000
"""What one query may take, and answer."""

DAYS = (7, 30, 90, 365)
"""Lengths of the period that pages offer."""


class Unknown(Refusal):
    """An address that names something that is not there."""


class Mistaken(Refusal):
    """An address that asks for something that cannot be, naming the field."""


@dataclass(frozen=True)
class Sight:
    """`now` is what time it is to the reader (ms); `whole` is false for who sees no fields of
    events; `days` the length of the period that is looked at."""

    store: Store
    catalogue: Catalogue
    policies: Sequence[Policy]
    lang: Language
    now: int
    whole: bool = True
    days: int = 30
    forms: Forms | None = None

    @property
    def since(self) -> int:
        """The first instant (ms) of the period: of a day in Japan, today being the last."""
        return day_start(jst_day(self.now)) - (self.days - 1) * DAY

    @cached_property
    def ids(self) -> dict[str, int]:
        """Every control's place in the catalogue."""
        return {control.id: at for at, control in enumerate(self.catalogue.controls)}

    @property
    def span(self) -> dict[str, int]:
        """The period as queries have it."""
        return {"from": self.since, "to": self.now}

    def of(self, *controls: str) -> Scope:
        """All times, these controls; none are all."""
        return Scope(0, EVER, controls=controls, language=self.lang)

    def during(self, *controls: str) -> Scope:
        """The period, these controls; none are all."""
        return Scope(self.since, self.now, controls=controls, language=self.lang)

    def ask(self, sql: str, scope: Scope | None = None, /, **parameters: Any) -> list[Row]:
        """The rows of a query of ours; `scope` says which findings are current and which
        judgements count, all by default."""
        shared = "".join(part for part in (CURRENT, POPULATIONS) if part in sql)
        return self._asked(sql, bound(shared, scope or self.of())[1] | parameters)

    def panel(self, panel: Panel, scope: Scope) -> list[Row]:
        """The rows that a panel shows."""
        return self._asked(*bound(panel.sql, scope))

    def _asked(self, sql: str, values: Mapping[str, Any]) -> list[Row]:
        return self.store.query(sql, values, seconds=SECONDS, rows=ROWS)


def one_of(query: Query, name: str, known: Sequence[str]) -> str:
    """A value of the address that is one of those known; '' where it is not given."""
    value = query.get(name, "")
    if value and value not in known:
        raise Mistaken(f"{name}: one of {', '.join(known)} is expected")
    return value


def number(query: Query, name: str, default: int, most: int) -> int:
    """A whole number of the address from 1 to `most`."""
    value = query.get(name, "")
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= most):
        raise Mistaken(f"{name}: a number from 1 to {most} is expected")
    return int(value)
