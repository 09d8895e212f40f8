"""Outsourcing: contractors, subcontractors, contracts, supervision, and the data that went out."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.boards.columns import columns
from dashboards.boards.shared import findings
from dashboards.panels import Board, Panel, Threshold
from dashboards.sql import (
    CONTRACTORS,
    CURRENT,
    OPEN,
    PERIOD,
    UNTIL,
    bucket,
    chosen,
    flag,
    number,
    text,
    texts,
)

_TODAY = f"toString(toDate({UNTIL}, 'Asia/Tokyo'))"
_OWN = chosen(text("contractor_id"), CONTRACTORS)
CONTRACTED = f"""(
    SELECT contract, contractor, permitted, effective_to, countries
    FROM (
        SELECT {text("contract_id")} AS contract,
            argMaxIf({text("contractor_id")}, occurred_at, signed) AS contractor,
            argMaxIf({text("reentrust_allowed")}, occurred_at, signed) AS permitted,
            argMaxIf({text("effective_to")}, occurred_at, signed) AS effective_to,
            argMaxIf({texts("storage_countries")}, occurred_at, signed) AS countries,
            max(NOT signed) AS over
        FROM (
            SELECT attributes, occurred_at, event_type = 'contractor.contracted' AS signed
            FROM events
            WHERE event_type IN ('contractor.contracted', 'contractor.contract_ended')
                AND occurred_at <= {UNTIL} AND {_OWN}
        ) GROUP BY contract
    ) WHERE NOT over AND contractor != '' AND (effective_to = '' OR effective_to >= {_TODAY})
)"""
"""Contracts in force at the end of the period, as their newest version has them."""
SUPERVISED = f"""(
    SELECT {text("contractor_id")} AS contractor,
        argMaxIf({text("result")}, occurred_at, event_type = 'contractor.assessed') AS assessed,
        argMaxIf({text("valid_until")}, occurred_at, event_type = 'contractor.assessed')
            AS valid_until,
        argMaxIf({text("country")}, occurred_at, event_type = 'contractor.assessed') AS country,
        arrayStringConcat(argMaxIf({texts("certified")}, occurred_at,
            event_type = 'contractor.assessed'), ' ') AS certified,
        maxOrNullIf(occurred_at, event_type = 'contractor.audited') AS audited,
        argMaxIf({text("next_due")}, occurred_at, event_type = 'contractor.audited') AS next_due,
        sumIf({number("principals_count")}, event_type = 'contractor.data_entrusted'
            AND {PERIOD}) AS principals
    FROM events WHERE event_type IN ('contractor.assessed', 'contractor.audited',
        'contractor.data_entrusted') AND occurred_at <= {UNTIL} AND {_OWN}
    GROUP BY contractor
)"""
"""What is known of every contractor: the newest assessment and audit, what was entrusted."""
CONTRACTORS_OPEN = f"""(
    SELECT contractor, uniqExact(finding_id) AS open FROM (
        SELECT finding_id, arrayJoin(event_ids) AS event_id FROM {CURRENT}
        WHERE {OPEN} AND verdict = 'violation'
    ) AS held INNER JOIN (
        SELECT event_id, {text("contractor_id")} AS contractor FROM events
        WHERE startsWith(event_type, 'contractor.')
    ) AS seen USING event_id GROUP BY contractor
)"""

OUTSOURCING = Board(
    id="outsourcing",
    title=Text("委託", "Outsourcing"),
    about=Text(
        "委託先と再委託先、契約、評価と監査、委託したデータ。",
        "Contractors and subcontractors, contracts, assessments and audits, data that went out.",
    ),
    panels=(
        Panel(
            "contractors-in-force", Text("契約のある委託先", "Contractors under contract"), "stat",
            f"""SELECT uniqExact(contractor) AS contractors, count() AS contracts,
    uniqExactIf(contractor, valid_until < {_TODAY} OR assessed = 'fail') AS unassessed
FROM {CONTRACTED} AS contracted LEFT JOIN {SUPERVISED} AS supervised USING contractor""",
            columns=columns("contractors contracts unassessed"),
        ),
        Panel(
            "entrusted-in-clear", Text("暗号化せずに渡した回数", "Entrusted in clear"), "stat",
            f"""SELECT countIf(NOT {flag("encrypted")}) AS number, count() AS entrusted
FROM events WHERE event_type = 'contractor.data_entrusted' AND {PERIOD} AND {_OWN}""",
            columns=columns("number entrusted"),
            thresholds=(Threshold(1, "bad"),),
        ),
        Panel(
            "contractors", Text("委託先の監督", "Supervision of contractors"), "table",
            f"""SELECT contractor, assessed, valid_until, certified, country, contracts, audited,
    next_due, principals, open
FROM {SUPERVISED} AS supervised
LEFT JOIN (SELECT contractor, count() AS contracts FROM {CONTRACTED} GROUP BY contractor)
    AS contracted USING contractor
LEFT JOIN {CONTRACTORS_OPEN} AS finding USING contractor
WHERE contractor != '' ORDER BY open DESC, valid_until, contractor LIMIT 500""",
            columns=columns(
                "contractor assessed valid_until certified country contracts audited next_due"
                " principals open"
            ),
        ),
        Panel(
            "reentrusting", Text("再委託", "Re-entrusting"), "graph",
            f"""SELECT source, target, concat(contract, ' ', country) AS what,
    multiIf(allowed = 'no' OR decided = 'refused', 'bad', decided = 'permitted',
        if(decided_on > started_on, 'warning', 'good'), allowed = 'notice', 'good', 'bad')
        AS state
FROM (
    SELECT {text("contractor_id")} AS source, {text("subcontractor_id")} AS target,
        {text("contract_id")} AS contract,
        argMax({text("subcontractor_country")}, occurred_at) AS country,
        argMaxIf({text("decision")}, occurred_at, event_type = 'contractor.reentrust_decided')
            AS decided,
        argMaxIf({text("decided_on")}, occurred_at, event_type = 'contractor.reentrust_decided')
            AS decided_on,
        minIf({text("started_on")}, event_type = 'contractor.reentrusted') AS started_on
    FROM events WHERE event_type IN ('contractor.reentrusted', 'contractor.reentrust_decided')
        AND occurred_at <= {UNTIL} AND {_OWN}
    GROUP BY source, target, contract
    HAVING countIf(event_type = 'contractor.reentrusted') > 0
) AS edge LEFT JOIN (
    SELECT {text("contract_id")} AS contract,
        argMax({text("reentrust_allowed")}, occurred_at) AS allowed
    FROM events WHERE event_type = 'contractor.contracted' AND occurred_at <= {UNTIL}
    GROUP BY contract
) AS terms USING contract ORDER BY source, target, contract""",
            columns=columns("source target what state"),
            note=Text(
                "許可のない再委託は「要対応」、始まった後の許可は「注意」。",
                "Bad: not permitted; warning: permitted after it had begun.",
            ),
        ),
        Panel(
            "entrusted-by-contractor", Text("委託した本人の数", "Principals entrusted"), "bars",
            f"""SELECT {text("contractor_id")} AS contractor,
    sum({number("principals_count")}) AS principals, count() AS entrusted
FROM events WHERE event_type = 'contractor.data_entrusted' AND {PERIOD} AND {_OWN}
GROUP BY contractor ORDER BY principals DESC, contractor LIMIT 20""",
            columns=columns("contractor principals entrusted"),
        ),
        Panel(
            "entrusted-by-day", Text("委託の回数", "Data entrusted"), "line",
            f"""SELECT {bucket("occurred_at")} AS time, count() AS entrusted
FROM events WHERE event_type = 'contractor.data_entrusted' AND {PERIOD} AND {_OWN}
GROUP BY time ORDER BY time""",
            columns=columns("time entrusted"),
        ),
        Panel(
            "entrusted", Text("委託したデータ", "Data that went out"), "table",
            f"""SELECT occurred_at, {text("contractor_id")} AS contractor,
    {text("contract_id")} AS contract, {text("dataset_id")} AS dataset,
    {number("principals_count")} AS principals, {text("method")} AS method,
    if({flag("encrypted")}, 'yes', 'no') AS encrypted, {text("country")} AS country,
    {text("purpose_code")} AS purpose
FROM events WHERE event_type = 'contractor.data_entrusted' AND {PERIOD} AND {_OWN}
ORDER BY occurred_at DESC, contractor LIMIT 200""",
            columns=columns(
                "occurred_at contractor contract dataset principals method encrypted country"
                " purpose"
            ),
        ),
        Panel(
            "contracts", Text("有効な契約", "Contracts in force"), "table",
            f"""SELECT contractor, contract, permitted, arrayStringConcat(countries, ' ')
    AS countries, effective_to AS ended
FROM {CONTRACTED} ORDER BY ended = '', ended, contract LIMIT 500""",
            columns=columns("contractor contract permitted countries ended"),
        ),
        Panel(
            "audits", Text("委託先の監査", "Audits of contractors"), "table",
            f"""SELECT occurred_at AS audited, {text("contractor_id")} AS contractor,
    {text("method")} AS method, {text("result")} AS result, {number("findings")} AS findings,
    {text("finding_due")} AS finding_due, {text("next_due")} AS next_due
FROM events WHERE event_type = 'contractor.audited' AND occurred_at <= {UNTIL} AND {_OWN}
ORDER BY occurred_at DESC, contractor LIMIT 100""",
            columns=columns("audited contractor method result findings finding_due next_due"),
        ),
        Panel(
            "contracts-ended", Text("終わった契約とデータの返却・消去", "Contracts that ended"),
            "table",
            f"""SELECT {text("contract_id")} AS contract,
    max({text("contractor_id")}) AS contractor, max({text("ended_on")}) AS ended,
    arrayStringConcat(arraySort(groupUniqArrayIf(
        concat({text("dataset_id")}, ' ', {text("kind")}),
        event_type = 'contractor.data_settled')), ', ') AS settled
FROM events WHERE event_type IN ('contractor.contract_ended', 'contractor.data_settled')
    AND occurred_at <= {UNTIL} AND {_OWN}
GROUP BY contract HAVING ended != '' ORDER BY settled != '', ended DESC, contract LIMIT 200""",
            columns=columns("contract contractor ended settled"),
        ),
        findings("outsourcing", ("outsourcing",)),
    ),
)  # fmt: skip
