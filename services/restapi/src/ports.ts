import type { AllocationDay, AllocationGroup, Reconciliation } from '@cloudtuner/clickhouse';
import type { AllocationFact, Nanos, SummedFacts, TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { QueueBoard } from '@cloudtuner/queues';
import type { AuditEvent } from './domain/audit-event';
import type { StoredPage } from './domain/allocation-page';
import type { ClusterAsset } from './domain/assets';
import type { LedgerEntry } from './domain/ledger';
import type { Observed } from './domain/observation';
import type { Chart, ChartMetric, QuotaLevel, Savings, Usage } from './domain/usage';

/** Why a read happens, and when it need not go on. */
export interface ReadContext {
  /** The operation, for the tag of the query. */
  readonly route: string;
  readonly signal: AbortSignal;
}

/** Stored facts of a tenant. Every method throws `clickhouse-unavailable` when the store is down or hangs. */
export interface FactsReader {
  /** The hours of the window that have facts, in their current versions, sorted by start. */
  readHours(cloudAccountId: string, window: TimeWindow, context: ReadContext): Promise<LedgerEntry[]>;
  /** Expense of each day of the window that has one, by the start of the day in ms. */
  readExpenses(
    cloudAccountId: string,
    resourceId: string,
    window: TimeWindow,
    context: ReadContext,
  ): Promise<ReadonlyMap<number, Nanos>>;
  /** The last sample that any hour knows of, in ms; null when none does. */
  lastSampleMs(cloudAccountId: string, context: ReadContext): Promise<number | null>;
}

/** Costs of hours that are not closed yet, computed from the samples now. */
export interface LiveCostsReader {
  /** The observed hours of the window, sorted by start. Gives up at `deadlineMs`. @throws AppError */
  readHours(
    cloudAccountId: string,
    window: TimeWindow,
    options: { deadlineMs: number; signal: AbortSignal },
  ): Promise<LedgerEntry[]>;
}

/** A job that computes past hours again. */
export interface Backfill {
  readonly id: string;
  readonly window: TimeWindow;
  readonly state: 'waiting' | 'running' | 'completed' | 'failed';
  readonly progress: { readonly doneHours: number; readonly totalHours: number } | null;
  /** Code of the last failure, also while it waits for its next attempt. */
  readonly failureCode: string | null;
}

/** Jobs of the worker. Every method throws `queue-unavailable` when the queues are down or hang. */
export type Jobs = Pick<QueueBoard, 'counts' | 'failedOf' | 'retry'>;

/** Backfill jobs of a tenant. Every method throws `queue-unavailable` when the queue is down or hangs. */
export interface Backfills {
  /** Enqueues it unless the same one waits or runs. The window has whole hours. */
  start(cloudAccountId: string, window: TimeWindow): Promise<Backfill>;
  /** Null when there is none of this id in this account. */
  find(cloudAccountId: string, backfillId: string): Promise<Backfill | null>;
}

/** Notes that somebody asked for the costs of an account; never fails and is not waited for. */
export type NoteRead = (account: CloudAccount) => void;

/** What the ledger tells about itself in production. */
export interface LedgerObserver {
  liveRead(outcome: 'answered' | 'failed', seconds: number): void;
  /** Days whose expense is not the sum of their hours. */
  expensesOutOfStep(cloudAccountId: string, days: number): void;
  /** An account that had to be left out of an answer. */
  accountLeftOut(cloudAccountId: string, error: unknown): void;
  /** What was to be read was not there: it was replaced meanwhile, or rows are lost. The answer is read again. */
  readAgain(cloudAccountId: string): void;
}

/** Units that are left to somebody in the running period. */
export interface Budget {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

/** Counts units per token and per organization. */
export interface RateLimiter {
  consume(of: 'token' | 'organization', id: string, units: number): Promise<Budget>;
}

/** A row of the audit log as owners read it. */
export interface AuditRecord extends Omit<AuditEvent, 'organizationIds' | 'details'> {
  readonly details: unknown;
}

/** Which records are asked for; the window in ms. */
export interface AuditQuery {
  readonly window: TimeWindow;
  readonly cloudAccountId?: string | undefined;
  readonly actorId?: string | undefined;
  readonly operation?: string | undefined;
  readonly result?: AuditEvent['result'] | undefined;
}

/** The kept records of an organization. Every method throws `clickhouse-unavailable` when the store is down or hangs. */
export interface AuditReader {
  /** The newest first; `before` is where the page before this one has ended. */
  read(
    organizationId: string,
    query: AuditQuery,
    page: { limit: number; before: { atMs: number; id: string } | null; signal: AbortSignal },
  ): Promise<AuditRecord[]>;
}

/** Takes events that are no change of a document. Never fails and is not waited for; what it cannot hold is counted. */
export interface AuditLog {
  note(event: AuditEvent): void;
}

/** What we know of the samples of an account; null = none ever. */
export interface AccountReception {
  /** Start of the first hour with samples, in ms. */
  readonly sinceMs: number | null;
  readonly lastSampleMs: number | null;
  /** Measured ÷ expected time of the last 24 hours. */
  readonly coverage: number | null;
  /** Of the last 24 hours, sorted. */
  readonly flags: readonly string[];
}

/** Reception of accounts. Every method throws `clickhouse-unavailable` when the store is down or hangs. */
export interface AccountStatusReader {
  reception(cloudAccountId: string, context: { nowMs: number; signal: AbortSignal }): Promise<AccountReception>;
}

/** A version of an hour whose facts are wanted. */
export interface HourVersion {
  readonly startMs: number;
  readonly dataVersion: string;
}

/** Stored assets of a tenant. */
export interface AssetsReader {
  /** The assets of these versions of hours, summed over them; unsorted. @throws AppError `clickhouse-unavailable` */
  readAssets(cloudAccountId: string, hours: readonly HourVersion[], context: ReadContext): Promise<ClusterAsset[]>;
}

/** Bounds of ResourceQuotas as they were noted with closed hours. */
export interface NotedQuotasReader {
  /** Of the namespaces that were there in the window, as at its end; without what was used of them. @throws AppError `metadata-unavailable` */
  read(cloudAccountId: string, window: TimeWindow): Promise<ReadonlyMap<string, readonly QuotaLevel[]>>;
}

/** Allocations by OpenCost's arithmetic, computed from the samples now. */
export interface CompatAllocationsReader {
  /** Longest window that is computed. */
  readonly maxHours: number;
  /** Of a window. Gives up at `deadlineMs`. @throws AppError */
  readWindow(
    cloudAccountId: string,
    window: TimeWindow,
    options: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<readonly AllocationFact[]>;
}

/** Our stored costs held against those of a tenant's own Kubecost. */
export interface ReconciliationReader {
  /** Over the hours of the window (whole hours) that both have closed. @throws AppError `clickhouse-unavailable`, `facts-incomplete` */
  readReconciliation(cloudAccountId: string, window: TimeWindow, context: ReadContext): Promise<Reconciliation>;
}

/** An hour that is not closed, computed from the samples now, with its assets. */
export interface LiveAssetHour {
  readonly entry: LedgerEntry;
  readonly assets: readonly ClusterAsset[];
}

/** Assets of hours that are not closed yet. */
export interface LiveAssetsReader {
  /** The observed hours of the window, sorted by start. Gives up at `deadlineMs`. @throws AppError */
  readHours(
    cloudAccountId: string,
    window: TimeWindow,
    options: { deadlineMs: number; signal: AbortSignal },
  ): Promise<LiveAssetHour[]>;
}

/** Stored pod-level facts of a tenant. Every method throws `clickhouse-unavailable` when the store is down or hangs. */
export interface AllocationsReader {
  /**
   * The days of a window of whole hours and what is stored of each. Hours of days before that of `hoursFromMs` may be left unlisted where a sum is there.
   * With `includePeriods` also what there is of periods that can be read instead of days.
   */
  readDays(
    cloudAccountId: string,
    window: TimeWindow,
    options: { readonly hoursFromMs: number; readonly includePeriods: boolean },
    context: ReadContext,
  ): Promise<AllocationDay[]>;
  /**
   * Sums of exactly the versions that these days name, one per step and group; null when one of them has been removed since: read the days
   * again. The steps are in order, side by side.
   *
   * @throws AppError `clickhouse-query-timeout`, `clickhouse-query-too-large`
   */
  readSums(
    cloudAccountId: string,
    what: {
      readonly days: readonly AllocationDay[];
      readonly group: AllocationGroup;
      readonly steps: readonly TimeWindow[];
    },
    context: ReadContext,
  ): Promise<SummedFacts[] | null>;
  /**
   * The sums of a page of the dearest names over a window, of at most 1,000 hours that are not summed, and how many names there are; null when
   * a version has been removed since.
   *
   * @throws AppError `clickhouse-query-timeout`, `clickhouse-query-too-large`
   */
  readPage(
    cloudAccountId: string,
    what: {
      readonly days: readonly AllocationDay[];
      readonly group: AllocationGroup;
      readonly window: TimeWindow;
      readonly clusterName: string;
      readonly page: StoredPage;
    },
    context: ReadContext,
  ): Promise<{ readonly sums: SummedFacts[]; readonly count: number } | null>;
}

/** What the resources of a node cost in an hour; null: not known. */
export interface NodePrice {
  readonly startMs: number;
  readonly node: string;
  readonly cpuCoreHour: number | null;
  readonly ramGibHour: number | null;
  readonly gpuHour: number | null;
}

/** Prices of nodes as they were charged. */
export interface NodePricesReader {
  /** Of these nodes in these versions of hours, at most 744. @throws AppError `clickhouse-unavailable` */
  readNodePrices(
    cloudAccountId: string,
    what: { readonly hours: readonly HourVersion[]; readonly nodes: readonly string[] },
    context: ReadContext,
  ): Promise<NodePrice[]>;
}

/** An hour that is not settled, computed from the samples now, with its rows by container. */
export interface LiveAllocationHour {
  readonly observed: Observed;
  readonly facts: readonly AllocationFact[];
}

/** Pod-level facts of hours that are not settled, computed from the samples now. */
export interface LiveAllocationsReader {
  /** Null when nothing was observed. Gives up at `deadlineMs`. @throws AppError */
  readHour(
    cloudAccountId: string,
    hour: TimeWindow,
    options: { deadlineMs: number; signal: AbortSignal },
  ): Promise<LiveAllocationHour | null>;
}

/** When to stop waiting for the store of metrics. */
export interface UsageDeadline {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** How clusters are used, from the samples of a tenant. Every method throws AppError when it cannot be told in time. */
export interface UsageReader {
  readChart(
    cloudAccountId: string,
    question: { readonly window: TimeWindow; readonly metric: ChartMetric; readonly stepSeconds?: number },
    deadline: UsageDeadline,
  ): Promise<Chart>;
  /** Of all namespaces, or of the workloads of the one that is named. */
  readUsage(
    cloudAccountId: string,
    question: { readonly window: TimeWindow; readonly namespace?: string },
    deadline: UsageDeadline,
  ): Promise<Usage>;
  readSavings(cloudAccountId: string, window: TimeWindow, deadline: UsageDeadline): Promise<Savings>;
}
