"""Evidence: which sources were heard, where there are gaps, what was sealed and verified."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import findings
from dashboards.panels import Board, Panel, Threshold
from dashboards.sql import PERIOD, SEALED, UNTIL, bucket, flag, number, text

REGISTERED = f"""(
    SELECT {text("monitored_source_id")} AS source,
        argMax({text("kind")}, occurred_at) AS kind,
        argMax({flag("handles_pd")}, occurred_at) AS handles,
        argMax({flag("expects_heartbeat")}, occurred_at) AS beats,
        argMax({number("silence_minutes")}, occurred_at) * 60 AS allowed,
        argMax({text("retired_on")}, occurred_at) AS retired
    FROM events WHERE event_type = 'register.source' AND occurred_at <= {UNTIL} GROUP BY source
)"""
HEARD = f"""(
    SELECT source, max(at) AS last FROM (
        SELECT source_id AS source, max(occurred_at) AS at FROM events
        WHERE {PERIOD} GROUP BY source
        UNION ALL
        SELECT {text("monitored_source_id")} AS source, max(occurred_at) AS at FROM events
        WHERE event_type = 'log.source_status' AND {text("status")} IN ('heartbeat', 'resumed')
            AND {PERIOD} GROUP BY source
    ) GROUP BY source
)"""
"""The last event or heartbeat of every source that was heard in the period."""

EVIDENCE = Board(
    id="evidence",
    title=Text("証跡と完全性", "Evidence and completeness"),
    about=Text(
        "ログの出所、欠測、読めない行、重複、台帳のチェーンとチェックポイント、検証。",
        "Sources, gaps, rejects, duplicates, chains and checkpoints, verification.",
    ),
    panels=(
        Panel(
            "lines", Text("受信した行", "Lines received"), "stat",
            f"""SELECT sum(received) AS lines, sum(evaluated) AS evaluated,
    sum(rejected) AS rejected, sum(duplicates) AS duplicates FROM ledger WHERE {SEALED}""",
            columns=columns("lines evaluated rejected duplicates"),
        ),
        Panel(
            "ledger-age", Text("最後のブロックからの経過", "Age of the newest block"), "stat",
            f"""SELECT dateDiff('second', max(now), {UNTIL}) AS age, count() AS blocks
FROM ledger WHERE now <= {UNTIL}""",
            unit="seconds",
            columns=columns("age blocks"),
            thresholds=(Threshold(3_600, "warning"), Threshold(86_400, "bad")),
        ),
        Panel(
            "checkpoint-age", Text("最後のチェックポイント", "Age of the newest checkpoint"),
            "stat",
            f"""SELECT if(count() = 0, NULL, dateDiff('second', max(at), {UNTIL})) AS age,
    count() AS entries FROM log WHERE at <= {UNTIL}""",
            unit="seconds",
            columns=columns("age entries"),
            thresholds=(Threshold(86_400, "warning"), Threshold(172_800, "bad")),
        ),
        Panel(
            "events-by-day", Text("イベントの件数", "Events"), "line",
            f"""SELECT {bucket("occurred_at")} AS time, countIf(lane = 'books') AS books,
    countIf(lane = 'access') AS access, countIf(lane = 'principals') AS principals_lane
FROM events WHERE {PERIOD} GROUP BY time ORDER BY time""",
            columns=columns("time books access principals_lane"),
        ),
        Panel(
            "registered-sources", Text("登録されたログの出所", "Registered sources"), "table",
            f"""SELECT source, kind, if(handles, 'yes', 'no') AS personal_data, last,
    dateDiff('second', last, {UNTIL}) AS silent, allowed,
    multiIf(beats AND (last IS NULL OR allowed > 0 AND silent > allowed), 'bad',
        last IS NULL, 'warning', 'good') AS state
FROM {REGISTERED} AS known LEFT JOIN (SELECT source, toNullable(last) AS last FROM {HEARD})
    AS heard USING source
WHERE retired = '' ORDER BY state, silent DESC, source LIMIT 500""",
            columns=columns("source kind personal_data last silent allowed state"),
            note=Text(
                "「要対応」は許された時間より長く黙っている出所、「注意」は期間中に受信のない出所。",
                "Bad: silent for longer than is allowed; warning: not heard in the period.",
            ),
        ),
        Panel(
            "sources", Text("受信した出所", "Sources heard"), "table",
            f"""SELECT source_id AS source, count() AS events, max(occurred_at) AS last,
    quantile(0.95)(greatest(dateDiff('second', occurred_at, observed_at), 0)) AS usual,
    max(dateDiff('second', occurred_at, observed_at)) AS worst
FROM events WHERE {PERIOD} GROUP BY source ORDER BY last, source LIMIT 500""",
            columns=columns("source events last usual worst"),
        ),
        Panel(
            "gaps", Text("欠測と設定の変更", "Gaps and changes of logging"), "table",
            f"""SELECT occurred_at, {text("monitored_source_id")} AS source,
    arrayFirst(v -> v != '', [{text("status")}, {text("change")}]) AS what,
    {text("declared_outage_id")} AS declared, {text("ticket_id")} AS ticket
FROM events WHERE (event_type = 'log.config_changed' OR event_type = 'log.source_status'
    AND {text("status")} != 'heartbeat') AND {PERIOD}
ORDER BY occurred_at DESC, source LIMIT 200""",
            columns=columns("occurred_at source what declared ticket"),
        ),
        Panel(
            "rejects", Text("読めない行とその理由", "Rejects and why"), "table",
            f"""SELECT source_id AS source, origin, reason, count() AS rejected,
    max(recorded_at) AS last
FROM rejects INNER JOIN (SELECT lane, partition, last_offset AS block, now FROM ledger
    WHERE {SEALED}) AS sealed USING (lane, partition, block)
GROUP BY source, origin, reason ORDER BY rejected DESC, source, reason LIMIT 200""",
            columns=columns("source origin reason rejected last"),
        ),
        Panel(
            "duplicates", Text("出所ごとの重複", "Duplicates by source"), "bars",
            f"""SELECT own.1 AS source, sum(own.2) AS duplicates FROM (
    SELECT arrayJoin(JSONExtractKeysAndValues(repeats, 'Int64')) AS own FROM ledger
    WHERE {SEALED}) GROUP BY source ORDER BY duplicates DESC, source LIMIT 20""",
            columns=columns("source duplicates"),
        ),
        Panel(
            "chains", Text("台帳のチェーン", "Chains of the ledger"), "table",
            f"""SELECT lane, partition, count() AS blocks, max(number) AS last_number,
    max(number) - count() AS holes, sum(evaluated) AS evaluated, max(now) AS sealed_at,
    dateDiff('second', sealed_at, {UNTIL}) AS age
FROM ledger WHERE now <= {UNTIL} GROUP BY lane, partition ORDER BY holes DESC, lane, partition""",
            columns=columns(
                "lane partition blocks last_number holes evaluated sealed_at age"
            ),
            note=Text(
                "欠番は 0 でなければならない。証明は shoseki verify が行う。",
                "There must be no holes; the proof is shoseki verify's.",
            ),
        ),
        Panel(
            "catalogues", Text("判定したカタログ", "Catalogues that judged"), "table",
            f"""SELECT fingerprint, count() AS blocks, min(now) AS first, max(now) AS last
FROM ledger WHERE {SEALED} GROUP BY fingerprint ORDER BY last DESC""",
            columns=columns("fingerprint blocks first last"),
        ),
        Panel(
            "own-acts", Text("このシステム自身の操作", "Acts of this system itself"), "table",
            f"""SELECT occurred_at, event_type,
    arrayFirst(v -> v != '', [{text("pack_id")}, {text("lookup_id")}, {text("silence_id")},
        {text("change_id")}, {text("key_id")}, {text("run_id")}]) AS what,
    if(event_type != 'own.verified', '', if({flag("ok")}, 'yes', 'no')) AS ok,
    actor_ref AS actor
FROM events WHERE startsWith(event_type, 'own.') AND {PERIOD}
ORDER BY event_type = 'own.verified', occurred_at DESC, what LIMIT 200""",
            columns=columns("occurred_at event_type what ok actor"),
        ),
        findings("evidence", (), "GOV-08", "TEC-13"),
    ),
)  # fmt: skip

