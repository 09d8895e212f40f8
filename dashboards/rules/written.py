"""The rules as the files that are committed: what Prometheus loads, what people read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from controls.kernel import Text
from dashboards.rules import GROUPS, Rule
from dashboards.rules.rule import RUNBOOKS

COMMAND = "python -m dashboards.rules"
ROOT = Path(__file__).parents[2]
PARTS = (
    (Text("意味", "What it means"), "means"),
    (Text("見るもの", "What to look at"), "look"),
    (Text("対応", "What to do"), "act"),
)
HEARD = {
    "page": Text("直ちに呼び出し", "page"),
    "on-call": Text("当番へ", "on-call"),
    "ticket": Text("当日の課題", "ticket"),
    "digest": Text("日次のまとめ", "digest"),
    "none": Text("（通知なし）", "none"),
}


def files() -> dict[Path, str]:
    """What is written where."""
    folder = ROOT / "deploy" / "prometheus"
    return {folder / "rules.yml": rules(), ROOT / RUNBOOKS: runbooks()}


def rules() -> str:
    """The rule file of Prometheus."""
    lines = [f"# Written by `{COMMAND}`. Each rule's runbook: {RUNBOOKS}", "", "groups:"]
    for group in GROUPS:
        lines += [f"  - name: {group.name}", "    rules:"]
        for rule in group.rules:
            lines += _rule(rule)
    return "\n".join(lines) + "\n"


def _rule(rule: Rule) -> Iterator[str]:
    yield f"      - alert: {rule.name}"
    yield "        expr: |-"
    yield from (f"          {line}" for line in rule.expr.splitlines())
    if rule.wait != "0m":
        yield f"        for: {rule.wait}"
    yield f"        labels: {{severity: {rule.severity}}}"
    yield "        annotations:"
    for name, text in rule.annotations.items():
        yield f"          {name}: {json.dumps(text, ensure_ascii=False)}"


def runbooks() -> str:
    """The page of the runbooks."""
    lines = [
        "# 監視の手順書 / Runbooks",
        "",
        f"Written by `{COMMAND}` from the same declarations as `rules.yml`.",
        "",
        "検出事項の警報（`ShosekiFinding`）の手順は、コンソールの各管理策のページにある。",
        "Alerts about findings (`ShosekiFinding`) link to their control's page in the console.",
    ]
    for group in GROUPS:
        lines += ["", f"## {group.title.ja} / {group.title.en}"]
        for rule in group.rules:
            heard = HEARD[rule.severity]
            lines += ["", f"### {rule.name}", "", f"{_plain(rule.summary.ja)}（{heard.ja}）"]
            lines += ["", f"{_plain(rule.summary.en)} ({heard.en})", ""]
            for title, part in PARTS:
                text: Text = getattr(rule, part)
                lines += [f"- **{title.ja}**：{text.ja}", f"- **{title.en}**: {text.en}"]
            lines += ["", "```promql", *rule.expr.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def _plain(summary: str) -> str:
    """A summary with the label's name where the notification has its value."""
    return summary.replace("{{ $labels.", "`").replace(" }}", "`")
