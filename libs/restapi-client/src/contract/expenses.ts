import { z } from 'zod';
import { coverage, pageFields } from './cluster-window';
import { inOrganization, type Operation } from './operation';
import { windowErrors } from './query-errors';
import { costParts, interval, money, moneyForm, unixSeconds, unixSecondsParam, uuid, warning } from './scalars';
import { onTheWire } from './wire-schema';

const maxFilterValues = 100;
const maxValueLength = 2048;

/** A parameter that may be given several times. */
const several = onTheWire(
  z
    .union([z.string().max(maxValueLength), z.array(z.string().max(maxValueLength)).max(maxFilterValues)])
    .transform((given) => (Array.isArray(given) ? given : [given])),
  {
    type: 'array',
    items: { type: 'string', maxLength: maxValueLength },
    maxItems: maxFilterValues,
    description: 'May be given several times. `null` asks for what lacks the dimension.',
  },
);

const dimensions = [
  'cloud_account_id',
  'service_name',
  'region',
  'resource_type',
  'k8s_node',
  'k8s_namespace',
  'k8s_service',
  'pool_id',
  'employee_id',
] as const;

/** Each lets through what has one of its values; all that are given have to. */
const filters = {
  cloud_account_id: several.optional(),
  service_name: several.optional(),
  region: several.optional(),
  resource_type: several.optional(),
  pool_id: several.optional(),
  employee_id: several.optional(),
  k8s_namespace: several.optional(),
  k8s_node: several.optional(),
  k8s_service: several.optional(),
  /** `key` or `key=value`; all of them have to be there. */
  tag: several.optional(),
};

const window = {
  start_date: unixSecondsParam,
  end_date: unixSecondsParam,
  money: moneyForm,
  ...filters,
};

const compare = z.enum(['previous']).optional();

const expense = interval.extend({
  cloud_account_id: z.uuid(),
  cloud_account_name: z.string(),
  /** Of the provider; empty for charges that belong to no resource. */
  resource_id: z.string(),
  /** `K8s Cluster` for a cluster. */
  resource_type: z.string().nullable(),
  name: z.string(),
  service_name: z.string().nullable(),
  region: z.string().nullable(),
  owner: z.string().nullable(),
  pool_id: z.uuid().nullable(),
  employee_id: z.uuid().nullable(),
  /** Of a bill: the effective (amortized) cost. */
  cost: money,
  /** What the invoice says; null for a cluster. */
  billed_cost: money,
  coverage,
});

const k8sCosts = z.object({
  k8s_total_cost: money,
  k8s_cost_breakdown: z.array(
    z.object({ cloud_account_id: z.uuid(), cloud_account_name: z.string(), cost: money, breakdown: costParts }),
  ),
});

/** What every answer about expenses says of itself. */
const about = {
  organization_id: z.uuid(),
  currency: z.string(),
  /** workload: a filter or a breakdown went below clusters. */
  granularity: z.enum(['cluster', 'workload']),
  /** The window that was answered: the one asked for, its edges moved outward to whole hours. */
  start_date: unixSeconds,
  end_date: unixSeconds,
  final_after: unixSeconds,
  /** SHA-256 over the versions of the facts and files that were read. */
  data_version: z.string(),
  /** Σ cost over all rows or values − overlap.cost. */
  total_cost: money,
  /** What clusters cost on machines and disks that a bill has, too: the bill wins, so it is taken off once. */
  overlap: z.object({ cost: money }),
  /** The window of the same length before, where it was asked for. */
  previous: z.object({ start_date: unixSeconds, end_date: unixSeconds, total_cost: money }).optional(),
  warnings: z.array(warning),
};

/** The expenses of an organization: clusters and bills. */
export const expenseOperations = {
  getCleanExpenses: {
    operationId: 'getCleanExpenses',
    method: 'GET',
    path: '/restapi/v2/clean_expenses',
    summary: 'What every resource of the organization cost in a window',
    access: 'costs:read',
    scope: { of: 'organization', from: 'query', field: 'organization_id' },
    restrictable: true,
    costClass: 'query',
    errors: windowErrors,
    status: 200,
    query: z.strictObject({
      organization_id: uuid,
      ...window,
      compare,
      /** With `-` in front: the greatest first. */
      sort: z
        .enum([
          'cost',
          '-cost',
          'name',
          '-name',
          'region',
          '-region',
          'service_name',
          '-service_name',
          'resource_type',
          '-resource_type',
        ])
        .default('-cost'),
      ...pageFields,
    }),
    response: z.object({
      ...about,
      limit: z.int(),
      offset: z.int(),
      total_count: z.int(),
      clean_expenses: z.array(expense),
      /** The Kubernetes dollars of the rows above, broken down; not to be added to them. Only when above 0. */
      k8s_costs: k8sCosts.optional(),
    }),
  },
  breakDownExpenses: {
    operationId: 'breakDownExpenses',
    method: 'GET',
    path: '/restapi/v2/organizations/:organization_id/breakdown_expenses',
    summary: 'The expenses of the organization by day and a dimension',
    description:
      'What lacks the dimension is under `null`. The costs of all values of all days add up to `total_cost` plus `overlap.cost`, ' +
      'whatever the dimension, and `total_cost` is the one of `clean_expenses`.',
    access: 'costs:read',
    scope: inOrganization,
    restrictable: true,
    costClass: 'query',
    errors: [...windowErrors, 'too-many-points'],
    status: 200,
    params: z.object({ organization_id: uuid }),
    query: z.strictObject({ ...window, compare, breakdown_by: z.enum(dimensions) }),
    response: z.object({
      ...about,
      breakdown_by: z.enum(dimensions),
      /** Sorted by cost, the greatest first. */
      values: z.array(z.object({ value: z.string(), name: z.string().nullable(), cost: money })),
      /** Every day of the window, sorted. */
      breakdown: z.array(
        z.object({
          date: unixSeconds,
          /** Resources; workloads of clusters are not counted. */
          count: z.int(),
          cost: money,
          overlap_cost: money,
          costs: z.array(z.object({ value: z.string(), cost: money, count: z.int() })),
        }),
      ),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
