import { createCleanupStore } from '../adapters/clickhouse/cleanup-store';
import { createHourStore } from '../adapters/clickhouse/hour-store';
import { createPlanStore } from '../adapters/clickhouse/plan-store';
import type { Config } from '../config';
import { cleanupJob } from '../jobs/cleanup';
import { planHoursJob } from '../jobs/plan-hours';
import { sweepHoursJob } from '../jobs/sweep-hours';
import type { WorkerMetrics } from '../metrics';
import type { Connections } from './connections';
import type { JobPorts } from './job-ports';
import type { Producers } from './producers';

type Needed = Pick<Connections, 'clickhouse' | 'metadata' | 'touched'> &
  Pick<Producers, 'dispatcher' | 'schedulers' | 'exports'> & { readonly metrics: WorkerMetrics };

/** The jobs that look for work, or for what is left of it. */
export function createUpkeepJobs(config: Config, ports: JobPorts, needed: Needed) {
  const { clickhouse, metadata, touched, dispatcher, schedulers, exports, metrics } = needed;
  const { accounts, now } = ports;
  const outOfOrderSeconds = config.OUT_OF_ORDER_HOURS * 3_600;
  return {
    plan: planHoursJob(
      {
        ...{ accounts, dispatcher, schedulers, touched, now, outOfOrderSeconds },
        defaultSchedules: {
          allocation: config.EXTRACT_ALLOCATION_CRON,
          assets: config.EXTRACT_ASSETS_CRON,
          budgets: config.EXTRACT_BUDGETS_CRON,
        },
        store: createPlanStore(clickhouse),
        lookbackHours: config.CLOSE_LOOKBACK_HOURS,
        maxJobs: config.PLAN_MAX_JOBS,
        ...(exports && { exporting: { exports, lookbackHours: config.INFLUXDB_LOOKBACK_HOURS } }),
        retentionDays: config.RETENTION_HOURLY_DAYS,
      },
      metrics,
    ),
    sweep: sweepHoursJob({ store: createHourStore(clickhouse), dispatcher, outOfOrderSeconds }),
    cleanup: cleanupJob(
      {
        ...ports,
        store: createCleanupStore(clickhouse),
        descriptions: metadata.descriptions,
        retentionDays: config.RETENTION_HOURLY_DAYS,
      },
      metrics,
    ),
  };
}
