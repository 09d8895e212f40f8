-- Rejects say what their position is an offset of.

ALTER TABLE rejects ADD COLUMN IF NOT EXISTS origin LowCardinality(String)
    COMMENT 'Raw topic and partition, or lane and partition, that had it; empty for a file, e.g. raw-web/3'
    AFTER offset;
