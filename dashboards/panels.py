"""What a panel is: one question to the evidence or the metrics, said once for Grafana, the
console and the reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from controls.kernel import Text

Kind = Literal["stat", "line", "bars", "table", "graph"]
Unit = Literal[
    "count", "seconds", "share", "bytes", "time", "text",
    "measure", "control", "severity", "verdict", "status", "state",
]  # fmt: skip
"""How a value is written: `share` is 0 to 1, `time` an instant in UTC; those from `measure` on are
keys that `dashboards.words.WORDS` translates (`control` stays as it is)."""
State = Literal["good", "warning", "bad"]
Target = Literal["measure", "control", "finding", "findings"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the answer, by its heading and how its values are written."""

    title: Text
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `at`, in the panel's unit, upwards it is `state`; below the first it is good.

    A first one at -inf says what it is below the second instead.
    """

    at: float
    state: State


@dataclass(frozen=True, slots=True)
class Link:
    """What the values of `column` lead to: a measure's controls, a control's page, a finding's; a
    number of findings to the list of them."""

    column: str
    to: Target


@dataclass(frozen=True, slots=True)
class Series:
    """A PromQL expression and what stands beside its line; `{{label}}` is a label's value."""

    expr: str
    legend: Text


@dataclass(frozen=True, slots=True)
class Panel:
    """One question and how its answer is shown.

    `id` is stable: Grafana and the console know the panel by it.  `sql` is bound by
    `dashboards.sql`, and every column it answers stands in `columns`, in that order:
    `stat`   one row: the number, then what stands beside it (the population of a nought);
    `line`   `time`, then a number a column, or a text and a number: a line for every text;
    `bars`   a category and numbers;
    `table`  rows, the first of them the most urgent;
    `graph`  an edge a row: `source`, `target`, `what`, `state` (good, warning or bad).
    A panel of the pipeline's health has `metric` instead: Grafana alone shows those.
    """

    id: str
    title: Text
    kind: Kind
    sql: str = ""
    metric: tuple[Series, ...] = ()
    unit: Unit = "count"
    columns: Mapping[str, Column] = field(default_factory=dict)
    thresholds: tuple[Threshold, ...] = ()
    links: tuple[Link, ...] = ()
    note: Text | None = None
    """How to read it, where the title does not say."""


@dataclass(frozen=True, slots=True)
class Board:
    """Panels that one person looks at together; `id` is stable, part of every address."""

    id: str
    title: Text
    about: Text
    panels: tuple[Panel, ...]

    def __getitem__(self, panel_id: str) -> Panel:
        return next(panel for panel in self.panels if panel.id == panel_id)
