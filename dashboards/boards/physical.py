"""Physical measures: entries, visitors, media that left, transport, inspections, stock-taking."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import findings
from dashboards.panels import Board, Panel, Threshold
from dashboards.sql import PERIOD, SINCE, UNTIL, bucket, flag, instant, number, text, texts

TAKEN = f"""(
    SELECT {text("asset_id")} AS asset, {text("takeout_id")} AS takeout,
        minOrNullIf(occurred_at, event_type = 'asset.taken_out') AS taken_at,
        anyIf({text("asset_kind")}, event_type = 'asset.taken_out') AS kind,
        anyIf({number("principals_count")}, event_type = 'asset.taken_out') AS principals,
        anyIf({texts("protection")}, event_type = 'asset.taken_out') AS protected_by,
        anyIf({text("approval_id")}, event_type = 'asset.taken_out') AS approval,
        anyIf({instant("due_back")}, event_type = 'asset.taken_out') AS due_back,
        countIf(event_type = 'asset.returned') > 0 AS returned
    FROM events WHERE event_type IN ('asset.taken_out', 'asset.returned')
        AND occurred_at <= {UNTIL}
    GROUP BY asset, takeout HAVING taken_at IS NOT NULL
)"""

PHYSICAL = Board(
    id="physical",
    title=Text("物理的な措置", "Physical measures"),
    about=Text(
        "入退室、来訪者、媒体の持ち出しと輸送、点検、棚卸し、廃棄。",
        "Entries, visitors, media taken out and sent, inspections, stock-taking, disposal.",
    ),
    panels=(
        Panel(
            "visitors", Text("退出の記録がない来訪者", "Visitors not out yet"), "stat",
            f"""SELECT countIf({instant("out_at")} IS NULL) AS inside, count() AS visits
FROM events WHERE event_type = 'visitor.registered' AND {PERIOD}""",
            columns=columns("inside visits"),
            thresholds=(Threshold(1, "warning"),),
        ),
        Panel(
            "overdue-media", Text("期限を過ぎた持ち出し", "Media overdue"), "stat",
            f"""SELECT countIf(NOT returned AND due_back < {UNTIL}) AS overdue,
    countIf(NOT returned) AS out, countIf(taken_at >= {SINCE}) AS taken FROM {TAKEN}""",
            columns=columns("overdue out taken"),
            thresholds=(Threshold(1, "bad"),),
        ),
        Panel(
            "reads-by-zone", Text("区域ごとの入退室", "Entries by zone"), "bars",
            f"""SELECT {text("zone_id")} AS zone, countIf({text("result")} = 'granted') AS admitted,
    countIf({text("result")} = 'denied') AS denied
FROM events WHERE event_type = 'badge.read' AND {PERIOD}
GROUP BY zone ORDER BY denied DESC, admitted DESC, zone LIMIT 20""",
            columns=columns("zone admitted denied"),
        ),
        Panel(
            "reads-by-day", Text("入退室の推移", "Entries over time"), "line",
            f"""SELECT {bucket("occurred_at")} AS time,
    countIf({text("result")} = 'granted') AS admitted,
    countIf({text("result")} = 'denied') AS denied
FROM events WHERE event_type = 'badge.read' AND {PERIOD} GROUP BY time ORDER BY time""",
            columns=columns("time admitted denied"),
        ),
        Panel(
            "denied", Text("拒否された入室", "Entries denied"), "table",
            f"""SELECT occurred_at, {text("zone_id")} AS zone, {text("zone_class")} AS kind,
    {text("door_id")} AS door, {text("reason")} AS reason, actor_ref AS actor
FROM events WHERE event_type = 'badge.read' AND {text("result")} = 'denied' AND {PERIOD}
ORDER BY occurred_at DESC, door LIMIT 100""",
            columns=columns("occurred_at zone kind door reason actor"),
        ),
        Panel(
            "visits", Text("来訪者", "Visitors"), "table",
            f"""SELECT {text("visit_id")} AS visit, {text("purpose")} AS what,
    arrayStringConcat({texts("zones")}, ' ') AS zones, {instant("in_at")} AS in_at,
    {instant("out_at")} AS out_at, if({text("escort_ref")} = '', 'no', 'yes') AS escort
FROM events WHERE event_type = 'visitor.registered' AND {PERIOD}
ORDER BY out_at IS NOT NULL, escort, in_at DESC, visit LIMIT 100""",
            columns=columns("visit what zones in_at out_at escort"),
        ),
        Panel(
            "taken-out", Text("持ち出し中の媒体", "Media that are out"), "table",
            f"""SELECT asset, kind, taken_at, due_back, principals,
    arrayStringConcat(protected_by, ' ') AS protection, approval
FROM {TAKEN} WHERE NOT returned ORDER BY due_back, asset LIMIT 200""",
            columns=columns("asset kind taken_at due_back principals protection approval"),
        ),
        Panel(
            "lost-media", Text("紛失・盗難", "Lost or stolen"), "table",
            f"""SELECT occurred_at, {text("asset_id")} AS asset,
    if({flag("stolen")}, 'stolen', 'lost') AS kind,
    if({flag("encrypted")}, 'yes', 'no') AS encrypted,
    if({flag("remote_wiped")}, 'yes', 'no') AS wiped, {number("principals_count")} AS principals
FROM events WHERE event_type = 'asset.lost' AND {PERIOD}
ORDER BY occurred_at DESC, asset LIMIT 100""",
            columns=columns("occurred_at asset kind encrypted wiped principals"),
        ),
        Panel(
            "shipments", Text("輸送", "Transport"), "table",
            f"""SELECT {text("shipment_id")} AS shipment,
    anyIf({text("carrier")}, event_type = 'transport.dispatched') AS carrier,
    anyIf({text("contents_kind")}, event_type = 'transport.dispatched') AS kind,
    anyIf({number("principals_count")}, event_type = 'transport.dispatched') AS principals,
    arrayStringConcat(anyIf({texts("protection")}, event_type = 'transport.dispatched'), ' ')
        AS protection,
    minIf({instant("expected_at")}, event_type = 'transport.dispatched') AS expected,
    minOrNullIf(occurred_at, event_type = 'transport.received') AS arrived
FROM events WHERE event_type IN ('transport.dispatched', 'transport.received') AND {PERIOD}
GROUP BY shipment ORDER BY arrived IS NOT NULL, expected, shipment LIMIT 100""",
            columns=columns("shipment carrier kind principals protection expected arrived"),
        ),
        Panel(
            "inspections", Text("区域の点検", "Inspections of zones"), "table",
            f"""SELECT {text("zone_id")} AS zone, max(occurred_at) AS inspected,
    argMax({number("ng_count")}, occurred_at) AS ng, count() AS number
FROM events WHERE event_type = 'area.inspected' AND occurred_at <= {UNTIL}
GROUP BY zone ORDER BY ng DESC, inspected, zone LIMIT 100""",
            columns=columns("zone inspected ng number"),
        ),
        Panel(
            "stock-taking", Text("媒体の棚卸し", "Stock-taking"), "bars",
            f"""SELECT {text("campaign_id")} AS campaign, countIf({flag("found")}) AS counted,
    countIf(NOT {flag("found")}) AS lost
FROM events WHERE event_type = 'asset.inventoried' AND occurred_at <= {UNTIL}
GROUP BY campaign ORDER BY max(occurred_at) DESC, campaign LIMIT 10""",
            columns=columns("campaign counted lost"),
        ),
        Panel(
            "disposals", Text("媒体の廃棄", "Disposal of media"), "table",
            f"""SELECT occurred_at, {text("asset_id")} AS asset, {text("method")} AS method,
    {text("outsourced_to")} AS contractor,
    if({text("certificate_ref")} = '', 'no', 'yes') AS certificate
FROM events WHERE event_type = 'asset.disposed' AND {PERIOD}
ORDER BY certificate, occurred_at DESC, asset LIMIT 100""",
            columns=columns("occurred_at asset method contractor certificate"),
        ),
        findings("physical", ("physical",)),
    ),
)  # fmt: skip
