"""Access: who signed in and how, what was read and taken out, devices, threats and privileges."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import findings
from dashboards.panels import Board, Panel, Threshold
from dashboards.sql import PERIOD, SYSTEMS, UNTIL, bucket, chosen, flag, number, text

_OWN = f"{PERIOD} AND {chosen(text('system_id'), SYSTEMS)}"
ATTEMPTS = f"""(
    SELECT occurred_at, {text("system_id")} AS system, {text("account_ref")} AS account,
        {text("outcome")} = 'success' AS succeeded, {flag("mfa")} AS mfa,
        {flag("remote")} AND actor_kind != 'principal' AS outside, {text("country")} AS country
    FROM events WHERE event_type = 'access.auth_attempt' AND {_OWN}
)"""
"""Sign-ins; `outside`: from elsewhere, by people who work for us, not by principals."""
QUERIES = f"""(
    SELECT occurred_at, actor_ref AS actor, {text("system_id")} AS system,
        {text("dataset_id")} AS dataset, {text("operation")} AS operation,
        {number("rows")} AS touched, {text("purpose_code")} AS purpose,
        {text("target_system_id")} AS destination, {text("ticket_id")} AS ticket
    FROM events WHERE event_type = 'access.datastore_query' AND {_OWN}
)"""
DEVICES = f"""(
    SELECT {text("device_id")} AS device,
        argMax({flag("registered_for_pd")}, occurred_at) AS registered,
        argMax({flag("av_running")}, occurred_at) AS guarded,
        argMax({flag("disk_encrypted")}, occurred_at) AS encrypted,
        argMax({flag("os_supported")}, occurred_at) AS supported,
        argMax({number("missing_critical_patches")}, occurred_at) AS patches
    FROM events WHERE event_type = 'endpoint.posture' AND {PERIOD} GROUP BY device
)"""
"""The newest state of every device that was heard of in the period."""

ACCESS = Board(
    id="access",
    title=Text("アクセスと認証", "Access and authentication"),
    about=Text(
        "ログイン、閲覧と出力、持ち出しの検知、端末、脆弱性、権限。",
        "Sign-ins, reads and exports, egress, devices, vulnerabilities and privileges.",
    ),
    panels=(
        Panel(
            "weak-remote", Text("多要素なしの社外ログイン", "Remote without a second factor"),
            "stat",
            f"""SELECT countIf(outside AND succeeded AND NOT mfa) AS weak,
    countIf(outside AND succeeded) AS remote FROM {ATTEMPTS}""",
            columns=columns("weak remote"),
            thresholds=(Threshold(1, "bad"),),
        ),
        Panel(
            "devices", Text("端末の保護", "Protection of devices"), "stat",
            f"""SELECT countIf(NOT (guarded AND encrypted AND supported) OR patches > 0)
    AS unprotected, count() AS devices FROM {DEVICES}""",
            columns=columns("unprotected devices"),
            thresholds=(Threshold(1, "warning"),),
        ),
        Panel(
            "attempts", Text("ログイン", "Sign-ins"), "line",
            f"""SELECT {bucket("occurred_at")} AS time, countIf(succeeded) AS success,
    countIf(NOT succeeded) AS failure FROM {ATTEMPTS} GROUP BY time ORDER BY time""",
            columns=columns("time success failure"),
        ),
        Panel(
            "failures", Text("システムごとのログイン", "Sign-ins by system"), "table",
            f"""SELECT system, countIf(NOT succeeded) AS failure, countIf(succeeded) AS success,
    uniqExact(account) AS accounts, countIf(outside AND succeeded) AS remote,
    countIf(succeeded AND NOT mfa) AS weak
FROM {ATTEMPTS} GROUP BY system ORDER BY failure DESC, system LIMIT 50""",
            columns=columns("system failure success accounts remote weak"),
        ),
        Panel(
            "sign-in-countries", Text("国ごとのログイン", "Sign-ins by country"), "bars",
            f"""SELECT if(country = '', '?', country) AS country, countIf(succeeded) AS success,
    countIf(NOT succeeded) AS failure
FROM {ATTEMPTS} GROUP BY country ORDER BY success DESC, country LIMIT 20""",
            columns=columns("country success failure"),
        ),
        Panel(
            "datasets", Text("データごとのアクセス", "Access by dataset"), "table",
            f"""SELECT dataset, system, countIf(operation = 'read') AS reads,
    countIf(operation = 'export') AS exports,
    countIf(operation IN ('write', 'update', 'delete', 'grant', 'ddl')) AS changes,
    sum(touched) AS rows, uniqExact(actor) AS actors
FROM {QUERIES} GROUP BY dataset, system ORDER BY rows DESC, dataset, system LIMIT 100""",
            columns=columns("dataset system reads exports changes rows actors"),
        ),
        Panel(
            "rows-touched", Text("閲覧・出力した行", "Rows read and exported"), "line",
            f"""SELECT {bucket("occurred_at")} AS time,
    sumIf(touched, operation = 'read') AS reads, sumIf(touched, operation = 'export') AS exports
FROM {QUERIES} GROUP BY time ORDER BY time""",
            columns=columns("time reads exports"),
        ),
        Panel(
            "exports", Text("大きな出力", "Large exports"), "table",
            f"""SELECT occurred_at, system, dataset, touched AS rows, actor, purpose, destination,
    ticket
FROM {QUERIES} WHERE operation = 'export' ORDER BY rows DESC, occurred_at LIMIT 50""",
            columns=columns("occurred_at system dataset rows actor purpose destination ticket"),
        ),
        Panel(
            "egress", Text("持ち出しの検知", "Egress detected"), "table",
            f"""SELECT occurred_at, {text("channel")} AS channel,
    {text("destination")} AS destination, if({flag("sanctioned")}, 'yes', 'no') AS sanctioned,
    if({flag("blocked")}, 'yes', 'no') AS stopped, {text("dataset_id")} AS dataset,
    {number("principals_count")} AS principals, {text("country")} AS country, actor_ref AS actor
FROM events WHERE event_type = 'dlp.egress_detected' AND {PERIOD}
ORDER BY sanctioned, occurred_at DESC LIMIT 100""",
            columns=columns(
                "occurred_at channel destination sanctioned stopped dataset principals country"
                " actor"
            ),
        ),
        Panel(
            "threats", Text("脅威の検知", "Threats detected"), "bars",
            f"""SELECT {text("kind")} AS kind, countIf({flag("blocked")}) AS blocked,
    countIf(NOT {flag("blocked")}) AS passed_through
FROM events WHERE event_type = 'security.threat_detected' AND {_OWN}
GROUP BY kind ORDER BY passed_through DESC, blocked DESC, kind""",
            columns=columns("kind blocked passed_through"),
        ),
        Panel(
            "vulnerabilities", Text("残っている脆弱性", "Open vulnerabilities"), "table",
            f"""SELECT system, vulnerability, cvss, result, first_seen, accepted_until FROM (
    SELECT {text("system_id")} AS system, {text("vuln_id")} AS vulnerability,
        max(JSONExtractFloat(attributes, 'cvss')) AS cvss,
        argMax({text("state")}, occurred_at) AS result, min({text("first_seen")}) AS first_seen,
        argMax({text("accepted_until")}, occurred_at) AS accepted_until
    FROM events WHERE event_type = 'vulnerability.status' AND occurred_at <= {UNTIL}
        AND {chosen(text("system_id"), SYSTEMS)}
    GROUP BY system, vulnerability
) WHERE result != 'fixed' ORDER BY cvss DESC, first_seen, system LIMIT 100""",
            columns=columns("system vulnerability cvss result first_seen accepted_until"),
        ),
        Panel(
            "privileges", Text("権限の変更", "Changes of privileges"), "table",
            f"""SELECT occurred_at, {text("system_id")} AS system, {text("role")} AS role,
    {text("change")} AS change, if({flag("privileged")}, 'yes', 'no') AS privileged,
    {text("ticket_id")} AS ticket, {text("account_ref")} AS actor
FROM events WHERE event_type = 'access.privilege_changed' AND {_OWN}
ORDER BY occurred_at DESC, system LIMIT 100""",
            columns=columns("occurred_at system role change privileged ticket actor"),
        ),
        findings("access", ("technical",)),
    ),
)  # fmt: skip
