-- One row per (account, virtual or billed resource, day). A correction is one insert of the old row with sign -1 and the new one with sign 1:
-- read it as sum(cost * sign).
CREATE TABLE IF NOT EXISTS {{database}}.expenses {{on_cluster}}
(
    cloud_account_id UUID,
    resource_id String,
    date Date,
    cost Decimal(18, 9),
    sign Int8
)
ENGINE = {{engine:CollapsingMergeTree(sign)}}
PARTITION BY toYYYYMM(date)
ORDER BY (cloud_account_id, date, resource_id)
TTL {{ttl:expenses}}
SETTINGS non_replicated_deduplication_window = 10000;

-- From which versions of its hours a day's expenses were written; the day is due again as soon as they differ.
CREATE TABLE IF NOT EXISTS {{database}}.account_days {{on_cluster}}
(
    cloud_account_id UUID,
    date Date,
    data_version String,
    written_at_ms UInt64,
    measured_seconds Float64,
    expected_seconds Float64,
    total_cost Decimal(18, 9)
)
ENGINE = {{engine:ReplacingMergeTree(written_at_ms)}}
PARTITION BY toYYYYMM(date)
ORDER BY (cloud_account_id, date)
TTL {{ttl:account_days}}
SETTINGS non_replicated_deduplication_window = 10000;
