DROP TABLE IF EXISTS {{database}}.account_days {{on_cluster}} {{sync}};

DROP TABLE IF EXISTS {{database}}.expenses {{on_cluster}} {{sync}};
