import { createHash } from 'node:crypto';
import {
  allocationFactLine,
  assetFactLine,
  emptyAllocation,
  formatNanos,
  type AllocationFact,
  type AssetFact,
} from '@cloudtuner/cost-model';
import type { HourReading } from '../domain/hour-state';

/**
 * A cluster whose costs can be summed by hand. Each hour has three nodes at `revision` × 0.100000001 and a disk at 0.000000007:
 * 0.300000010 in revision 1, 0.600000013 in revision 2. The fourth hour of each day has no data: a day of revision 1 costs 23 × 0.300000010 =
 * 6.900000230, of revision 2 23 × 0.600000013 = 13.800000299.
 *
 * On each node run three pods of one container, each at a quarter of the node (0.025 × revision); the rest of it is idle, and nobody mounts the
 * disk: 3 × (3 + 1) + 1 = 13 allocations. Half of the pods have the label `team`.
 */
export const hourCost = { 1: '0.30000001', 2: '0.600000013' } as const;
/** Cost of a whole day, see there. */
export const dayCost = { 1: '6.90000023', 2: '13.800000299' } as const;

const hourWithoutData = 3;
const nodeCostNanos = 100_000_001n;

const unknown = {
  cpu_core_hours: null,
  ram_byte_hours: null,
  gpu_hours: null,
  storage_byte_hours: null,
  network_bytes: null,
  load_balancer_hours: null,
  management_hours: null,
  cpu_core_hour_price: null,
  ram_gib_hour_price: null,
  gpu_hour_price: null,
  storage_gib_hour_price: null,
  network_gib_price: null,
  load_balancer_hour_price: null,
  management_hour_price: null,
  cpu_cost: null,
  ram_cost: null,
  gpu_cost: null,
  pv_cost: null,
  network_cost: null,
  load_balancer_cost: null,
  management_cost: null,
};

function nodeRow(index: number, hour: number, revision: number): AssetFact {
  const cost = formatNanos(nodeCostNanos * BigInt(revision));
  return {
    asset_type: 'node',
    asset_key: `node-${String(index)}`,
    provider_id: `aws:///eu-west-1a/i-${String(index)}`,
    properties: { instance_type: 'm6i.xlarge', region: 'eu-west-1', seen_at: String(hour) },
    covered_seconds: 3_600,
    ...unknown,
    cpu_core_hours: 4,
    cpu_core_hour_price: 0.025,
    cpu_cost: cost,
    total_cost: cost,
  };
}

const diskRow: AssetFact = {
  asset_type: 'disk',
  asset_key: 'pvc-1',
  provider_id: '',
  properties: { storage_class: 'gp3' },
  covered_seconds: 3_600,
  ...unknown,
  pv_cost: '0.000000007',
  total_cost: '0.000000007',
};

/** What a pod does is noise, but the same noise whoever asks. */
const noiseOf = (...of: readonly (string | number)[]): number =>
  createHash('sha256').update(of.join(' ')).digest().readUInt32BE() / 2 ** 32;

function containerRow(pod: string, node: string, hour: number, costNanos: bigint): AllocationFact {
  const usage = noiseOf(pod, hour);
  const isOfTeam = Number(pod.split('-').at(-1)) % 2 === 0;
  return {
    ...emptyAllocation,
    kind: 'container',
    node,
    provider_id: `aws:///eu-west-1a/i-${node}`,
    namespace: isOfTeam ? 'shop' : 'batch',
    controller_kind: 'deployment',
    controller: 'web',
    pod,
    pod_uid: createHash('sha256').update(pod).digest('hex').slice(0, 32),
    container: 'main',
    services: ['shop/front'],
    labels: { app_kubernetes_io_name: 'web', ...(isOfTeam ? { team: 'checkout' } : {}) },
    annotations: { prometheus_io_scrape: 'true' },
    ended_seconds: 3_600,
    covered_seconds: 3_600,
    cpu_core_hours: 1,
    cpu_core_request_hours: 1,
    cpu_core_usage_hours: usage,
    cpu_core_usage_max: usage,
    ram_byte_usage_hours: Math.round(usage * 2 ** 31),
    network_transmit_bytes: Math.round(usage * 2 ** 20),
    cpu_cost: formatNanos(costNanos),
    total_cost: formatNanos(costNanos),
  };
}

function allocationRows(hour: number, revision: number, podsPerNode: number): AllocationFact[] {
  const nodeNanos = nodeCostNanos * BigInt(revision);
  const podNanos = nodeNanos / BigInt(podsPerNode + 1);
  const idle = formatNanos(nodeNanos - podNanos * BigInt(podsPerNode));
  const nodes = [0, 1, 2].map((index) => `node-${String(index)}`);
  const rowOf = (fact: Partial<AllocationFact>, cost: string): AllocationFact => ({
    ...{ ...emptyAllocation, ...fact, kind: fact.kind ?? 'unattributed', total_cost: cost },
    ...{ started_seconds: 0, ended_seconds: 3_600, covered_seconds: 3_600 },
  });
  return [
    ...nodes.flatMap((node) =>
      Array.from({ length: podsPerNode }, (_none, pod) =>
        containerRow(`web-${node}-${String(pod)}`, node, hour, podNanos),
      ),
    ),
    ...nodes.map((node) =>
      rowOf({ kind: 'idle', asset_type: 'node', asset_key: node, node, cpu_core_hours: 1, cpu_cost: idle }, idle),
    ),
    rowOf({ asset_type: 'disk', asset_key: 'pvc-1', pv_cost: '0.000000007' }, '0.000000007'),
  ];
}

/** What is measured in one hour. */
export function sampleHour(hour: number, revision: number, podsPerNode = 3): HourReading {
  const isEmpty = (hour / 3_600) % 24 === hourWithoutData;
  const assets = isEmpty ? [] : [diskRow, ...[0, 1, 2].map((index) => nodeRow(index, hour, revision))];
  const allocations = isEmpty ? [] : allocationRows(hour, revision, podsPerNode);
  const hash = createHash('sha256');
  for (const asset of assets) hash.update(assetFactLine(asset));
  for (const allocation of allocations) hash.update(allocationFactLine(allocation));
  return {
    assets,
    allocations,
    sha256: hash.digest('hex'),
    measuredSeconds: isEmpty ? 0 : 3_600,
    observedSeconds: isEmpty ? 0 : 3_600,
    expectedSeconds: 3_600,
    lastSampleSeconds: isEmpty ? null : hour + 3_540,
    flags: isEmpty ? [] : ['network-not-measured'],
  };
}
