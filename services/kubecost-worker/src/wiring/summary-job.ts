import type { Registry } from '@cloudtuner/service-kit';
import { createSummaryStore } from '../adapters/clickhouse/summary-store';
import type { Config } from '../config';
import { dayOf, daySeconds } from '../domain/calendar';
import { summarizeJob } from '../jobs/summarize';
import { createSummaryMetrics } from '../summary-metrics';
import type { Connections } from './connections';
import type { JobPorts } from './job-ports';

/** Days that a run summarizes before another account has its turn. */
const daysPerTurn = 31;
/** How far back it is looked for hours that are closed and not summarized, for the metric. */
const behindDays = 7;

/** The job that summarizes. */
export function createSummaryJob(
  config: Config,
  ports: JobPorts,
  { clickhouse, metadata, registry }: Pick<Connections, 'clickhouse' | 'metadata'> & { registry: Registry },
) {
  const { accounts, now } = ports;
  const summaries = createSummaryStore(clickhouse);
  const metrics = createSummaryMetrics([registry], now);
  metrics.watchBehind(async () =>
    summaries.secondsBehind(
      (await accounts.list()).map(({ id }) => id),
      dayOf(now() / 1_000) - behindDays * daySeconds,
    ),
  );
  return summarizeJob(
    {
      ...{ ...ports, summaries, daysPerTurn },
      rules: { versionsOf: (organizationId) => metadata.allocationRules.list(organizationId) },
      closing: { closeDays: config.SUMMARY_CLOSE_DAYS, lookbackHours: config.CLOSE_LOOKBACK_HOURS },
      retentionDays: config.RETENTION_HOURLY_DAYS,
    },
    metrics,
  );
}
