import { createHash } from 'node:crypto';
import {
  accumulateSets,
  aggregateAllocations,
  noProperties,
  placerOf,
  type AllocationQuery,
  type AllocationRow,
  type AllocationSet,
  type CalendarStep,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { storedPageOf, type AllocationPage } from '../domain/allocation-page';
import { readingVersionOf } from '../domain/allocation-days';
import { clusterNamesOf } from '../domain/cluster-names';
import { observationOf, type Observation, type Observed } from '../domain/observation';
import { withUnnamedCost } from '../domain/unnamed-cost';
import { eachBounded } from './each-bounded';
import type { AccountWarning } from './account-warning';
import { isStoreAway } from './expenses/read-clusters';
import {
  readClusterAllocations,
  type AllocationRequest,
  type AllocationSources,
  type ClusterAllocations,
} from './read-cluster-allocations';

/** What is asked of several clusters at once. */
export interface AllocationsQuestion extends AllocationRequest {
  /** Adds steps up; null leaves them. */
  readonly accumulate: CalendarStep | 'all' | null;
  /** Of one cluster and one step: only this page of the dearest rows is wanted. The answer may have all rows all the same. */
  readonly dearest?: AllocationPage;
}

/** One cluster's part of an answer. */
export interface ClusterReading {
  readonly account: CloudAccount;
  /** As rows and filters name it. */
  readonly clusterName: string;
  /** Of the window, with the version of what was read. */
  readonly observation: Observation;
}

/** A step of an answer. */
export interface AllocationStep {
  readonly set: AllocationSet;
  /** Seconds over all clusters; `partial` when any cluster is. */
  readonly observation: Omit<Observation, 'startMs' | 'endMs'>;
}

/** An answer about allocations. */
export interface Allocations {
  /** With a page, their rows have no names: they are the sum of all. */
  readonly steps: readonly AllocationStep[];
  /** The rows that were wanted, the dearest first, and how many there are in all. */
  readonly page?: { readonly rows: readonly AllocationRow[]; readonly count: number };
  /** Of the whole window. */
  readonly observation: AllocationStep['observation'];
  /** Sorted by the account's name, as they were given. */
  readonly clusters: readonly ClusterReading[];
  readonly warnings: readonly AccountWarning[];
}

interface Read {
  readonly account: CloudAccount;
  readonly clusterName: string;
  readonly found: ClusterAllocations;
}

/** Clusters that are read at once. */
const concurrency = 4;

const isInside = ({ startMs, endMs }: Observed, window: TimeWindow): boolean =>
  startMs >= window.startMs && endMs <= window.endMs;

/** What was seen of one cluster; its version is by days. */
function observationOfCluster(window: TimeWindow, { found }: Read, nowMs: number): Observation {
  const inside = found.observed.filter((entry) => isInside(entry, window));
  return { ...observationOf(window, inside, nowMs), dataVersion: readingVersionOf(inside) };
}

/** The version of several clusters; of one it is its own. */
function versionOf(each: readonly (readonly [id: string, observation: Observation])[]): string {
  const [first] = each;
  if (first !== undefined && each.length === 1) return first[1].dataVersion;
  const lines = each.map(([id, { dataVersion }]) => `${id} ${dataVersion}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** The oldest of the last samples: an answer is as fresh as the cluster that is behind the most. */
function lastSampleOf(each: readonly Observation[]): number | null {
  const known = each.map(({ lastSampleMs }) => lastSampleMs).filter((lastSampleMs) => lastSampleMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** What was seen of all clusters in a window. */
function observationOfAll(window: TimeWindow, reads: readonly Read[], nowMs: number): AllocationStep['observation'] {
  const named = reads.map((read) => [read.account.id, observationOfCluster(window, read, nowMs)] as const);
  const each = named.map(([, observation]) => observation);
  return {
    measuredSeconds: each.reduce((sum, { measuredSeconds }) => sum + measuredSeconds, 0),
    expectedSeconds: each.reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0),
    partial: each.some(({ partial }) => partial),
    dataVersion: versionOf(named),
    lastSampleMs: lastSampleOf(each),
    flags: [...new Set(each.flatMap(({ flags }) => flags))].sort(),
  };
}

/** Puts what expired days cost into the row without names, where the filter lets it through. */
function withExpiredDays(
  sets: readonly AllocationSet[],
  query: AllocationQuery,
  reads: readonly Read[],
): AllocationSet[] {
  const place = placerOf(query);
  return reads.reduce<AllocationSet[]>(
    (all, { clusterName, found }) => {
      const { name, matches } = place({ ...noProperties, cluster: clusterName });
      return matches ? found.expiredDays.reduce((sofar, day) => withUnnamedCost(sofar, name, day), all) : all;
    },
    [...sets],
  );
}

async function readEach(
  sources: AllocationSources,
  accounts: readonly CloudAccount[],
  request: AllocationRequest,
): Promise<{ reads: Read[]; warnings: AccountWarning[] }> {
  const names = clusterNamesOf(accounts);
  const warnings: AccountWarning[] = [];
  const reads = await eachBounded(accounts, concurrency, async (account): Promise<Read | undefined> => {
    const clusterName = names.get(account.id) ?? account.id;
    try {
      const found = await readClusterAllocations(sources, account, clusterName, request);
      warnings.push(...found.warnings.map((warning) => ({ ...warning, accountId: account.id })));
      return { account, clusterName, found };
    } catch (error) {
      // Alone it is the whole answer; with others the rest is worth having.
      if (accounts.length === 1 || isStoreAway(error) || request.signal.aborted) throw error;
      sources.observer.accountLeftOut(account.id, error);
      const detail = `The costs of ${account.name} could not be read; they are not in this answer.`;
      warnings.push({ code: 'account-left-out', detail, accountId: account.id });
      return undefined;
    }
  });
  return { reads: reads.filter((read) => read !== undefined), warnings };
}

/** The page as the store can find it, if it can. */
function pageOf({ query, steps, dearest }: AllocationsQuestion, accounts: readonly CloudAccount[]) {
  const page = dearest === undefined || steps.length > 1 || accounts.length > 1 ? null : storedPageOf(query, dearest);
  return page === null ? {} : { page };
}

/** The rows of a page that the store has found. */
function pageRows(reads: readonly Read[], { query, steps }: AllocationsQuestion): Pick<Allocations, 'page'> {
  const page = reads[0]?.found.page;
  if (page === undefined) return {};
  const [set] = aggregateAllocations({ query, steps, rows: page.rows });
  const rows = (set?.rows ?? []).toSorted((a, b) =>
    a.totalCost === b.totalCost ? (a.name < b.name ? -1 : 1) : a.totalCost > b.totalCost ? -1 : 1,
  );
  return { page: { rows, count: page.count } };
}

/**
 * What clusters cost by any grouping: one set per step, or per what steps are added up to. Every dollar of the ledger is in it once, whatever
 * the grouping, the filter and its complement together, the steps or the pages.
 *
 * @throws AppError `clickhouse-unavailable`, `clickhouse-query-timeout`, `clickhouse-query-too-large`, `step-invalid`
 */
export async function readAllocations(
  sources: AllocationSources,
  accounts: readonly CloudAccount[],
  question: AllocationsQuestion,
): Promise<Allocations> {
  const { query, steps, window, nowMs, accumulate } = question;
  const { reads, warnings } = await readEach(sources, accounts, { ...question, ...pageOf(question, accounts) });
  const rows = reads.flatMap(({ found }) => found.rows);
  const sets = aggregateAllocations({ query, steps, rows });
  const accumulated = accumulate === null ? sets : accumulateSets(sets, accumulate);
  return {
    steps: withExpiredDays(accumulated, query, reads).map((set) => ({
      set,
      observation: observationOfAll(set.window, reads, nowMs),
    })),
    ...pageRows(reads, question),
    observation: observationOfAll(window, reads, nowMs),
    clusters: reads.map((read) => ({
      account: read.account,
      clusterName: read.clusterName,
      observation: observationOfCluster(window, read, nowMs),
    })),
    warnings,
  };
}
