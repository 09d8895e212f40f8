"""The named queries of the pages; whatever an address names comes to them as a parameter.

Findings are those that are current, populations those of blocks by the time of their tick.
"""

from __future__ import annotations

from dashboards.sql import CURRENT, OPEN, POPULATIONS
from streams.store.columns import LEDGER
from streams.store.sql import read

SHOWABLE = "verdict IN ('violation', 'indeterminate')"
AGE = "intDiv({now:Int64} - toUnixTimestamp64Milli(detected_at), 86400000)"
"""Days since a finding was known."""
_SHOWN = """
    finding_id, control, code, verdict, severity, subject, status, events, text,
    toUnixTimestamp64Milli(occurred_at) AS occurred,
    toUnixTimestamp64Milli(detected_at) AS detected
"""
TALLY = f"""
SELECT control, verdict, severity, status,
    multiIf({AGE} < 1, 'day', {AGE} < 7, 'week', {AGE} < 30, 'month', 'older') AS age,
    count() AS number
FROM {CURRENT} WHERE {SHOWABLE}
GROUP BY control, verdict, severity, status, age ORDER BY control, verdict, severity, status, age
"""
"""Findings by control, verdict, severity, status and age."""

_CHOSEN = f"""
FROM {CURRENT}
WHERE {SHOWABLE}
    AND (empty({{severities:Array(String)}}) OR severity IN {{severities:Array(String)}})
    AND (empty({{statuses:Array(String)}}) OR status IN {{statuses:Array(String)}})
    AND (empty({{verdicts:Array(String)}}) OR verdict IN {{verdicts:Array(String)}})
"""
FINDINGS = f"""
SELECT {_SHOWN}
{_CHOSEN}
ORDER BY detected_at DESC, finding_id LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}
"""
COUNT = f"SELECT count() AS number {_CHOSEN}"

JUDGED = f"""
SELECT control, verdict, sum(number) AS number
FROM {POPULATIONS} GROUP BY control, verdict ORDER BY control, verdict
"""
"""Judgements of the scope's period by control and verdict."""
JUDGED_DAYS = f"""
SELECT control, toString(toDate(now, 'Asia/Tokyo')) AS day, verdict, sum(number) AS number
FROM {POPULATIONS} GROUP BY control, day, verdict ORDER BY control, day, verdict
"""
"""The same by day in Japan."""

PLACES = """
SELECT lane, partition, block, line, revision FROM findings
WHERE finding_id = {id:String} ORDER BY revision
"""
"""Where the revisions of a finding stand."""
EVERY_PLACE = """
SELECT finding_id, lane, partition, block, line, revision FROM findings
ORDER BY finding_id, revision
"""
EVENT_PLACES = """
SELECT event_id, lane, partition, block, line, retention, toUnixTimestamp64Milli(recorded_at) AS at
FROM events WHERE event_id IN {ids:Array(String)} ORDER BY at, lane, partition, block, line
"""
CITING = f"""
SELECT {_SHOWN}
FROM {CURRENT} WHERE has(event_ids, {{id:String}}) ORDER BY detected_at DESC, finding_id LIMIT 100
"""
BLOCK = f"""
SELECT {read(LEDGER)} FROM ledger
WHERE lane = {{lane:String}} AND partition = {{partition:UInt16}} AND last_offset = {{block:UInt64}}
"""
"""A block's ledger row, its columns in table order."""
COVERING = """
SELECT entry, toUnixTimestamp64Milli(at) AS made, note FROM log
WHERE arrayExists(
    h -> h.1 = {lane:String} AND h.2 = {partition:UInt16} AND h.3 >= {number:UInt64},
    JSONExtract(heads, 'Array(Tuple(String, UInt16, UInt64, Int64, String))'))
ORDER BY entry LIMIT 1
"""
"""The first checkpoint that vouches for a block."""

SOURCE_DAYS = """
SELECT source_id AS source, toString(toDate(occurred_at, 'Asia/Tokyo')) AS day, count() AS number
FROM events WHERE occurred_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND occurred_at <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY source, day ORDER BY source, day
"""
LAST_EVENTS = """
SELECT source_id AS source, count() AS evaluated, toUnixTimestamp64Milli(max(occurred_at)) AS last
FROM events GROUP BY source ORDER BY source
"""
REFUSED = """
SELECT source_id AS source, count() AS rejected FROM rejects GROUP BY source ORDER BY source
"""
REASONS = """
SELECT reason, source_id AS source, count() AS number,
    toUnixTimestamp64Milli(max(recorded_at)) AS last
FROM rejects GROUP BY reason, source ORDER BY number DESC, reason LIMIT 50
"""
REPEATS = """
SELECT own.1 AS source, sum(own.2) AS duplicates FROM (
    SELECT arrayJoin(JSONExtractKeysAndValues(repeats, 'Int64')) AS own FROM ledger
) GROUP BY source ORDER BY source
"""
SUMS = """
SELECT sum(received) AS received, sum(evaluated) AS evaluated, sum(rejected) AS rejected,
    sum(duplicates) AS duplicates FROM ledger
"""
SILENT = f"""
SELECT check, {_SHOWN}
FROM {CURRENT}
WHERE control = 'GOV-08' AND check IN ('silence', 'sequence') AND {OPEN}
ORDER BY detected_at DESC, finding_id LIMIT 200
"""
"""Sources that fell silent, and numbers that did not come, as GOV-08 found them."""
CHAINS = """
SELECT lane, partition, count() AS blocks, argMax(last_offset, number) AS offset,
    max(number) AS last, toUnixTimestamp64Milli(max(now)) AS now,
    toUnixTimestamp64Milli(max(recorded_at)) AS recorded, sum(received) AS received,
    sum(evaluated) AS evaluated, sum(rejected) AS rejected, sum(duplicates) AS duplicates,
    sum(findings) AS findings, argMax(link, number) AS link
FROM ledger GROUP BY lane, partition ORDER BY lane, partition
"""
BLOCK_DAYS = """
SELECT toString(toDate(now, 'Asia/Tokyo')) AS day, lane, count() AS blocks,
    sum(evaluated) AS number
FROM ledger WHERE now >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND now <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
GROUP BY day, lane ORDER BY day, lane
"""
RULESETS = """
SELECT fingerprint, count() AS blocks, toUnixTimestamp64Milli(min(now)) AS first,
    toUnixTimestamp64Milli(max(now)) AS last
FROM ledger GROUP BY fingerprint ORDER BY last DESC LIMIT 10
"""
CHECKPOINTS = """
SELECT entry, toUnixTimestamp64Milli(at) AS made, note FROM log ORDER BY entry DESC LIMIT 5
"""
