"""What was done about a finding so far, as the store tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from controls.events import AlertChanged, Event, NonconformityChanged
from controls.governance.open_nonconformity import SETTING
from controls.organizational.unanswered_alert import CLOSING as DISPOSITIONS
from streams.export.gaps import standing
from streams.recall import EVER
from streams.store import Ask, Store

__all__ = ["ASSIGNING", "DISPOSITIONS", "Course", "Finding", "course"]

Finding = Mapping[str, Any]
"""A finding in the form of the contract."""
ASSIGNING = ("raised", "extended")
"""Steps of a nonconformity whose actor has to do something about it."""


@dataclass(frozen=True, slots=True)
class Course:
    """What was done about a finding so far: its alert's steps and the nonconformities that belong
    to it, oldest first, in evidence form."""

    alerts: Sequence[AlertChanged] = ()
    corrections: Sequence[NonconformityChanged] = ()

    def steps(self, *names: str) -> list[AlertChanged]:
        """The alert's steps of these names."""
        return [step for step in self.alerts if step.step in names]

    @property
    def closing(self) -> AlertChanged | None:
        """The step with which a person closed it."""
        closed = self.steps(*DISPOSITIONS)
        return next((step for step in closed if step.actor_kind != "service"), None)

    @property
    def owner(self) -> str | None:
        """The pseudonym of who has to do something about it."""
        return next((c.actor_ref for c in reversed(self.corrections) if c.step in ASSIGNING), None)

    @property
    def due(self) -> date | None:
        """By when."""
        return next((c.due for c in reversed(self.corrections) if c.step in SETTING), None)

    @property
    def done(self) -> bool:
        """Whether the last nonconformity has been ended."""
        names = {c.nc_id for c in self.corrections[-1:]}
        return any(c.step == "done" for c in self.corrections if c.nc_id in names)


def course(store: Store, finding_id: str) -> Course:
    """What the store holds of the acts on a finding."""
    head = store.head("books", 0)
    below = head.last_offset + 1 if head else 0

    def asked(kind: type[Event], field: str, *values: str) -> list[Any]:
        ask = Ask(kind.type, field, frozenset(values), 0, EVER)
        return list(store.recall("books", 0, below, [ask]))

    alerts = asked(AlertChanged, "alert_id", finding_id)
    caused = asked(NonconformityChanged, "correlation_id", finding_id)
    names = {change.nc_id for change in caused}
    changes = asked(NonconformityChanged, "nc_id", *names) if names else []
    return Course(standing(alerts), standing(changes))
