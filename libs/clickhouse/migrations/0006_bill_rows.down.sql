DROP TABLE IF EXISTS {{database}}.bill_files {{on_cluster}} {{sync}};
DROP TABLE IF EXISTS {{database}}.bill_rows {{on_cluster}} {{sync}};
