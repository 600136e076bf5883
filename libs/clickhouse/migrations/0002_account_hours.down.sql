DROP TABLE IF EXISTS {{database}}.account_hours {{on_cluster}} {{sync}};
