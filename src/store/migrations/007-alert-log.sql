-- The order in which a process pushed alert records, so that a client's cursor outlives the process.

CREATE TABLE IF NOT EXISTS alert_logs
(
    instance String,
    epoch    String,
    started  DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (instance, started);

CREATE TABLE IF NOT EXISTS alert_log
(
    epoch     String,
    position  UInt64,
    alert_id  String,
    sequence  UInt32,
    body      String COMMENT 'The whole record of schemas/Alert.avsc as JSON' CODEC(ZSTD(3)),
    logged_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (epoch, position)
TTL toDateTime(logged_at) + INTERVAL 90 DAY;
