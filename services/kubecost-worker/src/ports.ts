import type { KubecostStatement } from '@cloudtuner/clickhouse';
import type { AllocationFact, AssetFact } from '@cloudtuner/cost-model';
import type { DescriptionsRepository } from '@cloudtuner/metadata';
import type { KubecostDescriptions, KubecostFigure, KubecostFigures } from '@cloudtuner/metroculus-client';
import type { DayState } from './domain/due-work';
import type { ExtractKind } from './domain/extraction';
import type { ExpenseBalance, ExpenseRow } from './domain/expense-correction';
import type { HourReading, HourState } from './domain/hour-state';

export type { KubecostStatement } from '@cloudtuner/clickhouse';
export type { KubecostFigure } from '@cloudtuner/metroculus-client';

/** A Kubernetes account as the worker needs it. */
export interface Account {
  readonly id: string;
  /** Whose it is. */
  readonly organizationId: string;
  /** `resource_id` of the cluster in `expenses`. */
  readonly clusterResourceId: string;
  readonly createdAt: Date;
  /** When somebody last asked for its costs. */
  readonly lastReadAt: Date | null;
  /** Label keys whose costs are summed by day, as the facts have them; sorted. */
  readonly allocationLabelKeys: readonly string[];
  /** Where its Kubecost answers; absent: it is not asked. */
  readonly kubecost?: {
    readonly endpoint: string;
    /** Cron patterns in UTC; what is absent has the default. */
    readonly schedules: Readonly<Partial<Record<ExtractKind, string | undefined>>>;
    readonly clusterId?: string;
    readonly configuredAt: Date;
  };
}

/** The accounts there are. */
export interface Accounts {
  /** All Kubernetes accounts that are not deleted. @throws `metadata-unavailable` */
  list(): Promise<readonly Account[]>;
  /** Null when there is no such account, or it is deleted. @throws `metadata-unavailable` */
  find(cloudAccountId: string): Promise<Account | null>;
}

/** Where hours are read: samples turned into facts. */
export interface HourReader {
  /** All facts of the hour that begins at `hour` (unix seconds), complete or not at all. @throws kinds upstream-*, timeout */
  readHour(cloudAccountId: string, hour: number, signal: AbortSignal): Promise<HourReading>;
}

/** Names one immutable set of facts. */
export interface FactsKey {
  readonly hour: number;
  readonly dataVersion: string;
}

/** Facts of one kind. Those of a version never change. */
export interface FactTable<Fact> {
  count(cloudAccountId: string, key: FactsKey): Promise<number>;
  /** Writes these rows as one block, or none; a second block with the same token is dropped. */
  insert(cloudAccountId: string, key: FactsKey, rows: readonly Fact[], token: string): Promise<void>;
  /** Takes away what is left of a version whose rows are not as they were written. */
  remove(cloudAccountId: string, key: FactsKey): Promise<void>;
}

/** What is stored of hours. Which version is current is one row, written last. */
export interface HourStore {
  findHour(cloudAccountId: string, hour: number): Promise<HourState | null>;
  /** Of `[from, to)`, unix seconds, in order. */
  findHours(
    cloudAccountId: string,
    window: { readonly from: number; readonly to: number },
  ): Promise<readonly HourState[]>;
  readonly assets: FactTable<AssetFact>;
  readonly allocations: FactTable<AllocationFact>;
  /** From now on this version is the current one. */
  putHour(cloudAccountId: string, state: HourState): Promise<void>;
}

/** From which hours the expenses of a day were written. */
export interface WrittenDay {
  readonly dataVersion: string;
  readonly writtenAtMs: number;
  readonly measuredSeconds: number;
  readonly expectedSeconds: number;
  readonly totalNanos: bigint;
  /** Which sums of its allocations are current; null: none, readers take the hours. */
  readonly rollup: WrittenRollup | null;
}

/** Sums of the allocations of a day: by pod, and by each dimension. */
export interface DayRollup {
  /** Start of the day, unix seconds. */
  readonly day: number;
  /** Versions of the hours that are summed. */
  readonly hours: readonly FactsKey[];
  readonly labelKeys: readonly string[];
}

/** A rollup that a day names. */
export interface WrittenRollup {
  /** Of its hours and label keys; the same ones give the same sums. */
  readonly version: string;
  /** Hourly allocations in it. */
  readonly factRows: number;
  readonly labelKeys: readonly string[];
}

/** What is stored of rollups. Nobody reads one before a day names it. */
export interface RollupStore {
  versionOf(rollup: Pick<DayRollup, 'hours' | 'labelKeys'>): string;
  /** Sums the hours by pod, and the pods by every dimension; each step with this token is done once. */
  insert(cloudAccountId: string, rollup: DayRollup, token: string): Promise<void>;
  /** Whether every dimension is there and made of the same rows and costs as the hours. */
  isBalanced(cloudAccountId: string, rollup: DayRollup): Promise<boolean>;
  remove(cloudAccountId: string, rollup: DayRollup): Promise<void>;
}

/** Where what describes a cluster is read. @throws kinds upstream-*, timeout */
export interface DescriptionReader {
  /** As it was last seen in the hour that begins at `hour` (unix seconds). */
  readDescriptions(cloudAccountId: string, hour: number, signal: AbortSignal): Promise<KubecostDescriptions>;
}

/** What is stored of what clusters are. @throws `metadata-unavailable` */
export type DescriptionStore = Pick<DescriptionsRepository, 'observe' | 'accounts' | 'removeAccount' | 'removeUnseen'>;

/** A closed hour of which Kubecost's own figures were scraped. */
export interface SaidHour {
  /** Its start, unix seconds. */
  readonly hour: number;
  /** When they were scraped, unix milliseconds, latest first. */
  readonly saidAtMs: readonly number[];
}

/** Where Kubecost's own figures are read. @throws kinds upstream-*, timeout */
export interface KubecostReader {
  /** The closed hours whose figures were scraped in the hour that begins at `hour` (unix seconds). */
  saidIn(cloudAccountId: string, hour: number, signal: AbortSignal): Promise<readonly SaidHour[]>;
  /** Null when the scrape of that moment is not whole. */
  figures(
    cloudAccountId: string,
    said: { readonly hour: number; readonly saidAtMs: number },
    signal: AbortSignal,
  ): Promise<(Pick<KubecostFigures, 'rows'> & { readonly sha256: string }) | null>;
}

/** What is stored of Kubecost's own figures, beside ours and never added to them. */
export interface KubecostStore {
  /** What is current of the hours of `[from, until)`, unix seconds, in order. */
  findStatements(
    cloudAccountId: string,
    window: { readonly from: number; readonly until: number },
  ): Promise<readonly KubecostStatement[]>;
  readonly figures: FactTable<KubecostFigure>;
  /** From now on this is the last thing that was said of the hour, unless something later is stored. */
  putStatement(cloudAccountId: string, statement: KubecostStatement, writtenAtMs: number): Promise<void>;
  /** How far both agree about an hour, 0 to 1; null when there is nothing to compare. */
  consistencyOf(cloudAccountId: string, hour: number): Promise<number | null>;
}

/** What is stored of days. */
export interface DayStore {
  /** Current versions of the hours of the day that begins at `day` (unix seconds). */
  findHoursOfDay(cloudAccountId: string, day: number): Promise<readonly HourState[]>;
  /** Number and exact sum of the assets of these versions. */
  sumFacts(
    cloudAccountId: string,
    keys: readonly FactsKey[],
  ): Promise<{ readonly rows: number; readonly totalNanos: bigint }>;
  findExpenses(cloudAccountId: string, day: number, resourceId: string): Promise<readonly ExpenseBalance[]>;
  /** Writes all rows as one block, or none; a second block with the same token is dropped. */
  insertExpenses(
    cloudAccountId: string,
    expense: {
      readonly day: number;
      readonly resourceId: string;
      readonly rows: readonly ExpenseRow[];
      readonly token: string;
    },
  ): Promise<void>;
  findDay(cloudAccountId: string, day: number): Promise<WrittenDay | null>;
  putDay(cloudAccountId: string, day: number, written: WrittenDay): Promise<void>;
  readonly rollups: RollupStore;
}

/** What is stored, seen by the dispatcher. */
export interface PlanStore {
  /** Days of these accounts from `fromDay` (unix seconds) on that have at least one closed hour. */
  readDays(cloudAccountIds: readonly string[], fromDay: number): Promise<ReadonlyMap<string, readonly DayState[]>>;
  /** Days from `fromDay` on whose sums are of other label keys than the account has now; newest first, at most `limit` of all. */
  readDaysOfOtherKeys(
    accounts: readonly Pick<Account, 'id' | 'allocationLabelKeys'>[],
    fromDay: number,
    limit: number,
  ): Promise<ReadonlyMap<string, readonly number[]>>;
}

/** A version that nobody reads any more. */
export interface SupersededVersion {
  readonly table: string;
  /** Of documents what was asked, of summaries how long the window is. */
  readonly kind?: string;
  /** Start of its hour or day, unix seconds. */
  readonly start: number;
  readonly dataVersion: string;
  readonly rows: number;
}

/** Rows that were removed, by table. */
export type RemovedRows = Readonly<Record<string, number>>;

/** What is stored and not current. */
export interface CleanupStore {
  /** Days of which an hour, the sums or a document of Kubecost were replaced since then; starts in unix seconds. */
  findChangedDays(cloudAccountId: string, sinceMs: number): Promise<readonly number[]>;
  /** Versions of the hours of a day that were not current at `beforeMs` any more; never those that are. */
  findSupersededHours(cloudAccountId: string, day: number, beforeMs: number): Promise<readonly SupersededVersion[]>;
  /** The same of the sums of a day. */
  findSupersededDay(cloudAccountId: string, day: number, beforeMs: number): Promise<readonly SupersededVersion[]>;
  /** The same of answers of a Kubecost about windows that begin in the day. */
  findSupersededDocuments(cloudAccountId: string, day: number, beforeMs: number): Promise<readonly SupersededVersion[]>;
  /** The same of summaries of windows that begin in the day; what the books of closed months name is not superseded. */
  findSupersededSummaries(cloudAccountId: string, day: number, beforeMs: number): Promise<readonly SupersededVersion[]>;
  remove(cloudAccountId: string, versions: readonly SupersededVersion[]): Promise<void>;
  /** Removes what was written of running hours that were closed between the two moments. */
  removeLiveFacts(
    cloudAccountIds: readonly string[],
    closed: { readonly sinceMs: number; readonly beforeMs: number },
  ): Promise<RemovedRows>;
}

/** A lock that is held. */
export interface HeldLock {
  /** Aborts when the lock may have been lost. */
  readonly signal: AbortSignal;
  /** Asks again and extends it. @throws `hour-lock-lost` */
  assertHeld(): Promise<void>;
}

/** Mutual exclusion between workers. It keeps them out of each other's way; that nothing is written twice does not rest on it. */
export interface Locks {
  /** Runs the work while holding the lock. Does not wait. @throws `hour-busy`, `hour-lock-lost`, `queue-unavailable` */
  hold<T>(cloudAccountId: string, name: string, signal: AbortSignal, work: (lock: HeldLock) => Promise<T>): Promise<T>;
}

/** An hour whose samples arrived late. */
export interface TouchedHour {
  readonly cloudAccountId: string;
  /** Start of the hour, unix seconds. */
  readonly hour: number;
}

/** Marks that the gateway leaves on hours of which it has taken late samples. @throws `queue-unavailable` */
export interface TouchedHours {
  /** Marks that have rested; they stay until they are settled. */
  due(limit: number): Promise<readonly TouchedHour[]>;
  /** Number of the last touch of an hour; null without a mark. */
  lastTouch(touched: TouchedHour): Promise<number | null>;
  /** Takes the mark away unless the hour was touched after this touch. */
  settle(touched: TouchedHour, touch: number): Promise<boolean>;
}

/** Why a closed hour is read again: late samples were seen, or nobody has looked since the last ones could arrive. */
export type ReaggregateReason = 'touched' | 'sweep';

/** Asks for work; true when it was not asked for already. @throws `queue-unavailable` */
export interface Dispatcher {
  reaggregateHour(cloudAccountId: string, hour: number, reason: ReaggregateReason): Promise<boolean>;
  /** How many hours wait to be read again. */
  waitingReaggregations(): Promise<number>;
  /** Nothing when this day of the account was asked for already. */
  sweepHours(cloudAccountId: string, day: number): Promise<boolean>;
  /** Nothing when this quarter of an hour (its start, unix seconds) of the account was asked for already. */
  summarize(cloudAccountId: string, quarter: number): Promise<boolean>;
  /** Nothing when this hour (its start, unix seconds) of the account was asked for already. */
  sumPeriods(cloudAccountId: string, hour: number): Promise<boolean>;
  /** Nothing when this hour was asked for already. */
  cleanup(hour: number): Promise<boolean>;
  refreshLiveHour(cloudAccountId: string): Promise<boolean>;
  closeHour(cloudAccountId: string, hour: number): Promise<boolean>;
  closeDay(cloudAccountId: string, day: number): Promise<boolean>;
}

/** Unix milliseconds. */
export type Clock = () => number;

/** Where the use cases tell what they did; a pino logger is one. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
