import type { Series } from '@cloudtuner/cost-model';
import {
  clusterCostsSchema,
  kubecostMetricsSchema,
  kubecostSavingsSchema,
  metroculusPaths,
} from '@cloudtuner/metroculus-client';
import { tenantLabel } from '@cloudtuner/prometheus-client';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { rightSize, type ResourceSaving } from '../domain/right-sizing';
import { getClusterCosts, presentBreakdown, type HourCosts } from '../usecases/get-cluster-costs';
import { defaultStepMs, getMetrics } from '../usecases/get-metrics';
import { elapsedPart } from '../usecases/read-assets';
import { allocationsRoute, assetsRoute } from './hour-routes';
import { seconds, secondsOrNull } from './present-time';
import { metricsQuery, windowOf, windowQuery } from './query-parameters';
import type { RouteDependencies } from './route-dependencies';
import { compatRoute } from './compat-routes';
import { descriptionsRoute } from './description-routes';
import { createStatementRoutes } from './statement-routes';

const routes = routesFor<undefined>();
const access = 'service';

function presentHour({ window, costs, coverage, lastSampleMs, dataVersion, flags }: HourCosts) {
  return {
    timestamp: seconds(window.startMs),
    end_timestamp: seconds(window.endMs),
    ...presentBreakdown(costs),
    coverage,
    last_sample_at: secondsOrNull(lastSampleMs),
    data_version: dataVersion,
    flags: [...flags],
  };
}

function clusterCostsRoute(dependencies: RouteDependencies): Route<undefined> {
  return routes.defineRoute({
    method: 'get',
    path: metroculusPaths.clusterCosts,
    operationId: 'getKubecostClusterCosts',
    summary: 'What a cluster cost, hour by hour and in all.',
    access,
    query: windowQuery,
    response: clusterCostsSchema,
    handler: async ({ query, signal }) => {
      const prices = await dependencies.priceBooks.find(query.cloud_account_id);
      const context = { ...dependencies, prices, signal };
      const costs = await getClusterCosts(query.cloud_account_id, windowOf(query), context);
      const summary = presentBreakdown(costs.summary);
      return {
        ...query,
        summary,
        total_cost: summary.total_cost,
        data_points: costs.hours.map(presentHour),
        metrics: [...costs.metrics],
        coverage: costs.coverage,
        last_sample_at: secondsOrNull(costs.lastSampleMs),
        flags: [...costs.flags],
      };
    },
  });
}

function presentValue(value: number): number | 'NaN' | '+Inf' | '-Inf' {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return value;
  return value > 0 ? '+Inf' : '-Inf';
}

function presentSeries({ labels: { __name__: _name, [tenantLabel]: _tenant, ...labels }, ...points }: Series) {
  return {
    labels,
    values: points.timestampsMs.map((timestampMs, index): [number, ReturnType<typeof presentValue>] => [
      timestampMs / 1000,
      presentValue(points.values[index] ?? Number.NaN),
    ]),
  };
}

function metricsRoute({ store, maxPoints }: RouteDependencies): Route<undefined> {
  return routes.defineRoute({
    method: 'get',
    path: metroculusPaths.metrics,
    operationId: 'getKubecostMetrics',
    summary: 'Cost metrics of a cluster as they were received.',
    access,
    query: metricsQuery,
    response: kubecostMetricsSchema,
    handler: async ({ query: { metrics, step, ...query }, signal }) => {
      const window = windowOf(query);
      const stepMs = step === undefined ? defaultStepMs(window) : step * 1000;
      const request = { window, stepMs, ...(metrics === undefined ? {} : { metrics }) };
      const byName = await getMetrics(query.cloud_account_id, request, { store, signal, maxPoints });
      const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
      return {
        ...query,
        step: stepMs / 1000,
        metrics: Object.fromEntries(sorted.map(([name, series]) => [name, series.map(presentSeries)])),
      };
    },
  });
}

function presentWorkload({ workload, replicas, monthlySaving }: ResourceSaving) {
  return {
    namespace: workload.namespace,
    controller_kind: workload.controllerKind,
    controller: workload.controller,
    container: workload.container,
    replicas,
    monthly_saving: monthlySaving,
  };
}

function savingsRoute({ store, nowMs, headroom }: RouteDependencies): Route<undefined> {
  return routes.defineRoute({
    method: 'get',
    path: metroculusPaths.savings,
    operationId: 'getKubecostSavings',
    summary: 'What workloads request, use and should request, and what that would save in a month.',
    access,
    query: windowQuery,
    response: kubecostSavingsSchema,
    handler: async ({ query, signal }) => {
      const window = elapsedPart(windowOf(query), nowMs());
      const usage = await store.workloadUsage(query.cloud_account_id, window, signal);
      const { cpu, memory, cpuCoreHourPrice, ramGibHourPrice } = rightSize(usage, headroom);
      return {
        ...query,
        cpu_savings: cpu.map((saving) => ({
          ...presentWorkload(saving),
          requested_cores: saving.requested,
          used_p95_cores: saving.usedP95,
          used_max_cores: saving.usedMax,
          recommended_cores: saving.recommended,
        })),
        memory_savings: memory.map((saving) => ({
          ...presentWorkload(saving),
          requested_bytes: saving.requested,
          used_p95_bytes: saving.usedP95,
          used_max_bytes: saving.usedMax,
          recommended_bytes: saving.recommended,
        })),
        cpu_core_hour_price: cpuCoreHourPrice,
        ram_gib_hour_price: ramGibHourPrice,
        coverage: usage.coverage,
      };
    },
  });
}

/** All routes of the service. */
export function createRoutes(dependencies: RouteDependencies): Route<undefined>[] {
  return [
    ...[clusterCostsRoute, assetsRoute, allocationsRoute, metricsRoute, savingsRoute].map((route) =>
      route(dependencies),
    ),
    ...createStatementRoutes(dependencies),
    descriptionsRoute(dependencies),
    compatRoute(dependencies),
  ];
}
