import type { AssetFact } from '@cloudtuner/cost-model';
import type { DayState } from './domain/due-work';
import type { ExpenseBalance, ExpenseRow } from './domain/expense-correction';
import type { HourReading, HourState } from './domain/hour-state';

/** A Kubernetes account as the worker needs it. */
export interface Account {
  readonly id: string;
  /** `resource_id` of the cluster in `expenses`. */
  readonly clusterResourceId: string;
  readonly createdAt: Date;
  /** When somebody last asked for its costs. */
  readonly lastReadAt: Date | null;
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

/** What is stored of hours. Facts of a version never change; which version is current is one row. */
export interface HourStore {
  findHour(cloudAccountId: string, hour: number): Promise<HourState | null>;
  countFacts(cloudAccountId: string, key: FactsKey): Promise<number>;
  /** Writes all rows as one block, or none; a second block with the same token is dropped. */
  insertFacts(cloudAccountId: string, key: FactsKey, rows: readonly AssetFact[], token: string): Promise<void>;
  /** Takes away what is left of a version whose rows are not as they were written. */
  removeFacts(cloudAccountId: string, key: FactsKey): Promise<void>;
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
}

/** What is stored of days. */
export interface DayStore {
  /** Current versions of the hours of the day that begins at `day` (unix seconds). */
  findHoursOfDay(cloudAccountId: string, day: number): Promise<readonly HourState[]>;
  /** Number and exact sum of the facts of these versions. */
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
}

/** What is stored, seen by the dispatcher. */
export interface PlanStore {
  /** Days of these accounts from `fromDay` (unix seconds) on that have at least one closed hour. */
  readDays(cloudAccountIds: readonly string[], fromDay: number): Promise<ReadonlyMap<string, readonly DayState[]>>;
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

/** Asks for work; true when it was not asked for already. @throws `queue-unavailable` */
export interface Dispatcher {
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
