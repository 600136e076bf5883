import { z } from 'zod';
import {
  allocationAnswer,
  allocationCosts,
  allocationFieldNames,
  allocationFields,
  allocationRules,
  explanation,
  stepText,
} from './allocations';
import {
  coverage,
  dataVersion,
  namesOneWindow,
  oneWindow,
  optionalPageFields,
  sourceField,
  sourceHead,
  windowFields,
} from './cluster-window';
import { inOrganization, type Operation } from './operation';
import { liveErrors, queryErrors } from './query-errors';
import { costParts, interval, money, moneyForm, unixSeconds, uuid, warning } from './scalars';

/** Steps without `aggregate`. */
const bucketSteps = ['1h', '1d'];

/** As `omit` takes it. */
const namesOf = <Shape extends object>(shape: Shape) =>
  Object.fromEntries(Object.keys(shape).map((name) => [name, true])) as { [Name in keyof Shape]: true };

const costBucket = interval.extend({
  ...costParts.shape,
  /** These only by `aggregate`. */
  ...allocationCosts.omit(namesOf(costParts.shape)).partial().shape,
  coverage,
  /** True when an hour of the bucket is not closed, or was not measured whole. */
  partial: z.boolean(),
  data_version: dataVersion,
});

const onlyWithAggregate = 'is of use only with aggregate';
const plainStep = 'must be 1h or 1d without aggregate';

const windowQuery = z
  .strictObject({
    ...windowFields,
    /** Default: `1d`, with `aggregate` `all`. */
    step: stepText.optional(),
    ...allocationFields,
    ...optionalPageFields,
    ...sourceField,
    money: moneyForm,
  })
  .superRefine((query, context) => {
    if (query.aggregate !== undefined) return;
    for (const field of [...allocationFieldNames, 'limit', 'offset'] as const) {
      if (query[field] === undefined) continue;
      context.addIssue({ code: 'custom', path: [field], message: onlyWithAggregate });
    }
    if (query.step === undefined || bucketSteps.includes(query.step)) return;
    context.addIssue({ code: 'custom', path: ['step'], message: plainStep });
  })
  .refine(namesOneWindow, oneWindow);

const cluster = z.object({
  id: z.uuid(),
  name: z.string(),
  region: z.string().nullable(),
  owner: z.string().nullable(),
  /** receiving: a sample within minutes; stale: samples once, none now; never: none in the last 400 days. */
  status: z.enum(['receiving', 'stale', 'never']),
  last_sample_at: unixSeconds.nullable(),
  cost_24h: money,
});

/** Clusters and their costs. */
export const costOperations = {
  listClusters: {
    operationId: 'listClusters',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/kubecost/clusters',
    summary: 'The clusters of the organization: whether they are received, and what the last 24 hours cost',
    access: 'costs:read',
    scope: inOrganization,
    restrictable: true,
    costClass: 'query',
    errors: queryErrors,
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({ money: moneyForm }),
    response: z.object({
      currency: z.string(),
      window: interval,
      clusters: z.array(cluster),
      warnings: z.array(warning),
    }),
  },
  getClusterCosts: {
    operationId: 'getClusterCosts',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/costs',
    summary: 'The costs of a cluster by hour or day, or by any grouping',
    access: 'costs:read',
    scope: { of: 'cloud-account', from: 'params', field: 'cluster_id' },
    costClass: 'query',
    errors: liveErrors,
    rules: [...allocationRules, onlyWithAggregate, plainStep],
    status: 200,
    params: z.object({ cluster_id: uuid }),
    query: windowQuery,
    example: { query: { window: '7d' } },
    response: z.object({
      cluster_id: z.uuid(),
      cluster_name: z.string(),
      currency: z.string(),
      /** `workload` with `aggregate`. */
      granularity: z.enum(['cluster', 'workload']),
      /** The window that was answered: the one asked for, its edges moved outward to whole hours. */
      window: interval,
      step: z.string(),
      final_after: unixSeconds,
      data_version: dataVersion,
      /** With `aggregate`: of all rows of all pages that pass the filter. */
      costs: z.array(costBucket),
      total: costBucket,
      coverage,
      freshness: z.object({ last_sample_at: unixSeconds.nullable() }),
      flags: z.array(z.string()),
      warnings: z.array(warning),
      ...sourceHead,
      /** These only with `aggregate`. */
      ...z.object(allocationAnswer).partial().shape,
      explanation: explanation.optional(),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
