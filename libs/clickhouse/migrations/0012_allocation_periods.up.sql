-- Sums of `allocation_days` over a `day`, a `week` (from Monday), a `midweek` (from Thursday) or a `month`, UTC, made for reading: `date` is where it
-- begins, `data_version` says of which versions of its days it is made. Measures are arrays, in the order of libs/clickhouse/src/allocation/columns.ts, because a
-- statement is analysed by its columns and a part read by its files: `quantities` in whole 10^-9 hours and 10^-3 bytes (and seconds covered, in
-- milliseconds, first), `costs` in dollars. What is dear comes first within a kind, because that is what pages begin with.
CREATE TABLE IF NOT EXISTS {{database}}.allocation_periods {{on_cluster}}
(
    cloud_account_id UUID,
    period LowCardinality(String),
    date Date,
    data_version LowCardinality(String),
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
    quantities Array(Nullable(Int128)),
    maxima Array(Nullable(Float64)),
    costs Array(Nullable(Decimal(18, 9))),
    total_cost Decimal(18, 9),
    flags Array(LowCardinality(String)),
    -- Half powers of two of a millionth of a dollar, counted down.
    cost_class UInt8 MATERIALIZED toUInt8(128 - least(128, floor(2 * log2(greatest(toFloat64(total_cost) * 1e6, 1)))))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(date)
ORDER BY (cloud_account_id, period, date, kind, cost_class, namespace, pod, pod_uid, container, asset_type, asset_key, data_version)
TTL {{ttl:allocation_periods}}
SETTINGS non_replicated_deduplication_window = 10000, index_granularity = 2048;

-- The same of `allocation_dimension_days`, by year as that.
CREATE TABLE IF NOT EXISTS {{database}}.allocation_dimension_periods {{on_cluster}}
(
    cloud_account_id UUID,
    dimension LowCardinality(String),
    period LowCardinality(String),
    date Date,
    data_version LowCardinality(String),
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
    quantities Array(Nullable(Int128)),
    maxima Array(Nullable(Float64)),
    costs Array(Nullable(Decimal(18, 9))),
    total_cost Decimal(18, 9),
    flags Array(LowCardinality(String))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYear(date)
ORDER BY (cloud_account_id, dimension, period, date, kind, namespace, controller_kind, controller, node, label_value, asset_type, data_version)
TTL {{ttl:allocation_dimension_periods}}
SETTINGS non_replicated_deduplication_window = 10000;

-- Pointer: which version of a period was written. Readers take it only while its days are those that it was made from.
CREATE TABLE IF NOT EXISTS {{database}}.account_periods {{on_cluster}}
(
    cloud_account_id UUID,
    period LowCardinality(String),
    date Date,
    data_version String,
    written_at_ms UInt64
)
ENGINE = {{engine:ReplacingMergeTree(written_at_ms)}}
PARTITION BY toYear(date)
ORDER BY (cloud_account_id, period, date)
TTL {{ttl:account_periods}}
SETTINGS non_replicated_deduplication_window = 10000;
