-- Where each webhook got to in the order of alert records.

CREATE TABLE IF NOT EXISTS webhook_cursors
(
    name    String,
    cursor  String,
    updated DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(updated)
ORDER BY name;
