"""The words for keys that panels, pages and reports show, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from controls.kernel import Text

MEASURE = {
    "governance": Text("統制・PMS", "Governance"),
    "organizational": Text("組織的安全管理措置", "Organizational measures"),
    "human": Text("人的安全管理措置", "Human measures"),
    "physical": Text("物理的安全管理措置", "Physical measures"),
    "technical": Text("技術的安全管理措置", "Technical measures"),
    "external_environment": Text("外的環境の把握", "External environment"),
    "outsourcing": Text("委託先の監督", "Outsourcing"),
    "provision": Text("第三者提供", "Provision to third parties"),
    "cross_border": Text("外国にある第三者への提供", "Provision abroad"),
    "rights": Text("開示等の請求", "Requests of principals"),
    "retention": Text("保存と消去", "Retention and erasure"),
    "purpose": Text("取得と利用目的", "Acquisition and purpose"),
    "web": Text("ウェブとタグ", "Web and tags"),
    "anonymized": Text("匿名加工・仮名加工", "Anonymized and pseudonymized data"),
    "incident": Text("漏えい等", "Incidents"),
}
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
