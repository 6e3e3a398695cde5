-- What tells a laboratory result apart, so that a corrected one replaces the one it corrects when it is read.

ALTER TABLE observations
    ADD COLUMN IF NOT EXISTS result UInt64 DEFAULT 0
        COMMENT 'Of a laboratory message: hash of the specimen, or the time of observation in ms, 0 of others' CODEC(ZSTD(1));
