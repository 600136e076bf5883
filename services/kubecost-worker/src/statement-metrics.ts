import { Counter, Gauge, type Registry } from '@cloudtuner/service-kit';
import type { StoredStatements } from './usecases/store-statements';

/** What the worker tells of Kubecost's own figures. */
export interface StatementMetrics {
  statements(cloudAccountId: string, stored: StoredStatements): void;
  statementsFailed(): void;
}

/** Accounts that are told of at once; beyond them the one that was stored longest ago goes. */
const maxAccounts = 1_000;
/** An account stores an hour each hour; what is older is another worker's by now, or nobody's. */
const keptMs = 2 * 3_600_000;

interface Told {
  readonly consistency: number;
  readonly hour: number;
  readonly atMs: number;
}

/** Metrics of what Kubecost says; `now` in milliseconds decides what is too old to be told. */
export function createStatementMetrics(registers: Registry[], now: () => number = Date.now): StatementMetrics {
  const told = new Map<string, Told>();
  const hours = new Counter({
    name: 'kubecost_worker_kubecost_hours_total',
    help: 'Hours of which Kubecost said something, by what became of it: stored, confirmed (said again unchanged), known, incomplete (no scrape is whole), failed (hours of scrapes that could not be read).',
    labelNames: ['outcome'] as const,
    registers,
  });
  new Gauge({
    name: 'kubecost_worker_kubecost_consistency_ratio',
    help: 'How far our costs and Kubecost’s agree about the last closed hour that Kubecost spoke of, 0 to 1. Absent while there is nothing to compare.',
    labelNames: ['cloud_account_id'] as const,
    registers,
    collect() {
      this.reset();
      for (const [cloudAccountId, { consistency, atMs }] of told) {
        if (now() - atMs > keptMs) told.delete(cloudAccountId);
        else this.set({ cloud_account_id: cloudAccountId }, consistency);
      }
    },
  });
  return {
    statements(cloudAccountId, { latest, ...counts }) {
      for (const outcome of ['stored', 'confirmed', 'known', 'incomplete'] as const)
        hours.inc({ outcome }, counts[outcome]);
      if (latest?.consistency === undefined || latest.consistency === null) return;
      const before = told.get(cloudAccountId);
      // An old hour that is said again does not tell how it is now.
      if (before !== undefined && before.hour > latest.hour && now() - before.atMs <= keptMs) return;
      told.delete(cloudAccountId);
      told.set(cloudAccountId, { consistency: latest.consistency, hour: latest.hour, atMs: now() });
      const [oldest] = told.keys();
      if (told.size > maxAccounts && oldest !== undefined) told.delete(oldest);
    },
    statementsFailed() {
      hours.inc({ outcome: 'failed' });
    },
  };
}
