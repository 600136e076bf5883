DROP TABLE IF EXISTS {{database}}.account_periods {{on_cluster}} {{sync}};

DROP TABLE IF EXISTS {{database}}.allocation_dimension_periods {{on_cluster}} {{sync}};

DROP TABLE IF EXISTS {{database}}.allocation_periods {{on_cluster}} {{sync}};
