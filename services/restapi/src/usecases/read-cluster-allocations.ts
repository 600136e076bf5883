import type { AllocationDay, AllocationGroup } from '@cloudtuner/clickhouse';
import {
  costRowsOf,
  costRowsOfSums,
  msPerDay,
  msPerHour,
  type AllocationQuery,
  type CostRow,
  type Nanos,
  type TimeWindow,
} from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { CloudAccount } from '@cloudtuner/metadata';
import { observedOf, withoutHours } from '../domain/allocation-days';
import { unsummedHours, type StoredPage } from '../domain/allocation-page';
import { keepsDaysWhole } from '../domain/allocation-spans';
import { hoursToCompute, liveFromMs } from '../domain/live-hours';
import type { Observed } from '../domain/observation';
import type {
  AllocationsReader,
  FactsReader,
  LedgerObserver,
  LiveAllocationHour,
  LiveAllocationsReader,
} from '../ports';
import { eachBounded } from './each-bounded';
import { readHoursWithoutPods } from './read-hours-without-pods';
import { liveCostsUnavailable, type LedgerRequest } from './read-ledger';

/** What allocations are read from. */
export interface AllocationSources {
  readonly allocations: AllocationsReader;
  readonly liveAllocations: LiveAllocationsReader;
  readonly facts: Pick<FactsReader, 'readHours' | 'readExpenses'>;
  readonly observer: LedgerObserver;
}

/** One reading of allocations. */
export interface AllocationRequest extends LedgerRequest {
  readonly query: AllocationQuery;
  /** What stored rows are told apart by: at least what the query groups, filters and shares by. */
  readonly group: AllocationGroup;
  /** In order, side by side; together they are the window. */
  readonly steps: readonly TimeWindow[];
  /** Only this page of the rows is wanted, beside their sum. */
  readonly page?: StoredPage;
}

/** Something that the reader of an answer should know. */
export interface AllocationWarning {
  readonly code: 'live-costs-unavailable' | 'hours-without-pods' | 'hours-expired';
  readonly detail: string;
}

/** A day of which only what it cost is left. */
export interface ExpiredDay {
  readonly startMs: number;
  readonly cost: Nanos;
}

/** What is known of one cluster in the window. */
export interface ClusterAllocations {
  /** Beside a page: coarse rows of no names, which sum to the same. */
  readonly rows: readonly CostRow[];
  /** When a page was asked for and the store could find it. */
  readonly page?: { readonly rows: readonly CostRow[]; readonly count: number };
  readonly expiredDays: readonly ExpiredDay[];
  /** Sorted by start, not overlapping. */
  readonly observed: readonly Observed[];
  readonly warnings: readonly AllocationWarning[];
}

// A version that was superseded is removed some time after; a second reading of the days knows the new one.
const attempts = 3;
const liveConcurrency = 2;

/** A page is found by one statement, which takes so many hours. */
const maxHoursOfPage = 1_000;

type LiveHours = ReadonlyMap<number, LiveAllocationHour>;

interface Live {
  readonly hours: LiveHours;
  readonly failed: boolean;
}

async function readLive(
  sources: AllocationSources,
  account: CloudAccount,
  request: AllocationRequest,
  starts: readonly number[],
): Promise<Live> {
  const startedMs = performance.now();
  const options = { deadlineMs: request.liveDeadlineMs, signal: request.signal };
  const outcomes = await eachBounded(starts, liveConcurrency, async (startMs) => {
    try {
      const hour = { startMs, endMs: startMs + msPerHour };
      return await sources.liveAllocations.readHour(account.id, hour, options);
    } catch {
      // The reader logs the cause; the caller is told by the warning.
      request.signal.throwIfAborted();
      return undefined;
    }
  });
  const failed = outcomes.includes(undefined);
  sources.observer.liveRead(failed ? 'failed' : 'answered', (performance.now() - startedMs) / 1000);
  const known = outcomes.flatMap((hour) => hour ?? []);
  return { hours: new Map(known.map((hour) => [hour.observed.startMs, hour])), failed };
}

const startsWithoutPods = (days: readonly AllocationDay[]): number[] =>
  days.flatMap(({ hours }) => hours.filter(({ rows }) => rows === null).map(({ hour }) => hour * 1000));

/** Expenses of ended whole days of which nothing else is left. */
async function readExpiredDays(
  { facts }: AllocationSources,
  account: CloudAccount,
  request: AllocationRequest,
  days: readonly AllocationDay[],
): Promise<ExpiredDay[]> {
  const { window, nowMs } = request;
  const startMs = Math.ceil(window.startMs / msPerDay) * msPerDay;
  const endMs = Math.floor(Math.min(window.endMs, nowMs) / msPerDay) * msPerDay;
  const known = new Set(days.map(({ day }) => day * 1000));
  const isComplete = (endMs - startMs) / msPerDay <= [...known].filter((day) => day >= startMs && day < endMs).length;
  if (account.clusterResourceId === null || endMs <= startMs || isComplete) return [];
  const expenses = await facts.readExpenses(account.id, account.clusterResourceId, { startMs, endMs }, request);
  return [...expenses].filter(([day]) => !known.has(day)).map(([day, cost]) => ({ startMs: day, cost }));
}

const observedExpired = ({ startMs, cost }: ExpiredDay): Observed => ({
  startMs,
  endMs: startMs + msPerDay,
  measuredSeconds: msPerDay / 1000,
  closed: true,
  dataVersion: `expense-${cost.toString()}`,
  lastSampleMs: null,
  flags: ['hours-expired'],
});

function warningsOf(failed: boolean, withoutPods: number, expired: number): AllocationWarning[] {
  const warnings: AllocationWarning[] = failed ? [{ ...liveCostsUnavailable }] : [];
  const tell = (code: 'hours-without-pods' | 'hours-expired', count: number, what: string): void => {
    if (count > 0) warnings.push({ code, detail: `${String(count)} ${what}; their cost is in the row without names.` });
  };
  tell('hours-without-pods', withoutPods, 'hours were stored without pods');
  tell('hours-expired', expired, 'days are known by their total only');
  return warnings;
}

const observedAltogether = (
  days: readonly AllocationDay[],
  live: readonly LiveAllocationHour[],
  expiredDays: readonly ExpiredDay[],
): Observed[] =>
  [...observedOf(days), ...live.map(({ observed }) => observed), ...expiredDays.map(observedExpired)].sort(
    (a, b) => a.startMs - b.startMs,
  );

/** Rows of a query without names: everything is one, but for idle. */
const coarse = (query: AllocationQuery): AllocationQuery => ({ ...query, grouping: [] });

interface StoredRows {
  readonly rows: CostRow[];
  readonly page?: { readonly rows: CostRow[]; readonly count: number };
}

/** The rows of days, all or the wanted page of them; null when they have changed since. */
async function readStoredRows(
  { allocations }: AllocationSources,
  { account, clusterName }: { account: CloudAccount; clusterName: string },
  { request, days, page }: { request: AllocationRequest; days: readonly AllocationDay[]; page: StoredPage | undefined },
): Promise<StoredRows | null> {
  const { window, query, group, steps } = request;
  const what = {
    cluster: clusterName,
    labelKeys: group.labelKeys,
    annotationKeys: group.details?.annotationKeys ?? [],
  };
  if (page === undefined) {
    const sums = await allocations.readSums(account.id, { days, group, steps }, request);
    return sums === null ? null : { rows: costRowsOfSums(sums, what, query) };
  }
  const nothing: AllocationGroup = { columns: [], labelKeys: [] };
  const [sums, found] = await Promise.all([
    allocations.readSums(account.id, { days, group: nothing, steps }, request),
    allocations.readPage(account.id, { days, group, window, clusterName, page }, request),
  ]);
  if (sums === null || found === null) return null;
  return {
    rows: costRowsOfSums(sums, { cluster: clusterName, labelKeys: [] }, coarse(query)),
    page: { rows: costRowsOfSums(found.sums, what, query), count: found.count },
  };
}

/**
 * What one cluster cost, as rows of a query: settled hours and summed days as stored, recent hours that are not settled live, and what is
 * stored of those when they cannot be computed now. The same hours as the ledger has, so that both come to the same total.
 *
 * @throws AppError `clickhouse-unavailable`, `clickhouse-query-timeout`, `clickhouse-query-too-large`, `facts-incomplete`
 */
export async function readClusterAllocations(
  sources: AllocationSources,
  account: CloudAccount,
  clusterName: string,
  request: AllocationRequest,
): Promise<ClusterAllocations> {
  const { window, nowMs, query } = request;
  const hoursFromMs = keepsDaysWhole(request.steps) ? liveFromMs(nowMs) : 0;
  let live: Live | undefined;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (attempt > 0) sources.observer.readAgain(account.id);
    // Sums of periods are a cache: where rows of them are lost or doubled, the days have the answer.
    const options = { hoursFromMs, includePeriods: attempt === 0 };
    const days = await sources.allocations.readDays(account.id, window, options, request);
    const hoursOfDays = days.flatMap(({ hours }) => hours).map((hour) => ({ ...hour, startMs: hour.hour * 1000 }));
    const open = account.deletedAt === null ? hoursToCompute(window, nowMs, hoursOfDays) : [];
    live ??= open.length === 0 ? { hours: new Map(), failed: false } : await readLive(sources, account, request, open);
    const used = [...live.hours.values()].filter(({ observed }) => open.includes(observed.startMs));
    const rest = withoutHours(days, new Set(used.map(({ observed }) => observed.startMs)));
    const starts = startsWithoutPods(rest);
    const expiredDays = await readExpiredDays(sources, account, request, days);
    const isAllStored = used.length + starts.length + expiredDays.length === 0;
    const page = isAllStored && unsummedHours(rest) <= maxHoursOfPage ? request.page : undefined;
    const [stored, bare] = await Promise.all([
      readStoredRows(sources, { account, clusterName }, { request, days: rest, page }),
      readHoursWithoutPods(sources.facts, { account, clusterName, starts }, request),
    ]);
    if (stored === null) continue;
    const liveRows = used.flatMap(({ observed, facts }) =>
      costRowsOf({ cluster: clusterName, hour: observed, facts }, query),
    );
    return {
      rows: [...stored.rows, ...bare, ...liveRows],
      ...(stored.page === undefined ? {} : { page: stored.page }),
      expiredDays,
      observed: observedAltogether(rest, used, expiredDays),
      warnings: warningsOf(live.failed, starts.length, expiredDays.length),
    };
  }
  throw new AppError('facts-incomplete', 'The facts of this window are being replaced; ask again.');
}
