import type { SampleCluster } from '@cloudtuner/sample-cluster';
import { rounded, timeText, type AllocationRow, type AnswerRows } from './rows';

type Entry = readonly [string, AllocationRow];

const nanosPerUnit = 1e9;
const msPerMinute = 60_000;
const unallocated = '__unallocated__';
const idle = '__idle__';

/** What adds up over rows; the rest is left out of a sum. */
const summed = [
  ...['cpuCoreHours', 'ramByteHours', 'gpuHours', 'cpuCost', 'ramCost', 'gpuCost', 'pvCost', 'networkCost'],
  ...['loadBalancerCost', 'sharedCost', 'externalCost', 'totalCost'],
  ...['cpuCostAdjustment', 'ramCostAdjustment', 'gpuCostAdjustment'],
] as const;

/** What is weighted by time: over the time from the first start to the last end. */
const averaged = [
  ...['cpuCoreRequestAverage', 'cpuCoreUsageAverage', 'ramByteRequestAverage', 'ramByteUsageAverage'],
] as const;

const valueOf = (row: object, field: string): unknown => (row as Readonly<Record<string, unknown>>)[field];
const numberOf = (row: object, field: string): number => Number(valueOf(row, field) ?? 0);

function groupOf({ properties }: AllocationRow, field: string): string {
  const label = /^label:(.+)$/.exec(field)?.[1];
  const value =
    label === undefined ? valueOf(properties, field) : valueOf(Object(valueOf(properties, 'labels')) as object, label);
  return typeof value === 'string' && value !== '' ? value : unallocated;
}

function sumOf(name: string, rows: readonly AllocationRow[], properties: AllocationRow['properties']): AllocationRow {
  const [first] = rows;
  const sums = summed.map((field): [string, number] => [
    field,
    rounded(rows.reduce((sum, row) => sum + numberOf(row, field), 0)),
  ]);
  const startMs = Math.min(...rows.map((row) => Date.parse(String(valueOf(row, 'start')))));
  const endMs = Math.max(...rows.map((row) => Date.parse(String(valueOf(row, 'end')))));
  const minutes = (endMs - startMs) / msPerMinute;
  const averages = averaged.map((field): [string, number] => [
    field,
    rounded(rows.reduce((sum, row) => sum + numberOf(row, field) * numberOf(row, 'minutes'), 0) / minutes),
  ]);
  const times = { window: valueOf(first ?? {}, 'window'), start: timeText(startMs), end: timeText(endMs), minutes };
  return { ...times, name, ...Object.fromEntries([...averages, ...sums]), properties };
}

/** Rows of a window added up as `aggregate` says, a comma between names; unknown names are left out, as both products do. */
export function aggregated(entries: readonly Entry[], aggregate: string): Entry[] {
  const fields = aggregate.split(',');
  const groups = new Map<string, AllocationRow[]>();
  for (const [, row] of entries) {
    const name = fields.map((field) => groupOf(row, field)).join('/');
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups].map(([name, rows]) => {
    const known = fields.filter((field) => !field.includes(':'));
    const [first] = rows;
    const shared = known.flatMap((field): [string, unknown][] => {
      const value = valueOf(first?.properties ?? {}, field);
      return value === undefined ? [] : [[field, value]];
    });
    // What differs within a sum is left out.
    const clusters = new Set(rows.map((row) => row.properties.cluster));
    const cluster = clusters.size === 1 ? (first?.properties.cluster ?? '') : '';
    const properties = { cluster, ...Object.fromEntries(shared) };
    return [name, sumOf(name, rows, properties)] as const;
  });
}

/** What the nodes of a window cost beyond what its containers did. */
export function idleOf(cluster: SampleCluster, entries: readonly Entry[], window: AnswerRows): Entry {
  const { startMs, endMs, costFactor } = window;
  const nodes = cluster.book.assets(startMs, endMs).filter(({ assetType }) => assetType === 'node');
  const rest = (part: 'cpu' | 'ram' | 'gpu'): number =>
    rounded(
      (nodes.reduce((sum, node) => sum + Number(node[part]), 0) / nanosPerUnit) * costFactor -
        entries.reduce((sum, [, row]) => sum + numberOf(row, `${part}Cost`), 0),
    );
  const [cpuCost, ramCost, gpuCost] = [rest('cpu'), rest('ram'), rest('gpu')];
  const times = { start: timeText(startMs), end: timeText(endMs) };
  const row: AllocationRow = {
    ...{ name: idle, properties: { cluster: cluster.clusterId }, window: times, ...times },
    ...{
      minutes: (endMs - startMs) / 60_000,
      cpuCost,
      ramCost,
      gpuCost,
      totalCost: rounded(cpuCost + ramCost + gpuCost),
    },
  };
  return [idle, row];
}
