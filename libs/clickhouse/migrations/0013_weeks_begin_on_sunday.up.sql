-- Weeks of the sums of periods begin on Sunday, not on Monday as 0012 says: those that were made are taken away, the worker makes the others.
ALTER TABLE {{database}}.account_periods {{on_cluster}} DELETE WHERE period = 'week';

ALTER TABLE {{database}}.allocation_periods {{on_cluster}} DELETE WHERE period = 'week';

ALTER TABLE {{database}}.allocation_dimension_periods {{on_cluster}} DELETE WHERE period = 'week';
