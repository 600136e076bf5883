DROP TABLE IF EXISTS {{database}}.audit_events {{on_cluster}} {{sync}};
