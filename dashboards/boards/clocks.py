"""Statutory clocks: incidents and what was reported of them, requests and complaints that wait."""

from __future__ import annotations

from math import inf

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.principals import COMPLAINTS, UNANSWERED
from dashboards.boards.shared import findings
from dashboards.panels import Board, Panel, Series, Threshold
from dashboards.sql import PERIOD, SINCE, UNTIL, array, instant, number, text


def _first(name: str, type_: str, condition: str = "1") -> str:
    return f"minOrNullIf(occurred_at, event_type = '{type_}' AND {condition}) AS {name}"


def _step(name: str, *steps: str) -> str:
    return _first(name, "incident.step", f"{text('step')} IN {array(steps)}")


def _stage(name: str, stage: str) -> str:
    return _first(name, "incident.reported", f"{text('stage')} IN ['{stage}', 'single']")


def _told(name: str, value: str) -> str:
    """As the newest version of the case tells it."""
    return f"argMaxIf({value}, observed_at, event_type = 'incident.detected') AS {name}"


CASES = f"""(
    SELECT {text("incident_id")} AS incident,
        minIf({instant("known_at")}, event_type = 'incident.detected') AS known_at,
        minIf({instant("contractor_known_at")}, event_type = 'incident.detected') AS told,
        {_told("kind", text("kind"))},
        {_told("cause", text("cause"))},
        {_told("principals", number("principals_max"))},
        {_told("contractor", text("contractor_id"))},
        {_step("contained", "contained")},
        {_step("closed", "closed", "withdrawn")},
        {_stage("preliminary", "preliminary")},
        {_stage("final", "final")},
        {_first("notified", "incident.notified")}
    FROM events WHERE occurred_at <= {UNTIL} AND event_type IN
        ('incident.detected', 'incident.step', 'incident.reported', 'incident.notified')
    GROUP BY incident HAVING known_at IS NOT NULL
)"""
"""Every incident known at the end of the period, with the first of each of its steps."""

CLOCKS = Board(
    id="clocks",
    title=Text("法定の期限", "Statutory clocks"),
    about=Text(
        "事故の速報・確報・通知、開示等の請求、苦情。どれが走っていて、あとどれだけか。",
        "Reports and notices of incidents, requests of principals, complaints: what runs, and"
        " how long is left.",
    ),
    panels=(
        Panel(
            "clock-seconds-left", Text("期限までの残り", "Time left"), "bars",
            metric=(
                Series(
                    "min by (control) (shoseki_clock_seconds_left)",
                    Text("{{control}}", "{{control}}"),
                ),
            ),
            unit="seconds",
            thresholds=(
                Threshold(-inf, "bad"), Threshold(0, "warning"), Threshold(2 * 86_400, "good"),
            ),
        ),
        Panel(
            "clocks-open", Text("走っている期限", "Clocks that run"), "line",
            metric=(
                Series(
                    "max by (control) (shoseki_clocks_open)", Text("{{control}}", "{{control}}")
                ),
            ),
        ),
        Panel(
            "incidents-open", Text("終結していない事故", "Incidents not closed"), "stat",
            f"""SELECT countIf(isNull(closed)) AS unclosed,
    countIf(isNull(final)) AS unreported, count() AS number
FROM {CASES}""",
            columns=columns("unclosed unreported number"),
            thresholds=(Threshold(1, "warning"),),
        ),
        Panel(
            "incidents", Text("事故の経過", "Incidents"), "table",
            f"""SELECT incident, known_at, kind, cause, principals, contained, preliminary, final,
    notified, closed, dateDiff('second', known_at, ifNull(closed, {UNTIL})) AS elapsed
FROM {CASES} WHERE closed IS NULL OR closed >= {SINCE}
ORDER BY closed IS NOT NULL, known_at DESC, incident LIMIT 200""",
            columns=columns(
                "incident known_at kind cause principals contained preliminary final notified"
                " closed elapsed"
            ),
        ),
        Panel(
            "incident-causes", Text("事故の原因", "Causes of incidents"), "bars",
            f"""SELECT cause, uniqExact({text("incident_id")}) AS number FROM (
    SELECT attributes, {text("cause")} AS cause FROM events
    WHERE event_type = 'incident.detected' AND {PERIOD})
GROUP BY cause ORDER BY number DESC, cause""",
            columns=columns("cause number"),
        ),
        Panel(
            "incident-reports", Text("事故の報告先", "Reports of incidents"), "table",
            f"""SELECT {text("incident_id")} AS incident, occurred_at, {text("to")} AS recipient,
    {text("stage")} AS kind, {text("receipt_no")} AS record
FROM events WHERE event_type = 'incident.reported' AND {PERIOD}
ORDER BY occurred_at DESC, incident LIMIT 200""",
            columns=columns("incident occurred_at recipient kind record"),
        ),
        Panel(
            "incidents-of-contractors",
            Text("委託先で起きた事故", "Incidents at contractors"), "table",
            f"""SELECT incident, contractor, told, known_at,
    dateDiff('second', told, known_at) AS delay, cause, principals
FROM {CASES} WHERE contractor != '' AND known_at <= {UNTIL}
ORDER BY known_at DESC, incident LIMIT 100""",
            columns=columns("incident contractor told known_at delay cause principals"),
        ),
        UNANSWERED,
        COMPLAINTS,
        findings("clocks", ("incident", "rights")),
    ),
)  # fmt: skip
