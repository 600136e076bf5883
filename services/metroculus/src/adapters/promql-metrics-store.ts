import { performance } from 'node:perf_hooks';
import { isAppError } from '@cloudtuner/errors';
import type { PrometheusClient, QueriedSeries, QueryResult } from '@cloudtuner/prometheus-client';
import { allOrAbort } from '../domain/all-or-abort';
import type { ServiceMetrics } from '../metrics';
import type { LabelledValue } from '../domain/workload-usage';
import type { MetricsStore } from '../ports';
import { assetQueries } from '../promql/asset-queries';
import { metricsQuery } from '../promql/metric-queries';
import { probeQuery } from '../promql/probe-query';
import { savingsQueries, type SavingsQueries } from '../promql/savings-queries';
import type { QuerySlots } from './query-slots';

interface Dependencies {
  readonly client: PrometheusClient;
  readonly slots: QuerySlots;
  readonly metrics: ServiceMetrics;
  readonly nowMs: () => number;
}

/** Runs queries in their slots and counts them by name. */
function createRunner({ client, slots, metrics }: Dependencies) {
  return async (
    name: string,
    signal: AbortSignal,
    ask: (client: PrometheusClient) => Promise<QueryResult>,
  ): Promise<readonly QueriedSeries[]> =>
    slots.run(signal, async () => {
      const startMs = performance.now();
      let outcome = 'ok';
      try {
        const { series } = await ask(client);
        metrics.querySeries.inc({ query: name }, series.length);
        return series;
      } catch (error) {
        outcome = signal.aborted ? 'cancelled' : isAppError(error) ? error.code.replaceAll('-', '_') : 'internal_error';
        throw error;
      } finally {
        metrics.queryDuration.observe({ query: name, outcome }, (performance.now() - startMs) / 1000);
      }
    });
}

const latestOfEach = (series: readonly QueriedSeries[]): LabelledValue[] =>
  series.flatMap(({ labels, values }) => {
    const value = values.at(-1);
    return value === undefined || !Number.isFinite(value) ? [] : [{ labels, value }];
  });

/** Any store that answers the Prometheus query API: Thanos Query, Prometheus and their kin. */
export function createPromqlMetricsStore(dependencies: Dependencies): MetricsStore {
  const { client, nowMs } = dependencies;
  const run = createRunner(dependencies);

  return {
    async assetSeries(tenantId, window, signal) {
      const queries = assetQueries(tenantId, window, nowMs());
      const answers = await allOrAbort(signal, queries, ({ query, atMs }, inner) =>
        run('assets', inner, () => client.instantQuery(query, atMs, { signal: inner })),
      );
      return answers.flat();
    },
    metricSeries: (tenantId, { window, stepMs, metrics }, signal) =>
      run('metrics', signal, () =>
        client.rangeQuery(
          metricsQuery(tenantId, metrics),
          // The end of a window is not in it, the end of a range query is.
          { startMs: window.startMs, endMs: window.endMs - 1, stepMs },
          { signal },
        ),
      ),
    async workloadUsage(tenantId, window, signal) {
      const { atMs, expectedSteps, ...queries } = savingsQueries(tenantId, window);
      type Question = keyof Omit<SavingsQueries, 'atMs' | 'expectedSteps'>;
      const questions = Object.entries(queries) as [Question, SavingsQueries[Question]][];
      const answers = await allOrAbort(signal, questions, async ([name, query], inner) => {
        const series = await run('savings', inner, () => client.instantQuery(query, atMs, { signal: inner }));
        return [name, latestOfEach(series)] as const;
      });
      const usage = Object.fromEntries(answers) as Record<Question, LabelledValue[]>;
      const share = (steps: number): number => Math.min(1, steps / expectedSteps);
      return {
        ...usage,
        presence: usage.presence.map(({ labels, value }) => ({ labels, value: share(value) })),
        coverage: share(usage.coverage[0]?.value ?? 0),
      };
    },
    async ping(signal) {
      // Not in a slot: readiness says whether the store answers, not how busy this instance is.
      await client.instantQuery(probeQuery(), nowMs(), { signal });
    },
  };
}
