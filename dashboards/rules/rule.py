"""What an alert rule of Prometheus is: an expression, who hears of it, and what they do then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from controls.kernel import Text

Severity = Literal["page", "on-call", "ticket", "digest", "none"]
"""Who hears of it: somebody is woken; whoever is on call, soon; a ticket of the day; the digest of
the day; nobody, since only its absence says anything."""

RUNBOOKS = "deploy/prometheus/runbooks.md"
"""The page that has a section for every rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and its section of the runbooks.

    `summary` may name labels as `{{ $labels.lane }}`, and no values: the notification stays the
    same while it fires.  `wait` is for how long the expression must hold.
    """

    name: str
    expr: str
    wait: str
    severity: Severity
    summary: Text
    means: Text
    look: Text
    act: Text

    @property
    def anchor(self) -> str:
        """Where its section is."""
        return f"{RUNBOOKS}#{self.name.lower()}"

    @property
    def annotations(self) -> dict[str, str]:
        return {
            "summary": self.summary.ja,
            "summary_en": self.summary.en,
            "runbook": self.anchor,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together."""

    name: str
    title: Text
    rules: tuple[Rule, ...]
