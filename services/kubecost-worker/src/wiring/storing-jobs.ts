import { backfill, closeHour, reaggregateHour, refreshLiveHour, sweepHours } from '@cloudtuner/queues';
import { createDayStore } from '../adapters/clickhouse/day-store';
import { createHourStore } from '../adapters/clickhouse/hour-store';
import { createKubecostStore } from '../adapters/clickhouse/kubecost-store';
import { createPeriodStore } from '../adapters/clickhouse/period-store';
import { createDescriptionReader } from '../adapters/metroculus/description-reader';
import { createHourReader } from '../adapters/metroculus/hour-reader';
import { createKubecostReader } from '../adapters/metroculus/kubecost-reader';
import type { Config } from '../config';
import { backfillJob } from '../jobs/backfill';
import { closeDayJob } from '../jobs/close-day';
import { closeHourJob } from '../jobs/close-hour';
import { createHourSlots } from '../jobs/hour-slots';
import { reaggregateHourJob } from '../jobs/reaggregate-hour';
import { refreshLiveHourJob } from '../jobs/refresh-live-hour';
import { countedStoreDay } from '../jobs/store-day-job';
import { countedStoreHour, type StoreHourJob } from '../jobs/store-hour-job';
import { sumPeriodsJob } from '../jobs/sum-periods';
import type { WorkerMetrics } from '../metrics';
import type { Connections } from './connections';
import type { JobPorts } from './job-ports';
import type { Producers } from './producers';

type Needed = Pick<Connections, 'clickhouse' | 'metadata' | 'metroculus' | 'touched'> &
  Pick<Producers, 'dispatcher' | 'exports'> & { readonly metrics: WorkerMetrics };

/** Hours of one backfill before another has its turn: two days, some seconds. */
const hoursPerTurn = 48;
/** Periods of one account before another has its turn: a quarter of a year. */
const periodsPerTurn = 120;

/** Storing hours, counted by the job that does it; all of them share the slots. */
function storeHourBy(
  config: Config,
  { locks, now, log }: JobPorts,
  { clickhouse, metadata, metroculus, exports, metrics }: Needed,
): (job: string) => StoreHourJob {
  const shared = {
    ports: { locks, now, log, reader: createHourReader(metroculus), store: createHourStore(clickhouse) },
    slots: createHourSlots(config.HOURS_AT_ONCE),
    metrics,
    statements: { now, log, reader: createKubecostReader(metroculus), store: createKubecostStore(clickhouse) },
    descriptions: { reader: createDescriptionReader(metroculus), store: metadata.descriptions },
    ...(exports && { exports }),
  };
  return (job) => countedStoreHour(job, shared);
}

/** The jobs that store hours and days, and sums of days. */
export function createStoringJobs(config: Config, ports: JobPorts, needed: Needed) {
  const { clickhouse, touched, dispatcher, metrics } = needed;
  const { accounts, now } = ports;
  const storeHourOf = storeHourBy(config, ports, needed);
  const storeDay = countedStoreDay({ ...ports, store: createDayStore(clickhouse) }, metrics);
  const backfillHour = storeHourOf(backfill.name);
  return {
    refresh: refreshLiveHourJob(storeHourOf(refreshLiveHour.name), now),
    hour: closeHourJob(storeHourOf(closeHour.name), dispatcher, now),
    again: reaggregateHourJob(
      { touched: storeHourOf(reaggregateHour.name), sweep: storeHourOf(sweepHours.name) },
      { touched, dispatcher, now },
    ),
    day: closeDayJob(storeDay),
    periods: sumPeriodsJob({
      ...ports,
      store: createPeriodStore(clickhouse),
      retentionDays: config.RETENTION_HOURLY_DAYS,
      periodsPerTurn,
      failedAtMs: new Map(),
      count: (outcome, versions) => {
        metrics.period(outcome, versions);
      },
    }),
    backfill: backfillJob({
      accounts,
      now,
      storeHour: (cloudAccountId, hour, signal) => backfillHour({ cloudAccountId, hour, closed: true, signal }),
      storeDay: (cloudAccountId, day, signal) => storeDay({ cloudAccountId, day, signal }),
      parallelHours: config.BACKFILL_PARALLEL_HOURS,
      hoursPerTurn,
    }),
  };
}
