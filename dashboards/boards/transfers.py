"""Transfers: to whom, into which country, on what ground, and whether it was recorded."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import findings
from dashboards.panels import Board, Panel
from dashboards.sql import PERIOD, UNTIL, bucket, flag, number, text, texts

_COUNTRY = f"""arrayFirst(v -> v != '', [{text("recipient_country")}, {text("to_country")},
        {text("country")}])"""
_RECIPIENT = f"""arrayFirst(v -> v != '', [{text("recipient_id")}, {text("contractor_id")},
        {text("to_id")}, {text("counterparty_id")}])"""
TRANSFERS = f"""(
    SELECT occurred_at, event_type, {_RECIPIENT} AS recipient, {_COUNTRY} AS country,
        {text("basis")} AS basis, {text("xborder_basis")} AS abroad,
        {text("dataset_id")} AS dataset, {number("principals_count")} AS principals,
        {text("purpose_code")} AS purpose, {text("provision_id")} AS provision
    FROM events WHERE {PERIOD} AND (
        event_type IN ('transfer.provided', 'contractor.data_entrusted', 'jointuse.shared')
        OR event_type = 'transfer.personal_related' AND {text("direction")} = 'provided')
)"""
"""All that was given to others in the period: provided, entrusted, shared, related."""

PROVISION = Board(
    id="transfers",
    title=Text("提供と外国", "Transfers and countries"),
    about=Text(
        "第三者提供、共同利用、外国への提供、外部送信。根拠と記録。",
        "Provision to third parties, joint use, transfers abroad, tags and mail: grounds and"
        " records.",
    ),
    panels=(
        Panel(
            "provisions", Text("第三者提供と記録", "Provisions and their records"), "stat",
            f"""SELECT uniqExact(provision) AS provisions,
    uniqExactIf(provision, provision IN (
        SELECT {text("provision_id")} FROM events WHERE event_type = 'transfer.record_created'))
        AS recorded
FROM {TRANSFERS} WHERE event_type = 'transfer.provided'""",
            columns=columns("provisions recorded"),
        ),
        Panel(
            "abroad", Text("外国への提供", "Transfers abroad"), "stat",
            f"""SELECT countIf(country NOT IN ('', 'JP')) AS number,
    countIf(country NOT IN ('', 'JP') AND abroad IN ('', 'na', 'none')) AS groundless,
    count() AS provisions FROM {TRANSFERS}""",
            columns=columns("number groundless provisions"),
        ),
        Panel(
            "by-country", Text("国ごとの提供", "Transfers by country"), "bars",
            f"""SELECT country, countIf(event_type = 'transfer.provided') AS transfers,
    countIf(event_type = 'contractor.data_entrusted') AS entrusted,
    countIf(event_type = 'jointuse.shared') AS shared,
    countIf(event_type = 'transfer.personal_related') AS related
FROM {TRANSFERS} WHERE country != '' GROUP BY country ORDER BY count() DESC, country LIMIT 20""",
            columns=columns("country transfers entrusted shared related"),
        ),
        Panel(
            "by-basis", Text("提供の根拠", "Grounds of provision"), "bars",
            f"""SELECT basis, count() AS transfers, sum(principals) AS principals
FROM {TRANSFERS} WHERE event_type = 'transfer.provided' GROUP BY basis
ORDER BY transfers DESC, basis""",
            columns=columns("basis transfers principals"),
        ),
        Panel(
            "by-day", Text("提供の推移", "Transfers over time"), "line",
            f"""SELECT {bucket("occurred_at")} AS time,
    countIf(event_type = 'transfer.provided') AS transfers,
    countIf(event_type = 'contractor.data_entrusted') AS entrusted,
    countIf(event_type = 'jointuse.shared') AS shared,
    countIf(event_type = 'transfer.personal_related') AS related
FROM {TRANSFERS} GROUP BY time ORDER BY time""",
            columns=columns("time transfers entrusted shared related"),
        ),
        Panel(
            "provided", Text("第三者提供の一覧", "What was provided"), "table",
            f"""SELECT occurred_at, recipient, country, basis, abroad, dataset, principals, purpose,
    arrayStringConcat(arraySort(groupUniqArray(record)), ' ') AS record
FROM {TRANSFERS} AS given LEFT JOIN (
    SELECT {text("provision_id")} AS provision, {text("record_id")} AS record FROM events
    WHERE event_type = 'transfer.record_created'
) AS recorded USING provision
WHERE event_type IN ('transfer.provided', 'jointuse.shared')
GROUP BY occurred_at, recipient, country, basis, abroad, dataset, principals, purpose, provision
ORDER BY record != '', occurred_at DESC, recipient LIMIT 200""",
            columns=columns(
                "occurred_at recipient country basis abroad dataset principals purpose record"
            ),
            note=Text("記録のないものを先に示す。", "Those without a record come first."),
        ),
        Panel(
            "foreign-recipients", Text("外国にある相手の確認", "Checks of recipients abroad"),
            "table",
            f"""SELECT {text("recipient_id")} AS recipient, max(occurred_at) AS inspected,
    argMax({text("country")}, occurred_at) AS country,
    argMax({text("system_basis")}, occurred_at) AS basis,
    argMax({text("regime_concern")}, occurred_at) AS concern,
    argMax({text("obstruction")}, occurred_at) AS obstruction,
    argMax({text("next_due")}, occurred_at) AS next_due
FROM events WHERE event_type = 'foreign.recipient_checked' AND occurred_at <= {UNTIL}
GROUP BY recipient ORDER BY next_due, recipient LIMIT 200""",
            columns=columns("recipient inspected country basis concern obstruction next_due"),
        ),
        Panel(
            "countries", Text("外国の制度の評価", "Countries assessed"), "table",
            f"""SELECT country, provisions, assessed, valid_until FROM (
    SELECT country, count() AS provisions FROM {TRANSFERS} WHERE country NOT IN ('', 'JP')
    GROUP BY country
) AS used FULL OUTER JOIN (
    SELECT {text("country")} AS country, argMax({text("assessed_on")}, occurred_at) AS assessed,
        argMax({text("valid_until")}, occurred_at) AS valid_until
    FROM events WHERE event_type = 'country.assessed' AND occurred_at <= {UNTIL} GROUP BY country
) AS known USING country ORDER BY assessed != '', valid_until, country""",
            columns=columns("country provisions assessed valid_until"),
            note=Text(
                "評価のない国を先に示す。", "Countries without an assessment come first."
            ),
        ),
        Panel(
            "tags", Text("外部送信（タグ）", "Tags that send data out"), "table",
            f"""SELECT domain, arrayStringConcat(groupUniqArray(vendor), ' ') AS vendor,
    count() AS number, countIf(contains) AS personal, countIf(hash) AS hashed,
    arrayStringConcat(arraySort(groupUniqArrayIf(country, country != '')), ' ') AS countries,
    if(domain IN (SELECT arrayJoin({texts("domains")}) FROM events
        WHERE event_type = 'tag.declared' AND occurred_at <= {UNTIL}), 'yes', 'no') AS declared
FROM (
    SELECT {text("third_party_domain")} AS domain, {text("vendor_id")} AS vendor,
        {flag("contains_pd")} AS contains, {flag("hashed")} AS hash,
        {text("country")} AS country
    FROM events WHERE event_type = 'tag.observed' AND {PERIOD}
) GROUP BY domain ORDER BY declared, personal DESC, domain LIMIT 200""",
            columns=columns("domain vendor number personal hashed countries declared"),
        ),
        Panel(
            "mail", Text("社外への電子メール", "Mail to other companies"), "bars",
            f"""SELECT domain, count() AS mails, sum({number("dlp_principals")}) AS principals,
    countIf({number("attachments")} > 0 AND NOT {flag("attachment_encrypted")}) AS attached
FROM (
    SELECT attributes, arrayJoin({texts("external_domains")}) AS domain FROM events
    WHERE event_type = 'email.sent' AND {PERIOD}
) GROUP BY domain ORDER BY mails DESC, domain LIMIT 20""",
            columns=columns("domain mails principals attached"),
        ),
        findings(
            "transfers", ("provision", "cross_border", "external_environment", "web")
        ),
    ),
)  # fmt: skip

