-- Whom a list, a snapshot or an export named: one row an answer, with every patient in it.

ALTER TABLE audit
    ADD COLUMN IF NOT EXISTS patients Array(String) COMMENT 'Whom an answer about several patients named' CODEC(ZSTD(1)) AFTER patient_id;

ALTER TABLE audit
    ADD INDEX IF NOT EXISTS by_patients patients TYPE bloom_filter GRANULARITY 4;

-- What webhooks need not post again, in this process or another: the newest record of each alert that is done with.

CREATE TABLE IF NOT EXISTS webhook_deliveries
(
    name     LowCardinality(String),
    alert_id String,
    sequence UInt32,
    done_at  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(sequence)
ORDER BY (name, alert_id)
TTL toDateTime(done_at) + INTERVAL 90 DAY;
