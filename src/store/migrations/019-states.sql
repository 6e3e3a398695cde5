-- The states that were there at the moment of a score, in one order in all four columns, and SOFA part by part. Empty and null in
-- earlier rows.

ALTER TABLE scores
    ADD COLUMN IF NOT EXISTS states Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS state_since Array(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS state_values Array(Float64) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS state_variables Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sofa_total Nullable(UInt8) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sofa_respiration Nullable(UInt8) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sofa_coagulation Nullable(UInt8) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sofa_liver Nullable(UInt8) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sofa_cardiovascular Nullable(UInt8) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sofa_nervous Nullable(UInt8) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS sofa_renal Nullable(UInt8) CODEC(ZSTD(1));
