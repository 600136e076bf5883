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
  windowFields,
  windowRules,
} from './cluster-window';
import type { Operation } from './operation';
import { windowErrors } from './query-errors';
import { money } from './scalars';

/** Resources that both price by container. */
const reconciledResource = z.enum(['cpu', 'ram', 'gpu', 'pv', 'network', 'load_balancer']);

/** Two views of one cost. */
const comparison = z.object({
  /** Null: not known. */
  ours: money,
  kubecost: money,
  /** Ours − Kubecost's; null where ours is not known. */
  difference: money,
  /** Difference ÷ Kubecost's cost; null where ours is not known, or Kubecost's is 0. */
  relative_difference: z.number().nullable(),
});

/** Our costs held against those of the customer's own Kubecost. */
export const reconciliationOperations = {
  getClusterReconciliation: {
    operationId: 'getClusterReconciliation',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/reconciliation',
    summary: 'What the cluster’s own Kubecost says it cost, beside what we say, by namespace and resource',
    description:
      'Compared are the hours of the window that are closed here and of which the allocation-exporter has delivered ' +
      'what Kubecost says of the whole hour; `coverage` is their share of the time that has passed. Idle is left out on ' +
      'both sides. Kubecost’s figures are never part of any other answer.',
    access: 'costs:read',
    scope: inCluster,
    costClass: 'query',
    errors: [...windowErrors, 'facts-incomplete'],
    rules: windowRules,
    example: { query: { window: '1d' } },
    status: 200,
    params: clusterParams,
    query: z
      .strictObject({
        ...windowFields,
        namespace: z.string().min(1).max(253).optional(),
        resource: reconciledResource.optional(),
        sort: z.enum(['-difference', 'name', '-name']).default('-difference'),
        ...pageFields,
        ...moneyFields,
      })
      .refine(namesOneWindow, oneWindow),
    response: z.object({
      ...answerHead,
      data_version: dataVersion,
      ...pageHead,
      /** Hours of the window that both have closed. */
      compared_hours: z.int(),
      /** Hours of the window that have begun. */
      window_hours: z.int(),
      /**
       * 1 − Σ |difference| ÷ Σ the greater of the two, over all costs of the cluster that we know, whatever is asked for: 1 is the
       * same. Null: there is nothing to compare.
       */
      consistency: z.number().min(0).max(1).nullable(),
      /** Of the rows of all pages that are known on both sides; null without a compared hour. */
      total: comparison.nullable(),
      /** Costs of Kubecost that have nothing here to be held against; null without a compared hour. */
      kubecost_only: z.object({ shared: money, external: money, other: money }).nullable(),
      rows: z.array(comparison.extend({ namespace: z.string(), resource: reconciledResource })),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
