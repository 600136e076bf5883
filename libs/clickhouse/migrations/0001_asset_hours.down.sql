DROP TABLE IF EXISTS {{database}}.asset_hours {{on_cluster}} {{sync}};
