-- Scores of a model in shadow, apart from those that are the patients' risk.

CREATE TABLE IF NOT EXISTS shadow_scores
(
    patient_id    LowCardinality(String) CODEC(ZSTD(1)),
    stay_id       LowCardinality(String) CODEC(ZSTD(1)),
    event_time    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    model_version LowCardinality(String) CODEC(ZSTD(1)),
    risk          Float64 CODEC(ZSTD(1)),
    circulatory   Nullable(Float64) CODEC(ZSTD(1)),
    respiratory   Nullable(Float64) CODEC(ZSTD(1)),
    deterioration Nullable(Float64) CODEC(ZSTD(1)),
    recorded_on   Date DEFAULT today() CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (patient_id, event_time, model_version)
SETTINGS ttl_only_drop_parts = 1;
