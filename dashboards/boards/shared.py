"""What several boards have in common: panels of open findings."""

from __future__ import annotations

from collections.abc import Sequence

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.panels import Link, Panel
from dashboards.sql import CURRENT, MEASURE, OPEN, RANK, array

FINDINGS = (
    "detected_at, severity, control, code, verdict, status, events, subject, text, finding_id"
)
LINKED = (Link("control", "control"), Link("finding_id", "finding"))


def findings(board: str, measures: Sequence[str], *controls: str) -> Panel:
    """The open findings of some measures, or of some of their controls, worst and oldest first."""
    own = f"control IN {array(controls)}" if controls else f"{MEASURE} IN {array(measures)}"
    return Panel(
        f"{board}-findings",
        Text("未解決の検出", "Open findings"),
        "table",
        f"""SELECT {FINDINGS} FROM {CURRENT}
WHERE {OPEN} AND {own} ORDER BY verdict DESC, {RANK} DESC, detected_at, finding_id LIMIT 200""",
        columns=columns(FINDINGS),
        links=LINKED,
    )
