import { z } from 'zod';
import { kubecostWindowSchema, quantity } from './allocation-schema';

const text = z.string().nullable().default(null);

/** Where an asset belongs. `category` is Compute, Storage, Network or Management; an empty one is null. */
const assetPropertiesSchema = z.looseObject({
  category: text,
  provider: text,
  account: text,
  project: text,
  service: text,
  cluster: text,
  name: text,
  providerID: text,
});

/**
 * One asset of `/assets`, of any type: the fields of other types are null. **Units** as of an allocation.
 */
export const assetSchema = z.looseObject({
  /** `Node`, `Disk`, `LoadBalancer`, `Network`, `ClusterManagement`, `Cloud`, … */
  type: z.string(),
  properties: assetPropertiesSchema.nullable().default(null),
  labels: z.record(z.string(), z.string()).nullable().default(null),
  window: kubecostWindowSchema.nullable().default(null),
  start: text,
  end: text,
  minutes: quantity,
  adjustment: quantity,
  totalCost: quantity,
  nodeType: text,
  cpuCores: quantity,
  ramBytes: quantity,
  cpuCoreHours: quantity,
  ramByteHours: quantity,
  GPUHours: quantity,
  gpuCount: quantity,
  preemptible: quantity,
  discount: quantity,
  cpuCost: quantity,
  ramCost: quantity,
  gpuCost: quantity,
  bytes: quantity,
  byteHours: quantity,
  storageClass: text,
  volumeName: text,
  claimName: text,
  claimNamespace: text,
});

export type KubecostAsset = z.infer<typeof assetSchema>;
