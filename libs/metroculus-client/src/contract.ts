import { allocationFactSchema, assetFactSchema } from '@cloudtuner/cost-model';
import { z } from 'zod';

/** Longest window of one request, in days. */
export const maxWindowDays = 31;

const unixSeconds = z.int().nonnegative();
const flags = z.array(z.string());

/** One row of `kubecost_assets`. */
export const assetRowSchema = assetFactSchema;
export type AssetRow = z.infer<typeof assetRowSchema>;

/** Last line of `kubecost_assets`: a stream without it, or of which it is not true, is not complete. */
export const assetsEndSchema = z.strictObject({
  end: z.literal(true),
  rows: z.int().nonnegative(),
  /** Hex SHA-256 of all row lines, newlines included: the data version of the hour. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  measured_seconds: z.int().nonnegative(),
  /** How long anything was seen of a node, priced or not: what the store of samples knows. */
  observed_seconds: z.int().nonnegative().optional(),
  expected_seconds: z.int().nonnegative(),
  last_sample_at: unixSeconds.nullable(),
  flags,
});
export type AssetsEnd = z.infer<typeof assetsEndSchema>;

/** One row of `kubecost_allocations` after its assets, which are as in `kubecost_assets`. */
export const allocationRowSchema = allocationFactSchema;
export type AllocationRow = z.infer<typeof allocationRowSchema>;

/** Last line of `kubecost_allocations`; `rows` are its allocations, and the hash is of the asset lines and of theirs. */
export const allocationsEndSchema = assetsEndSchema.extend({ asset_rows: z.int().nonnegative() });
export type AllocationsEnd = z.infer<typeof allocationsEndSchema>;

const amount = z.number().nullable();

/** Costs by component in the account's currency; null is "not measured". The total is the sum of what is known. */
export const costBreakdownSchema = z.object({
  total_cost: amount,
  management_cost: amount,
  cpu_cost: amount,
  ram_cost: amount,
  gpu_cost: amount,
  pv_cost: amount,
  network_cost: amount,
  load_balancer_cost: amount,
});
export type CostBreakdown = z.infer<typeof costBreakdownSchema>;

/** One hour (or the part of one that the window covers). */
export const costDataPointSchema = costBreakdownSchema.extend({
  timestamp: unixSeconds,
  end_timestamp: unixSeconds,
  /** Measured ÷ expected seconds, 0 to 1; a running hour is expected up to now. */
  coverage: z.number().min(0).max(1),
  last_sample_at: unixSeconds.nullable(),
  data_version: z.string(),
  flags,
});
export type CostDataPoint = z.infer<typeof costDataPointSchema>;

const answerHead = { cloud_account_id: z.uuid(), start_date: unixSeconds, end_date: unixSeconds };

export const clusterCostsSchema = z.object({
  ...answerHead,
  summary: costBreakdownSchema,
  total_cost: amount,
  data_points: z.array(costDataPointSchema),
  /** Names of the metrics that had samples. */
  metrics: z.array(z.string()),
  coverage: z.number().min(0).max(1),
  last_sample_at: unixSeconds.nullable(),
  flags,
});
export type ClusterCosts = z.infer<typeof clusterCostsSchema>;

/** `[unix seconds, value]`; NaN and the infinities are the strings `NaN`, `+Inf`, `-Inf`. */
export const metricPointSchema = z.tuple([z.number(), z.union([z.number(), z.enum(['NaN', '+Inf', '-Inf'])])]);

export const kubecostMetricsSchema = z.object({
  ...answerHead,
  step: z.int().positive(),
  metrics: z.record(
    z.string(),
    z.array(z.object({ labels: z.record(z.string(), z.string()), values: z.array(metricPointSchema) })),
  ),
});
export type KubecostMetrics = z.infer<typeof kubecostMetricsSchema>;

const workload = {
  namespace: z.string(),
  controller_kind: z.string().nullable(),
  controller: z.string(),
  container: z.string(),
  /** Mean number of pods over the window. */
  replicas: z.number().nullable(),
  /** (requested − recommended) × replicas × mean node price × 730 h; negative where more should be requested. */
  monthly_saving: amount,
};

/** Cores, per pod. */
export const cpuSavingSchema = z.object({
  ...workload,
  requested_cores: amount,
  used_p95_cores: amount,
  used_max_cores: amount,
  recommended_cores: amount,
});
export type CpuSaving = z.infer<typeof cpuSavingSchema>;

/** Bytes, per pod. */
export const memorySavingSchema = z.object({
  ...workload,
  requested_bytes: amount,
  used_p95_bytes: amount,
  used_max_bytes: amount,
  recommended_bytes: amount,
});
export type MemorySaving = z.infer<typeof memorySavingSchema>;

export const kubecostSavingsSchema = z.object({
  ...answerHead,
  cpu_savings: z.array(cpuSavingSchema),
  memory_savings: z.array(memorySavingSchema),
  /** Mean prices that the savings were valued at; null when no node has one. */
  cpu_core_hour_price: amount,
  ram_gib_hour_price: amount,
  /** Share of the window in which container usage was measured, 0 to 1. */
  coverage: z.number().min(0).max(1),
});
export type KubecostSavings = z.infer<typeof kubecostSavingsSchema>;

/** Header that carries the cluster secret. */
export const secretHeader = 'Secret';

/** Paths of the API. */
export const metroculusPaths = {
  metrics: '/metroculus/v2/kubecost_metrics',
  clusterCosts: '/metroculus/v2/kubecost_cluster_costs',
  savings: '/metroculus/v2/kubecost_savings',
  assets: '/metroculus/v2/kubecost_assets',
  allocations: '/metroculus/v2/kubecost_allocations',
} as const;
