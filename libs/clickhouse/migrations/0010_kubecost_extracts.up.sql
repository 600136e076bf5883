-- What an account's Kubecost answered, row by row as it came, to be computed from again. Rows of a document are written before `kubecost_extracts`
-- names it and never change; `content_hash` is the SHA-256 of its rows.
CREATE TABLE IF NOT EXISTS {{database}}.kubecost_documents {{on_cluster}}
(
    cloud_account_id UUID,
    kind LowCardinality(String),
    window_start DateTime('UTC'),
    window_end DateTime('UTC'),
    content_hash String,
    row UInt32,
    name String CODEC(ZSTD(3)),
    body String CODEC(ZSTD(3))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(window_start)
ORDER BY (cloud_account_id, kind, window_start, window_end, content_hash, row)
TTL {{ttl:kubecost_documents}}
SETTINGS non_replicated_deduplication_window = 10000;

-- Which document of an (account, kind, window) is current: the row with the largest read_at_ms.
CREATE TABLE IF NOT EXISTS {{database}}.kubecost_extracts {{on_cluster}}
(
    cloud_account_id UUID,
    kind LowCardinality(String),
    window_start DateTime('UTC'),
    window_end DateTime('UTC'),
    content_hash String,
    read_at_ms UInt64,
    product LowCardinality(String),
    cluster String,
    rows UInt32,
    bytes UInt64
)
ENGINE = {{engine:ReplacingMergeTree(read_at_ms)}}
PARTITION BY toYYYYMM(window_start)
ORDER BY (cloud_account_id, kind, window_start, window_end)
TTL {{ttl:kubecost_extracts}}
SETTINGS non_replicated_deduplication_window = 10000;
