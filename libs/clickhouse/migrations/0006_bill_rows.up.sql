-- Charges of bills, as the provider's file has them: one row per record. Rows are written in blocks of up to 20,000 records of a file, each
-- block and month as one insert; `block_id` is a hash of the file's name, the place of the block in it, and its rows. A block is never
-- changed: `bill_files` says which blocks are current. `written_at` only tells when a block that nothing refers to may go.
CREATE TABLE IF NOT EXISTS {{database}}.bill_rows {{on_cluster}}
(
    cloud_account_id UUID,
    date Date,
    block_id LowCardinality(String),
    record UInt64,
    charge_category LowCardinality(String),
    charge_period_start DateTime('UTC'),
    charge_period_end DateTime('UTC'),
    service_name LowCardinality(String),
    region LowCardinality(String),
    resource_type LowCardinality(String),
    resource_id String,
    resource_name String,
    provider_key String,
    sub_account_id LowCardinality(String),
    tags Map(LowCardinality(String), String),
    billed_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    effective_cost Decimal(18, 9) CODEC(T64, ZSTD(1)),
    written_at DateTime('UTC')
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toYYYYMM(date)
ORDER BY (cloud_account_id, date, service_name, region, resource_type, resource_id, block_id, record)
TTL {{ttl:bill_rows}}
SETTINGS non_replicated_deduplication_window = 10000;

-- Of which blocks a file of an account is made: the row with the largest sequence. Written after its blocks, so that a reader who joins on it
-- sees the old file or the new one. Without blocks: the file was deleted. Older rows stay, so that the statements of one answer can read the
-- same version by its import.
CREATE TABLE IF NOT EXISTS {{database}}.bill_files {{on_cluster}}
(
    cloud_account_id UUID,
    file_name String,
    sequence UInt64,
    import_id UUID,
    data_version String,
    blocks Array(String)
)
ENGINE = {{engine:MergeTree}}
ORDER BY (cloud_account_id, file_name, sequence)
SETTINGS non_replicated_deduplication_window = 10000;
