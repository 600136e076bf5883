-- The table by month, with all days: those that were summed before and since.
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

INSERT INTO {{database}}.allocation_group_days
SELECT * FROM merge({{database}}, '^allocation_(group|dimension)_days$')
WHERE _table = 'allocation_dimension_days'
  AND (cloud_account_id, dimension, date, kind, namespace, controller_kind, controller, node, label_value, asset_type, data_version) NOT IN (
    SELECT cloud_account_id, dimension, date, kind, namespace, controller_kind, controller, node, label_value, asset_type, data_version
    FROM {{database}}.allocation_group_days
  )
ORDER BY ALL
SETTINGS max_insert_threads = 1, insert_deduplicate = 1, max_partitions_per_insert_block = 0, max_execution_time = 25;

DROP TABLE IF EXISTS {{database}}.allocation_dimension_days {{on_cluster}} {{sync}};
