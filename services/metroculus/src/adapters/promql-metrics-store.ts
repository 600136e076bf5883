import type { PrometheusClient, QueriedSeries } from '@cloudtuner/prometheus-client';
import { allOrAbort } from '../domain/all-or-abort';
import type { LabelledValue } from '../domain/workload-usage';
import type { MetricsStore } from '../ports';
import { assetQueries, sampledTime } from '../promql/asset-queries';
import { metricsQuery } from '../promql/metric-queries';
import { claimsQuery, clusterQueries } from '../promql/pod-queries';
import { probeQuery } from '../promql/probe-query';
import { descriptionsQuery } from '../promql/description-queries';
import { figuresQuery, statementsQuery } from '../promql/statement-queries';
import { savingsQueries, type SavingsQueries } from '../promql/savings-queries';
import { openPods } from './promql-pod-reader';
import { QueryRunner, type RunnerDependencies } from './query-runner';

interface Dependencies extends RunnerDependencies {
  readonly client: PrometheusClient;
  readonly nowMs: () => number;
}

const latestOfEach = (series: readonly QueriedSeries[]): LabelledValue[] =>
  series.flatMap(({ labels, values }) => {
    const value = values.at(-1);
    return value === undefined || !Number.isFinite(value) ? [] : [{ labels, value }];
  });

/** Any store that answers the Prometheus query API: Thanos Query, Prometheus and their kin. */
export function createPromqlMetricsStore(dependencies: Dependencies): MetricsStore {
  const { client, nowMs } = dependencies;
  const runner = new QueryRunner(dependencies);

  return {
    assetSeries: async (tenantId, window, signal) =>
      (await runner.all('assets', signal, assetQueries(tenantId, window, nowMs()))).flat(),
    clusterSeries: async (tenantId, window, signal) =>
      (await runner.all('cluster', signal, clusterQueries(tenantId, sampledTime(window, nowMs())))).flat(),
    pods: (tenantId, window, signal) =>
      openPods(runner, { tenantId, time: sampledTime(window, nowMs()), nowMs: nowMs() }, signal),
    claimSeries: async (tenantId, window, signal) =>
      (await runner.all('claims', signal, [claimsQuery(tenantId, sampledTime(window, nowMs()))])).flat(),
    descriptionSeries: async (tenantId, window, signal) =>
      (await runner.all('descriptions', signal, [descriptionsQuery(tenantId, window)])).flat(),
    statementSeries: async (tenantId, window, signal) =>
      (await runner.all('statements', signal, [statementsQuery(tenantId, window)])).flat(),
    figureSeries: async (tenantId, saidAtMs, signal) =>
      (await runner.all('figures', signal, [figuresQuery(tenantId, saidAtMs)])).flat(),
    metricSeries: (tenantId, { window, stepMs, metrics }, signal) =>
      runner.series('metrics', signal, () =>
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
        const series = await runner.series('savings', inner, () => client.instantQuery(query, atMs, { signal: inner }));
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
