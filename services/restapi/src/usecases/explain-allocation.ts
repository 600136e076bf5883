import { idleName, stepsOf, sumKnownNanos, type AllocationRow, type CostRow, type Nanos } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { groupOf } from '../domain/allocation-group';
import { wholeHours } from '../domain/requested-window';
import type { NodePrice, NodePricesReader } from '../ports';
import type { AllocationsQuestion } from './read-allocations';
import { readClusterAllocations, type AllocationSources } from './read-cluster-allocations';

/** Resources that are charged by node and hour. */
export const explainedResources = ['cpu', 'ram', 'gpu'] as const;

/** One of {@link explainedResources}. */
export type ExplainedResource = (typeof explainedResources)[number];

/** What one resource cost on one node in one hour. */
export interface ExplainedHour {
  readonly startMs: number;
  readonly node: string;
  readonly dataVersion: string;
  /** Core-hours, GiB-hours or GPU-hours. */
  readonly quantity: number;
  /** Null: not known. */
  readonly price: number | null;
  readonly cost: Nanos | null;
}

/** Hour by hour what a row is made of. */
export type Explanation = Readonly<Record<ExplainedResource, readonly ExplainedHour[]>>;

const bytesPerGib = 1024 ** 3;

const quantityOf: Readonly<Record<ExplainedResource, (row: CostRow) => number | null>> = {
  cpu: ({ quantities }) => quantities.cpu_core_hours,
  ram: ({ quantities }) => (quantities.ram_byte_hours === null ? null : quantities.ram_byte_hours / bytesPerGib),
  gpu: ({ quantities }) => quantities.gpu_hours,
};

const costOf: Readonly<Record<ExplainedResource, (row: CostRow) => Nanos | null>> = {
  cpu: ({ costs }) => costs.cpu_cost,
  ram: ({ costs }) => costs.ram_cost,
  gpu: ({ costs }) => costs.gpu_cost,
};

const priceOf: Readonly<Record<ExplainedResource, (price: NodePrice) => number | null>> = {
  cpu: ({ cpuCoreHour }) => cpuCoreHour,
  ram: ({ ramGibHour }) => ramGibHour,
  gpu: ({ gpuHour }) => gpuHour,
};

const placeOf = (startMs: number, node: string): string => `${String(startMs)} ${node}`;

function hoursOf(
  resource: ExplainedResource,
  rows: readonly CostRow[],
  known: { prices: ReadonlyMap<string, NodePrice>; versions: ReadonlyMap<number, string> },
): ExplainedHour[] {
  const places = new Map<string, CostRow[]>();
  for (const row of rows) {
    if (quantityOf[resource](row) === null && costOf[resource](row) === null) continue;
    const place = placeOf(row.atMs, row.node);
    places.set(place, [...(places.get(place) ?? []), row]);
  }
  return [...places]
    .map(([place, group]) => {
      const { atMs: startMs = 0, node = '' } = group[0] ?? {};
      const price = known.prices.get(place);
      return {
        startMs,
        node,
        dataVersion: known.versions.get(startMs) ?? '',
        quantity: group.reduce((sum, row) => sum + (quantityOf[resource](row) ?? 0), 0),
        price: price === undefined ? null : priceOf[resource](price),
        cost: sumKnownNanos(group.map(costOf[resource])),
      };
    })
    .sort((a, b) => a.startMs - b.startMs || (a.node < b.node ? -1 : 1));
}

/** Rows of the answer's row: idle by kind, others by name as far as the filter lets them through and nobody else pays for them. */
const belongsTo = (name: string) => (row: CostRow) =>
  name.endsWith(idleName)
    ? row.kind === 'idle'
    : row.kind !== 'idle' && row.name === name && row.matches && !row.shared;

/**
 * What one row of one step of a cluster is made of: quantity, price and cost by hour and node.
 *
 * @throws AppError `range-too-long` for a step of more than 31 days
 */
export async function explainAllocation(
  sources: AllocationSources & { readonly nodePrices: NodePricesReader },
  account: CloudAccount,
  { question, clusterName, row }: { question: AllocationsQuestion; clusterName: string; row: AllocationRow },
): Promise<Explanation> {
  const window = wholeHours(row.window, '1h');
  const found = await readClusterAllocations(sources, account, clusterName, {
    ...question,
    window,
    steps: stepsOf(window, 'hour'),
    group: groupOf(question.query, ['node']),
  });
  const rows = found.rows.filter(belongsTo(row.name));
  const versions = new Map(found.observed.map(({ startMs, dataVersion }) => [startMs, dataVersion]));
  const used = new Set(rows.map(({ atMs }) => atMs));
  const hours = found.observed.filter(({ startMs }) => used.has(startMs));
  const nodes = [...new Set(rows.map(({ node }) => node))].filter((node) => node !== '');
  const prices = await sources.nodePrices.readNodePrices(account.id, { hours, nodes }, question);
  const known = { prices: new Map(prices.map((price) => [placeOf(price.startMs, price.node), price])), versions };
  return { cpu: hoursOf('cpu', rows, known), ram: hoursOf('ram', rows, known), gpu: hoursOf('gpu', rows, known) };
}
