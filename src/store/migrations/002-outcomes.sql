-- Probabilities of onset within 8 h, where the model predicts them.

ALTER TABLE scores
    ADD COLUMN IF NOT EXISTS circulatory Nullable(Float64) AFTER risk,
    ADD COLUMN IF NOT EXISTS respiratory Nullable(Float64) AFTER circulatory,
    ADD COLUMN IF NOT EXISTS deterioration Nullable(Float64) AFTER respiratory;
