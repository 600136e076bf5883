import type { KubecostClientsOptions } from '@cloudtuner/kubecost-client';
import type { Operation } from '@cloudtuner/restapi-client';
import { Counter, Gauge, Histogram, type Registry } from '@cloudtuner/service-kit';

/** Everything that restapi counts of its own. */
export interface Metrics {
  readonly signIns: Counter<'outcome'>;
  readonly liveReadSeconds: Histogram<'outcome'>;
  readonly usageReadSeconds: Histogram<'question' | 'outcome'>;
  readonly clickhouseQuerySeconds: Histogram<'route' | 'outcome'>;
  readonly expensesOutOfStep: Counter;
  readonly accountsLeftOut: Counter<'reason'>;
  readonly answersReadAgain: Counter;
  readonly storedReads: Counter<'outcome'>;
  readonly kubecostReadSeconds: Histogram<'outcome'>;
  readonly kubecostBreakerState: Gauge<'cloud_account_id' | 'endpoint'>;
  readonly auditEvents: Counter<'outcome'>;
}

/** Tells of each route which class of costs it has, so that requests can be summed by class. */
export function describeOperations(registry: Registry, operations: readonly Operation[]): void {
  const info = new Gauge({
    name: 'restapi_operation_info',
    help: 'Always 1: the operation and the cost class of a method and route of http_request_duration_seconds.',
    labelNames: ['method', 'route', 'operation', 'cost_class'],
    registers: [registry],
  });
  for (const { method, path, operationId, costClass = 'light' } of operations) {
    info.set({ method, route: path, operation: operationId, cost_class: costClass }, 1);
  }
}

/** The metrics, registered. */
export function createMetrics(registry: Registry): Metrics {
  const registers = [registry];
  return {
    signIns: new Counter({
      name: 'restapi_sign_ins_total',
      help: 'Sign-ins by outcome: ok or the code of the error.',
      labelNames: ['outcome'],
      registers,
    }),
    liveReadSeconds: new Histogram({
      name: 'restapi_live_costs_read_seconds',
      help: 'Time that an answer waited for live costs of one account.',
      labelNames: ['outcome'],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
      registers,
    }),
    usageReadSeconds: new Histogram({
      name: 'restapi_usage_read_seconds',
      help: 'Time that an answer waited for usage, charts or savings; the outcome is answered or the code of the error.',
      labelNames: ['question', 'outcome'],
      buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 60],
      registers,
    }),
    clickhouseQuerySeconds: new Histogram({
      name: 'restapi_clickhouse_query_seconds',
      help: 'Time of a query of ClickHouse by the route it is for; the outcome is answered or the code of the error.',
      labelNames: ['route', 'outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    expensesOutOfStep: new Counter({
      name: 'restapi_expenses_out_of_step_days_total',
      help: 'Days read whose expense is not the sum of their closed hours. Rises for minutes after late data; a steady rise is a breach of one total.',
      registers,
    }),
    storedReads: new Counter({
      name: 'restapi_stored_reads_total',
      help: 'Questions about what is stored of an account: remembered, shared with somebody who asked the same at the same time, or read.',
      labelNames: ['outcome'],
      registers,
    }),
    accountsLeftOut: new Counter({
      name: 'restapi_accounts_left_out_total',
      help: 'Accounts that were left out of an answer because their costs could not be read.',
      labelNames: ['reason'],
      registers,
    }),
    answersReadAgain: new Counter({
      name: 'restapi_answers_read_again_total',
      help: 'Answers about allocations that were read again, because what was to be read was not there: it was replaced meanwhile; a steady rise means that rows are lost.',
      registers,
    }),
    kubecostReadSeconds: new Histogram({
      name: 'restapi_kubecost_read_seconds',
      help: 'Time that an answer waited for the Kubecost of its account; the outcome is answered or the code of the error.',
      labelNames: ['outcome'],
      buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
      registers,
    }),
    kubecostBreakerState: new Gauge({
      name: 'restapi_kubecost_breaker_state',
      help: 'Circuit breaker of an endpoint of an account’s Kubecost, since it first changed: 0 closed, 1 half-open, 2 open.',
      labelNames: ['cloud_account_id', 'endpoint'],
      registers,
    }),
    auditEvents: new Counter({
      name: 'restapi_audit_events_total',
      help: 'Audit records: written and relayed (from the outbox of a document) are kept, delayed counts rounds that failed, dropped and unreadable are lost.',
      labelNames: ['outcome'],
      registers,
    }),
  };
}

const breakerValues = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Puts the state of a breaker into its gauge; null takes it out. */
export const breakerObserver =
  ({ kubecostBreakerState }: Metrics): NonNullable<KubecostClientsOptions['onBreakerState']> =>
  (cloudAccountId, endpoint, state) => {
    const labels = { cloud_account_id: cloudAccountId, endpoint };
    if (state === null) kubecostBreakerState.remove(labels);
    else kubecostBreakerState.set(labels, breakerValues[state]);
  };
