import { z } from 'zod';

const number = z.number().nullable();
const texts = z.record(z.string(), z.string());

/** **Units**: RFC 3339. */
export const openCostWindowSchema = z.object({ start: z.string(), end: z.string() });

export type OpenCostWindow = z.infer<typeof openCostWindowSchema>;

/** Of the row as a whole; what is empty or differs within it is left out. */
export const openCostPropertiesSchema = z.object({
  cluster: z.string().optional(),
  node: z.string().optional(),
  container: z.string().optional(),
  controller: z.string().optional(),
  controllerKind: z.string().optional(),
  namespace: z.string().optional(),
  pod: z.string().optional(),
  services: z.array(z.string()).optional(),
  providerID: z.string().optional(),
  labels: texts.optional(),
  annotations: texts.optional(),
});

export type OpenCostProperties = z.infer<typeof openCostPropertiesSchema>;

/**
 * One row of `/model/allocation`, as OpenCost has it.
 *
 * **Units**: hours, bytes, byte-hours, cores, minutes, currency. `null` is unknown. `managementCost` is ours: OpenCost
 * leaves the control plane's fee out.
 */
export const openCostAllocationSchema = z.object({
  name: z.string(),
  properties: openCostPropertiesSchema,
  window: openCostWindowSchema,
  start: z.string(),
  end: z.string(),
  minutes: number,
  cpuCores: number,
  cpuCoreRequestAverage: number,
  cpuCoreUsageAverage: number,
  cpuCoreHours: number,
  cpuCost: number,
  cpuCostAdjustment: number,
  cpuCostIdle: number,
  cpuEfficiency: number,
  gpuCount: number,
  gpuRequestAverage: number,
  gpuUsageAverage: number,
  gpuHours: number,
  gpuCost: number,
  gpuCostAdjustment: number,
  gpuCostIdle: number,
  gpuEfficiency: number,
  networkTransferBytes: number,
  networkReceiveBytes: number,
  networkCost: number,
  networkCrossZoneCost: number,
  networkCrossRegionCost: number,
  networkInternetCost: number,
  networkCostAdjustment: number,
  loadBalancerCost: number,
  loadBalancerCostAdjustment: number,
  pvBytes: number,
  pvByteHours: number,
  pvCost: number,
  /** Under `cluster=C:name=PV`. */
  pvs: z
    .record(z.string(), z.object({ byteHours: number, cost: number, providerID: z.string(), adjustment: number }))
    .nullable(),
  pvCostAdjustment: number,
  ramBytes: number,
  ramByteRequestAverage: number,
  ramByteUsageAverage: number,
  ramByteHours: number,
  ramCost: number,
  ramCostAdjustment: number,
  ramCostIdle: number,
  ramEfficiency: number,
  managementCost: number.optional(),
  externalCost: number,
  sharedCost: number,
  totalCost: number,
  totalEfficiency: number,
  /** Only of rows that are one container. */
  rawAllocationOnly: z.object({ cpuCoreUsageMax: number, ramByteUsageMax: number }).optional(),
  /** Under `cluster/namespace/service`. */
  lbAllocations: z
    .record(
      z.string(),
      z.object({ service: z.string(), cost: number, ip: z.string(), hours: number, adjustment: number }),
    )
    .nullable(),
});

export type OpenCostAllocation = z.infer<typeof openCostAllocationSchema>;

/** The answer of `/model/allocation`: one map per step. */
export const openCostAllocationResponseSchema = z.object({
  code: z.literal(200),
  status: z.literal('success'),
  data: z.array(z.record(z.string(), openCostAllocationSchema)),
});

export type OpenCostAllocationResponse = z.infer<typeof openCostAllocationResponseSchema>;

/**
 * One row of `/model/allocation/summary`. `efficiency` is what OpenCost of 2024 sends; later ones send `totalEfficiency`
 * and `totalCost` instead. In `exact` all three are there, in `compat` the first alone.
 */
export const openCostSummarySchema = z.object({
  name: z.string(),
  start: z.string(),
  end: z.string(),
  cpuCoreRequestAverage: number,
  cpuCoreUsageAverage: number,
  cpuCost: number,
  cpuCostIdle: number,
  gpuRequestAverage: number,
  gpuUsageAverage: number,
  gpuCost: number,
  gpuCostIdle: number,
  networkCost: number,
  loadBalancerCost: number,
  pvCost: number,
  ramByteRequestAverage: number,
  ramByteUsageAverage: number,
  ramCost: number,
  ramCostIdle: number,
  sharedCost: number,
  externalCost: number,
  efficiency: number,
  managementCost: number.optional(),
  totalEfficiency: number.optional(),
  totalCost: number.optional(),
});

export type OpenCostSummary = z.infer<typeof openCostSummarySchema>;

/** The answer of `/model/allocation/summary`. `step` is in nanoseconds. */
export const openCostSummaryResponseSchema = z.object({
  code: z.literal(200),
  status: z.literal('success'),
  data: z.object({
    step: z.number(),
    sets: z.array(z.object({ allocations: z.record(z.string(), openCostSummarySchema), window: openCostWindowSchema })),
    window: openCostWindowSchema,
  }),
});

export type OpenCostSummaryResponse = z.infer<typeof openCostSummaryResponseSchema>;
