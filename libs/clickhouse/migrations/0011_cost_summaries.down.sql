DROP TABLE IF EXISTS {{database}}.cost_postings {{on_cluster}} {{sync}};
DROP TABLE IF EXISTS {{database}}.cost_adjustments {{on_cluster}} {{sync}};
DROP TABLE IF EXISTS {{database}}.cost_summary_windows {{on_cluster}} {{sync}};
DROP TABLE IF EXISTS {{database}}.cost_summaries {{on_cluster}} {{sync}};
