ALTER TABLE {{database}}.account_days {{on_cluster}} DROP COLUMN IF EXISTS rollup_label_keys;

ALTER TABLE {{database}}.account_days {{on_cluster}} DROP COLUMN IF EXISTS rollup_fact_rows;

ALTER TABLE {{database}}.account_days {{on_cluster}} DROP COLUMN IF EXISTS rollup_version;

DROP TABLE IF EXISTS {{database}}.allocation_group_days {{on_cluster}} {{sync}};

DROP TABLE IF EXISTS {{database}}.allocation_days {{on_cluster}} {{sync}};
