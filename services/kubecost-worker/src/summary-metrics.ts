import { Counter, Gauge, type Registry } from '@cloudtuner/service-kit';
import { openMonthStates } from './domain/month-closing';
import type { SummarizedAccount } from './usecases/summarize-account';

/** What the worker tells of summaries. */
export interface SummaryMetrics {
  run(done: SummarizedAccount): void;
  failed(): void;
  /** How it stands with an account since its last run; `isFailing`: a day of it, or all of it, could not be summarized. */
  account(cloudAccountId: string, isFailing: boolean): void;
  /** Months of an account that its last run left open though their closing day is over. */
  openMonths(cloudAccountId: string, months: SummarizedAccount['openMonths']): void;
  /** Asks when the metrics are read; while it cannot be had it is left out. */
  watchBehind(seconds: () => Promise<number>): void;
}

const outcomes = ['written', 'closed', 'adjusted'] as const;

/** An account is tried four times an hour, by this worker or by another, which may have more luck. */
const rememberedMs = 3_600_000;

/** Months stay open for days: an account is remembered only while it has one, and somebody looks at it. */
function createOpenMonths(registers: Registry[], now: () => number): SummaryMetrics['openMonths'] {
  const byAccount = new Map<string, { readonly months: SummarizedAccount['openMonths']; readonly atMs: number }>();
  new Gauge({
    name: 'kubecost_worker_summary_open_months',
    help: 'Months that are open though their closing day is over, of the accounts that this process summarized within an hour: waiting (hours of them may still come), late (nothing is waited for but a day without a change).',
    labelNames: ['state'] as const,
    registers,
    collect() {
      for (const [id, { atMs }] of byAccount) if (now() - atMs >= rememberedMs) byAccount.delete(id);
      const known = [...byAccount.values()];
      for (const state of openMonthStates) {
        const count = known.reduce((sum, { months }) => sum + months[state], 0);
        this.set({ state }, count);
      }
    },
  });
  return (cloudAccountId, months) => {
    if (openMonthStates.every((state) => months[state] === 0)) byAccount.delete(cloudAccountId);
    else byAccount.set(cloudAccountId, { months, atMs: now() });
  };
}

/** Metrics of `summarize`. */
export function createSummaryMetrics(registers: Registry[], now: () => number): SummaryMetrics {
  const runs = new Counter({
    name: 'kubecost_worker_summary_runs_total',
    help: 'Runs over the summaries of an account: done, failed (at least a day could not be summarized, or nothing could).',
    labelNames: ['outcome'] as const,
    registers,
  });
  // From 0: a first failure is an increase, too.
  for (const outcome of ['done', 'failed']) runs.inc({ outcome }, 0);
  const windows = new Counter({
    name: 'kubecost_worker_summary_windows_total',
    help: 'Summaries of hours, days and months that were written; months that were closed; closed months that were adjusted.',
    labelNames: ['outcome'] as const,
    registers,
  });
  for (const outcome of outcomes) windows.inc({ outcome }, 0);
  const failedAtMs = new Map<string, number>();
  new Gauge({
    name: 'kubecost_worker_summary_failing_accounts',
    help: 'Accounts of which a day, or all, could not be summarized when this process tried last, within an hour.',
    registers,
    collect() {
      const counts = [...failedAtMs.values()].filter((atMs) => now() - atMs < rememberedMs);
      this.set(counts.length);
    },
  });
  return {
    openMonths: createOpenMonths(registers, now),
    account(cloudAccountId, isFailing) {
      if (isFailing) failedAtMs.set(cloudAccountId, now());
      else failedAtMs.delete(cloudAccountId);
    },
    run(done) {
      if (done.failed === 0) runs.inc({ outcome: 'done' });
      for (const outcome of outcomes) windows.inc({ outcome }, done[outcome]);
    },
    failed() {
      runs.inc({ outcome: 'failed' });
    },
    watchBehind(seconds) {
      new Gauge({
        name: 'kubecost_worker_summaries_behind_seconds',
        help: 'By how much the newest summarized hour is behind the newest closed one, of the account that is the latest. 0 = none is.',
        registers,
        async collect() {
          const found = await seconds().catch(() => undefined);
          this.remove();
          if (found !== undefined) this.set(found);
        },
      });
    },
  };
}
