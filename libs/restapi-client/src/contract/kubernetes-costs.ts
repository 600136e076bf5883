import { clusterParams, inCluster, windowRules } from './cluster-window';
import { optimizationQuery, optimizationResponse } from './cluster-usage';
import { clusterWorkloadsQuery, namespacesQuery, namespacesResponse, workloadsResponse } from './cluster-workloads';
import { costOperations } from './costs';
import type { Operation } from './operation';
import { liveErrors, liveUsageErrors, usageErrors } from './query-errors';

const path = '/api/v1/costs/kubernetes/:cluster_id';
const head = {
  method: 'GET',
  access: 'costs:read',
  scope: inCluster,
  costClass: 'query',
  errors: usageErrors,
  rules: windowRules,
  example: { query: { window: '1d' } },
  status: 200,
  params: clusterParams,
} as const;

/** The costs of one cluster under a shorter address: the answers are those of `/restapi/v2`. */
export const kubernetesCostOperations = {
  getKubernetesCosts: {
    operationId: 'getKubernetesCosts',
    path,
    summary: 'The costs of a cluster',
    ...head,
    errors: liveErrors,
    rules: costOperations.getClusterCosts.rules,
    query: costOperations.getClusterCosts.query,
    response: costOperations.getClusterCosts.response,
  },
  listKubernetesNamespaces: {
    operationId: 'listKubernetesNamespaces',
    path: `${path}/namespaces`,
    summary: 'What the namespaces of a cluster cost, requested and used, and their quotas',
    ...head,
    errors: liveUsageErrors,
    query: namespacesQuery,
    response: namespacesResponse,
  },
  listKubernetesWorkloads: {
    operationId: 'listKubernetesWorkloads',
    path: `${path}/workloads`,
    summary: 'What the workloads of a cluster, or of one namespace, cost, requested and used',
    ...head,
    errors: liveUsageErrors,
    query: clusterWorkloadsQuery,
    response: workloadsResponse,
  },
  getKubernetesOptimization: {
    operationId: 'getKubernetesOptimization',
    path: `${path}/optimization`,
    summary: 'What workloads request, use and should request, and what that would save in a month',
    ...head,
    query: optimizationQuery,
    response: optimizationResponse,
  },
} as const satisfies Readonly<Record<string, Operation>>;
