-- Tables in the order in which the dashboard reads them, aggregates, and a day of recording by which rows are kept.
-- Times are event times, UTC, in milliseconds. Every table but `audit` is idempotent: writing a row again changes nothing
-- that a query with FINAL sees, and the materialised views hold only states that do not change either (min, max, argMax).
-- Retention goes by `recorded_on`, the day a row was written, so that history replayed today is kept as long as what
-- happens today. Copying may be begun again: what was copied is replaced by the same.

-- Read by patient and time. Of the message only a hash is kept: it tells two messages of one moment apart.
CREATE TABLE IF NOT EXISTS observations
(
    patient_id   LowCardinality(String) CODEC(ZSTD(1)),
    event_time   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    variable     LowCardinality(String) CODEC(ZSTD(1)),
    value        Float32 COMMENT 'In the canonical unit of src/clinical/variables.ts' CODEC(ZSTD(1)),
    delay_ms     UInt32 DEFAULT 0 COMMENT 'From measurement, or taking of the specimen, to event_time' CODEC(ZSTD(1)),
    message_id   String EPHEMERAL,
    message_hash UInt64 DEFAULT sipHash64(message_id) CODEC(ZSTD(1)),
    recorded_on  Date DEFAULT today() CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
PRIMARY KEY (patient_id, event_time)
ORDER BY (patient_id, event_time, variable, value, message_hash)
SETTINGS ttl_only_drop_parts = 1;

-- `minutes` holds the last value of each minute with one: milliseconds within the minute in the upper 32 bits, the bits of
-- the value in the lower, so that the greatest is the last. Its mean does not depend on how densely a feed charts.
CREATE TABLE IF NOT EXISTS observations_hourly
(
    patient_id  LowCardinality(String) CODEC(ZSTD(1)),
    hour        DateTime('UTC') CODEC(Delta, ZSTD(1)),
    variable    LowCardinality(String) CODEC(ZSTD(1)),
    low         SimpleAggregateFunction(min, Float32) CODEC(ZSTD(1)),
    high        SimpleAggregateFunction(max, Float32) CODEC(ZSTD(1)),
    minutes     SimpleAggregateFunction(maxMap, Map(UInt8, UInt64)) CODEC(ZSTD(1)),
    recorded_on SimpleAggregateFunction(max, Date) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(hour)
ORDER BY (patient_id, hour, variable);

CREATE MATERIALIZED VIEW IF NOT EXISTS observations_to_hourly TO observations_hourly AS
SELECT patient_id, toStartOfHour(toDateTime(event_time, 'UTC')) AS hour, variable, min(value) AS low, max(value) AS high,
    maxMap(map(toMinute(event_time), bitOr(bitShiftLeft(toUInt64(toUnixTimestamp64Milli(event_time) % 60000), 32),
        toUInt64(reinterpretAsUInt32(value))))) AS minutes,
    max(recorded_on) AS recorded_on
FROM observations
GROUP BY patient_id, hour, variable;

CREATE TABLE IF NOT EXISTS scores
(
    patient_id    LowCardinality(String) CODEC(ZSTD(1)),
    stay_id       LowCardinality(String) CODEC(ZSTD(1)),
    ward_id       LowCardinality(String) CODEC(ZSTD(1)),
    bed_id        LowCardinality(String) CODEC(ZSTD(1)),
    event_time    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    model_version LowCardinality(String) CODEC(ZSTD(1)),
    risk          Float64 CODEC(ZSTD(1)),
    circulatory   Nullable(Float64) CODEC(ZSTD(1)),
    respiratory   Nullable(Float64) CODEC(ZSTD(1)),
    deterioration Nullable(Float64) CODEC(ZSTD(1)),
    news2         Nullable(UInt8) CODEC(ZSTD(1)),
    qsofa         Nullable(UInt8) CODEC(ZSTD(1)),
    late          Bool CODEC(ZSTD(1)),
    recorded_on   Date DEFAULT today() CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (patient_id, event_time, model_version)
SETTINGS ttl_only_drop_parts = 1;

-- The newest score of each patient and model: a ward's current state without reading its history.
CREATE TABLE IF NOT EXISTS current_scores
(
    patient_id    String,
    stay_id       String,
    ward_id       LowCardinality(String),
    bed_id        LowCardinality(String),
    event_time    DateTime64(3, 'UTC'),
    model_version LowCardinality(String),
    risk          Float64,
    circulatory   Nullable(Float64),
    respiratory   Nullable(Float64),
    deterioration Nullable(Float64),
    news2         Nullable(UInt8),
    qsofa         Nullable(UInt8),
    late          Bool,
    recorded_on   Date
)
ENGINE = ReplacingMergeTree(event_time)
ORDER BY (patient_id, model_version);

CREATE MATERIALIZED VIEW IF NOT EXISTS scores_to_current TO current_scores AS
SELECT patient_id, stay_id, ward_id, bed_id, event_time, model_version, risk, circulatory, respiratory, deterioration,
    news2, qsofa, late, recorded_on
FROM scores;

CREATE TABLE IF NOT EXISTS stays
(
    stay_id       String,
    patient_id    String,
    ward_id       LowCardinality(String),
    bed_id        LowCardinality(String),
    admitted_at   DateTime64(3, 'UTC'),
    discharged_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Null while the stay lasts',
    version       UInt8 COMMENT '0 at admission, 1 at discharge',
    recorded_on   Date DEFAULT today()
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (stay_id);

CREATE TABLE IF NOT EXISTS alert_events
(
    alert_id    String CODEC(ZSTD(1)),
    sequence    UInt32 CODEC(ZSTD(1)),
    patient_id  LowCardinality(String) CODEC(ZSTD(1)),
    ward_id     LowCardinality(String) CODEC(ZSTD(1)),
    rule        LowCardinality(String) CODEC(ZSTD(1)),
    priority    LowCardinality(String) CODEC(ZSTD(1)),
    state       LowCardinality(String) CODEC(ZSTD(1)),
    onset_time  DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    event_time  DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    body        String COMMENT 'The whole record of schemas/Alert.avsc as JSON' CODEC(ZSTD(3)),
    recorded_on Date DEFAULT today() CODEC(ZSTD(1)),
    INDEX by_patient patient_id TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(onset_time)
ORDER BY (alert_id, sequence);

-- One row an alert, in order of time: the alerts of a shift.
CREATE TABLE IF NOT EXISTS alerts
(
    onset_time  DateTime64(3, 'UTC'),
    alert_id    String CODEC(ZSTD(1)),
    patient_id  SimpleAggregateFunction(any, LowCardinality(String)),
    ward_id     SimpleAggregateFunction(any, LowCardinality(String)),
    rule        SimpleAggregateFunction(any, LowCardinality(String)),
    raised_at   SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    updated_at  SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    latest      AggregateFunction(argMax, Tuple(state String, priority String, body String), UInt32) CODEC(ZSTD(3)),
    recorded_on SimpleAggregateFunction(max, Date)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(onset_time)
ORDER BY (onset_time, alert_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS alert_events_to_alerts TO alerts AS
SELECT onset_time, alert_id, any(patient_id) AS patient_id, any(ward_id) AS ward_id, any(rule) AS rule,
    min(event_time) AS raised_at, max(event_time) AS updated_at,
    argMaxState(CAST((state, priority, body), 'Tuple(state String, priority String, body String)'), sequence) AS latest,
    max(recorded_on) AS recorded_on
FROM alert_events
GROUP BY onset_time, alert_id;

CREATE TABLE IF NOT EXISTS dead_letters
(
    topic          LowCardinality(String) CODEC(ZSTD(1)),
    partition      UInt32 CODEC(ZSTD(1)),
    offset         UInt64 CODEC(ZSTD(1)),
    dead_letter_id String CODEC(ZSTD(1)),
    reason         LowCardinality(String) CODEC(ZSTD(1)),
    detail         String CODEC(ZSTD(1)),
    patient_id     Nullable(String) CODEC(ZSTD(1)),
    event_time     Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    raw            String COMMENT 'base64 of the message, up to 64 KiB' CODEC(ZSTD(3)),
    recorded_on    Date DEFAULT today() CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, dead_letter_id);

CREATE TABLE IF NOT EXISTS models
(
    model_version String,
    config        String COMMENT 'config.json of the model folder' CODEC(ZSTD(3)),
    last_used     DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(last_used)
ORDER BY (model_version);

-- Who looked at or did what. Rows are only ever added; a row sent again after a broken connection shows twice here and once
-- in queries, by its id.
CREATE TABLE IF NOT EXISTS audit
(
    at         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    audit_id   String CODEC(ZSTD(1)),
    actor      LowCardinality(String) CODEC(ZSTD(1)),
    role       LowCardinality(String) CODEC(ZSTD(1)),
    action     LowCardinality(String) CODEC(ZSTD(1)),
    patient_id String COMMENT 'Empty where no single patient is concerned' CODEC(ZSTD(1)),
    ward_id    LowCardinality(String) CODEC(ZSTD(1)),
    target     String COMMENT 'What else it was done to, such as an alert id' CODEC(ZSTD(1)),
    outcome    LowCardinality(String) CODEC(ZSTD(1)),
    source     String COMMENT 'Network address it came from' CODEC(ZSTD(1)),
    detail     String CODEC(ZSTD(1)),
    INDEX by_patient patient_id TYPE bloom_filter GRANULARITY 4,
    INDEX by_actor actor TYPE bloom_filter GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (at, audit_id);

INSERT INTO observations (patient_id, event_time, variable, value, message_id)
SELECT patient_id, event_time, variable, value, message_id FROM observations_v1
SETTINGS throw_on_max_partitions_per_insert_block = 0;

INSERT INTO scores (patient_id, stay_id, ward_id, event_time, model_version, risk, circulatory, respiratory, deterioration,
    news2, qsofa, late)
SELECT patient_id, stay_id, ward_id, event_time, model_version, risk, circulatory, respiratory, deterioration,
    news2, qsofa, late
FROM scores_v1
SETTINGS throw_on_max_partitions_per_insert_block = 0;

INSERT INTO alert_events (alert_id, sequence, patient_id, ward_id, rule, priority, state, onset_time, event_time, body)
SELECT alert_id, sequence, patient_id, ward_id, rule, priority, state, onset_time, event_time, body FROM alert_events_v1
SETTINGS throw_on_max_partitions_per_insert_block = 0;

INSERT INTO dead_letters (topic, partition, offset, dead_letter_id, reason, detail, patient_id, event_time, raw)
SELECT topic, partition, offset, dead_letter_id, reason, detail, patient_id, event_time, raw FROM dead_letters_v1;
