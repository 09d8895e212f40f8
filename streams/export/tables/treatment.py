"""What was done about a finding: its alert, its corrective action, and when it was over."""

from __future__ import annotations

from dataclasses import dataclass

from controls.events import AlertChanged, NonconformityChanged
from controls.kernel import HOUR, STANDING
from streams.export.cut import Row
from streams.export.tables.told import Told, by

CLOSING = ("resolved", "false_positive", "risk_accepted")


@dataclass(frozen=True, slots=True)
class Treatment:
    """`actions` are the steps of its alert, oldest first; `closed` (ms) None while it is open."""

    actions: tuple[str, ...]
    corrections: tuple[str, ...]
    closed: int | None


class Treatments:
    """Alerts belong to the finding whose id is theirs, nonconformities to the finding or event
    that their correlation_id names (decisions.md)."""

    def __init__(self, told: Told) -> None:
        self._history = told.evidence.history
        self._alerts = by(told.of(AlertChanged), "alert_id")
        self._caused = by(told.of(NonconformityChanged), "correlation_id")
        self._steps = by(told.of(NonconformityChanged), "nc_id")

    def __call__(self, finding: Row) -> Treatment:
        """Over is what holds no more, what was disposed of by its alert, or what a corrective
        action has done; the first of them counts."""
        alert = self._alerts.get(finding["finding_id"], [])
        causes = (finding["finding_id"], *finding["event_ids"])
        names = sorted({c.nc_id for cause in causes for c in self._caused.get(cause, ())})
        ends = [step.occurred_at for step in alert[-1:] if step.step in CLOSING]
        ends += [s.occurred_at for nc in names for s in self._steps[nc] if s.step == "done"]
        ends += self._over(finding)
        return Treatment(
            tuple(step.step for step in alert if step.step != "raised"),
            tuple(names),
            min(ends, default=None),
        )

    def _over(self, finding: Row) -> list[int]:
        """When it was known (ms) that the finding holds no more, as it still does not."""
        since: int | None = None
        for revision in self._history[finding["finding_id"]]:
            if revision["status"] in STANDING:
                since = None
            elif since is None:
                since = revision["recorded_at"]
        return [] if since is None else [since]


def hours(finding: Row, treatment: Treatment) -> float | None:
    """From its detection until it was over."""
    if treatment.closed is None:
        return None
    spent: int = treatment.closed - finding["detected_at"]
    return max(0, spent) / HOUR
