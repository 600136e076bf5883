import { z } from 'zod';

/** Cron patterns of five fields in UTC; what is absent has the default of the worker. */
const schedules = z.object({
  allocation: z.string().optional(),
  assets: z.string().optional(),
  budgets: z.string().optional(),
});

/** The field `kubecost` of a cloud account. */
export const kubecostDocument = z.object({
  endpoint: z.string(),
  cluster_id: z.string().optional(),
  schedules,
  configured_at: z.date(),
});

/** When a Kubecost is read, as cron patterns in UTC; what is absent has the default of the worker. */
export type KubecostSchedules = Readonly<z.infer<typeof schedules>>;

/** Where the Kubecost of an account answers us, when it may be asked directly. */
export interface KubecostConnection {
  readonly endpoint: string;
  /** How that Kubecost names the account’s cluster, where it knows several. */
  readonly clusterId?: string;
  readonly schedules: KubecostSchedules;
  /** Since when this endpoint is set. */
  readonly configuredAt: Date;
}

/** Nothing when the account has no endpoint. */
export function readKubecost(document: z.infer<typeof kubecostDocument> | null | undefined): {
  readonly kubecost?: KubecostConnection;
} {
  if (document === null || document === undefined) return {};
  const { endpoint, cluster_id: clusterId, schedules: found, configured_at: configuredAt } = document;
  const cluster = clusterId === undefined ? {} : { clusterId };
  return { kubecost: { endpoint, ...cluster, schedules: found, configuredAt } };
}

/** What is stored of a connection; null for none. */
export function kubecostField(connection: KubecostConnection | null): z.infer<typeof kubecostDocument> | null {
  if (connection === null) return null;
  const { endpoint, clusterId, schedules: wished, configuredAt } = connection;
  const cluster = clusterId === undefined ? {} : { cluster_id: clusterId };
  return { endpoint, ...cluster, schedules: { ...wished }, configured_at: configuredAt };
}
