import { z } from 'zod';
import {
  answerHead,
  clusterParams,
  inCluster,
  moneyFields,
  namesOneWindow,
  oneWindow,
  pageFields,
  pageHead,
  windowFields,
  windowRules,
} from './cluster-window';
import type { Operation } from './operation';
import { usageErrors } from './query-errors';
import { onTheWire } from './wire-schema';
import { integerParam, money, unixSeconds } from './scalars';

const minStepSeconds = 60;
const maxStepSeconds = 86_400;

/** Cores or bytes, per pod; null: not known. */
const sizing = z.object({
  requested: z.number().nullable(),
  used_p95: z.number().nullable(),
  used_max: z.number().nullable(),
  recommended: z.number().nullable(),
  /** Negative where more should be requested. */
  monthly_saving: money,
});

/** What of a workload could be requested otherwise. */
const recommendation = z.object({
  namespace: z.string(),
  /** Lower case; `pod` for one without an owner; null when nothing is known of an owner. */
  controller_kind: z.string().nullable(),
  controller: z.string(),
  container: z.string(),
  /** Mean number of pods over the window. */
  replicas: z.number().nullable(),
  /** Cores. */
  cpu: sizing.nullable(),
  /** Bytes. */
  memory: sizing.nullable(),
  /** Of both, as far as it is known. */
  monthly_saving: money,
});

/** Query of the recommendations of a cluster. */
export const optimizationQuery = z
  .strictObject({
    ...windowFields,
    namespace: z.string().min(1).max(253).optional(),
    sort: z.enum(['-saving', 'saving', 'name', '-name']).default('-saving'),
    ...pageFields,
    ...moneyFields,
  })
  .refine(namesOneWindow, oneWindow);

/** Answer of the recommendations of a cluster. */
export const optimizationResponse = z.object({
  ...answerHead,
  ...pageHead,
  /** Mean prices that savings are valued at; null when no node has one. */
  cpu_core_hour_price: money,
  ram_gib_hour_price: money,
  /** Σ monthly_saving over all pages. */
  monthly_saving: money,
  recommendations: z.array(recommendation),
});

const series = z.object({
  /** `usage`, `requested`, `capacity`, `received`, `transmitted`, … */
  name: z.string(),
  /** `recorded`: a gauge that the cluster's own rules provide; `derived`: computed from these metrics. */
  method: z.enum(['recorded', 'derived']),
  metrics: z.array(z.string()),
  /** `[unix seconds, value]`; where nothing was measured there is no point. */
  points: z.array(
    onTheWire(z.tuple([unixSeconds, z.number()]), {
      type: 'array',
      items: { type: 'number' },
      minItems: 2,
      maxItems: 2,
      examples: [[1_767_225_600, 0.5]],
    }),
  ),
});

/** How clusters are used. */
export const clusterUsageOperations = {
  getClusterMetrics: {
    operationId: 'getClusterMetrics',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/metrics',
    summary: 'How much of a cluster was used, requested and there, over time',
    access: 'costs:read',
    scope: inCluster,
    costClass: 'query',
    errors: usageErrors,
    rules: windowRules,
    example: { query: { metric: 'cpu', window: '1h' } },
    status: 200,
    params: clusterParams,
    query: z
      .strictObject({
        ...windowFields,
        metric: z.enum(['cpu', 'memory', 'network', 'storage']),
        /** Seconds between points; by default a whole number of minutes for up to 180 points. */
        step: integerParam({ min: minStepSeconds, max: maxStepSeconds }).optional(),
      })
      .refine(namesOneWindow, oneWindow),
    response: z.object({
      ...answerHead,
      metric: z.enum(['cpu', 'memory', 'network', 'storage']),
      unit: z.enum(['cores', 'bytes', 'bytes_per_second']),
      /** Seconds between points. */
      step: z.int(),
      series: z.array(series),
    }),
  },
  getClusterOptimization: {
    operationId: 'getClusterOptimization',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/optimization',
    summary: 'What workloads request, use and should request, and what that would save in a month',
    access: 'costs:read',
    scope: inCluster,
    costClass: 'query',
    errors: usageErrors,
    rules: windowRules,
    example: { query: { window: '1d' } },
    status: 200,
    params: clusterParams,
    query: optimizationQuery,
    response: optimizationResponse,
  },
} as const satisfies Readonly<Record<string, Operation>>;
