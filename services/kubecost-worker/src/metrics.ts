import { Counter, Gauge, type Registry } from '@cloudtuner/service-kit';
import type { HourOutcome } from './usecases/store-hour';
import type { DayOutcome } from './usecases/store-day';
import type { Plan } from './usecases/plan-hours';

/** What the worker counts. Tenants are never labels. */
export interface WorkerMetrics {
  hour(job: string, outcome: HourOutcome | 'failed'): void;
  day(outcome: DayOutcome | 'failed'): void;
  plan(plan: Plan): void;
}

/** All metrics of this service but those of its queues. */
export function createWorkerMetrics(registry: Registry): WorkerMetrics {
  const registers = [registry];
  const hours = new Counter({
    name: 'kubecost_worker_hours_total',
    help: 'Hours by what became of them: stored, unchanged, kept (the samples are gone, the facts stay), nothing (no sample yet), failed.',
    labelNames: ['job', 'outcome'] as const,
    registers,
  });
  const days = new Counter({
    name: 'kubecost_worker_days_total',
    help: 'Days by what became of them: stored, unchanged, open (hours are missing), gone (the account was deleted), failed.',
    labelNames: ['outcome'] as const,
    registers,
  });
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
  return {
    hour(job, outcome) {
      hours.inc({ job, outcome });
    },
    day(outcome) {
      days.inc({ outcome });
    },
    plan(plan) {
      accounts.set(plan.accounts);
      oldest.set(plan.oldestDueHourAgeSeconds);
      planned.setToCurrentTime();
    },
  };
}
