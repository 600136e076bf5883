import type { Series, TimeWindow } from '@cloudtuner/cost-model';
import type { InstantVector, QueriedSeries } from '@cloudtuner/prometheus-client';
import { allOrAbort } from '../domain/all-or-abort';
import { recordedUsage, type UsageReading, type UtilizationLine } from '../domain/usage-reading';
import type { LabelledValue } from '../domain/workload-usage';
import type { UsageStore } from '../ports';
import { usageQueries } from '../promql/usage-queries';
import { lastSampleOf, utilizationQueries } from '../promql/utilization-queries';
import { QueryRunner, type RunnerDependencies } from './query-runner';

const latestOfEach = (series: readonly QueriedSeries[]): LabelledValue[] =>
  series.flatMap(({ labels, values }) => {
    const value = values.at(-1);
    return value === undefined || !Number.isFinite(value) ? [] : [{ labels, value }];
  });

type Steps = { readonly window: TimeWindow; readonly stepMs: number };

const lastPointMs = (series: readonly Series[]): number | null =>
  series.reduce<number | null>((last, { timestampsMs }) => {
    const timestampMs = timestampsMs.at(-1);
    return timestampMs === undefined || (last !== null && last >= timestampMs) ? last : timestampMs;
  }, null);

/** Steps of usage for one of what bounds it. */
const stepsPerBound = 10;

/** How clusters are used, from any store that answers the Prometheus query API. */
export function createPromqlUsageStore(dependencies: RunnerDependencies): UsageStore {
  const { client } = dependencies;
  const runner = new QueryRunner(dependencies);

  const atEachStep = async (name: string, query: InstantVector, { window, stepMs }: Steps, signal: AbortSignal) => {
    // The end of a window is not in it, the end of a range query is.
    const range = { startMs: window.startMs, endMs: window.endMs - 1, stepMs };
    if (range.endMs < range.startMs) return [];
    return runner.series(name, signal, () => client.rangeQuery(query, range, { signal }));
  };
  const atOnce = (name: string, query: InstantVector, atMs: number, signal: AbortSignal) =>
    runner.series(name, signal, () => client.instantQuery(query, atMs, { signal }));

  /** Asked where the last point is, because a query finds only what is at most 5 minutes old. */
  async function lastSampleMs(
    name: string,
    queries: readonly InstantVector[],
    used: readonly Series[],
    signal: AbortSignal,
  ): Promise<number | null> {
    const atMs = lastPointMs(used);
    if (atMs === null) return null;
    const answers = await allOrAbort(signal, queries, (query, inner) => atOnce(name, query, atMs, inner));
    const seconds = answers.flat().flatMap(({ values }) => [...values]);
    return seconds.length === 0 ? null : Math.max(...seconds) * 1000;
  }

  return {
    async utilization(tenantId, { metric, ...steps }, signal) {
      const { unit, lines, lastSample } = utilizationQueries(tenantId, metric, steps.stepMs);
      const answers = await allOrAbort(signal, lines, async ({ query, ...line }, inner): Promise<UtilizationLine> => {
        const [series] = await atEachStep('utilization', query, steps, inner);
        return series === undefined ? line : { ...line, series };
      });
      const recorded = recordedUsage(answers);
      const [query, used] =
        recorded === undefined
          ? [lastSample, answers.flatMap(({ method, series }) => (method === 'derived' ? (series ?? []) : []))]
          : [lastSampleOf(tenantId, recorded.metrics), recorded.series === undefined ? [] : [recorded.series]];
      return { unit, lines: answers, lastSampleMs: await lastSampleMs('utilization', [query], used, signal) };
    },
    async usage(tenantId, { namespace, ...steps }, signal) {
      const { window, stepMs } = steps;
      const windowMs = window.endMs - window.startMs - 1;
      const queries = usageQueries(tenantId, { windowMs, stepMs, ...(namespace === undefined ? {} : { namespace }) });
      // Requests and limits change seldom: looking less often is what makes a large cluster affordable.
      const seldom = { window, stepMs: stepMs * stepsPerBound };
      const questions = [
        ...Object.entries(queries.atEachStep).map(([name, each]) => ({ name, each, steps })),
        ...Object.entries(queries.seldom).map(([name, each]) => ({ name, each, steps: seldom })),
        ...Object.entries(queries.atTheEnd).map(([name, each]) => ({ name, each, steps: null })),
      ].flatMap(({ each, ...question }) => each.map((query) => ({ ...question, query })));
      const answers = await allOrAbort(signal, questions, async ({ name, query, steps: at }, inner) => {
        const series =
          at === null
            ? await atOnce('usage', query, window.endMs - 1, inner)
            : await atEachStep('usage', query, at, inner);
        return { name, series };
      });
      const of = (name: keyof UsageReading): QueriedSeries[] =>
        answers.flatMap((answer) => (answer.name === name ? answer.series : []));
      const memory = of('memory');
      return {
        requests: of('requests'),
        limits: of('limits'),
        cpu: of('cpu'),
        memory,
        quotas: latestOfEach(of('quotas')),
        podOwners: latestOfEach(of('podOwners')),
        replicaSetOwners: latestOfEach(of('replicaSetOwners')),
        lastSampleMs: await lastSampleMs('usage', queries.lastSample, memory, signal),
      };
    },
  };
}
