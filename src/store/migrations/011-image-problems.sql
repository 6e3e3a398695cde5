-- Why no encoder could use an image, for whoever looks at it.

ALTER TABLE images
    ADD COLUMN IF NOT EXISTS problem String DEFAULT '' COMMENT 'empty where none looked at it or nothing was wrong' AFTER finding;
