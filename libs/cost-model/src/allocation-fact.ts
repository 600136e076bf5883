import { z } from 'zod';
import { assetTypes } from './asset-fact';

/**
 * What a row of an hour is: a container that ran, what a node's pods left of it, or an asset's cost (or a part of it)
 * that no container caused. In the order in which rows are sorted.
 */
export const allocationKinds = ['container', 'idle', 'unattributed'] as const;

export type AllocationKind = (typeof allocationKinds)[number];

/** What can be wrong with one row. */
export const allocationFlags = [
  // Its cores or bytes are the larger of request and usage, computed here, because the exporter's own allocation is absent.
  'allocation-derived',
  // More than 5 minutes were bridged: nothing was observed, but the pod was the same before and after.
  'estimated',
  // More was allocated than the node was charged for; the next three say why.
  'negative-idle',
  'node-capacity-gap',
  'node-capacity-unknown',
  'over-allocated',
  // The node that it ran on has no price, or is itself unknown: its cost is unknown.
  'node-unknown',
  'node-unpriced',
] as const;

export type AllocationFlag = (typeof allocationFlags)[number];

const quantity = z.number().nullable();
const nonNegative = z.number().nonnegative().nullable();
const decimal = z.string().regex(/^-?\d{1,9}\.\d{9}$/, 'must be a decimal with nine decimals');
const cost = decimal.nullable();
const texts = z.record(z.string(), z.string());

/** A row's part of one persistent volume. */
export const allocatedVolumeSchema = z.strictObject({
  volume: z.string(),
  /** Name of the claim in the row's namespace; empty when there is none. */
  claim: z.string(),
  provider_id: z.string(),
  byte_hours: nonNegative,
  cost,
});

/** A row's part of one load balancer. */
export const allocatedLoadBalancerSchema = z.strictObject({
  /** `namespace/service`. */
  service: z.string(),
  ip: z.string(),
  hours: nonNegative,
  cost,
});

/**
 * One row of an hour of a cluster, in its wire form: one NDJSON line with the keys in this order. The rows of an hour add
 * up to its assets, per resource and in total, exactly.
 *
 * **Shape**: `container`: one (pod uid, container); without uids one (pod name, container). `idle`: one node, as
 * `asset_type` `node` and `asset_key`. `unattributed`: what no container caused of the asset that `asset_type` and
 * `asset_key` name: a volume while nothing mounts it, a load balancer that selects no pod, a fee, traffic of a pod that
 * is not known. Texts that are not known or do not apply are empty.
 *
 * **Units**: hours, bytes and byte-hours; seconds from the beginning of the window; costs in the account's currency as
 * exact decimals. `null` is not applicable or unknown, never zero. Only idle rows can be below zero (quantities and
 * costs), or a row by a few nanos of rounding. `total_cost` is the sum of the known costs.
 */
export const allocationFactSchema = z.strictObject({
  kind: z.enum(allocationKinds),
  /** Of rows that are not containers: the asset that they are a part of. */
  asset_type: z.enum(assetTypes).nullable(),
  asset_key: z.string(),
  node: z.string(),
  /** Of the node, or of the volume that is not mounted. */
  provider_id: z.string(),
  namespace: z.string(),
  /** Lower case: `deployment`, `statefulset`, `daemonset`, `job`, `replicaset`, `rollout`, …; a CronJob's runs are `job`. */
  controller_kind: z.string(),
  /** A CronJob's name for its runs. */
  controller: z.string(),
  pod: z.string(),
  pod_uid: z.string(),
  container: z.string(),
  /** Of the pod's namespace, that select the pod; sorted. */
  services: z.array(z.string()),
  /** As Prometheus has them, without `label_`; the pod's win over its namespace's over its node's (allow-listed). Sorted. */
  labels: texts,
  /** Without `annotation_`; the pod's win over its namespace's. Sorted. */
  annotations: texts,
  /** When it was first and last known to run inside the window. */
  started_seconds: z.number().nonnegative(),
  ended_seconds: z.number().nonnegative(),
  /** For how long it ran in between. */
  covered_seconds: z.number().nonnegative(),
  /** What is charged: the larger of request and usage at each moment, while a price is known. */
  cpu_core_hours: quantity,
  cpu_core_request_hours: nonNegative,
  cpu_core_usage_hours: nonNegative,
  /** Cores, the greatest mean between two samples. */
  cpu_core_usage_max: nonNegative,
  ram_byte_hours: quantity,
  ram_byte_request_hours: nonNegative,
  ram_byte_usage_hours: nonNegative,
  /** Bytes. */
  ram_byte_usage_max: nonNegative,
  gpu_hours: quantity,
  gpu_usage_hours: nonNegative,
  /** Sum over `volumes`. */
  pv_byte_hours: nonNegative,
  /** Sorted by volume. */
  volumes: z.array(allocatedVolumeSchema),
  /** Charged egress by where it went; the container's even part of its pod's. */
  network_zone_bytes: nonNegative,
  network_region_bytes: nonNegative,
  network_internet_bytes: nonNegative,
  /** All that its pod sent and received, charged or not; the container's even part. */
  network_transmit_bytes: nonNegative,
  network_receive_bytes: nonNegative,
  /** Sum over `load_balancers`. */
  load_balancer_hours: nonNegative,
  /** Sorted by service, then ip. */
  load_balancers: z.array(allocatedLoadBalancerSchema),
  cpu_cost: cost,
  ram_cost: cost,
  gpu_cost: cost,
  pv_cost: cost,
  /** The three parts of `network_cost`. */
  network_zone_cost: cost,
  network_region_cost: cost,
  network_internet_cost: cost,
  network_cost: cost,
  load_balancer_cost: cost,
  management_cost: cost,
  total_cost: decimal,
  /** Sorted. */
  flags: z.array(z.enum(allocationFlags)),
});

export type AllocationFact = z.infer<typeof allocationFactSchema>;
export type AllocatedVolume = z.infer<typeof allocatedVolumeSchema>;
export type AllocatedLoadBalancer = z.infer<typeof allocatedLoadBalancerSchema>;

/** A row of which nothing is known or applies yet. */
export const emptyAllocation: Omit<AllocationFact, 'kind' | 'total_cost'> = {
  asset_type: null,
  asset_key: '',
  node: '',
  provider_id: '',
  namespace: '',
  controller_kind: '',
  controller: '',
  pod: '',
  pod_uid: '',
  container: '',
  services: [],
  labels: {},
  annotations: {},
  started_seconds: 0,
  ended_seconds: 0,
  covered_seconds: 0,
  cpu_core_hours: null,
  cpu_core_request_hours: null,
  cpu_core_usage_hours: null,
  cpu_core_usage_max: null,
  ram_byte_hours: null,
  ram_byte_request_hours: null,
  ram_byte_usage_hours: null,
  ram_byte_usage_max: null,
  gpu_hours: null,
  gpu_usage_hours: null,
  pv_byte_hours: null,
  volumes: [],
  network_zone_bytes: null,
  network_region_bytes: null,
  network_internet_bytes: null,
  network_transmit_bytes: null,
  network_receive_bytes: null,
  load_balancer_hours: null,
  load_balancers: [],
  cpu_cost: null,
  ram_cost: null,
  gpu_cost: null,
  pv_cost: null,
  network_zone_cost: null,
  network_region_cost: null,
  network_internet_cost: null,
  network_cost: null,
  load_balancer_cost: null,
  management_cost: null,
  flags: [],
};

const keyNames = Object.keys(allocationFactSchema.shape) as (keyof AllocationFact)[];

/** The line of one fact, newline included. Keys are in the order of the schema whatever their order in the object. */
export function allocationFactLine(fact: AllocationFact): string {
  return `${JSON.stringify(Object.fromEntries(keyNames.map((key) => [key, fact[key]])))}\n`;
}

const sortNames = [
  'kind',
  'namespace',
  'pod',
  'pod_uid',
  'container',
  'asset_type',
  'asset_key',
] as const satisfies readonly (keyof AllocationFact)[];

/** Order of rows: containers by namespace, pod, uid and container; then idle by node; then the rest by asset. No two rows of an hour are equal in it. */
export function compareAllocationFacts(a: AllocationFact, b: AllocationFact): number {
  for (const name of sortNames) {
    const [left, right] = [a[name] ?? '', b[name] ?? ''];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
