import { z } from 'zod';
import { inOrganization, type Operation } from './operation';
import { costParts, interval, money, moneyForm, unixSeconds, unixSecondsParam, uuid, warning } from './scalars';

const maxWindowLength = 200;

/** Measured ÷ expected time of the part that has passed; null when none has. */
const coverage = z.number().min(0).max(1).nullable();
/** SHA-256 over the versions of the hours that were read; the same version is the same answer. */
const dataVersion = z.string();
const granularity = z.literal('cluster');

const costBucket = interval.extend({
  ...costParts.shape,
  coverage,
  /** True when an hour of the bucket is not closed, or was not measured whole. */
  partial: z.boolean(),
  data_version: dataVersion,
});

const windowQuery = z
  .strictObject({
    window: z.string().min(1).max(maxWindowLength).optional(),
    start_time: unixSecondsParam.optional(),
    end_time: unixSecondsParam.optional(),
    step: z.enum(['1h', '1d']).default('1d'),
    money: moneyForm,
  })
  .refine(
    ({ window, start_time, end_time }) =>
      window === undefined
        ? start_time !== undefined && end_time !== undefined
        : start_time === undefined && end_time === undefined,
    { message: 'needs either window, or start_time and end_time', path: ['window'] },
  );

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

/** What a query over stored facts may end with. */
const queryErrors = [
  'clickhouse-query-timeout',
  'clickhouse-query-too-large',
  'clickhouse-schema-missing',
  'clickhouse-unavailable',
] as const;

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
    summary: 'The costs of a cluster by hour or day',
    access: 'costs:read',
    scope: { of: 'cloud-account', from: 'params', field: 'cluster_id' },
    costClass: 'query',
    errors: [...queryErrors, 'invalid-window', 'range-too-long'],
    status: 200,
    params: z.object({ cluster_id: uuid }),
    query: windowQuery,
    example: { query: { window: '7d' } },
    response: z.object({
      cluster_id: z.uuid(),
      cluster_name: z.string(),
      currency: z.string(),
      granularity,
      /** The window that was answered: the one asked for, its edges moved outward to whole hours. */
      window: interval,
      step: z.enum(['1h', '1d']),
      final_after: unixSeconds,
      data_version: dataVersion,
      costs: z.array(costBucket),
      total: costBucket,
      coverage,
      freshness: z.object({ last_sample_at: unixSeconds.nullable() }),
      flags: z.array(z.string()),
      warnings: z.array(warning),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
