-- Sums of `allocation_hours` over a day: per row identity, with the labels that it had, so that any grouping and any label can be answered.
-- `fact_rows` counts the hourly rows in a sum: over a version they add up to the rows of its hours. `data_version` is `rollup_version` of
-- `account_days`, which names the hours that the sums are of.
CREATE TABLE IF NOT EXISTS {{database}}.allocation_days {{on_cluster}}
(
    cloud_account_id UUID,
    date Date,
    data_version String CODEC(ZSTD(1)),
    kind LowCardinality(String),
    asset_type LowCardinality(String),
    asset_key String,
    node LowCardinality(String),
    provider_id String,
    namespace LowCardinality(String),
    controller_kind LowCardinality(String),
    controller String,
    pod String,
    pod_uid String,
    container LowCardinality(String),
    services Array(String),
    labels Map(LowCardinality(String), String),
    annotations Map(LowCardinality(String), String),
    fact_rows UInt64,
    started_at DateTime64(3, 'UTC'),
    ended_at DateTime64(3, 'UTC'),
    covered_seconds Float64,
    cpu_core_hours Nullable(Float64),
    cpu_core_request_hours Nullable(Float64),
    cpu_core_usage_hours Nullable(Float64),
    cpu_core_measured_request_hours Nullable(Float64),
    ram_byte_hours Nullable(Float64),
    ram_byte_request_hours Nullable(Float64),
    ram_byte_usage_hours Nullable(Float64),
    ram_byte_measured_request_hours Nullable(Float64),
    gpu_hours Nullable(Float64),
    gpu_usage_hours Nullable(Float64),
    gpu_measured_hours Nullable(Float64),
    pv_byte_hours Nullable(Float64),
    network_zone_bytes Nullable(Float64),
    network_region_bytes Nullable(Float64),
    network_internet_bytes Nullable(Float64),
    network_transmit_bytes Nullable(Float64),
    network_receive_bytes Nullable(Float64),
    load_balancer_hours Nullable(Float64),
    cpu_core_usage_max Nullable(Float64),
    ram_byte_usage_max Nullable(Float64),
    cpu_cost Nullable(Decimal(18, 9)),
    ram_cost Nullable(Decimal(18, 9)),
    gpu_cost Nullable(Decimal(18, 9)),
    pv_cost Nullable(Decimal(18, 9)),
    network_zone_cost Nullable(Decimal(18, 9)),
    network_region_cost Nullable(Decimal(18, 9)),
    network_internet_cost Nullable(Decimal(18, 9)),
    network_cost Nullable(Decimal(18, 9)),
    load_balancer_cost Nullable(Decimal(18, 9)),
    management_cost Nullable(Decimal(18, 9)),
    total_cost Decimal(18, 9),
    flags Array(LowCardinality(String))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(date)
ORDER BY (cloud_account_id, date, kind, namespace, pod, pod_uid, container, asset_type, asset_key, data_version)
TTL {{ttl:allocation_days}}
SETTINGS non_replicated_deduplication_window = 10000;

-- The same sums by one dimension: `namespace`, `controller`, `node`, or `label:<key>` for each key that the account chose. Every dimension of
-- a version adds up to the same total. Columns that a dimension does not have are empty.
CREATE TABLE IF NOT EXISTS {{database}}.allocation_group_days {{on_cluster}}
(
    cloud_account_id UUID,
    dimension LowCardinality(String),
    date Date,
    data_version String CODEC(ZSTD(1)),
    kind LowCardinality(String),
    asset_type LowCardinality(String),
    node LowCardinality(String),
    namespace LowCardinality(String),
    controller_kind LowCardinality(String),
    controller String,
    label_value String,
    fact_rows UInt64,
    started_at DateTime64(3, 'UTC'),
    ended_at DateTime64(3, 'UTC'),
    covered_seconds Float64,
    cpu_core_hours Nullable(Float64),
    cpu_core_request_hours Nullable(Float64),
    cpu_core_usage_hours Nullable(Float64),
    cpu_core_measured_request_hours Nullable(Float64),
    ram_byte_hours Nullable(Float64),
    ram_byte_request_hours Nullable(Float64),
    ram_byte_usage_hours Nullable(Float64),
    ram_byte_measured_request_hours Nullable(Float64),
    gpu_hours Nullable(Float64),
    gpu_usage_hours Nullable(Float64),
    gpu_measured_hours Nullable(Float64),
    pv_byte_hours Nullable(Float64),
    network_zone_bytes Nullable(Float64),
    network_region_bytes Nullable(Float64),
    network_internet_bytes Nullable(Float64),
    network_transmit_bytes Nullable(Float64),
    network_receive_bytes Nullable(Float64),
    load_balancer_hours Nullable(Float64),
    cpu_core_usage_max Nullable(Float64),
    ram_byte_usage_max Nullable(Float64),
    cpu_cost Nullable(Decimal(18, 9)),
    ram_cost Nullable(Decimal(18, 9)),
    gpu_cost Nullable(Decimal(18, 9)),
    pv_cost Nullable(Decimal(18, 9)),
    network_zone_cost Nullable(Decimal(18, 9)),
    network_region_cost Nullable(Decimal(18, 9)),
    network_internet_cost Nullable(Decimal(18, 9)),
    network_cost Nullable(Decimal(18, 9)),
    load_balancer_cost Nullable(Decimal(18, 9)),
    management_cost Nullable(Decimal(18, 9)),
    total_cost Decimal(18, 9),
    flags Array(LowCardinality(String))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(date)
ORDER BY (cloud_account_id, dimension, date, kind, namespace, controller_kind, controller, node, label_value, asset_type, data_version)
TTL {{ttl:allocation_group_days}}
SETTINGS non_replicated_deduplication_window = 10000;

-- Which rollup of a day was written from `data_version`, and of how many hourly rows; empty: none.
ALTER TABLE {{database}}.account_days {{on_cluster}} ADD COLUMN IF NOT EXISTS rollup_version String;

ALTER TABLE {{database}}.account_days {{on_cluster}} ADD COLUMN IF NOT EXISTS rollup_fact_rows UInt64;

ALTER TABLE {{database}}.account_days {{on_cluster}} ADD COLUMN IF NOT EXISTS rollup_label_keys Array(String);
