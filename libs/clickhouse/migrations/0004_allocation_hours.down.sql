ALTER TABLE {{database}}.account_hours {{on_cluster}} DROP COLUMN IF EXISTS allocation_rows;

DROP TABLE IF EXISTS {{database}}.allocation_hours {{on_cluster}} {{sync}};
