import { createHash } from 'node:crypto';
import { msPerDay, sumNanos, type AllocationQuery, type AllocationRow, type Nanos } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { CloudAccount } from '@cloudtuner/metadata';
import { groupOf } from '../../domain/allocation-group';
import { upTo, type ExportPart, type Placed } from '../../domain/exports/export-column';
import { daysOf, readClusters, type ClusterExpense, type ClusterSources } from '../expenses/read-clusters';
import { readAllocations } from '../read-allocations';
import type { AllocationSources } from '../read-cluster-allocations';
import type { LedgerRequest } from '../read-ledger';

/** What allocations are exported from. */
export type AllocationExportSources = ClusterSources & AllocationSources;

/** Which allocations: of clusters, grouped by a query, over whole days that are over. */
export interface AllocationExportRequest extends LedgerRequest {
  readonly query: AllocationQuery;
}

/** An allocation of a cluster on a day. */
export interface DayAllocation {
  readonly dayMs: number;
  readonly account: CloudAccount;
  readonly row: AllocationRow;
}

/** What is exported; the rows of all parts add up to the total. */
export interface AllocationsExport {
  readonly total: Nanos;
  readonly dataVersion: string;
  /** Makes of each allocation the rows that the export has of it. */
  batches<Row extends object>(
    part: ExportPart,
    rowsOf: (allocation: DayAllocation) => readonly Row[],
  ): AsyncGenerator<readonly Placed<Row>[]>;
}

interface Place {
  readonly day: string;
  readonly accountId: string;
  readonly index: number;
}

const dayText = (dayMs: number): string => new Date(dayMs).toISOString().slice(0, 10);

function placeOf(cursor: string | undefined): Place {
  const [day = '', accountId = '', index = '0'] = cursor?.split('_') ?? [];
  return { day, accountId, index: Number(index) };
}

/** Whether all rows of a cluster's day are before a place. */
const isBefore = (day: string, accountId: string, place: Place): boolean =>
  day < place.day || (day === place.day && accountId < place.accountId);

const compareNames = (a: AllocationRow, b: AllocationRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** The rows of one cluster on one day, which add up to what the ledger has of it. @throws AppError `export-changed` */
async function readDay(
  sources: AllocationExportSources,
  { account, days }: ClusterExpense,
  request: AllocationExportRequest & { readonly dayMs: number },
): Promise<AllocationRow[]> {
  const { dayMs, query } = request;
  const window = { startMs: dayMs, endMs: dayMs + msPerDay };
  const question = { ...request, window, steps: [window], group: groupOf(query, []), accumulate: null };
  const { steps } = await readAllocations(sources, [account], question);
  const rows = steps.flatMap(({ set }) => set.rows);
  const expected = days.find((day) => day.dayMs === dayMs)?.cost ?? 0n;
  if (sumNanos(rows.map(({ totalCost }) => totalCost)) !== expected) {
    throw new AppError('export-changed', 'The costs of a day have changed while they were exported; start again.');
  }
  return rows.toSorted(compareNames);
}

async function* rowsFrom<Row extends object>(
  sources: AllocationExportSources,
  clusters: readonly ClusterExpense[],
  options: {
    readonly request: AllocationExportRequest;
    readonly after: string | undefined;
    readonly rowsOf: (allocation: DayAllocation) => readonly Row[];
  },
): AsyncGenerator<readonly Placed<Row>[]> {
  const { request, after, rowsOf } = options;
  const place = placeOf(after);
  for (const dayMs of daysOf(request.window)) {
    const day = dayText(dayMs);
    for (const cluster of clusters) {
      const { account } = cluster;
      if (isBefore(day, account.id, place)) continue;
      const allocations = await readDay(sources, cluster, { ...request, dayMs });
      const rows = allocations
        .flatMap((row) => rowsOf({ dayMs, account, row }))
        .map((row, index) => ({ ...row, cursor: `${day}_${account.id}_${String(index + 1)}` }));
      yield day === place.day && account.id === place.accountId ? rows.slice(place.index) : rows;
    }
  }
}

/**
 * Allocations of clusters by day, idle as rows of its own, in one order. Everything is there or nothing; memory holds one day of one cluster.
 *
 * @throws AppError `export-incomplete` when a cluster cannot be read
 */
export async function exportAllocations(
  sources: AllocationExportSources,
  accounts: readonly CloudAccount[],
  request: AllocationExportRequest,
): Promise<AllocationsExport> {
  const { expenses, warnings } = await readClusters(sources, accounts, { ...request, filter: {}, rules: [] });
  const missing = warnings.find(({ code }) => code !== 'not-measured');
  if (missing !== undefined) throw new AppError('export-incomplete', missing.detail);
  const clusters = expenses.toSorted((a, b) => (a.account.id < b.account.id ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify(request.query.grouping));
  for (const { account, bucket } of clusters) hash.update(`${account.id} ${account.name} ${bucket.dataVersion}\n`);
  return {
    total: sumNanos(clusters.map(({ cost }) => cost)),
    dataVersion: hash.digest('hex'),
    batches: ({ after, limit }, rowsOf) => upTo(rowsFrom(sources, clusters, { request, after, rowsOf }), limit),
  };
}
