-- What every asset of a cluster cost in one hour. Rows of one (account, hour, data_version) are written once, as one block, and never
-- changed: `account_hours` says which version is current. A version that begins with `live-` belongs to the running hour and is dropped soon.
CREATE TABLE IF NOT EXISTS {{database}}.asset_hours {{on_cluster}}
(
    cloud_account_id UUID,
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    data_version String CODEC(ZSTD(1)),
    asset_type LowCardinality(String),
    asset_key String,
    provider_id String,
    properties Map(String, String),
    covered_seconds Float64,
    cpu_core_hours Nullable(Float64),
    ram_byte_hours Nullable(Float64),
    gpu_hours Nullable(Float64),
    storage_byte_hours Nullable(Float64),
    network_bytes Nullable(Float64),
    load_balancer_hours Nullable(Float64),
    management_hours Nullable(Float64),
    cpu_core_hour_price Nullable(Float64),
    ram_gib_hour_price Nullable(Float64),
    gpu_hour_price Nullable(Float64),
    storage_gib_hour_price Nullable(Float64),
    network_gib_price Nullable(Float64),
    load_balancer_hour_price Nullable(Float64),
    management_hour_price Nullable(Float64),
    cpu_cost Nullable(Decimal(18, 9)),
    ram_cost Nullable(Decimal(18, 9)),
    gpu_cost Nullable(Decimal(18, 9)),
    pv_cost Nullable(Decimal(18, 9)),
    network_cost Nullable(Decimal(18, 9)),
    load_balancer_cost Nullable(Decimal(18, 9)),
    management_cost Nullable(Decimal(18, 9)),
    total_cost Decimal(18, 9)
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(hour)
ORDER BY (cloud_account_id, hour, data_version, asset_type, asset_key)
TTL {{ttl:asset_hours}}
SETTINGS non_replicated_deduplication_window = 10000;
