-- `risk` of a score was the risk of death in hospital, and is called that. The view names its columns, so it is made anew.
DROP VIEW IF EXISTS scores_to_current;

ALTER TABLE scores RENAME COLUMN IF EXISTS risk TO mortality;

ALTER TABLE current_scores RENAME COLUMN IF EXISTS risk TO mortality;

ALTER TABLE shadow_scores RENAME COLUMN IF EXISTS risk TO mortality;

CREATE MATERIALIZED VIEW IF NOT EXISTS scores_to_current TO current_scores AS
SELECT patient_id, stay_id, ward_id, bed_id, event_time, model_version, mortality, circulatory, respiratory, deterioration,
    news2, qsofa, late, recorded_on
FROM scores;
