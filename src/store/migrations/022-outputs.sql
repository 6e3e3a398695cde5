-- Hypotension whatever the lactate, and sepsis, where the model predicts them. The view names its columns, so it is made anew.
DROP VIEW IF EXISTS scores_to_current;

ALTER TABLE scores
    ADD COLUMN IF NOT EXISTS hypotension Nullable(Float64) CODEC(ZSTD(1)) AFTER circulatory,
    ADD COLUMN IF NOT EXISTS sepsis Nullable(Float64) CODEC(ZSTD(1)) AFTER respiratory;

ALTER TABLE shadow_scores
    ADD COLUMN IF NOT EXISTS hypotension Nullable(Float64) CODEC(ZSTD(1)) AFTER circulatory,
    ADD COLUMN IF NOT EXISTS sepsis Nullable(Float64) CODEC(ZSTD(1)) AFTER respiratory;

ALTER TABLE current_scores
    ADD COLUMN IF NOT EXISTS hypotension Nullable(Float64) AFTER circulatory,
    ADD COLUMN IF NOT EXISTS sepsis Nullable(Float64) AFTER respiratory;

CREATE MATERIALIZED VIEW IF NOT EXISTS scores_to_current TO current_scores AS
SELECT patient_id, stay_id, ward_id, bed_id, event_time, model_version, mortality, circulatory, hypotension, respiratory, sepsis,
    deterioration, news2, qsofa, late, recorded_on
FROM scores;
