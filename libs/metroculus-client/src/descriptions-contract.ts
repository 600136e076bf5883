import { z } from 'zod';

const texts = z.record(z.string(), z.string());

/** One bound of a ResourceQuota. */
const describedQuotaSchema = z.object({
  /** Name of the ResourceQuota. */
  quota: z.string(),
  /** `requests.cpu`, `limits.memory`, `pods`, … */
  resource: z.string(),
  hard: z.number(),
});

/** What describes a cluster, as it was last seen in a window. Labels are as Prometheus has them, without `label_` and `annotation_`. */
export const kubecostDescriptionsSchema = z.object({
  cloud_account_id: z.uuid(),
  start_date: z.int().nonnegative(),
  end_date: z.int().nonnegative(),
  /** `name`, `provider`, `region`, `version`, `cluster_profile`, …, as far as the exporter says; null: it said nothing. */
  info: texts.nullable(),
  /** Sorted by name. */
  nodes: z.array(z.object({ node: z.string(), labels: texts })),
  /** Sorted by name. */
  namespaces: z.array(
    z.object({ namespace: z.string(), labels: texts, annotations: texts, quotas: z.array(describedQuotaSchema) }),
  ),
});
export type KubecostDescriptions = z.infer<typeof kubecostDescriptionsSchema>;

/** Path of what describes a cluster. */
export const descriptionsPath = '/metroculus/v2/kubecost_descriptions';
