import { z } from 'zod';
import {
  coverage,
  dataVersion,
  moneyFields,
  namesOneWindow,
  oneWindow,
  pageFields,
  windowFields,
  windowRules,
} from './cluster-window';
import { inOrganization, type Operation } from './operation';
import { groupErrors } from './query-errors';
import { costParts, interval, money, unixSeconds, uuid, warning } from './scalars';

const maxAggregateLength = 1_000;
const maxFilterLength = 10_000;
const maxShareLength = 5_000;

const flag = z.enum(['true', 'false']);

/** What costs by allocation can be sorted by; `-` first: the greatest first. */
const allocationSorts = [
  'total_cost',
  'cpu_cost',
  'ram_cost',
  'gpu_cost',
  'pv_cost',
  'network_cost',
  'load_balancer_cost',
  'shared_cost',
  'efficiency',
  'name',
] as const;

const sorts = allocationSorts.flatMap((name) => [name, `-${name}`] as const);

/** How costs are divided: each only together with `aggregate`. */
const sharingFields = {
  /** Over the allocation fields, in the filter language of OpenCost. */
  filter: z.string().max(maxFilterLength).optional(),
  /** Add steps up to spans of the calendar, or to one. */
  accumulate: z.string().max(10).optional(),
  /** Idle as rows of its own. */
  idle: flag.optional(),
  /** Idle divided among the containers that ran there. */
  share_idle: flag.optional(),
  idle_by: z.enum(['cluster', 'node']).optional(),
  /** One idle row for each cluster or node. */
  split_idle: flag.optional(),
  /** Names, with commas. */
  share_namespaces: z.string().min(1).max(maxShareLength).optional(),
  /** `key:value`, with commas. */
  share_labels: z.string().min(1).max(maxShareLength).optional(),
  /** A flat cost per month on top of what the cluster costs. */
  share_cost: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,9})?$/, 'must be a decimal')
    .optional(),
  share_split: z.enum(['weighted', 'even']).optional(),
  sort: z.enum(sorts).optional(),
};

/** Parameters of allocations: `aggregate`, and what is of use only with it. */
export const allocationFields = {
  /** One or several of the names of OpenCost, `label:x`, `annotation:x`, with commas; `all` for one row. */
  aggregate: z.string().min(1).max(maxAggregateLength).optional(),
  ...sharingFields,
  /** Of the first row of the page: what its cost was computed from. */
  explain: z.enum(['0', '1', 'true', 'false']).optional(),
};

/** Rules of {@link allocationFields}, for the document. */
export const allocationRules = [
  ...windowRules,
  'a name is missing between commas',
  'must be key:value',
  'idle that is left out cannot be shared',
] as const;

/** Names of the parameters that need `aggregate`. */
export const allocationFieldNames = [...Object.keys(sharingFields), 'explain'] as readonly (
  keyof typeof sharingFields | 'explain'
)[];

/** Length of steps: `1h`, `6h`, `1d`, `2w`, `hour`, `day`, `week`, `month`, `quarter`, or `all` for one. */
export const stepText = z.string().min(1).max(10);

const quantity = z.number().nullable();

/** Sums over the row; hours and bytes; null: not known. */
const quantities = z.object({
  cpu_core_hours: quantity,
  cpu_core_request_hours: quantity,
  cpu_core_usage_hours: quantity,
  ram_byte_hours: quantity,
  ram_byte_request_hours: quantity,
  ram_byte_usage_hours: quantity,
  gpu_hours: quantity,
  gpu_usage_hours: quantity,
  pv_byte_hours: quantity,
  network_zone_bytes: quantity,
  network_region_bytes: quantity,
  network_internet_bytes: quantity,
  network_transmit_bytes: quantity,
  network_receive_bytes: quantity,
  load_balancer_hours: quantity,
});

/** Used ÷ requested; the total is weighted by cost. */
const efficiency = z.object({ cpu: quantity, ram: quantity, gpu: quantity, total: quantity });

/** What all of a row has in common of what it is grouped by; the rest is left out. */
const properties = z.object({
  cluster: z.string().optional(),
  node: z.string().optional(),
  provider_id: z.string().optional(),
  namespace: z.string().optional(),
  controller_kind: z.string().optional(),
  controller: z.string().optional(),
  pod: z.string().optional(),
  container: z.string().optional(),
  services: z.array(z.string()).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** Costs of a row or of all rows: the known components and `shared_cost` sum to the total exactly. */
export const allocationCosts = costParts.extend({
  /** Parts of `network_cost`. */
  network_zone_cost: money,
  network_region_cost: money,
  network_internet_cost: money,
  /** Of shared rows and of the flat cost; not in the components. */
  shared_cost: money,
  /** Idle that was shared with it; in the components. */
  idle_cost: money,
});

/** One row of one step. */
const allocationRow = interval.extend({
  /** Values of `aggregate` joined by `/`; `__unallocated__` for none, `__idle__` for what was not used. */
  name: z.string(),
  properties,
  ...allocationCosts.shape,
  quantities,
  efficiency,
  /** From the first start to the last end. */
  started_at: unixSeconds,
  ended_at: unixSeconds,
  flags: z.array(z.string()),
});

const explainedHour = z.object({
  hour: unixSeconds,
  node: z.string(),
  /** Of the hour, as it was read. */
  data_version: dataVersion,
  quantity: z.number(),
  /** Of the node, the mean over what was charged in this hour; null: not known. */
  price: z.number().nullable(),
  /** quantity × price; null without a price. */
  product: z.number().nullable(),
  /** What is stored. */
  cost: money,
});

/** How the cost of one row came about: what it takes to work it out again. */
export const explanation = z.object({
  name: z.string(),
  window: interval,
  /** What is charged by node and hour. */
  resources: z.array(
    z.object({
      resource: z.enum(['cpu', 'ram', 'gpu']),
      formula: z.string(),
      /** Of the quantities; a price is per one of it. */
      unit: z.string(),
      quantity: z.number(),
      cost: money,
      hours: z.array(explainedHour),
    }),
  ),
  /** What is not a quantity times the price of a node. */
  others: z.array(z.object({ component: z.string(), quantity: z.number().nullable(), unit: z.string(), cost: money })),
  /** Sum of resources and others: the total of the row. */
  total_cost: money,
  coverage,
  data_version: dataVersion,
});

/** What an answer has of allocations. */
export const allocationAnswer = {
  /** As it was read. */
  aggregate: z.string(),
  /** In the order of steps; within one as sorted. */
  rows: z.array(allocationRow),
  limit: z.int(),
  offset: z.int(),
  total_count: z.int(),
};

const readCluster = z.object({
  id: z.uuid(),
  name: z.string(),
  /** As rows and filters name it: the id where the name is not unique or holds a `/`. */
  cluster: z.string(),
  coverage,
  last_sample_at: unixSeconds.nullable(),
  partial: z.boolean(),
  data_version: dataVersion,
  flags: z.array(z.string()),
});

/** What all rows of all pages of a step come to. */
const allocationStep = interval.extend({ ...allocationCosts.shape, coverage, partial: z.boolean() });

/** Costs over several clusters. */
export const allocationOperations = {
  getOrganizationAllocation: {
    operationId: 'getOrganizationAllocation',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/kubecost/allocation',
    summary: 'What the clusters of the organization cost, by any grouping',
    access: 'costs:read',
    scope: inOrganization,
    restrictable: true,
    costClass: 'query',
    errors: groupErrors,
    rules: allocationRules,
    example: { query: { window: '7d', aggregate: 'namespace' } },
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z
      .strictObject({
        ...windowFields,
        step: stepText.default('all'),
        ...allocationFields,
        aggregate: allocationFields.aggregate.default('cluster'),
        explain: z.enum(['0', 'false']).optional(),
        ...pageFields,
        ...moneyFields,
      })
      .refine(namesOneWindow, oneWindow),
    response: z.object({
      organization_id: z.uuid(),
      currency: z.string(),
      granularity: z.literal('workload'),
      window: interval,
      step: z.string(),
      final_after: unixSeconds,
      data_version: dataVersion,
      coverage,
      /** Of the cluster that is behind the most. */
      freshness: z.object({ last_sample_at: unixSeconds.nullable() }),
      clusters: z.array(readCluster),
      costs: z.array(allocationStep),
      total: allocationStep,
      ...allocationAnswer,
      warnings: z.array(warning),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
