DROP TABLE IF EXISTS {{database}}.kubecost_extracts {{on_cluster}} {{sync}};
DROP TABLE IF EXISTS {{database}}.kubecost_documents {{on_cluster}} {{sync}};
