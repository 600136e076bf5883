import { createHash } from 'node:crypto';
import { assetFactLine, type AssetFact } from '@cloudtuner/cost-model';
import type { HourReading } from '../domain/hour-state';

/**
 * A cluster whose costs can be summed by hand. Each hour has three nodes at `revision` × 0.100000001 and a disk at 0.000000007:
 * 0.300000010 in revision 1, 0.600000013 in revision 2. The fourth hour of each day has no data: a day of revision 1 costs 23 × 0.300000010 =
 * 6.900000230, of revision 2 23 × 0.600000013 = 13.800000299.
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

const decimal = (nanos: bigint): string =>
  `${String(nanos / 1_000_000_000n)}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`;

function nodeRow(index: number, hour: number, revision: number): AssetFact {
  const cost = decimal(nodeCostNanos * BigInt(revision));
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

/** What is measured in one hour. */
export function sampleHour(hour: number, revision: number): HourReading {
  const isEmpty = (hour / 3_600) % 24 === hourWithoutData;
  const rows = isEmpty ? [] : [diskRow, ...[0, 1, 2].map((index) => nodeRow(index, hour, revision))];
  return {
    rows,
    sha256: createHash('sha256').update(rows.map(assetFactLine).join('')).digest('hex'),
    measuredSeconds: isEmpty ? 0 : 3_600,
    expectedSeconds: 3_600,
    lastSampleSeconds: isEmpty ? null : hour + 3_540,
    flags: isEmpty ? [] : ['network-not-measured'],
  };
}
