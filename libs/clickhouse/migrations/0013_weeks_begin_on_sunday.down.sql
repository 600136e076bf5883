-- Weeks begin on Monday again.
ALTER TABLE {{database}}.account_periods {{on_cluster}} DELETE WHERE period = 'week';

ALTER TABLE {{database}}.allocation_periods {{on_cluster}} DELETE WHERE period = 'week';

ALTER TABLE {{database}}.allocation_dimension_periods {{on_cluster}} DELETE WHERE period = 'week';
