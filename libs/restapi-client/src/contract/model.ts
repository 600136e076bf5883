import { z } from 'zod';
import { allocationRules } from './allocations';
import type { Operation } from './operation';
import { queryErrors, usageErrors, windowErrors } from './query-errors';

// All together they stay below what an address may be long.
const text = z.string().max(4_000).optional();
const word = z.string().max(20).optional();
const flag = z.enum(['true', 'false']).optional();

/** The older way to filter: one parameter per field, values with commas, `*` at the end for a prefix. */
const modelFilterNames = [
  'filterClusters',
  'filterNodes',
  'filterNamespaces',
  'filterControllerKinds',
  'filterControllers',
  'filterPods',
  'filterContainers',
  'filterLabels',
  'filterAnnotations',
] as const;

const filters = Object.fromEntries(modelFilterNames.map((name) => [name, text])) as Record<
  (typeof modelFilterNames)[number],
  typeof text
>;

/** Parameters that change nothing here: there is one resolution, nothing external, and no adjustment. */
const withoutEffect = {
  resolution: word,
  external: flag,
  reconcile: flag,
  disableAdjustments: flag,
  includeProportionalAssetResourceCosts: z.literal('false').optional(),
  includeSharedCostBreakdown: z.literal('false').optional(),
  shareTenancyCosts: z.literal('false').optional(),
  sharelb: z.literal('false').optional(),
  costMetric: z.literal('cumulative').optional(),
  format: z.literal('json').optional(),
};

const window = z.string().min(1).max(200);

/** In the words of OpenCost and Kubecost. Unknown parameters are refused. */
const allocationQuery = z.strictObject({
  window,
  aggregate: z.string().max(1_000).optional(),
  step: z.string().min(1).max(10).optional(),
  accumulate: word,
  accumulateBy: word,
  includeIdle: flag,
  idle: flag,
  shareIdle: z.enum(['true', 'false', 'weighted', 'none']).optional(),
  idleByNode: flag,
  splitIdle: flag,
  includeAggregatedMetadata: flag,
  /**
   * `exact` (the default), or `compat`: OpenCost's own arithmetic of October 2024, its defects included, from the samples of at most a
   * day, for comparing with an OpenCost of one's own.
   */
  mode: z.enum(['exact', 'compat']).optional(),
  filter: z.string().max(10_000).optional(),
  ...filters,
  shareNamespaces: text,
  shareLabels: text,
  shareCost: word,
  shareSplit: z.enum(['weighted', 'even']).optional(),
  ...withoutEffect,
});

const assetsQuery = z.strictObject({
  window,
  aggregate: z.string().max(1_000).optional(),
  accumulate: z.string().max(10).optional(),
  filter: text,
  filterTypes: z.string().max(1_000).optional(),
  disableAdjustments: flag,
});

const answer = z.looseObject({ code: z.literal(200), data: z.unknown() });

const head = { method: 'GET', access: 'signed-in', costClass: 'query', errorForm: 'opencost', status: 200 } as const;

const allocation = {
  ...head,
  errors: [...usageErrors, 'metrics-query-too-large'],
  rules: [
    ...allocationRules,
    'must be as includeIdle',
    'is of use only with accumulate=true or without it',
    'must be a decimal',
    'cannot be joined with the older filter parameters',
  ],
  query: allocationQuery,
  response: answer,
  example: { query: { window: '1d', aggregate: 'namespace' } },
} as const;

/** What clients of OpenCost and Kubecost ask for, over the clusters that the token sees; in their form, errors too. */
export const modelOperations = {
  getModelAllocation: {
    ...allocation,
    operationId: 'getModelAllocation',
    path: '/model/allocation',
    summary: 'Allocations in the form of Kubecost, with idle unless it is left out',
  },
  computeModelAllocation: {
    ...allocation,
    operationId: 'computeModelAllocation',
    path: '/model/allocation/compute',
    summary: 'Allocations in the form of OpenCost, with idle when it is asked for',
  },
  getModelAllocationSummary: {
    ...allocation,
    operationId: 'getModelAllocationSummary',
    path: '/model/allocation/summary',
    summary: 'Allocations in the short form of Kubecost',
  },
  computeModelAllocationSummary: {
    ...allocation,
    operationId: 'computeModelAllocationSummary',
    path: '/model/allocation/compute/summary',
    summary: 'Allocations in the short form of OpenCost',
  },
  getModelAssets: {
    ...head,
    operationId: 'getModelAssets',
    path: '/model/assets',
    summary: 'Assets in the form of Kubecost',
    errors: [...windowErrors, 'aggregate-invalid', 'filter-invalid'],
    query: assetsQuery,
    response: answer,
    example: { query: { window: '1d' } },
  },
  getModelConfigs: {
    ...head,
    operationId: 'getModelConfigs',
    path: '/model/getConfigs',
    summary: 'The currency in the form of Kubecost; empty when organizations of the caller differ in it',
    costClass: 'light',
    errors: queryErrors,
    query: z.strictObject({}),
    response: answer,
  },
} as const satisfies Readonly<Record<string, Operation>>;
