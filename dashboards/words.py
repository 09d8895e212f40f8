"""The words for keys that panels show, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from controls.kernel import Text
from streams.site.words import MEASURE

SEVERITY = {
    "critical": Text("重大", "Critical"),
    "high": Text("高", "High"),
    "medium": Text("中", "Medium"),
    "low": Text("低", "Low"),
    "info": Text("情報", "Info"),
}
VERDICT = {
    "pass": Text("適合", "Pass"),
    "violation": Text("違反", "Violation"),
    "not_applicable": Text("対象外", "Not applicable"),
    "indeterminate": Text("判定不能", "Indeterminate"),
}
STATUS = {
    "open": Text("未対応", "Open"),
    "acknowledged": Text("確認済み", "Acknowledged"),
    "closed": Text("完了", "Closed"),
    "superseded": Text("改訂により解消", "Superseded"),
}
STATE = {
    "good": Text("良", "Good"),
    "warning": Text("注意", "Warning"),
    "bad": Text("要対応", "Bad"),
}
WORDS: Mapping[str, Mapping[str, Text]] = {
    "measure": MEASURE,
    "severity": SEVERITY,
    "verdict": VERDICT,
    "status": STATUS,
    "state": STATE,
}
"""By the unit of a column (`dashboards.panels.Unit`)."""
