"""A finding as Alertmanager is told of it.

Labels are its identity and so what routes: alertname, finding_id, control, measure, severity and
the subject's pseudonym; they stay the same for as long as the finding stands, but for severity,
whose change ends one alert and begins another.  All else is an annotation.  Texts are those of the
evidence: persons are pseudonyms in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALERTNAME = "ShosekiFinding"


@dataclass(frozen=True, slots=True)
class Alert:
    """What is told of one finding; `starts` and `at`, when it was recorded, in milliseconds."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts: int
    at: int

    @property
    def key(self) -> str:
        """What tells label sets apart: the finding, and its severity."""
        return key(self.labels)


def key(labels: Mapping[str, str]) -> str:
    """The name of a label set: of one finding only the severity ever changes."""
    return f"{labels['finding_id']}/{labels['severity']}"


def alert_of(
    finding: Mapping[str, Any], measure: str, console: str, owner: str | None = None
) -> Alert:
    """The alert of a finding that stands; `console` is the base of links, `owner` a pseudonym."""
    base = console.rstrip("/")
    annotations = {
        "summary": finding["text"]["ja"],
        "summary_en": finding["text"]["en"],
        "code": finding["code"] or "",
        "status": finding["status"],
        "events": str(finding["events"]),
        "retroactive": str(finding["retroactive"]).lower(),
        "runbook": f"{base}/ja/controls/{finding['control']}",
        "evidence": f"{base}/ja/findings/{finding['finding_id']}",
    }
    if owner:
        annotations["owner"] = owner
    return Alert(
        {
            "alertname": ALERTNAME,
            "finding_id": finding["finding_id"],
            "control": finding["control"],
            "measure": measure,
            "severity": finding["severity"],
            "subject": finding["subject"],
        },
        annotations,
        finding["detected_at"],
        finding["recorded_at"],
    )
