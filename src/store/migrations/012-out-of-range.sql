-- Variables whose value was beyond the model's training range, where the score took the nearest within it.

ALTER TABLE scores
    ADD COLUMN IF NOT EXISTS out_of_range Array(LowCardinality(String)) CODEC(ZSTD(1)) AFTER effect_image;
