"""Controls: what each judged, what is open, where it lies, and the events behind it."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import FINDINGS, LINKED
from dashboards.panels import Board, Link, Panel
from dashboards.sql import (
    CURRENT,
    DETECTED,
    LANGUAGE,
    MEASURE,
    OF_CONTROLS,
    OPEN,
    POPULATIONS,
    RANK,
    SINCE,
    SYSTEMS,
    TITLE,
    bucket,
    chosen,
    judged,
    text,
)

_OPEN = f"(SELECT finding_id, control, event_ids FROM {CURRENT} WHERE {OPEN})"
HELD = f"""(SELECT finding_id, control, arrayJoin(event_ids) AS event_id FROM {_OPEN}) AS held
INNER JOIN (
    SELECT event_id, event_type, occurred_at, source_id, {text("system_id")} AS system,
        {text("contractor_id")} AS contractor,
        arrayFirst(v -> v != '', [{text("recipient_country")}, {text("country")},
            {text("to_country")}, {text("subcontractor_country")}, {text("region")}]) AS country
    FROM events WHERE event_id IN (SELECT arrayJoin(event_ids) FROM {_OPEN})
) AS seen USING event_id"""
"""Open findings with the events that they rest on, of which a finding names 20 at most."""


def _spread(id_: str, title: Text, by: str) -> Panel:
    return Panel(
        f"open-by-{id_}", title, "bars",
        f"""SELECT {by}, uniqExact(finding_id) AS findings FROM {HELD}
WHERE {by} != '' GROUP BY {by} ORDER BY findings DESC, {by} LIMIT 15""",
        columns=columns(f"{by} findings"),
    )  # fmt: skip


CONTROLS = Board(
    id="controls",
    title=Text("統制", "Controls"),
    about=Text(
        "統制ごとの母集団、判定、未解決の検出と、その根拠となるイベント。",
        "Population, verdicts and open findings of every control, and the events behind them.",
    ),
    panels=(
        Panel(
            "controls", Text("統制ごとの判定", "Judgements by control"), "table",
            f"""SELECT control, {TITLE} AS title, {MEASURE} AS measure, judged, passed, violations,
    unknown, not_applicable, open, judged_at
FROM (
    SELECT control, greatest(sum(number), 0) AS judged, {judged("pass")} AS passed,
        {judged("violation")} AS violations, {judged("indeterminate")} AS unknown,
        {judged("not_applicable")} AS not_applicable, maxOrNull(now) AS judged_at
    FROM {POPULATIONS} GROUP BY control
) AS population FULL OUTER JOIN (
    SELECT control, countIf(verdict = 'violation') AS open FROM {CURRENT} WHERE {OPEN}
    GROUP BY control
) AS finding USING control
ORDER BY open DESC, control""",
            columns=columns(
                "control title measure judged passed violations unknown not_applicable open"
                " judged_at"
            ),
            links=(Link("control", "control"), Link("measure", "measure")),
        ),
        Panel(
            "open-findings", Text("未解決の検出", "Open findings"), "table",
            f"""SELECT {FINDINGS} FROM {CURRENT}
WHERE {OPEN} ORDER BY verdict DESC, {RANK} DESC, detected_at, finding_id LIMIT 500""",
            columns=columns(FINDINGS),
            links=LINKED,
        ),
        Panel(
            "open-by-code", Text("違反の種類", "Kinds of violation"), "bars",
            f"""SELECT concat(control, ' ', code) AS code, count() AS open FROM {CURRENT}
WHERE {OPEN} AND verdict = 'violation' GROUP BY control, code
ORDER BY open DESC, code LIMIT 20""",
            columns=columns("code open"),
        ),
        Panel(
            "violations-by-severity", Text("重大度ごとの新たな違反", "New violations by severity"),
            "line",
            f"""SELECT {bucket("opened")} AS time, countIf(severity IN ('low', 'info')) AS low,
    countIf(severity = 'medium') AS medium, countIf(severity = 'high') AS high,
    countIf(severity = 'critical') AS critical
FROM {CURRENT} WHERE verdict = 'violation' AND opened >= {SINCE} GROUP BY time ORDER BY time""",
            columns=columns("time low medium high critical"),
        ),
        _spread("system", Text("システムごとの検出", "Findings by system"), "system"),
        _spread("contractor", Text("委託先ごとの検出", "Findings by contractor"), "contractor"),
        _spread("country", Text("国ごとの検出", "Findings by country"), "country"),
        Panel(
            "why-indeterminate", Text("判定できない理由", "Why nothing could be said"), "table",
            f"""SELECT item AS missing, arrayStringConcat(arraySort(groupUniqArray(control)), ' ')
    AS controls, count() AS findings
FROM {CURRENT} ARRAY JOIN missing AS item
WHERE {OPEN} AND verdict = 'indeterminate' GROUP BY item ORDER BY findings DESC, item LIMIT 50""",
            columns=columns("missing controls findings"),
        ),
        Panel(
            "events-behind", Text("検出の根拠となるイベント", "Events behind findings"), "table",
            f"""SELECT occurred_at, control, event_type, source_id AS source, system, contractor,
    country, event_id, finding_id
FROM {HELD} WHERE {chosen("system", SYSTEMS)}
ORDER BY occurred_at DESC, event_id, finding_id LIMIT 300""",
            columns=columns(
                "occurred_at control event_type source system contractor country event_id"
                " finding_id"
            ),
            links=LINKED,
        ),
        Panel(
            "revisions", Text("改訂の履歴", "Revisions"), "table",
            f"""SELECT detected_at, recorded_at, control, revision, verdict, status, severity,
    if(retroactive, 'yes', '') AS retroactive, if({LANGUAGE} = 'ja', text_ja, text_en) AS text,
    finding_id
FROM findings WHERE {DETECTED} AND {OF_CONTROLS} AND revision > 1
ORDER BY recorded_at DESC, finding_id, revision DESC LIMIT 200""",
            columns=columns(
                "detected_at recorded_at control revision verdict status severity retroactive"
                " text finding_id"
            ),
            links=LINKED,
            note=Text(
                "遅れて届いた事実による改訂。前の判定も残る。",
                "Late facts make a new revision; what was said before stays.",
            ),
        ),
    ),
)  # fmt: skip
