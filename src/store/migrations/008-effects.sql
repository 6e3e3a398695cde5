-- What the newest note and image add to the risk; null where the patient has none.

ALTER TABLE scores
    ADD COLUMN IF NOT EXISTS effect_text Nullable(Float32) CODEC(ZSTD(1)) AFTER late,
    ADD COLUMN IF NOT EXISTS effect_image Nullable(Float32) CODEC(ZSTD(1)) AFTER effect_text;
