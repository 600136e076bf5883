import { z } from 'zod';
import {
  answerHead,
  clusterParams,
  dataVersion,
  inCluster,
  moneyFields,
  namesOneWindow,
  oneWindow,
  pageFields,
  pageHead,
  sourceField,
  sourceHead,
  windowFields,
  windowRules,
} from './cluster-window';
import type { Operation } from './operation';
import { liveWindowErrors } from './query-errors';
import { costParts, money, unixSeconds } from './scalars';

const assetType = z.enum(['disk', 'load_balancer', 'management', 'network', 'node']);

/** Hours, bytes and byte-hours over the window; null: not applicable or not measured. */
const quantity = z.number().nullable();

const asset = z.object({
  asset_type: assetType,
  /** Node name, volume name, `zone|region|internet`, `namespace/service/ip`, or the provisioner's name. */
  name: z.string(),
  provider_id: z.string(),
  /** As last seen: `instance_type`, `region`, `spot`, `storage_class`, … */
  properties: z.record(z.string(), z.string()),
  /** The first hour in which it was there, and the end of the last. */
  start: unixSeconds,
  end: unixSeconds,
  /** Seconds in which it was observed. */
  covered_seconds: z.number(),
  cpu_core_hours: quantity,
  ram_byte_hours: quantity,
  gpu_hours: quantity,
  storage_byte_hours: quantity,
  network_bytes: quantity,
  load_balancer_hours: quantity,
  management_hours: quantity,
  ...costParts.shape,
});

/** What a cluster runs on. */
export const clusterAssetOperations = {
  listClusterAssets: {
    operationId: 'listClusterAssets',
    method: 'GET',
    path: '/restapi/v2/kubecost/clusters/:cluster_id/assets',
    summary: 'What a cluster runs on, and what each of it cost in a window',
    access: 'costs:read',
    scope: inCluster,
    costClass: 'query',
    errors: liveWindowErrors,
    rules: windowRules,
    example: { query: { window: '1d' } },
    status: 200,
    params: clusterParams,
    query: z
      .strictObject({
        ...windowFields,
        asset_type: assetType.optional(),
        sort: z.enum(['-cost', 'cost', 'name', '-name']).default('-cost'),
        ...pageFields,
        ...sourceField,
        ...moneyFields,
      })
      .refine(namesOneWindow, oneWindow),
    response: z.object({
      ...answerHead,
      data_version: dataVersion,
      ...sourceHead,
      ...pageHead,
      /** Σ total_cost over the assets of all pages; with `expired_cost`, and without `asset_type`, the total of `…/costs`. */
      total_cost: money,
      /** Cost of the days whose assets are no longer kept; null when there is no such day. */
      expired_cost: money,
      by_type: z.array(z.object({ asset_type: assetType, count: z.int(), cost: money })),
      assets: z.array(asset),
    }),
  },
} as const satisfies Readonly<Record<string, Operation>>;
