-- Values of a message that one dead letter stands for: a message leaves one a reason, not one a value.

ALTER TABLE dead_letters
    ADD COLUMN IF NOT EXISTS count UInt32 DEFAULT 1 COMMENT 'Values, or demographic fields, of the message' CODEC(ZSTD(1)) AFTER raw;
