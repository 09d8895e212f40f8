"""Overview: what is open, how bad, how old, and what was looked at."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import FINDINGS, LINKED
from dashboards.panels import Board, Link, Panel, Threshold
from dashboards.sql import (
    CONTROLS,
    CURRENT,
    IDS,
    MEASURE,
    MEASURES,
    OPEN,
    PERIOD,
    POPULATIONS,
    RANK,
    UNTIL,
    bucket,
    judged,
    text,
)

ALERTS = f"""(
    SELECT {text("alert_id")} AS alert,
        minIf(occurred_at, {text("step")} = 'raised') AS raised_at,
        minOrNullIf(occurred_at, {text("step")} IN ('acknowledged', 'escalated')) AS taken_at,
        minOrNullIf(occurred_at,
            {text("step")} IN ('resolved', 'false_positive', 'risk_accepted')) AS settled_at
    FROM events WHERE event_type = 'alert.changed' AND {PERIOD}
        AND (empty({CONTROLS}) OR {text("control_id")} IN {CONTROLS})
    GROUP BY alert HAVING raised_at > 0
)"""
"""Alerts that were raised in the period; what has not come is null."""


def _duration(end: str) -> str:
    return f"""SELECT avgOrNull(dateDiff('second', raised_at, {end})) AS seconds,
    count({end}) AS done, count() AS raised FROM {ALERTS}"""


OVERVIEW = Board(
    id="overview",
    title=Text("全体", "Overview"),
    about=Text(
        "措置ごとの違反と母集団。いま何が開いているか、どれほど古いか。",
        "Violations and populations by measure: what is open now, and since when.",
    ),
    panels=(
        Panel(
            "open-violations", Text("未解決の違反", "Open violations"), "stat",
            f"""SELECT countIf(verdict = 'violation') AS open,
    countIf(verdict = 'violation' AND severity IN ('critical', 'high')) AS severe,
    (SELECT greatest(sum(number), 0) FROM {POPULATIONS}) AS judged
FROM {CURRENT} WHERE {OPEN}""",
            columns=columns("open severe judged"),
            links=(Link("open", "findings"),),
            thresholds=(Threshold(1, "warning"), Threshold(10, "bad")),
        ),
        Panel(
            "open-indeterminate", Text("判定できないもの", "Indeterminate"), "stat",
            f"""SELECT countIf(verdict = 'indeterminate') AS indeterminate,
    (SELECT greatest(sum(number), 0) FROM {POPULATIONS}) AS judged
FROM {CURRENT} WHERE {OPEN}""",
            columns=columns("indeterminate judged"),
            links=(Link("indeterminate", "findings"),),
            thresholds=(Threshold(1, "warning"),),
            note=Text(
                "台帳や記録が足りず、適合とも違反とも言えない件数。",
                "What can be called neither kept nor broken, for want of a register or record.",
            ),
        ),
        Panel(
            "oldest-violation", Text("最も古い未解決の違反", "Oldest open violation"), "stat",
            f"""SELECT max(dateDiff('second', opened, {UNTIL})) AS seconds,
    countIf(opened < {UNTIL} - INTERVAL 30 DAY) AS older
FROM {CURRENT} WHERE {OPEN} AND verdict = 'violation'""",
            unit="seconds",
            columns=columns("seconds older"),
            links=(Link("seconds", "findings"),),
            thresholds=(Threshold(7 * 86_400, "warning"), Threshold(30 * 86_400, "bad")),
        ),
        Panel(
            "time-to-acknowledge", Text("確認までの平均時間", "Mean time to acknowledge"), "stat",
            _duration("taken_at"),
            unit="seconds",
            columns=columns("seconds done raised"),
            thresholds=(Threshold(3_600, "warning"), Threshold(86_400, "bad")),
        ),
        Panel(
            "time-to-settle", Text("処置までの平均時間", "Mean time to settle"), "stat",
            _duration("settled_at"),
            unit="seconds",
            columns=columns("seconds done raised"),
            thresholds=(Threshold(7 * 86_400, "warning"), Threshold(30 * 86_400, "bad")),
        ),
        Panel(
            "measures", Text("措置ごとの判定", "Judgements by measure"), "table",
            f"""SELECT measure, judged, passed, violations, unknown, not_applicable, open, severe
FROM (
    SELECT {MEASURE} AS measure, greatest(sum(number), 0) AS judged, {judged("pass")} AS passed,
        {judged("violation")} AS violations, {judged("indeterminate")} AS unknown,
        {judged("not_applicable")} AS not_applicable
    FROM {POPULATIONS} GROUP BY measure
) AS population FULL OUTER JOIN (
    SELECT {MEASURE} AS measure, countIf(verdict = 'violation') AS open,
        countIf(verdict = 'violation' AND severity IN ('critical', 'high')) AS severe
    FROM {CURRENT} WHERE {OPEN} GROUP BY measure
) AS finding USING measure
WHERE measure != '' ORDER BY open DESC, measure""",
            columns=columns(
                "measure judged passed violations unknown not_applicable open severe"
            ),
            links=(Link("measure", "measure"),),
            note=Text(
                "期間中の判定の差引き：後の記録で覆った分は、覆った期間から引く。未解決は期末の状態。",
                "Net of the period: what later records turn is taken off where they turn it. Open"
                " is how things stand at its end.",
            ),
        ),
        Panel(
            "open-by-age", Text("未解決の違反と経過日数", "Open violations by age"), "bars",
            f"""SELECT severity, countIf(age < 1) AS day, countIf(age >= 1 AND age < 7) AS week,
    countIf(age >= 7 AND age < 30) AS month, countIf(age >= 30) AS older
FROM (SELECT severity, dateDiff('second', opened, {UNTIL}) / 86400 AS age
    FROM {CURRENT} WHERE {OPEN} AND verdict = 'violation')
GROUP BY severity ORDER BY {RANK} DESC""",
            columns=columns("severity day week month older"),
        ),
        Panel(
            "new-findings", Text("新たな検出", "New findings"), "line",
            f"""SELECT {bucket("opened")} AS time, countIf(verdict = 'violation') AS violations,
    countIf(verdict = 'indeterminate') AS unknown
FROM {CURRENT} WHERE opened >= {{since:DateTime64(3)}} GROUP BY time ORDER BY time""",
            columns=columns("time violations unknown"),
        ),
        Panel(
            "populations", Text("判定の件数", "Judgements"), "line",
            f"""SELECT {bucket("now")} AS time, {judged("pass")} AS passed,
    {judged("violation")} AS violations, {judged("indeterminate")} AS unknown,
    {judged("not_applicable")} AS not_applicable
FROM {POPULATIONS} GROUP BY time ORDER BY time""",
            columns=columns("time passed violations unknown not_applicable"),
            note=Text(
                "違反がない時にも、何件を見たかを示す。",
                "How much was looked at, also where nothing was broken.",
            ),
        ),
        Panel(
            "open-by-control", Text("未解決の違反が多い統制", "Controls with open violations"),
            "bars",
            f"""SELECT control, count() AS open FROM {CURRENT}
WHERE {OPEN} AND verdict = 'violation' GROUP BY control ORDER BY open DESC, control LIMIT 15""",
            columns=columns("control open"),
            links=(Link("control", "control"),),
        ),
        Panel(
            "unwatched-controls", Text("判定のない統制", "Controls that judged nothing"), "table",
            f"""SELECT id.1 AS control, id.2 AS measure, judged_at FROM (
    SELECT arrayJoin(arrayZip({IDS}, {MEASURES})) AS id
) AS known LEFT JOIN (
    SELECT control, maxOrNull(now) AS judged_at FROM (
        SELECT now, arrayJoin(JSONExtractKeys(populations)) AS control FROM ledger
        WHERE now <= {UNTIL}
    ) GROUP BY control
) AS judged ON judged.control = id.1
WHERE (empty({CONTROLS}) OR id.1 IN {CONTROLS})
    AND id.1 NOT IN (SELECT control FROM {POPULATIONS})
ORDER BY control""",
            columns=columns("control measure judged_at"),
            links=(Link("control", "control"), Link("measure", "measure")),
            note=Text(
                "期間中に一件も判定していない統制。違反がないのではなく、見ていない。",
                "Controls without one judgement in the period: not kept, but not looked at.",
            ),
        ),
        Panel(
            "newest-findings", Text("新しい検出", "Newest findings"), "table",
            f"""SELECT {FINDINGS} FROM {CURRENT}
WHERE {OPEN} ORDER BY detected_at DESC, finding_id LIMIT 100""",
            columns=columns(FINDINGS),
            links=LINKED,
        ),
    ),
)  # fmt: skip

