import { z } from 'zod';

/** A number that may be missing: unknown is null, never 0. */
export const quantity = z.number().nullable().default(null);
const text = z.string().nullable().default(null);
const texts = z.record(z.string(), z.string()).nullable().default(null);

/** **Units**: RFC 3339. */
export const kubecostWindowSchema = z.looseObject({ start: text, end: text });

/** What a row is a row of; what is empty or differs within it is null. */
const allocationPropertiesSchema = z.looseObject({
  cluster: text,
  node: text,
  container: text,
  controller: text,
  controllerKind: text,
  namespace: text,
  pod: text,
  services: z.array(z.string()).nullable().default(null),
  providerID: text,
  labels: texts,
  annotations: texts,
});

/**
 * One row of `/allocation`, of Kubecost 1 and 2 and of OpenCost since 2024.
 *
 * **Units**: cores, bytes, hours, core-hours, byte-hours, minutes, currency. A field that is missing is null; a field
 * that is not named here is kept as it came.
 */
export const allocationSchema = z.looseObject({
  name: z.string(),
  properties: allocationPropertiesSchema.nullable().default(null),
  window: kubecostWindowSchema.nullable().default(null),
  start: text,
  end: text,
  minutes: quantity,
  cpuCores: quantity,
  cpuCoreRequestAverage: quantity,
  cpuCoreUsageAverage: quantity,
  cpuCoreHours: quantity,
  cpuCost: quantity,
  cpuCostAdjustment: quantity,
  cpuEfficiency: quantity,
  gpuCount: quantity,
  gpuHours: quantity,
  gpuCost: quantity,
  gpuCostAdjustment: quantity,
  networkTransferBytes: quantity,
  networkReceiveBytes: quantity,
  networkCost: quantity,
  networkCostAdjustment: quantity,
  loadBalancerCost: quantity,
  loadBalancerCostAdjustment: quantity,
  pvBytes: quantity,
  pvByteHours: quantity,
  pvCost: quantity,
  pvCostAdjustment: quantity,
  ramBytes: quantity,
  ramByteRequestAverage: quantity,
  ramByteUsageAverage: quantity,
  ramByteHours: quantity,
  ramCost: quantity,
  ramCostAdjustment: quantity,
  ramEfficiency: quantity,
  externalCost: quantity,
  sharedCost: quantity,
  totalCost: quantity,
  totalEfficiency: quantity,
});

export type KubecostAllocation = z.infer<typeof allocationSchema>;
