import { allocationRulesRules, allocationRulesSchema } from '@cloudtuner/cost-model';
import { z } from 'zod';
import { coverage, dataVersion, moneyFields, pageFields, pageHead } from './cluster-window';
import { inOrganization, type Operation } from './operation';
import { windowErrors } from './query-errors';
import { costParts, money, unixSeconds, unixSecondsParam, uuid } from './scalars';

const maxVersion = 1_000_000_000;
const params = z.object({ organization_id: uuid });
const base = '/restapi/v2/organizations/:organization_id';
const { mapping, shared_costs, precedence, restates_from } = allocationRulesSchema.shape;
const ruleFields = { mapping, shared_costs, precedence, restates_from };
const ownAccounts = 'there is none with this id in the organization';

const allocationRules = z.object({
  organization_id: z.uuid(),
  /** Counts from 1; 0: the default rules. */
  version: z.int().min(0),
  ...ruleFields,
  created_at: unixSeconds.nullable(),
  /** Id of the user, or of the token of a service. */
  created_by: z.string().nullable(),
});

const { total_cost, cpu_cost, gpu_cost, network_cost, load_balancer_cost, management_cost } = costParts.shape;
const parts = {
  total_cost,
  cpu_cost,
  memory_cost: costParts.shape.ram_cost,
  gpu_cost,
  storage_cost: costParts.shape.pv_cost,
  network_cost,
  load_balancer_cost,
  management_cost,
  /** What it pays of shared costs, less what others pay of its own: over a window 0. */
  shared_cost: money,
  /** The total by our own facts. Over a window that is all that the clusters cost, as clean_expenses has it. */
  metrics_total_cost: money,
  /** The total by Kubecost's figures − the one by ours, where Kubecost spoke; null where it did not. */
  difference_cost: money,
};
const bounds = { start: unixSeconds, end: unixSeconds };
const source = z.enum(['api', 'metrics', 'mixed']);
const version = z.int().min(0);

/** How organizations allocate costs, and what comes of it. */
export const costSummaryOperations = {
  getAllocationRules: {
    operationId: 'getAllocationRules',
    method: 'GET',
    path: `${base}/allocation_rules`,
    summary: 'The rules by which costs of clusters are allocated to teams and owners, and shared',
    access: 'costs:read',
    scope: inOrganization,
    status: 200,
    params,
    query: z.strictObject({}),
    response: allocationRules,
  },
  putAllocationRules: {
    operationId: 'putAllocationRules',
    method: 'PUT',
    path: `${base}/allocation_rules`,
    summary: 'Stores the next version of the allocation rules, and summarizes open months again by them',
    description:
      'The team is that of the first rule of `mapping` that holds and names one, the owner that of the first that names one. ' +
      'A cost is shared as the first of `shared_costs` says that it is one of: `proportional` to what the others cost, `even` by ' +
      'name or `fixed` by weights. Closed months keep the rules of their closing; with `restates_from` those from there on are ' +
      'restated, by adjustments.',
    access: 'pools:write',
    scope: inOrganization,
    status: 200,
    errors: ['allocation-rules-changed'],
    rules: [...allocationRulesRules, ownAccounts],
    params,
    body: z.strictObject({
      /** The version that they were made from; 0 for the first. */
      version: z.int().min(0).max(maxVersion),
      ...ruleFields,
    }),
    response: allocationRules,
    example: {
      body: {
        version: 0,
        mapping: [
          { name: 'ingress', conditions: [{ type: 'namespace_is', value: 'ingress-nginx' }], team: 'platform' },
          { name: 'labels', team_label: 'team', owner_label: 'owner' },
        ],
        shared_costs: [{ name: 'idle', costs: 'idle', split: 'proportional' }],
      },
    },
  },
  getCostSummaries: {
    operationId: 'getCostSummaries',
    method: 'GET',
    path: `${base}/cost_summaries`,
    summary: 'What hours, days or months cost each cluster, namespace, team or owner, by the allocation rules',
    description:
      'Hours that are closed, in windows of one length; the edges of the window move outward to whole ones. `trend` compares with ' +
      'the window before and is null while one of the two is not complete (hours are missing, or less than 95 % of their time was ' +
      'measured), or the one before cost nothing. Months close some days ' +
      'after their end: then `closed_cost` never changes again, and what is found later is in `adjustments`; both add up to ' +
      '`total_cost`.',
    access: 'costs:read',
    scope: inOrganization,
    restrictable: true,
    costClass: 'query',
    errors: [...windowErrors, 'facts-incomplete'],
    status: 200,
    params,
    query: z.strictObject({
      window_duration: z.enum(['hour', 'day', 'month']).default('day'),
      start_date: unixSecondsParam,
      end_date: unixSecondsParam,
      group_by: z.enum(['cluster', 'namespace', 'team', 'owner']).default('cluster'),
      cloud_account_id: uuid.optional(),
      ...pageFields,
      ...moneyFields,
    }),
    example: {
      query: { window_duration: 'month', start_date: 1_772_323_200, end_date: 1_775_001_600, group_by: 'team' },
    },
    response: z.object({
      organization_id: z.uuid(),
      currency: z.string(),
      window_duration: z.enum(['hour', 'day', 'month']),
      group_by: z.enum(['cluster', 'namespace', 'team', 'owner']),
      start_date: unixSeconds,
      end_date: unixSeconds,
      ...pageHead,
      /** SHA-256 over the versions of the summaries that were read. */
      data_version: dataVersion,
      /** Of the summaries of all pages. */
      total_cost: money,
      metrics_total_cost: money,
      difference_cost: money,
      /** One for each window and cluster that has one. */
      windows: z.array(
        z.object({
          cloud_account_id: z.uuid(),
          ...bounds,
          /** All hours of it are in it, and at least 95 % of their time was measured. */
          complete: z.boolean(),
          closed_hours: z.int(),
          expected_hours: z.int(),
          /** Hours of which Kubecost has said what they cost, as a whole: at least 95 % of what our pods ran. */
          api_hours: z.int(),
          /** Measured ÷ expected time of the closed hours; null without any. What was not measured is in no cost. */
          coverage,
          rules_version: version,
          data_version: dataVersion,
          /** When the books were closed; null: they are open. */
          closed_at: unixSeconds.nullable(),
        }),
      ),
      summaries: z.array(
        z.object({
          ...bounds,
          /** Of the cluster its id; `__idle__`, `__unallocated__` and the like for what is of nobody. */
          name: z.string(),
          /** Name of the cluster, or the pool or employee that is called like the team or owner. */
          cloud_account_name: z.string().optional(),
          pool_id: z.uuid().nullable().optional(),
          employee_id: z.uuid().nullable().optional(),
          ...parts,
          source,
          /** Usage by requests, weighted by what CPU and memory cost; null: not measured. */
          efficiency_score: z.number().nullable(),
          trend: z.object({ previous_cost: money, change_cost: money, change_ratio: z.number() }).nullable(),
          /** Of months that all clusters have closed; null: not closed. */
          closed_cost: money,
          adjustment_cost: money,
        }),
      ),
      adjustments: z.array(
        z.object({
          cloud_account_id: z.uuid(),
          /** Of the closed month. */
          ...bounds,
          sequence: z.int().min(1),
          posted_at: unixSeconds,
          /** data: late samples, or Kubecost has said something else; rules: other rules restate it. */
          reason: z.enum(['data', 'rules']),
          rules_version: version,
          data_version: dataVersion,
          name: z.string(),
          total_cost: money,
        }),
      ),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
