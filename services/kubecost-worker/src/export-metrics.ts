import { Counter, Gauge, type Registry } from '@cloudtuner/service-kit';
import type { ExportObserver } from './export-ports';
import type { Clock } from './ports';

const outcomes = ['written', 'corrected', 'too-old', 'failed'] as const;
/** A worker that has heard nothing of an account for so long knows nothing of it: others may have exported it. Longer than any back-off. */
const forgetMs = 900_000;

/** Metrics of the export to InfluxDB. */
export function createExportMetrics(registers: Registry[], now: Clock): ExportObserver {
  const hours = new Counter({
    name: 'kubecost_worker_influxdb_hours_total',
    help: 'Hours brought to InfluxDB: written, corrected (they were there and have changed), too_old (its retention policy keeps nothing of them), failed.',
    labelNames: ['outcome'] as const,
    registers,
  });
  // From 0: a first failure is an increase, too.
  for (const outcome of outcomes) hours.inc({ outcome: outcome.replaceAll('-', '_') }, 0);
  const waiting = new Map<string, { readonly storedAtMs: number; readonly seenAtMs: number }>();
  new Gauge({
    name: 'kubecost_worker_influxdb_lag_seconds',
    help: 'How long ago the oldest hour was stored that waits to be exported to InfluxDB, as far as this worker knows; 0: none waits.',
    registers,
    collect() {
      for (const [id, { seenAtMs }] of waiting) if (now() - seenAtMs > forgetMs) waiting.delete(id);
      const oldest = Math.min(now(), ...[...waiting.values()].map(({ storedAtMs }) => storedAtMs));
      this.set((now() - oldest) / 1_000);
    },
  });
  return {
    outcome(outcome) {
      hours.inc({ outcome: outcome.replaceAll('-', '_') });
    },
    waitingSince(cloudAccountId, storedAtMs) {
      if (storedAtMs === null) waiting.delete(cloudAccountId);
      else waiting.set(cloudAccountId, { storedAtMs, seenAtMs: now() });
    },
  };
}
