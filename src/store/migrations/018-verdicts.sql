-- What the engine made of a value. What is not used is kept and shown as such, and is in no course.

ALTER TABLE observations
    ADD COLUMN IF NOT EXISTS verdict LowCardinality(String) DEFAULT 'used'
        COMMENT 'used, doubted or artefact' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS verdict_reason LowCardinality(String) DEFAULT ''
        COMMENT 'Why it is not used, an id of src/clinical/trust.ts, empty where it is' CODEC(ZSTD(1));
