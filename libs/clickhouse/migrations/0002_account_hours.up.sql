-- Which version of an (account, hour) is current: the row with the largest read_at_ms. Written after the version's facts, so that a reader
-- who joins on it sees the old hour or the new one, never a mixture.
CREATE TABLE IF NOT EXISTS {{database}}.account_hours {{on_cluster}}
(
    cloud_account_id UUID,
    hour DateTime('UTC'),
    data_version String,
    read_at_ms UInt64,
    closed Bool,
    rows UInt32,
    measured_seconds Float64,
    expected_seconds Float64,
    last_sample_at Nullable(DateTime('UTC')),
    flags Array(String)
)
ENGINE = {{engine:ReplacingMergeTree(read_at_ms)}}
PARTITION BY toYYYYMM(hour)
ORDER BY (cloud_account_id, hour)
TTL {{ttl:account_hours}}
SETTINGS non_replicated_deduplication_window = 10000;
