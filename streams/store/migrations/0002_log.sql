-- Duplicates by source, and the log of all chains' heads with its signed checkpoints.

ALTER TABLE ledger ADD COLUMN IF NOT EXISTS
    repeats         String DEFAULT '{}'     COMMENT 'Duplicates by source as JSON, e.g. {"crm-db-audit":2}' AFTER findings;

CREATE TABLE IF NOT EXISTS log (
    entry           UInt64                  COMMENT 'Place of the entry, from 0, e.g. 5120',
    at              DateTime64(3, 'UTC')    COMMENT 'When it was made, e.g. 2026-11-11 00:01:00.000',
    heads           String                  COMMENT 'Lane, partition, number, last offset and link of every chain as JSON, e.g. [["books",0,12,88121,"0b6840..."]]' CODEC(ZSTD(1)),
    edge            Array(String)           COMMENT 'Tops of the perfect subtrees after it, largest first, in hex, e.g. [''c76de7...'']' CODEC(ZSTD(1)),
    note            String                  COMMENT 'The signed checkpoint that ends with it (C2SP), e.g. shoseki/example-kk\n5121\n...' CODEC(ZSTD(1))
) ENGINE = {engine}
ORDER BY entry
SETTINGS {settings};
