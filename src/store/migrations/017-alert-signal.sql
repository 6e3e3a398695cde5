-- What an alert is about: its signal with label and unit, the value it had and the threshold. Empty and null in earlier rows.

ALTER TABLE alert_events
    ADD COLUMN IF NOT EXISTS signal LowCardinality(String) AFTER rule,
    ADD COLUMN IF NOT EXISTS label LowCardinality(String) AFTER signal,
    ADD COLUMN IF NOT EXISTS unit LowCardinality(String) AFTER label,
    ADD COLUMN IF NOT EXISTS value Nullable(Float64) AFTER unit,
    ADD COLUMN IF NOT EXISTS threshold Nullable(Float64) AFTER value;
