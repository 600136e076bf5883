import { efficiencyScoreOf } from '../allocations/efficiency';
import { recordOf } from '../allocations/cost-row';
import { compare } from '../allocations/distribute';
import { costComponents, type CostComponent } from '../asset-fact';
import { groupBy } from '../group-by';
import { sumKnownNanos, sumNanos, type Nanos } from '../money';

/** What efficiency is made of; usage is compared with the requests of those whose usage is known. */
export const summaryQuantities = [
  'cpu_core_usage_hours',
  'cpu_core_measured_request_hours',
  'ram_byte_usage_hours',
  'ram_byte_measured_request_hours',
] as const;

export type SummaryQuantity = (typeof summaryQuantities)[number];

/** Whose figures: Kubecost's own, ours, or of some hours the one and of others the other. */
export const summarySources = ['api', 'metrics', 'mixed'] as const;

export type SummarySource = (typeof summarySources)[number];

/**
 * From which part of it on something counts as known as a whole: an hour that Kubecost speaks of, a window that was measured. A store of samples
 * that is started again costs some minutes, and makes a figure wrong by less than such a figure changes from day to day; more than a twentieth
 * would look like a fall and then a rise.
 */
export const wholeCoverage = 0.95;

/** Who the costs of a row are allocated to. */
export interface SummaryKey {
  readonly namespace: string;
  readonly team: string;
  readonly owner: string;
}

/** Amounts of a row that add up over rows and over time. */
export interface SummaryAmounts {
  /** What it caused itself. Null: not known. */
  readonly costs: Readonly<Record<CostComponent, Nanos | null>>;
  /** What it pays of shared costs, less what others pay of its own. Over all rows of a window it is 0. */
  readonly sharedCost: Nanos;
  /** Known costs and `sharedCost`. */
  readonly totalCost: Nanos;
  /** The total by our own facts. Over all rows of a window it is what the cluster cost. */
  readonly metricsTotalCost: Nanos;
  /** What the total is by Kubecost's figures, less what it is by ours; null where Kubecost said nothing. */
  readonly differenceCost: Nanos | null;
}

/** What a window of a cluster cost one namespace, team and owner. */
export interface SummaryRow extends SummaryKey, SummaryAmounts {
  readonly source: SummarySource;
  readonly quantities: Readonly<Record<SummaryQuantity, number | null>>;
}

/** What was changed for one namespace, team and owner. */
export type SummaryChange = SummaryKey & SummaryAmounts;

/** A text that tells keys apart. */
export const keyTextOf = ({ namespace, team, owner }: SummaryKey): string => JSON.stringify([namespace, team, owner]);

/** The order of rows: by namespace, team and owner. */
export const bySummaryKey = (a: SummaryKey, b: SummaryKey): number =>
  compare(a.namespace, b.namespace) || compare(a.team, b.team) || compare(a.owner, b.owner);

/** Usage by requests, weighted by what CPU and memory cost, as OpenCost has it; null where no usage was measured. */
export function summaryEfficiencyOf({ quantities, costs }: Pick<SummaryRow, 'quantities' | 'costs'>): number | null {
  const { cpu_core_usage_hours: cpuUsage, ram_byte_usage_hours: ramUsage } = quantities;
  if (cpuUsage === null && ramUsage === null) return null;
  return efficiencyScoreOf({
    cpu: { usage: cpuUsage, request: quantities.cpu_core_measured_request_hours, cost: costs.cpu_cost },
    ram: { usage: ramUsage, request: quantities.ram_byte_measured_request_hours, cost: costs.ram_cost },
  });
}

/** The sum of the known numbers, null when there is none. */
export function sumKnown(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((one) => one !== null);
  return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
}

const groupByKey = <Row extends SummaryKey>(rows: readonly Row[]): Row[][] => [...groupBy(rows, keyTextOf).values()];

const sourceOf = ([first, ...others]: readonly SummaryRow[]): SummarySource =>
  first !== undefined && others.every(({ source }) => source === first.source) ? first.source : 'mixed';

const amountsOf = (rows: readonly SummaryAmounts[]): SummaryAmounts => ({
  costs: recordOf(costComponents, (name) => sumKnownNanos(rows.map(({ costs }) => costs[name]))),
  sharedCost: sumNanos(rows.map(({ sharedCost }) => sharedCost)),
  totalCost: sumNanos(rows.map(({ totalCost }) => totalCost)),
  metricsTotalCost: sumNanos(rows.map(({ metricsTotalCost }) => metricsTotalCost)),
  differenceCost: sumKnownNanos(rows.map(({ differenceCost }) => differenceCost)),
});

/** A longer window from the rows of shorter ones, which are given in the order of time; sorted. */
export function accumulateSummaries(windows: Iterable<readonly SummaryRow[]>): SummaryRow[] {
  const all = [...windows].flat();
  return groupByKey(all)
    .map((rows): SummaryRow => ({
      ...keyOf(rows[0]),
      source: sourceOf(rows),
      ...amountsOf(rows),
      quantities: recordOf(summaryQuantities, (name) => sumKnown(rows.map(({ quantities }) => quantities[name]))),
    }))
    .sort(bySummaryKey);
}

const keyOf = (row: SummaryKey | undefined): SummaryKey => ({
  namespace: row?.namespace ?? '',
  team: row?.team ?? '',
  owner: row?.owner ?? '',
});

const negative = (amount: Nanos | null): Nanos | null => (amount === null ? null : -amount);

const negated = (row: SummaryChange): SummaryChange => ({
  ...keyOf(row),
  costs: recordOf(costComponents, (name) => negative(row.costs[name])),
  sharedCost: -row.sharedCost,
  totalCost: -row.totalCost,
  metricsTotalCost: -row.metricsTotalCost,
  differenceCost: negative(row.differenceCost),
});

const isNothing = ({ costs, ...row }: SummaryChange): boolean =>
  [...Object.values(costs), row.sharedCost, row.totalCost, row.metricsTotalCost, row.differenceCost].every(
    (amount) => amount === null || amount === 0n,
  );

/** What has to be added to the first rows to have the second ones, key by key; sorted, and empty when nothing has to. */
export function changesBetween(from: readonly SummaryChange[], to: readonly SummaryChange[]): SummaryChange[] {
  return groupByKey([...to, ...from.map(negated)])
    .map((rows): SummaryChange => ({ ...keyOf(rows[0]), ...amountsOf(rows) }))
    .filter((change) => !isNothing(change))
    .sort(bySummaryKey);
}

/** Rows as one text that is the same whenever they are. */
export function summaryLines(rows: readonly SummaryRow[]): string {
  return rows
    .map(({ costs, quantities, ...row }) => [
      ...[row.namespace, row.team, row.owner, row.source],
      ...costComponents.map((name) => costs[name]?.toString() ?? null),
      ...[row.sharedCost, row.totalCost, row.metricsTotalCost, row.differenceCost].map(
        (cost) => cost?.toString() ?? null,
      ),
      ...summaryQuantities.map((name) => quantities[name]),
    ])
    .map((fields) => `${JSON.stringify(fields)}\n`)
    .join('');
}
