import { z } from 'zod';
import {
  answerHead,
  clusterParams,
  dataVersion,
  inCluster,
  moneyFields,
  namesOneWindow,
  oneWindow,
  pageFields,
  pageHead,
  sourceField,
  sourceHead,
  windowFields,
  windowRules,
} from './cluster-window';
import type { Operation } from './operation';
import { liveUsageErrors } from './query-errors';
import { costParts, money, unixSeconds } from './scalars';

const maxNameLength = 253;

/** A name in Kubernetes. */
const namespaceName = z
  .string()
  .max(maxNameLength)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of a namespace');

const number = z.number().nullable();

/** Cores or bytes, over the time in which it was there; null: not known, which is not none. */
const resource = z.object({
  requested: number,
  /** Σ limits of those containers that have one. */
  limit: number,
  used_avg: number,
  /** 95th percentile over time of what all its containers used together. */
  used_p95: number,
  used_max: number,
  /** Used ÷ requested, of containers whose usage is known; 1 for what runs without a request. */
  efficiency: number,
  /** Used ÷ charged, where the larger of request and usage is charged. */
  utilization: number,
});

const consumer = {
  ...costParts.shape,
  cpu: resource,
  ram: resource,
  /** Of both, weighted by cost. */
  efficiency: number,
  /** From the first start to the last end; null when only the store of metrics knows it. */
  started_at: unixSeconds.nullable(),
  ended_at: unixSeconds.nullable(),
  flags: z.array(z.string()),
};

const quota = z.object({
  /** Name of the ResourceQuota. */
  quota: z.string(),
  /** `requests.cpu`, `limits.memory`, `pods`, … */
  resource: z.string(),
  hard: number,
  used: number,
  /** Used ÷ hard. */
  utilization: number,
});

const namespace = z.object({
  namespace: z.string(),
  ...consumer,
  /** As last seen; null: not known. */
  quotas: z.array(quota).nullable(),
});

const workload = z.object({
  namespace: z.string(),
  /** Lower case; null for containers that no controller owns, all together. */
  controller_kind: z.string().nullable(),
  controller: z.string().nullable(),
  /** Mean number of pods. */
  pods: number,
  ...consumer,
});

const sort = z.enum(['-cost', 'cost', 'name', '-name', '-efficiency', 'efficiency']).default('-cost');

/** How sure the parts are that come from the store of metrics: limits, percentiles, quotas. */
const usageEvidence = z.object({ coverage: z.number().nullable(), last_sample_at: unixSeconds.nullable() });

const listHead = {
  ...answerHead,
  data_version: dataVersion,
  ...sourceHead,
  usage: usageEvidence,
  ...pageHead,
  /** Σ total_cost over the rows of all pages. */
  total_cost: money,
};

const listQuery = { ...windowFields, sort, ...pageFields, ...sourceField, ...moneyFields };

/** Query of the namespaces of a cluster. */
export const namespacesQuery = z.strictObject(listQuery).refine(namesOneWindow, oneWindow);

/** Answer of the namespaces of a cluster. */
export const namespacesResponse = z.object({
  ...listHead,
  /** What nodes had left. With `total_cost` and `unallocated_cost` the total of `…/costs`. */
  idle_cost: money,
  /** What belongs to no namespace. */
  unallocated_cost: money,
  namespaces: z.array(namespace),
});

/** Query of the workloads of a namespace. */
const workloadsQuery = z.strictObject(listQuery).refine(namesOneWindow, oneWindow);

/** Query of the workloads of a cluster. */
export const clusterWorkloadsQuery = z
  .strictObject({ ...listQuery, namespace: namespaceName.optional() })
  .refine(namesOneWindow, oneWindow);

/** Answer of the workloads of a namespace, or of all. */
export const workloadsResponse = z.object({ ...listHead, workloads: z.array(workload) });

/** Who uses clusters. */
export const clusterWorkloadOperations = {
  listClusterNamespaces: {
    operationId: 'listClusterNamespaces',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/namespaces',
    summary: 'What namespaces cost, requested and used, and their quotas',
    access: 'costs:read',
    scope: inCluster,
    costClass: 'query',
    errors: liveUsageErrors,
    rules: windowRules,
    example: { query: { window: '1d' } },
    status: 200,
    params: clusterParams,
    query: namespacesQuery,
    response: namespacesResponse,
  },
  listNamespaceWorkloads: {
    operationId: 'listNamespaceWorkloads',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/namespaces/:namespace/workloads',
    summary: 'What the workloads of a namespace cost, requested and used',
    access: 'costs:read',
    scope: inCluster,
    costClass: 'query',
    errors: liveUsageErrors,
    rules: windowRules,
    example: { query: { window: '1d' } },
    status: 200,
    params: clusterParams.extend({ namespace: namespaceName }),
    query: workloadsQuery,
    response: workloadsResponse,
  },
} as const satisfies Readonly<Record<string, Operation>>;
