import type { Nanos, TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { AuditEvent } from './domain/audit-event';
import type { LedgerEntry } from './domain/ledger';

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
