import { createHash } from 'node:crypto';
import {
  allocationDayRow,
  allocationHourRow,
  insertAllocationDay,
  insertAllocationGroupDay,
  readAllocationDays,
  rollupVersionOf,
  type ClickhouseClient,
} from '@cloudtuner/clickhouse';
import { emptyAllocation, formatNanos, sumNanos, type Nanos } from '@cloudtuner/cost-model';

const tag = { surface: 'test', route: 'restapi' };
const daySeconds = 86_400;

/** A node or disk of an hour. */
export interface StoredAsset {
  readonly providerId: string;
  readonly cost: Nanos;
}

/** A container of an hour; without a namespace: what was idle on the node. */
export interface StoredWorkload {
  readonly node: string;
  readonly namespace: string;
  readonly services: readonly string[];
  readonly cost: Nanos;
}

/** An hour with its pods, as the worker leaves it. */
export interface WorkloadHour {
  /** Start, unix seconds. */
  readonly hour: number;
  readonly version: string;
  readonly assets: readonly StoredAsset[];
  readonly workloads: readonly StoredWorkload[];
}

function assetRow(account: string, { hour, version }: WorkloadHour, { providerId, cost }: StoredAsset, index: number) {
  return {
    cloud_account_id: account,
    hour,
    data_version: version,
    asset_type: 'node',
    asset_key: `asset-${String(index)}`,
    provider_id: providerId,
    covered_seconds: 3600,
    cpu_cost: formatNanos(cost),
    total_cost: formatNanos(cost),
  };
}

function workloadRow(account: string, { hour, version }: WorkloadHour, workload: StoredWorkload, index: number) {
  const { node, namespace, services, cost } = workload;
  const isIdle = namespace === '';
  return allocationHourRow(
    account,
    { hour, dataVersion: version },
    {
      ...emptyAllocation,
      kind: isIdle ? 'idle' : 'container',
      node,
      namespace,
      services: [...services],
      pod: isIdle ? '' : `pod-${String(index)}`,
      pod_uid: isIdle ? '' : `uid-${String(index)}`,
      container: isIdle ? '' : 'main',
      ended_seconds: 3600,
      covered_seconds: 3600,
      cpu_cost: formatNanos(cost),
      total_cost: formatNanos(cost),
    },
  );
}

/** Writes hours in the order of the worker: assets, pods, then which of them are current. */
export async function storeWorkloadHours(
  client: ClickhouseClient,
  account: string,
  hours: readonly WorkloadHour[],
): Promise<void> {
  const insert = (table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> =>
    client.insert({ table, rows, tag, tenant: account });
  await insert(
    'asset_hours',
    hours.flatMap((hour) => hour.assets.map((asset, index) => assetRow(account, hour, asset, index))),
  );
  await insert(
    'allocation_hours',
    hours.flatMap((hour) => hour.workloads.map((workload, index) => workloadRow(account, hour, workload, index))),
  );
  await insert(
    'account_hours',
    hours.map(({ hour, version, assets, workloads }) => ({
      cloud_account_id: account,
      hour,
      data_version: version,
      read_at_ms: '1',
      closed: true,
      rows: assets.length,
      allocation_rows: workloads.length,
      measured_seconds: 3600,
      expected_seconds: 3600,
      last_sample_at: hour + 3590,
      flags: [],
    })),
  );
}

/** Writes the rollup of a day (its start, unix seconds) from its current hours. */
export async function storeRollup(client: ClickhouseClient, account: string, day: number): Promise<void> {
  const [found] = await client.query({
    ...readAllocationDays(account, { from: day, until: day + daySeconds }),
    schema: allocationDayRow,
    tag,
    tenant: account,
  });
  if (found === undefined) return;
  const rollup = { day, hours: found.hours, labelKeys: [] };
  await client.command({ ...insertAllocationDay(account, rollup), tag, tenant: account });
  await client.command({ ...insertAllocationGroupDay(account, rollup), tag, tenant: account });
  const lines = found.hours.map(({ hour, dataVersion }) => `${String(hour)} ${dataVersion}\n`);
  await client.insert({
    table: 'account_days',
    rows: [
      {
        cloud_account_id: account,
        date: new Date(day * 1000).toISOString().slice(0, 10),
        data_version: createHash('sha256').update(lines.join('')).digest('hex'),
        written_at_ms: '1',
        measured_seconds: 0,
        expected_seconds: 0,
        total_cost: '0',
        rollup_version: rollupVersionOf(rollup),
        rollup_fact_rows: found.hours.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
        rollup_label_keys: [],
      },
    ],
    tag,
    tenant: account,
  });
}

/** The cost of these. */
export const costOfAll = (parts: readonly { readonly cost: Nanos }[]): Nanos => sumNanos(parts.map(({ cost }) => cost));
