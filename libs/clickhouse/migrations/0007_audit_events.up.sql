-- Who did what, when, and how it ended: reads of costs, changes, and what was refused. Rows are only ever added. A record of a change waits
-- in the changed document until it is here, and may be written twice when a writer is killed in between: rows of one key are the same row.
-- An event of several organizations is one row in each; the zero UUID stands for "of none that is known".
CREATE TABLE IF NOT EXISTS {{database}}.audit_events {{on_cluster}}
(
    organization_id UUID,
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id UUID,
    cloud_account_id Nullable(UUID),
    actor_kind LowCardinality(String),
    actor_id String,
    actor_name String,
    token_id String,
    operation LowCardinality(String),
    action LowCardinality(String),
    result LowCardinality(String),
    status UInt16,
    code LowCardinality(String),
    window_start Nullable(DateTime('UTC')),
    window_end Nullable(DateTime('UTC')),
    address String,
    request_id String,
    details String CODEC(ZSTD(3))
)
ENGINE = {{engine:ReplacingMergeTree}}
PARTITION BY toYYYYMM(at)
ORDER BY (organization_id, at, event_id)
TTL {{ttl:audit_events}}
SETTINGS non_replicated_deduplication_window = 10000;
