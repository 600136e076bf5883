import { Counter, Gauge, Histogram, type Registry } from '@cloudtuner/service-kit';
import type { KubecostClientsOptions, KubecostEndpoint } from '@cloudtuner/kubecost-client';
import { extractKinds, type ExtractKind } from './domain/extraction';
import type { ExtractAge } from './extract-ports';

/** What the worker tells of reading Kubecosts directly. */
export interface ExtractMetrics {
  run(kind: ExtractKind, outcome: (typeof outcomes)[number], seconds: number): void;
  readonly onBreakerState: NonNullable<KubecostClientsOptions['onBreakerState']>;
  readonly onAttempt: NonNullable<KubecostClientsOptions['onAttempt']>;
  /** Asks for the ages when the metrics are read; while they cannot be had they are left out. */
  watchAges(ages: () => Promise<readonly ExtractAge[]>): void;
}

const outcomes = ['stored', 'unchanged', 'nothing', 'not-offered', 'failed'] as const;

/** What the worker asks of a Kubecost. */
const askedEndpoints = ['detect', 'allocation', 'assets', 'budgets'] as const satisfies readonly KubecostEndpoint[];

const breakerValues = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Metrics of extraction. Accounts are a label: only those that have an endpoint, and their owners ask which one is late. */
export function createExtractMetrics(registers: Registry[]): ExtractMetrics {
  const runs = new Counter({
    name: 'cloudtuner_extraction_runs_total',
    help: 'Windows that were read of Kubecosts by their API: stored, unchanged, nothing (Kubecost knows nothing of it), not_offered (OpenCost has no budgets), failed.',
    labelNames: ['kind', 'outcome'] as const,
    registers,
  });
  // From 0: a first failure is an increase, too.
  for (const kind of extractKinds) for (const outcome of outcomes) runs.inc({ kind, outcome: labelOf(outcome) }, 0);
  const duration = new Histogram({
    name: 'cloudtuner_extraction_duration_seconds',
    help: 'Time to read a window of a Kubecost and to store it.',
    labelNames: ['kind', 'outcome'] as const,
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300],
    registers,
  });
  const requests = new Histogram({
    name: 'cloudtuner_extraction_api_seconds',
    help: 'How long Kubecosts took to answer a request whole, by endpoint and outcome: answered, cancelled, or the code of what failed.',
    labelNames: ['endpoint', 'outcome'] as const,
    buckets: [0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300],
    registers,
  });
  // From 0: the first answer has a rate, too.
  for (const endpoint of askedEndpoints) requests.zero({ endpoint, outcome: 'answered' });
  const breakers = new Gauge({
    name: 'cloudtuner_extraction_breaker_state',
    help: 'Circuit breaker of an endpoint of an account’s Kubecost, since it first changed: 0 closed, 1 half-open, 2 open.',
    labelNames: ['cloud_account_id', 'endpoint'] as const,
    registers,
  });
  return {
    run(kind, outcome, seconds) {
      const labels = { kind, outcome: labelOf(outcome) };
      runs.inc(labels);
      duration.observe(labels, seconds);
    },
    onAttempt(endpoint, outcome, seconds) {
      requests.observe({ endpoint, outcome: labelOf(outcome) }, seconds);
    },
    onBreakerState(cloudAccountId, endpoint, state) {
      const labels = { cloud_account_id: cloudAccountId, endpoint };
      if (state === null) breakers.remove(labels);
      else breakers.set(labels, breakerValues[state]);
    },
    watchAges(ages) {
      new Gauge({
        name: 'cloudtuner_extraction_age_seconds',
        help: 'How long ago the newest window ended that we have of an account’s Kubecost; of budgets, how long ago they were read. Before the first, since when it is configured.',
        labelNames: ['cloud_account_id', 'source'] as const,
        registers,
        async collect() {
          const found = await ages().catch(() => []);
          this.reset();
          for (const { cloudAccountId, kind, seconds } of found)
            this.set({ cloud_account_id: cloudAccountId, source: kind }, seconds);
        },
      });
    },
  };
}

const labelOf = (outcome: string): string => outcome.replaceAll('-', '_');
