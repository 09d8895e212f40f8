"""Principals: their requests, complaints, consents and refusals, and what is kept of them."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import findings
from dashboards.panels import Board, Panel, Threshold
from dashboards.sql import PERIOD, SINCE, UNTIL, bucket, instant, text, texts

REQUESTS = f"""(
    SELECT {text("request_id")} AS request,
        minIf(occurred_at, event_type = 'request.received') AS received_at,
        anyIf({text("kind")}, event_type = 'request.received') AS kind,
        anyIf({text("channel")}, event_type = 'request.received') AS channel,
        anyIf({text("arrived_on")}, event_type = 'request.received') AS arrived_on,
        argMaxIf({text("result")}, occurred_at, event_type = 'request.identity_checked')
            AS identity,
        argMaxIf({text("decision")}, occurred_at, event_type = 'request.decided') AS decision,
        argMaxIf({text("ground")}, occurred_at, event_type = 'request.decided') AS ground,
        minOrNullIf(occurred_at, event_type = 'request.responded') AS answered_at,
        argMaxIf({texts("systems_required")}, occurred_at, event_type = 'request.executed')
            AS required,
        argMaxIf({texts("systems_done")}, occurred_at, event_type = 'request.executed') AS done
    FROM events WHERE occurred_at <= {UNTIL} AND event_type IN ('request.received',
        'request.identity_checked', 'request.decided', 'request.responded', 'request.executed')
    GROUP BY request HAVING countIf(event_type = 'request.received') > 0
)"""
"""Every request received by the end of the period, and how far it has come."""

UNANSWERED = Panel(
    "requests-unanswered", Text("回答していない請求", "Requests not answered"), "table",
    f"""SELECT request, kind, channel, arrived_on, identity, decision,
    dateDiff('second', received_at, {UNTIL}) AS elapsed
FROM {REQUESTS} WHERE answered_at IS NULL AND decision != 'treated_as_not_made'
ORDER BY elapsed DESC, request LIMIT 200""",
    columns=columns("request kind channel arrived_on identity decision elapsed"),
)  # fmt: skip
COMPLAINTS = Panel(
    "complaints-open", Text("終わっていない苦情", "Complaints not closed"), "table",
    f"""SELECT complaint, channel, what, result, dateDiff('second', received_at, {UNTIL}) AS elapsed
FROM (
    SELECT {text("complaint_id")} AS complaint,
        minIf({instant("received_at")}, event_type = 'complaint.received') AS received_at,
        anyIf({text("channel")}, event_type = 'complaint.received') AS channel,
        anyIf({text("about")}, event_type = 'complaint.received') AS what,
        argMaxIf({text("step")}, occurred_at, event_type = 'complaint.updated') AS result
    FROM events WHERE occurred_at <= {UNTIL}
        AND event_type IN ('complaint.received', 'complaint.updated')
    GROUP BY complaint HAVING received_at IS NOT NULL
) WHERE result != 'closed' ORDER BY elapsed DESC, complaint LIMIT 200""",
    columns=columns("complaint channel what result elapsed"),
)  # fmt: skip

PRINCIPALS = Board(
    id="principals",
    title=Text("本人の請求", "Principals' requests"),
    about=Text(
        "開示等の請求、苦情、同意と拒否、保存と消去。",
        "Requests, complaints, consents and refusals, retention and erasure.",
    ),
    panels=(
        Panel(
            "requests", Text("期間中に受けた請求", "Requests received"), "stat",
            f"""SELECT count() AS received, countIf(answered_at IS NOT NULL) AS answered,
    countIf(answered_at IS NULL AND decision != 'treated_as_not_made') AS unanswered
FROM {REQUESTS} WHERE received_at >= {SINCE}""",
            columns=columns("received answered unanswered"),
        ),
        Panel(
            "answer-time", Text("回答までの平均時間", "Mean time to answer"), "stat",
            f"""SELECT avgOrNull(dateDiff('second', received_at, answered_at)) AS seconds,
    count() AS answered FROM {REQUESTS} WHERE answered_at >= {SINCE}""",
            unit="seconds",
            columns=columns("seconds answered"),
            thresholds=(Threshold(10 * 86_400, "warning"), Threshold(14 * 86_400, "bad")),
        ),
        Panel(
            "requests-by-kind", Text("請求の種類", "Requests by kind"), "bars",
            f"""SELECT kind, count() AS received, countIf(answered_at IS NOT NULL) AS answered
FROM {REQUESTS} WHERE received_at >= {SINCE} GROUP BY kind ORDER BY received DESC, kind""",
            columns=columns("kind received answered"),
        ),
        Panel(
            "requests-by-day", Text("受付と回答", "Received and answered"), "line",
            f"""SELECT {bucket("occurred_at")} AS time,
    countIf(event_type = 'request.received') AS received,
    countIf(event_type = 'request.responded') AS answered
FROM events WHERE event_type IN ('request.received', 'request.responded') AND {PERIOD}
GROUP BY time ORDER BY time""",
            columns=columns("time received answered"),
        ),
        UNANSWERED,
        Panel(
            "decisions", Text("決定と理由", "Decisions and their grounds"), "table",
            f"""SELECT decision, ground, count() AS number FROM {REQUESTS}
WHERE decision != '' AND received_at >= {SINCE} GROUP BY decision, ground
ORDER BY number DESC, decision, ground""",
            columns=columns("decision ground number"),
        ),
        Panel(
            "execution", Text("消去・停止の実行", "Erasure and stopping carried out"), "table",
            f"""SELECT request, kind,
    arrayStringConcat(arrayFilter(v -> NOT has(done, v), required), ' ') AS outstanding,
    length(required) AS number
FROM {REQUESTS} WHERE notEmpty(required) ORDER BY outstanding = '', request LIMIT 100""",
            columns=columns("request kind outstanding number"),
        ),
        COMPLAINTS,
        Panel(
            "consents", Text("同意と撤回", "Consents and withdrawals"), "bars",
            f"""SELECT kind, countIf(state = 'granted') AS granted,
    countIf(state = 'withdrawn') AS withdrawn, countIf(state = 'expired') AS refused
FROM (SELECT {text("kind")} AS kind, {text("state")} AS state FROM events
    WHERE event_type = 'consent.changed' AND {PERIOD})
GROUP BY kind ORDER BY granted DESC, kind""",
            columns=columns("kind granted withdrawn refused"),
        ),
        Panel(
            "optouts", Text("配信停止と送信", "Opt-outs and what was sent"), "line",
            f"""SELECT {bucket("occurred_at")} AS time,
    countIf(event_type = 'optout.recorded') AS optouts,
    countIf(event_type = 'marketing.sent') AS sent
FROM events WHERE event_type IN ('optout.recorded', 'marketing.sent') AND {PERIOD}
GROUP BY time ORDER BY time""",
            columns=columns("time optouts sent"),
        ),
        Panel(
            "retention", Text("保存と消去", "Kept and disposed of"), "bars",
            f"""SELECT kind, countIf(NOT gone) AS held, countIf(gone) AS disposed FROM (
    SELECT {text("record_id")} AS record,
        anyIf({text("record_class")}, event_type = 'record.retention') AS kind,
        countIf(event_type = 'record.disposed') > 0 AS gone
    FROM events WHERE event_type IN ('record.retention', 'record.disposed')
        AND occurred_at <= {UNTIL}
    GROUP BY record) WHERE kind != '' GROUP BY kind ORDER BY held DESC, kind""",
            columns=columns("kind held disposed"),
        ),
        findings("principals", ("rights", "purpose", "retention")),
    ),
)  # fmt: skip
