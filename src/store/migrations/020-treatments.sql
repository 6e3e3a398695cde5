-- What is charted of infusions of vasopressors and inotropes.

CREATE TABLE IF NOT EXISTS treatments
(
    patient_id   String CODEC(ZSTD(1)),
    message_id   String CODEC(ZSTD(1)),
    event_time   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    observed_at  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    treatment_id String COMMENT 'empty where the patient has one infusion of the drug' CODEC(ZSTD(1)),
    drug         LowCardinality(String),
    action       LowCardinality(String),
    rate         Nullable(Float64) COMMENT 'in unit, null where it is not known, or stopped' CODEC(ZSTD(1)),
    unit         LowCardinality(String),
    weight_kg    Nullable(Float32) CODEC(ZSTD(1)),
    corrects     String COMMENT 'the message that this one stands in place of, empty where there is none' CODEC(ZSTD(1)),
    source       LowCardinality(String),
    recorded_on  Date DEFAULT today() CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (patient_id, event_time, message_id);
