import { Counter, Gauge, type Registry } from '@cloudtuner/service-kit';
import type { RemovedRows } from './ports';
import type { HourOutcome } from './usecases/store-hour';
import { periodOutcomes, type PeriodOutcome } from './usecases/sum-periods';
import type { DayOutcome } from './usecases/store-day';
import type { Plan } from './usecases/plan-hours';
import { createStatementMetrics, type StatementMetrics } from './statement-metrics';
import type { TouchedPlan } from './usecases/plan-touched';

/** How much room a table takes. */
export interface TableSize {
  readonly table: string;
  readonly bytes: number;
  readonly rows: number;
}

/** What the worker counts. Tenants are never labels, but for the few that {@link StatementMetrics} keeps. */
export interface WorkerMetrics extends StatementMetrics {
  hour(job: string, outcome: HourOutcome | 'unbalanced' | 'failed'): void;
  day(outcome: DayOutcome | 'failed'): void;
  period(outcome: PeriodOutcome, versions?: number): void;
  described(outcome: 'stored' | 'failed'): void;
  plan(plan: Plan): void;
  touched(plan: TouchedPlan): void;
  removed(rows: RemovedRows): void;
  /** Asks for the sizes when the metrics are read; while they cannot be had they are left out. */
  watchTables(sizes: () => Promise<readonly TableSize[]>): void;
}

const hourOutcomes =
  'stored, unchanged, kept (the samples are gone, the facts stay), nothing (no sample yet), unbalanced (refused: the allocations are not the assets), failed';

function createHourMetrics(registers: Registry[]): Pick<WorkerMetrics, 'hour' | 'day' | 'period' | 'described'> {
  const hours = new Counter({
    name: 'kubecost_worker_hours_total',
    help: `Hours by what became of them: ${hourOutcomes}.`,
    labelNames: ['job', 'outcome'] as const,
    registers,
  });
  const days = new Counter({
    name: 'kubecost_worker_days_total',
    help: 'Days by what became of them: stored, unchanged, open (hours are missing), gone (the account was deleted), failed.',
    labelNames: ['outcome'] as const,
    registers,
  });
  const periods = new Counter({
    name: 'kubecost_worker_periods_total',
    help: 'Versions of the sums of days, weeks and months by what became of them: summed, removed (superseded), failed (to be summed or removed).',
    labelNames: ['outcome'] as const,
    registers,
  });
  // From 0: a first failure is an increase, too.
  for (const outcome of periodOutcomes) periods.inc({ outcome }, 0);
  const descriptions = new Counter({
    name: 'kubecost_worker_descriptions_total',
    help: 'Closed hours by what became of what describes their cluster: stored, failed (the next hour tells it again).',
    labelNames: ['outcome'] as const,
    registers,
  });
  return {
    described(outcome) {
      descriptions.inc({ outcome });
    },
    hour(job, outcome) {
      hours.inc({ job, outcome });
    },
    day(outcome) {
      days.inc({ outcome });
    },
    period(outcome, versions = 1) {
      periods.inc({ outcome }, versions);
    },
  };
}

function createPlanMetrics(registers: Registry[]): Pick<WorkerMetrics, 'plan' | 'touched'> {
  const accounts = new Gauge({
    name: 'kubecost_worker_accounts',
    help: 'Kubernetes accounts at the last tick.',
    registers,
  });
  const oldest = new Gauge({
    name: 'kubecost_worker_oldest_due_hour_age_seconds',
    help: 'For how long the oldest hour that is not closed could have been closed, over all accounts, at the last tick. 0 = nothing is due.',
    registers,
  });
  const planned = new Gauge({
    name: 'kubecost_worker_last_plan_timestamp_seconds',
    help: 'When the dispatcher last ran to its end on this worker.',
    registers,
  });
  const marks = new Counter({
    name: 'kubecost_worker_touched_hours_total',
    help: 'Marks of late samples by what became of them: asked, open (read when the hour is closed), too_old (no store takes samples so late), gone (the account was deleted).',
    labelNames: ['outcome'] as const,
    registers,
  });
  const waiting = new Gauge({
    name: 'kubecost_worker_touched_hours_waiting',
    help: 'Hours with late samples that were due at the last tick and wait for their turn.',
    registers,
  });
  return {
    plan(plan) {
      accounts.set(plan.accounts);
      oldest.set(plan.oldestDueHourAgeSeconds);
      planned.setToCurrentTime();
    },
    touched({ asked, open, tooOld, gone, waiting: waitingNow }) {
      for (const [outcome, count] of Object.entries({ asked, open, too_old: tooOld, gone }))
        marks.inc({ outcome }, count);
      waiting.set(waitingNow);
    },
  };
}

function createStorageMetrics(registers: Registry[]): Pick<WorkerMetrics, 'removed' | 'watchTables'> {
  const removed = new Counter({
    name: 'kubecost_worker_removed_rows_total',
    help: 'Rows of superseded versions that the cleanup removed.',
    labelNames: ['table'] as const,
    registers,
  });
  const tableGauge = (name: string, help: string, collect?: () => Promise<void>): Gauge<'table'> =>
    new Gauge({ name, help, labelNames: ['table'] as const, registers, ...(collect === undefined ? {} : { collect }) });
  return {
    removed(rows) {
      for (const [table, count] of Object.entries(rows)) removed.inc({ table }, count);
    },
    watchTables(sizes) {
      const rows = tableGauge(
        'kubecost_worker_table_rows',
        'Rows of each table of ClickHouse, superseded ones included.',
      );
      const bytes = tableGauge(
        'kubecost_worker_table_bytes',
        'Bytes that each table of ClickHouse takes on the disk of the server that answers.',
        async () => {
          bytes.reset();
          rows.reset();
          for (const size of await sizes().catch(() => [])) {
            bytes.set({ table: size.table }, size.bytes);
            rows.set({ table: size.table }, size.rows);
          }
        },
      );
    },
  };
}

/** All metrics of this service but those of its queues. */
export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  const registers = [registry];
  return {
    ...createHourMetrics(registers),
    ...createPlanMetrics(registers),
    ...createStorageMetrics(registers),
    ...createStatementMetrics(registers),
  };
}
