-- Times are event times, UTC, in milliseconds. Every table is idempotent: writing a row again changes nothing.

CREATE TABLE IF NOT EXISTS observations
(
    patient_id String CODEC(ZSTD(1)),
    variable   LowCardinality(String),
    event_time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    value      Float32 CODEC(ZSTD(1)),
    message_id String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (patient_id, variable, event_time, message_id, value);

CREATE TABLE IF NOT EXISTS scores
(
    patient_id    String CODEC(ZSTD(1)),
    stay_id       String CODEC(ZSTD(1)),
    ward_id       LowCardinality(String),
    event_time    DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    model_version LowCardinality(String),
    risk          Float64,
    news2         Nullable(UInt8),
    qsofa         Nullable(UInt8),
    late          Bool
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (patient_id, event_time, model_version);

CREATE TABLE IF NOT EXISTS alert_events
(
    alert_id   String,
    sequence   UInt32,
    patient_id String,
    ward_id    LowCardinality(String),
    rule       LowCardinality(String),
    priority   LowCardinality(String),
    state      LowCardinality(String),
    onset_time DateTime64(3, 'UTC'),
    event_time DateTime64(3, 'UTC'),
    body       String COMMENT 'The whole record of schemas/Alert.avsc as JSON' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(onset_time)
ORDER BY (alert_id, sequence);

CREATE TABLE IF NOT EXISTS dead_letters
(
    dead_letter_id String,
    topic          LowCardinality(String),
    partition      UInt32,
    offset         UInt64,
    reason         LowCardinality(String),
    detail         String,
    patient_id     Nullable(String),
    event_time     Nullable(DateTime64(3, 'UTC')),
    raw            String COMMENT 'base64 of the message, up to 64 KiB'
)
ENGINE = ReplacingMergeTree
ORDER BY (dead_letter_id);
