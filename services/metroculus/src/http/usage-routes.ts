import {
  kubecostUsageSchema,
  kubecostUtilizationSchema,
  usagePaths,
  utilizationMetrics,
  type NamespaceQuota,
  type ResourceUsage,
  type UsageEntry,
  type UtilizationSeries,
} from '@cloudtuner/metroculus-client';
import { routesFor, type Route } from '@cloudtuner/service-kit';
import { z } from 'zod';
import type { QuotaLevel, ResourceLevels, UsageLevels } from '../domain/usage-levels';
import type { UtilizationLine } from '../domain/usage-reading';
import type { UsageStore } from '../ports';
import { getUsage, getUtilization, usageStepMs } from '../usecases/get-utilization';
import { elapsedPart } from '../usecases/read-assets';
import { secondsOrNull } from './present-time';
import { endsAfterItStarts, mustEndAfterItStarts, stepSeconds, windowFields, windowOf } from './query-parameters';

/** What the routes work with. */
export interface UsageRouteDependencies {
  readonly usageStore: UsageStore;
  readonly nowMs: () => number;
}

const routes = routesFor<undefined>();
const access = 'service';
const maxNamespaceLength = 253;

const utilizationQuery = z
  .strictObject({ ...windowFields, metric: z.enum(utilizationMetrics), step: stepSeconds.optional() })
  .refine(endsAfterItStarts, mustEndAfterItStarts);

const usageQuery = z
  .strictObject({ ...windowFields, namespace: z.string().min(1).max(maxNamespaceLength).optional() })
  .refine(endsAfterItStarts, mustEndAfterItStarts);

function presentLine({ name, method, metrics, series }: UtilizationLine): UtilizationSeries {
  return {
    name,
    method,
    metrics: [...metrics],
    points: (series?.timestampsMs ?? []).flatMap((timestampMs, index): [number, number][] => {
      const value = series?.values[index];
      // What JSON has no number for is not a level.
      return value === undefined || !Number.isFinite(value) ? [] : [[Math.floor(timestampMs / 1000), value]];
    }),
  };
}

function presentLevels({ requested, limit, usedAvg, usedP95, usedMax }: ResourceLevels): ResourceUsage {
  return { requested, limit, used_avg: usedAvg, used_p95: usedP95, used_max: usedMax };
}

function presentUsage({ namespace, controllerKind, controller, pods, cpuCores, ramBytes }: UsageLevels): UsageEntry {
  return {
    namespace,
    controller_kind: controllerKind,
    controller,
    pods,
    cpu_cores: presentLevels(cpuCores),
    ram_bytes: presentLevels(ramBytes),
  };
}

const presentQuota = (quota: QuotaLevel): NamespaceQuota => ({ ...quota });

function utilizationRoute({ usageStore, nowMs }: UsageRouteDependencies): Route<undefined> {
  return routes.defineRoute({
    method: 'get',
    path: usagePaths.utilization,
    operationId: 'getKubecostUtilization',
    summary: 'How much of a cluster was used, requested and there, over time.',
    access,
    query: utilizationQuery,
    response: kubecostUtilizationSchema,
    handler: async ({ query: { metric, step, ...query }, signal }) => {
      const asked = windowOf(query);
      const stepMs = step === undefined ? usageStepMs(asked, 'chart') : step * 1000;
      const request = { window: elapsedPart(asked, nowMs()), metric, stepMs };
      const { unit, lines, coverage, lastSampleMs } = await getUtilization(query.cloud_account_id, request, {
        usageStore,
        signal,
      });
      return {
        ...query,
        metric,
        unit,
        step: stepMs / 1000,
        coverage,
        last_sample_at: secondsOrNull(lastSampleMs),
        series: lines.map(presentLine),
      };
    },
  });
}

function usageRoute({ usageStore, nowMs }: UsageRouteDependencies): Route<undefined> {
  return routes.defineRoute({
    method: 'get',
    path: usagePaths.usage,
    operationId: 'getKubecostUsage',
    summary: 'What namespaces, or the workloads of one, requested, were limited to and used; and quotas.',
    access,
    query: usageQuery,
    response: kubecostUsageSchema,
    handler: async ({ query: { namespace, ...query }, signal }) => {
      const window = elapsedPart(windowOf(query), nowMs());
      const request = { window, ...(namespace === undefined ? {} : { namespace }) };
      const usage = await getUsage(query.cloud_account_id, request, { usageStore, signal });
      return {
        ...query,
        step: usage.stepMs / 1000,
        coverage: usage.coverage,
        last_sample_at: secondsOrNull(usage.lastSampleMs),
        usage: usage.levels.map(presentUsage),
        quotas: usage.quotas.map(presentQuota),
      };
    },
  });
}

/** The routes that tell how clusters are used. */
export function createUsageRoutes(dependencies: UsageRouteDependencies): Route<undefined>[] {
  return [utilizationRoute(dependencies), usageRoute(dependencies)];
}
