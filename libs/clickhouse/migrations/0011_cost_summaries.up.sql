-- What a window (`hour`, `day`, `month`) of a cluster cost each namespace, team and owner, by the rules of its organization. The rows of one
-- (account, duration, timestamp, data_version) are written before `cost_summary_windows` or `cost_postings` names the version, and never changed;
-- `data_version` is the SHA-256 of the rows. Costs are what the row caused itself; `shared_cost` is what it pays for others less what others
-- pay for it, 0 over a window. `written_at_ms` only tells when a version that nothing names may go. `metrics_total_cost` adds up to what the cluster cost; `difference_cost` is what Kubecost's figures make of it.
CREATE TABLE IF NOT EXISTS {{database}}.cost_summaries {{on_cluster}}
(
    cloud_account_id UUID,
    window_duration LowCardinality(String),
    timestamp DateTime('UTC') CODEC(Delta, ZSTD(1)),
    data_version String CODEC(ZSTD(1)),
    namespace LowCardinality(String),
    team LowCardinality(String),
    owner LowCardinality(String),
    source LowCardinality(String),
    cpu_cost Nullable(Decimal(18, 9)),
    memory_cost Nullable(Decimal(18, 9)),
    gpu_cost Nullable(Decimal(18, 9)),
    storage_cost Nullable(Decimal(18, 9)),
    network_cost Nullable(Decimal(18, 9)),
    load_balancer_cost Nullable(Decimal(18, 9)),
    management_cost Nullable(Decimal(18, 9)),
    shared_cost Decimal(18, 9),
    total_cost Decimal(18, 9),
    metrics_total_cost Decimal(18, 9),
    difference_cost Nullable(Decimal(18, 9)),
    cpu_core_usage_hours Nullable(Float64),
    cpu_core_measured_request_hours Nullable(Float64),
    ram_byte_usage_hours Nullable(Float64),
    ram_byte_measured_request_hours Nullable(Float64),
    efficiency_score Nullable(Float64),
    written_at_ms UInt64 CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(timestamp)
ORDER BY (cloud_account_id, window_duration, timestamp, data_version, namespace, team, owner)
TTL {{ttl:cost_summaries}}
SETTINGS non_replicated_deduplication_window = 10000;

-- Which version of a window is true now: the row with the largest written_at_ms. `inputs_version` tells from which hours and rules it was made.
-- Of its closed hours, `measured_seconds` of `expected_seconds` were measured: what was not is in no cost.
CREATE TABLE IF NOT EXISTS {{database}}.cost_summary_windows {{on_cluster}}
(
    cloud_account_id UUID,
    window_duration LowCardinality(String),
    timestamp DateTime('UTC'),
    data_version String,
    inputs_version String,
    rules_version UInt32,
    written_at_ms UInt64,
    rows UInt32,
    total_cost Decimal(18, 9),
    metrics_total_cost Decimal(18, 9),
    closed_hours UInt16,
    api_hours UInt16,
    measured_seconds UInt32,
    expected_seconds UInt32
)
ENGINE = {{engine:ReplacingMergeTree(written_at_ms)}}
PARTITION BY toYYYYMM(timestamp)
ORDER BY (cloud_account_id, window_duration, timestamp)
TTL {{ttl:cost_summary_windows}}
SETTINGS non_replicated_deduplication_window = 10000;

-- What was changed in a closed month, by namespace, team and owner. Written before `cost_postings` names it, and never changed.
CREATE TABLE IF NOT EXISTS {{database}}.cost_adjustments {{on_cluster}}
(
    cloud_account_id UUID,
    timestamp DateTime('UTC'),
    sequence UInt32,
    data_version String,
    namespace LowCardinality(String),
    team LowCardinality(String),
    owner LowCardinality(String),
    cpu_cost Nullable(Decimal(18, 9)),
    memory_cost Nullable(Decimal(18, 9)),
    gpu_cost Nullable(Decimal(18, 9)),
    storage_cost Nullable(Decimal(18, 9)),
    network_cost Nullable(Decimal(18, 9)),
    load_balancer_cost Nullable(Decimal(18, 9)),
    management_cost Nullable(Decimal(18, 9)),
    shared_cost Decimal(18, 9),
    total_cost Decimal(18, 9),
    metrics_total_cost Decimal(18, 9),
    difference_cost Nullable(Decimal(18, 9))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(timestamp)
ORDER BY (cloud_account_id, timestamp, sequence, data_version, namespace, team, owner)
TTL {{ttl:cost_adjustments}}
SETTINGS non_replicated_deduplication_window = 10000;

-- The books of closed months: posting 0 closes a month with the rows of `data_version`, each later one says which adjustment leads from there
-- to the version that is true then. Of two postings with the same sequence the first one counts: `precedence` falls with the time.
CREATE TABLE IF NOT EXISTS {{database}}.cost_postings {{on_cluster}}
(
    cloud_account_id UUID,
    timestamp DateTime('UTC'),
    sequence UInt32,
    precedence UInt64,
    posted_at_ms UInt64,
    data_version String,
    from_version String,
    reason LowCardinality(String),
    rules_version UInt32,
    rows UInt32,
    adjustment_rows UInt32,
    total_cost Decimal(18, 9)
)
ENGINE = {{engine:ReplacingMergeTree(precedence)}}
PARTITION BY toYYYYMM(timestamp)
ORDER BY (cloud_account_id, timestamp, sequence)
TTL {{ttl:cost_postings}}
SETTINGS non_replicated_deduplication_window = 10000;
