import { performance } from 'node:perf_hooks';
import { isAppError } from '@cloudtuner/errors';
import type { PrometheusClient, QueriedSeries, QueryResult } from '@cloudtuner/prometheus-client';
import { allOrAbort } from '../domain/all-or-abort';
import type { ServiceMetrics } from '../metrics';
import type { TimedQuery } from '../promql/asset-queries';
import type { QuerySlots } from './query-slots';

/** What queries are run with. */
export interface RunnerDependencies {
  readonly client: PrometheusClient;
  readonly slots: QuerySlots;
  readonly metrics: ServiceMetrics;
}

/** Runs queries in their slots, and counts them by name. */
export class QueryRunner {
  constructor(private readonly dependencies: RunnerDependencies) {}

  /** Any question, counted by how many things it gave. */
  async run<T extends { readonly length: number }>(
    name: string,
    signal: AbortSignal,
    ask: (client: PrometheusClient) => Promise<T>,
  ): Promise<T> {
    const { client, slots, metrics } = this.dependencies;
    return slots.run(signal, async () => {
      const startMs = performance.now();
      let outcome = 'ok';
      try {
        const answer = await ask(client);
        metrics.querySeries.inc({ query: name }, answer.length);
        return answer;
      } catch (error) {
        outcome = signal.aborted ? 'cancelled' : isAppError(error) ? error.code.replaceAll('-', '_') : 'internal_error';
        throw error;
      } finally {
        metrics.queryDuration.observe({ query: name, outcome }, (performance.now() - startMs) / 1000);
      }
    });
  }

  /** The series of a query. */
  series(
    name: string,
    signal: AbortSignal,
    ask: (client: PrometheusClient) => Promise<QueryResult>,
  ): Promise<readonly QueriedSeries[]> {
    return this.run(name, signal, async (client) => (await ask(client)).series);
  }

  /** The series of some queries; the first that fails cancels the others. */
  async all(
    name: string,
    signal: AbortSignal,
    queries: readonly TimedQuery[],
  ): Promise<readonly (readonly QueriedSeries[])[]> {
    return allOrAbort(signal, queries, ({ query, atMs }, inner) =>
      this.series(name, inner, (client) => client.instantQuery(query, atMs, { signal: inner })),
    );
  }
}
