import { msPerDay, msPerHour, sumKnownNanos, type Nanos, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { totalOnly } from '../domain/costs';
import type { LedgerEntry } from '../domain/ledger';
import { hoursToCompute, isSettled } from '../domain/live-hours';
import type { FactsReader, LedgerObserver, LiveCostsReader, ReadContext } from '../ports';

/** What the ledger is read from. */
export interface LedgerSources {
  readonly facts: FactsReader;
  readonly live: LiveCostsReader;
  readonly observer: LedgerObserver;
}

/** One reading of the ledger. */
export interface LedgerRequest extends ReadContext {
  /** Whole hours. */
  readonly window: TimeWindow;
  readonly nowMs: number;
  /** When to stop waiting for live costs. */
  readonly liveDeadlineMs: number;
}

/** Something that the reader of an answer should know. */
export interface LedgerWarning {
  readonly code: 'live-costs-unavailable';
  readonly detail: string;
}

/** What a cluster cost in a window: sorted entries that do not overlap. A missing hour was not measured. */
export interface Ledger {
  readonly entries: readonly LedgerEntry[];
  readonly warnings: readonly LedgerWarning[];
}

const dayStart = (timestampMs: number): number => Math.floor(timestampMs / msPerDay) * msPerDay;

/** The hull of the hours in the window that have to be computed now; undefined when there is none. */
function liveWindow({ window, nowMs }: LedgerRequest, stored: readonly LedgerEntry[]): TimeWindow | undefined {
  const hours = hoursToCompute(window, nowMs, stored);
  const [first, last] = [hours[0], hours.at(-1)];
  return first === undefined || last === undefined ? undefined : { startMs: first, endMs: last + msPerHour };
}

async function readLive(
  sources: LedgerSources,
  account: CloudAccount,
  request: LedgerRequest,
  window: TimeWindow,
): Promise<LedgerEntry[] | undefined> {
  const startedMs = performance.now();
  const observe = (outcome: 'answered' | 'failed'): void => {
    sources.observer.liveRead(outcome, (performance.now() - startedMs) / 1000);
  };
  try {
    const entries = await sources.live.readHours(account.id, window, {
      deadlineMs: request.liveDeadlineMs,
      signal: request.signal,
    });
    observe('answered');
    return entries;
  } catch {
    // The reader logs the cause; the caller is told by the warning.
    observe('failed');
    return undefined;
  }
}

/** Settled hours stay; a live hour wins over any other stored one; what live does not know stays as stored. */
function merged(stored: readonly LedgerEntry[], live: readonly LedgerEntry[], nowMs: number): LedgerEntry[] {
  const byStart = new Map(stored.map((entry) => [entry.startMs, entry]));
  for (const entry of live) {
    const known = byStart.get(entry.startMs);
    if (known === undefined || !isSettled(known, nowMs)) byStart.set(entry.startMs, entry);
  }
  return [...byStart.values()].sort((a, b) => a.startMs - b.startMs);
}

/** A day of which only the expense is left. */
function expiredDay(startMs: number, expense: Nanos): LedgerEntry {
  return {
    startMs,
    endMs: startMs + msPerDay,
    costs: totalOnly(expense),
    measuredSeconds: msPerDay / 1000,
    closed: true,
    dataVersion: `expense-${expense.toString()}`,
    lastSampleMs: null,
    flags: ['hours-expired'],
  };
}

/** What an answer says that has open hours as they were last stored. */
export const liveCostsUnavailable: LedgerWarning = {
  code: 'live-costs-unavailable',
  detail: 'The costs of the last hours could not be computed now; the stored ones are a few minutes old.',
};

interface StoredFacts {
  readonly hours: readonly LedgerEntry[];
  readonly expenses: ReadonlyMap<number, Nanos>;
}

/**
 * Hours, and whole days where only the expense is left. Where a day has hours, the hours are the truth (docs/adr/0004):
 * an expense that differs is not corrected yet, and is counted.
 */
function withExpiredDays(
  { hours, expenses }: StoredFacts,
  account: CloudAccount,
  sources: LedgerSources,
): LedgerEntry[] {
  const hoursByDay = new Map<number, LedgerEntry[]>();
  for (const entry of hours) {
    const day = dayStart(entry.startMs);
    hoursByDay.set(day, [...(hoursByDay.get(day) ?? []), entry]);
  }
  const expired = [...expenses].filter(([day]) => !hoursByDay.has(day));
  const outOfStep = [...expenses].filter(([day, expense]) => {
    const ofDay = hoursByDay.get(day);
    if (ofDay === undefined || !ofDay.every((entry) => entry.closed)) return false;
    return (sumKnownNanos(ofDay.map(({ costs }) => costs.total)) ?? 0n) !== expense;
  });
  if (outOfStep.length > 0) sources.observer.expensesOutOfStep(account.id, outOfStep.length);
  return [...hours, ...expired.map(([day, expense]) => expiredDay(day, expense))].sort((a, b) => a.startMs - b.startMs);
}

/** The days that lie whole in the window and have ended. */
function endedDays({ window, nowMs }: LedgerRequest): TimeWindow {
  return {
    startMs: Math.ceil(window.startMs / msPerDay) * msPerDay,
    endMs: Math.min(dayStart(window.endMs), dayStart(nowMs)),
  };
}

async function readStored(
  sources: LedgerSources,
  account: CloudAccount,
  request: LedgerRequest,
): Promise<LedgerEntry[]> {
  const days = endedDays(request);
  const [hours, expenses] = await Promise.all([
    sources.facts.readHours(account.id, request.window, request),
    account.clusterResourceId === null || days.endMs <= days.startMs
      ? new Map<number, Nanos>()
      : sources.facts.readExpenses(account.id, account.clusterResourceId, days, request),
  ]);
  return withExpiredDays({ hours, expenses }, account, sources);
}

/**
 * Reads what a cluster cost: settled hours as stored, the other recent ones live, and what is stored of those when live
 * costs cannot be had. The one source of every amount that this service answers, so that all routes agree.
 *
 * @throws AppError `clickhouse-unavailable`
 */
export async function readLedger(
  sources: LedgerSources,
  account: CloudAccount,
  request: LedgerRequest,
): Promise<Ledger> {
  const stored = await readStored(sources, account, request);
  const open = account.deletedAt === null ? liveWindow(request, stored) : undefined;
  if (open === undefined) return { entries: stored, warnings: [] };
  const live = await readLive(sources, account, request, open);
  if (live !== undefined) return { entries: merged(stored, live, request.nowMs), warnings: [] };
  return { entries: stored, warnings: [liveCostsUnavailable] };
}
