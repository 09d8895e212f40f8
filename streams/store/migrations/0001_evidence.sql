-- Evidence: events, findings and rejects by partition and block, and the ledger that proves them.
-- A block's rows share recorded_at, so an insert stays within one partition.

CREATE TABLE IF NOT EXISTS events (
    lane            LowCardinality(String)  COMMENT 'Lane the event came by, e.g. access',
    partition       UInt16                  COMMENT 'Partition of the lane, e.g. 3',
    block           UInt64                  COMMENT 'Last offset of the block that holds the row, e.g. 88121',
    line            UInt32                  COMMENT 'Index of the row in its block, from 0, e.g. 17',
    offset          UInt64                  COMMENT 'Offset of the lane message that brought it, e.g. 88093',
    recorded_at     DateTime64(3, 'UTC')    COMMENT 'Append time of the message that closed the block, e.g. 2026-11-11 00:00:01.250',
    retention       LowCardinality(String)  COMMENT 'Retention class, which expires as a whole, e.g. log',
    event_id        String                  COMMENT 'Id given by the source or derived from content, e.g. 01JCCVQ8ZK4T3N0R9M5X7Y2B6D' CODEC(ZSTD(1)),
    event_type      LowCardinality(String)  COMMENT 'Type of the vocabulary, e.g. access.datastore_query',
    schema_version  Int64                   COMMENT 'Version of the type, e.g. 1',
    org_id          LowCardinality(String)  COMMENT 'The organisation, e.g. example-kk',
    source_id       LowCardinality(String)  COMMENT 'Registered log source or form, e.g. crm-db-audit',
    source_seq      Nullable(Int64)         COMMENT 'Number the source gave it, e.g. 120934',
    occurred_at     DateTime64(3, 'UTC')    COMMENT 'When it happened, e.g. 2026-11-11 00:00:00.120',
    observed_at     DateTime64(3, 'UTC')    COMMENT 'When the source wrote it, e.g. 2026-11-11 00:00:00.480',
    ingested_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'When the pipeline took it, e.g. 2026-11-11 00:00:00.900',
    actor_ref       String                  COMMENT 'Pseudonym of who did it, empty where unknown, e.g. ps2026_k5x3v7q2m4n6p8r9s2t4u6w8y2',
    actor_kind      LowCardinality(String)  COMMENT 'What the actor is, e.g. staff',
    recorded_by_ref Nullable(String)        COMMENT 'Pseudonym of who entered a form, e.g. ps2026_k5x3v7q2m4n6p8r9s2t4u6w8y2',
    correlation_id  Nullable(String)        COMMENT 'What the event belongs to, e.g. req-2026-0117',
    corrects_event_id Nullable(String)      COMMENT 'Event that this one corrects, e.g. 01JCCVQ8ZK4T3N0R9M5X7Y2B6D',
    document_ref    Nullable(String)        COMMENT 'Pseudonym of the document that proves it, e.g. ps2026_k5x3v7q2m4n6p8r9s2t4u6w8y2',
    document_sha256 Nullable(String)        COMMENT 'Digest of that document, e.g. 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    payload_digest  Nullable(String)        COMMENT 'Keyed digest of the event as it came, e.g. 4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a' CODEC(ZSTD(1)),
    attributes      String                  COMMENT 'The fields of its type as JSON in vocabulary order, instants in milliseconds, e.g. {"system_id":"crm","rows":3}' CODEC(ZSTD(1)),
    INDEX events_id event_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX events_type event_type TYPE set(64) GRANULARITY 1,
    INDEX events_actor actor_ref TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX events_occurred occurred_at TYPE minmax GRANULARITY 1
) ENGINE = {engine}
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (lane, partition, block, line)
SETTINGS {settings};

CREATE TABLE IF NOT EXISTS findings (
    lane            LowCardinality(String)  COMMENT 'Lane of the owning partition, e.g. books',
    partition       UInt16                  COMMENT 'Partition that owns the finding, e.g. 0',
    block           UInt64                  COMMENT 'Last offset of the block that brought this revision, e.g. 88121',
    line            UInt32                  COMMENT 'Index of the row in its block, from 0, e.g. 2',
    finding_id      String                  COMMENT 'Hash of control, check, subject and the closing before, e.g. 3b1f0c9d5e7a42d6a1b0',
    revision        UInt32                  COMMENT 'Counts the revisions of one finding, e.g. 2',
    control         LowCardinality(String)  COMMENT 'Control that judged, e.g. TEC-05',
    check           LowCardinality(String)  COMMENT 'Check of the control, e.g. bulk',
    code            LowCardinality(Nullable(String)) COMMENT 'What was broken, null unless a violation, e.g. BULK_READ',
    verdict         LowCardinality(String)  COMMENT 'violation, indeterminate, pass or not_applicable, e.g. violation',
    missing         Array(String)           COMMENT 'What could not be known, e.g. [''dataset:customers'']',
    retroactive     Bool                    COMMENT 'Whether a late event caused the revision, e.g. false',
    severity        LowCardinality(String)  COMMENT 'info, low, medium, high or critical, e.g. high',
    subject         String                  COMMENT 'What the finding is about, pseudonymous, e.g. actor=ps2026_k5x3v7q2m4n6p8r9s2t4u6w8y2',
    occurred_at     DateTime64(3, 'UTC')    COMMENT 'When it happened, e.g. 2026-11-11 00:00:00.120',
    detected_at     DateTime64(3, 'UTC')    COMMENT 'When it could be known, e.g. 2026-11-11 01:00:00.000',
    recorded_at     DateTime64(3, 'UTC')    COMMENT 'When we wrote it down, e.g. 2026-11-11 01:00:01.250',
    status          LowCardinality(String)  COMMENT 'open, acknowledged, closed or superseded, e.g. open',
    event_ids       Array(String)           COMMENT 'Events it rests on, at most 20, e.g. [''01JCCVQ8ZK4T3N0R9M5X7Y2B6D'']',
    events          UInt64                  COMMENT 'How many events it rests on, e.g. 42',
    text_ja         String                  COMMENT 'The finding in Japanese, e.g. 1 時間に 501 件を閲覧した',
    text_en         String                  COMMENT 'The finding in English, e.g. read 501 records in 1 h',
    more            String                  COMMENT 'Further keys of the finding as JSON, e.g. {"count":3}',
    INDEX findings_id finding_id TYPE bloom_filter(0.001) GRANULARITY 1
) ENGINE = {engine}
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (lane, partition, block, line)
SETTINGS {settings};

CREATE TABLE IF NOT EXISTS rejects (
    lane            LowCardinality(String)  COMMENT 'Lane the line came by, e.g. access',
    partition       UInt16                  COMMENT 'Partition of the lane, e.g. 3',
    block           UInt64                  COMMENT 'Last offset of the block that holds the row, e.g. 88121',
    line            UInt32                  COMMENT 'Index of the row in its block, from 0, e.g. 0',
    offset          UInt64                  COMMENT 'Offset of the lane message that brought it, e.g. 88093',
    origin          LowCardinality(String)  COMMENT 'Raw topic and partition, or lane and partition, that had it; empty for a file, e.g. raw-web/3',
    position        UInt64                  COMMENT 'Where the line stood in what was sent, from 1, e.g. 1204',
    source_id       LowCardinality(String)  COMMENT 'Source that sent it, empty where it does not say, e.g. web-1',
    reason          String                  COMMENT 'Why it is no event, naming the field, e.g. occurred_at: a timestamp with offset is expected',
    digest          String                  COMMENT 'Keyed digest of the line, e.g. 4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a',
    recorded_at     DateTime64(3, 'UTC')    COMMENT 'Append time of the message that closed the block, e.g. 2026-11-11 00:00:01.250'
) ENGINE = {engine}
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (lane, partition, block, line)
SETTINGS {settings};

CREATE TABLE IF NOT EXISTS ledger (
    lane            LowCardinality(String)  COMMENT 'Lane of the chain, e.g. access',
    partition       UInt16                  COMMENT 'Partition of the chain, e.g. 3',
    number          UInt64                  COMMENT 'Place of the block in its chain, from 1, e.g. 204',
    first_offset    UInt64                  COMMENT 'Offset after the last block, e.g. 88001',
    last_offset     UInt64                  COMMENT 'Last offset of the block, e.g. 88121',
    recorded_at     DateTime64(3, 'UTC')    COMMENT 'Append time of the closing message, e.g. 2026-11-11 00:00:01.250',
    now             DateTime64(3, 'UTC')    COMMENT 'Time of the closing tick, e.g. 2026-11-11 00:00:01.000',
    books_upto      Int64                   COMMENT 'Offset of books up to which registers were read, -1 for none, e.g. 4711',
    received        UInt64                  COMMENT 'Lines: evaluated + rejected + duplicates, e.g. 1003',
    evaluated       UInt64                  COMMENT 'Lines judged as events, e.g. 1000',
    rejected        UInt64                  COMMENT 'Lines that are no events, e.g. 1',
    duplicates      UInt64                  COMMENT 'Lines seen before, e.g. 2',
    findings        UInt64                  COMMENT 'Finding revisions in the block, e.g. 3',
    fingerprint     LowCardinality(String)  COMMENT 'Digest of the catalogue that judged, text and parameters, e.g. 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    populations     String                  COMMENT 'Judgements by control and verdict as JSON, e.g. {"TEC-05":{"pass":998,"violation":2}}' CODEC(ZSTD(1)),
    classes         String                  COMMENT 'Class, rows and sub-root of each class as JSON, e.g. [["log",1000,"9f86d0..."]]' CODEC(ZSTD(1)),
    columns         LowCardinality(String)  COMMENT 'Columns of every table when the block was sealed, as JSON, e.g. {"events":["lane","partition"]}',
    root            String                  COMMENT 'RFC 6962 root over the classes, in hex, e.g. c76de71eb128c8ce0eec29a2471f3369de5e0fda6668fb9fe286e069bfa92d23' CODEC(ZSTD(1)),
    previous        String                  COMMENT 'Link of the block before, empty for the first, in hex, e.g. dfb6840164c0784bdb23a344374198ee8df2004b5b55b60843c136ccd82f977c' CODEC(ZSTD(1)),
    link            String                  COMMENT 'sha256 over the previous link and this row, in hex, e.g. 0b6840164c0784bdb23a344374198ee8df2004b5b55b60843c136ccd82f977d1' CODEC(ZSTD(1))
) ENGINE = {engine}
ORDER BY (lane, partition, number)
SETTINGS {settings};
