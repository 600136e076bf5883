import { z } from 'zod';

/** Kinds of assets in the order in which their rows are sorted. */
export const assetTypes = ['disk', 'load_balancer', 'management', 'network', 'node'] as const;

export type AssetType = (typeof assetTypes)[number];

const quantity = z.number().nonnegative().nullable();
const price = z.number().nonnegative().nullable();
const decimal = z.string().regex(/^\d{1,9}\.\d{9}$/, 'must be a decimal with nine decimals');
const cost = decimal.nullable();

/**
 * One asset in one hour, in its wire form: one NDJSON line with the keys in this order.
 *
 * **Units**: hours, bytes and byte-hours; prices per core-hour, GiB-hour, GPU-hour, GiB and hour; costs in the account's
 * currency as exact decimals. `null` is not applicable or unknown, never zero. A price is the mean over the charged
 * quantity. `total_cost` is the sum of the known costs.
 */
export const assetFactSchema = z.strictObject({
  asset_type: z.enum(assetTypes),
  /** Node name, volume name, `zone|region|internet`, `namespace/service/ip`, or the provisioner's name. */
  asset_key: z.string(),
  provider_id: z.string(),
  /** Sorted by key: `arch`, `instance_type`, `namespace`, `node`, `region`, `service`, `spot`, `storage_class`, … */
  properties: z.record(z.string(), z.string()),
  /** Seconds of the window in which the asset was observed. */
  covered_seconds: z.int().nonnegative(),
  cpu_core_hours: quantity,
  ram_byte_hours: quantity,
  gpu_hours: quantity,
  storage_byte_hours: quantity,
  network_bytes: quantity,
  load_balancer_hours: quantity,
  management_hours: quantity,
  cpu_core_hour_price: price,
  ram_gib_hour_price: price,
  gpu_hour_price: price,
  storage_gib_hour_price: price,
  network_gib_price: price,
  load_balancer_hour_price: price,
  management_hour_price: price,
  cpu_cost: cost,
  ram_cost: cost,
  gpu_cost: cost,
  pv_cost: cost,
  network_cost: cost,
  load_balancer_cost: cost,
  management_cost: cost,
  total_cost: decimal,
});

export type AssetFact = z.infer<typeof assetFactSchema>;

/** The parts of a cost, in the order in which they are shown. */
export const costComponents = [
  'management_cost',
  'cpu_cost',
  'ram_cost',
  'gpu_cost',
  'pv_cost',
  'network_cost',
  'load_balancer_cost',
] as const;

export type CostComponent = (typeof costComponents)[number];

/** Names of what can be wrong with the data of a window. Sorted where several are given. */
export const dataQualityFlags = [
  'cost-out-of-range',
  'counter-reset',
  'coverage-gap',
  'disk-capacity-unknown',
  'disk-unpriced',
  'duplicate-series',
  'invalid-sample',
  'multiple-cluster-ids',
  'network-gap-bridged',
  'network-not-measured',
  'network-unpriced',
  'node-capacity-unknown',
  'node-unpriced',
  'zero-price',
] as const;

export type DataQualityFlag = (typeof dataQualityFlags)[number];

/** The line of one fact, newline included. Keys are in the order of the schema whatever their order in the object. */
export function assetFactLine(fact: AssetFact): string {
  const ordered = Object.fromEntries(
    Object.keys(assetFactSchema.shape).map((key) => [key, fact[key as keyof AssetFact]]),
  );
  return `${JSON.stringify(ordered)}\n`;
}
