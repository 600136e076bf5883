DROP TABLE IF EXISTS {{database}}.kubecost_statements {{on_cluster}} {{sync}};
DROP TABLE IF EXISTS {{database}}.kubecost_hours {{on_cluster}} {{sync}};
