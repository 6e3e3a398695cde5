-- What the patient view shows beside values: note text, and images with what their encoder found.

CREATE TABLE IF NOT EXISTS notes
(
    patient_id  String CODEC(ZSTD(1)),
    message_id  String CODEC(ZSTD(1)),
    event_time  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    observed_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    note_type   LowCardinality(String),
    author_role LowCardinality(String),
    language    LowCardinality(String),
    source      LowCardinality(String),
    text        String CODEC(ZSTD(3)),
    recorded_on Date DEFAULT today() CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (patient_id, event_time, message_id);

CREATE TABLE IF NOT EXISTS images
(
    patient_id  String CODEC(ZSTD(1)),
    message_id  String CODEC(ZSTD(1)),
    event_time  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    observed_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    modality    LowCardinality(String),
    body_site   LowCardinality(String),
    media_type  LowCardinality(String),
    uri         Nullable(String),
    finding     String COMMENT 'JSON {label, probability, encoder}, empty where no encoder has looked at it',
    bytes       String COMMENT 'base64, empty where the image is held elsewhere' CODEC(ZSTD(1)),
    recorded_on Date DEFAULT today() CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (patient_id, event_time, message_id);
