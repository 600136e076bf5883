-- What Kubecost itself said each container cost in a closed hour, for comparing: never part of a total of ours. The rows of one (account, hour,
-- data_version) are written before `kubecost_statements` names the version, and never changed. A version is the moment, in unix
-- milliseconds, at which these rows were first said. Ordered as `allocation_hours` is, for the same reason.
CREATE TABLE IF NOT EXISTS {{database}}.kubecost_hours {{on_cluster}}
(
    cloud_account_id UUID,
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    data_version String CODEC(ZSTD(1)),
    cluster_id LowCardinality(String),
    namespace LowCardinality(String),
    pod String,
    container LowCardinality(String),
    node LowCardinality(String),
    minutes Float64,
    cpu_core_hours Float64,
    ram_byte_hours Float64,
    gpu_hours Float64,
    pv_byte_hours Float64,
    network_transfer_bytes Float64,
    network_receive_bytes Float64,
    cpu_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    ram_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    gpu_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    pv_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    network_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    load_balancer_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    shared_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    external_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    other_cost Decimal(18, 9) CODEC(T64, ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(hour)
ORDER BY (cloud_account_id, toDate(hour), namespace, pod, container, node, cluster_id, hour, data_version)
TTL {{ttl:kubecost_hours}}
SETTINGS non_replicated_deduplication_window = 10000;
-- The last thing that Kubecost said of an (account, hour): the row with the largest said_at_ms. Written after the rows of its version. What is
-- said again unchanged is a new row here and no new version.
CREATE TABLE IF NOT EXISTS {{database}}.kubecost_statements {{on_cluster}}
(
    cloud_account_id UUID,
    hour DateTime('UTC'),
    said_at_ms UInt64,
    data_version String,
    sha256 String,
    rows UInt32,
    written_at_ms UInt64
)
ENGINE = {{engine:ReplacingMergeTree(said_at_ms)}}
PARTITION BY toYYYYMM(hour)
ORDER BY (cloud_account_id, hour)
TTL {{ttl:kubecost_statements}}
SETTINGS non_replicated_deduplication_window = 10000;
