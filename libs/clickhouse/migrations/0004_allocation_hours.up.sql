-- What every container of a cluster cost in one hour, what was idle on each node, and what no container caused. The rows of one (account, hour,
-- data_version) are written before `account_hours` makes the version current, and never changed. Ordered by day and pod, so that the hours of
-- a day of one pod lie side by side and its names and labels cost next to nothing.
CREATE TABLE IF NOT EXISTS {{database}}.allocation_hours {{on_cluster}}
(
    cloud_account_id UUID,
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    data_version String CODEC(ZSTD(1)),
    kind LowCardinality(String),
    asset_type LowCardinality(String),
    asset_key String,
    node LowCardinality(String),
    provider_id String CODEC(ZSTD(1)),
    namespace LowCardinality(String),
    controller_kind LowCardinality(String),
    controller String,
    pod String,
    pod_uid String CODEC(ZSTD(1)),
    container LowCardinality(String),
    services Array(String),
    labels Map(LowCardinality(String), String),
    annotations Map(LowCardinality(String), String),
    started_seconds Float64,
    ended_seconds Float64,
    covered_seconds Float64,
    cpu_core_hours Nullable(Float64),
    cpu_core_request_hours Nullable(Float64),
    cpu_core_usage_hours Nullable(Float64),
    cpu_core_usage_max Nullable(Float64),
    ram_byte_hours Nullable(Float64),
    ram_byte_request_hours Nullable(Float64),
    ram_byte_usage_hours Nullable(Float64),
    ram_byte_usage_max Nullable(Float64),
    gpu_hours Nullable(Float64),
    gpu_usage_hours Nullable(Float64),
    pv_byte_hours Nullable(Float64),
    network_zone_bytes Nullable(Float64),
    network_region_bytes Nullable(Float64),
    network_internet_bytes Nullable(Float64),
    network_transmit_bytes Nullable(Float64),
    network_receive_bytes Nullable(Float64),
    load_balancer_hours Nullable(Float64),
    volumes Array(Tuple(volume String, claim String, provider_id String, byte_hours Nullable(Float64), cost Nullable(Decimal(18, 9)))),
    load_balancers Array(Tuple(service String, ip String, hours Nullable(Float64), cost Nullable(Decimal(18, 9)))),
    cpu_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    ram_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    gpu_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    pv_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    network_zone_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    network_region_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    network_internet_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    network_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    load_balancer_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    management_cost Nullable(Decimal(18, 9)) CODEC(T64, ZSTD(1)),
    total_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    flags Array(LowCardinality(String))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(hour)
ORDER BY (cloud_account_id, toDate(hour), kind, namespace, pod, pod_uid, container, asset_type, asset_key, hour, data_version)
TTL {{ttl:allocation_hours}}
SETTINGS non_replicated_deduplication_window = 10000;

-- How many rows the version has in `allocation_hours`; null: it was stored without them.
ALTER TABLE {{database}}.account_hours {{on_cluster}} ADD COLUMN IF NOT EXISTS allocation_rows Nullable(UInt32);
