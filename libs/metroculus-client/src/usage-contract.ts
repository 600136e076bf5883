import { z } from 'zod';

const unixSeconds = z.int().nonnegative();
const head = {
  cloud_account_id: z.uuid(),
  start_date: unixSeconds,
  end_date: unixSeconds,
  /** Seconds between the moments at which the window was looked at. */
  step: z.int().positive(),
  /** Share of these moments at which any usage was measured, 0 to 1. */
  coverage: z.number().min(0).max(1),
  last_sample_at: unixSeconds.nullable(),
};

/** What can be asked of `kubecost_utilization`. */
export const utilizationMetrics = ['cpu', 'memory', 'network', 'storage'] as const;
export type UtilizationMetric = (typeof utilizationMetrics)[number];

/** One line of a chart. */
export const utilizationSeriesSchema = z.object({
  /** `usage`, `requested`, `capacity`, `received`, `transmitted`, `egress_internet`, … */
  name: z.string(),
  /** `recorded`: a gauge that the cluster's own rules provide; `derived`: computed from these metrics. */
  method: z.enum(['recorded', 'derived']),
  metrics: z.array(z.string()),
  /** `[unix seconds, value]`; no point where nothing was measured. */
  points: z.array(z.tuple([unixSeconds, z.number()])),
});
export type UtilizationSeries = z.infer<typeof utilizationSeriesSchema>;

export const kubecostUtilizationSchema = z.object({
  ...head,
  metric: z.enum(utilizationMetrics),
  unit: z.enum(['cores', 'bytes', 'bytes_per_second']),
  series: z.array(utilizationSeriesSchema),
});
export type KubecostUtilization = z.infer<typeof kubecostUtilizationSchema>;

const level = z.number().nonnegative().nullable();

/** Cores or bytes of all containers together, over the moments at which there were any. Null: not known. */
export const resourceUsageSchema = z.object({
  /** Mean; containers that set none count nothing. */
  requested: level,
  limit: level,
  used_avg: level,
  /** 95th percentile over time. */
  used_p95: level,
  used_max: level,
});
export type ResourceUsage = z.infer<typeof resourceUsageSchema>;

/** What a namespace, or a workload of one, requested, was limited to and used. */
export const usageEntrySchema = z.object({
  namespace: z.string(),
  /** Lower case; null for a whole namespace, and when nothing is known of an owner. */
  controller_kind: z.string().nullable(),
  /** Null for a whole namespace; the pod's own name where it has no owner. */
  controller: z.string().nullable(),
  /** Mean number of pods; null for a whole namespace. */
  pods: z.number().nonnegative().nullable(),
  cpu_cores: resourceUsageSchema,
  ram_bytes: resourceUsageSchema,
});
export type UsageEntry = z.infer<typeof usageEntrySchema>;

/** One bound of a ResourceQuota, as it was last seen. */
export const namespaceQuotaSchema = z.object({
  namespace: z.string(),
  /** Name of the ResourceQuota. */
  quota: z.string(),
  /** `requests.cpu`, `limits.memory`, `pods`, … */
  resource: z.string(),
  hard: z.number().nullable(),
  used: z.number().nullable(),
});
export type NamespaceQuota = z.infer<typeof namespaceQuotaSchema>;

export const kubecostUsageSchema = z.object({
  ...head,
  /** Sorted by namespace, kind and controller. */
  usage: z.array(usageEntrySchema),
  /** Sorted by namespace, quota and resource. */
  quotas: z.array(namespaceQuotaSchema),
});
export type KubecostUsage = z.infer<typeof kubecostUsageSchema>;

/** Paths of what tells how clusters are used. */
export const usagePaths = {
  utilization: '/metroculus/v2/kubecost_utilization',
  usage: '/metroculus/v2/kubecost_usage',
} as const;
