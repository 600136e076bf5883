import type { ExportPoint } from './domain/export-points';
import type { Account, FactsKey } from './ports';

/** An account as it is named outside. */
export interface ExportAccount extends Pick<Account, 'id' | 'organizationId'> {
  readonly name: string;
}

/** What was exported of an hour. */
export interface ExportReceipt {
  /** Version of the facts and of how they were written down. */
  readonly version: string;
  /** False: the points of the hour were being changed. */
  readonly complete: boolean;
  /** How many points it has. */
  readonly points: number;
}

/** Where costs are exported to. Every method @throws `influxdb-unavailable`, `influxdb-timeout`, `influxdb-rejected` */
export interface CostSink {
  /**
   * Receipts of the hours of `[from, to)`, by the start of the hour; unix seconds. One whose points are not all there is not complete: a request
   * that was given up may have been carried out later, and others can take away, too.
   */
  receipts(
    account: ExportAccount,
    window: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, ExportReceipt>>;
  /** `too-old`: the sink keeps nothing of that hour. */
  putReceipt(
    account: ExportAccount,
    hour: number,
    receipt: ExportReceipt,
    signal: AbortSignal,
  ): Promise<'written' | 'too-old'>;
  /** Takes every point of the account away that is in the hour. */
  removeHour(account: ExportAccount, hour: number, signal: AbortSignal): Promise<void>;
  /** Writes points of one hour; one with the same tags is overwritten. */
  write(account: ExportAccount, hour: number, points: readonly ExportPoint[], signal: AbortSignal): Promise<void>;
}

/** What an hour cost, ready to be exported. @throws the errors of libs/clickhouse */
export interface ExportSource {
  /** Names how facts are written down: hours that were exported another way are exported again. */
  readonly layout: string;
  points(account: ExportAccount, key: FactsKey): Promise<readonly ExportPoint[]>;
}

/** Asks for exports; true when it was not asked for already. @throws `queue-unavailable` */
export interface ExportRequests {
  exportHour(cloudAccountId: string, hour: number): Promise<boolean>;
  /** All hours of `[from, to)`; nothing when this window was asked for already. */
  exportWindow(cloudAccountId: string, window: { readonly from: number; readonly to: number }): Promise<boolean>;
}

/** What is told of exports. */
export interface ExportObserver {
  /** `corrected`: the hour had been exported, and has changed since. `too-old`: the sink keeps nothing of it. */
  outcome(outcome: 'written' | 'corrected' | 'too-old' | 'failed'): void;
  /** When the oldest hour of the account was stored that is known to wait; null: none is. */
  waitingSince(cloudAccountId: string, storedAtMs: number | null): void;
}

/** Where InfluxDB is and who we are. A token wins over a user. */
export interface InfluxOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly timeoutMs: number;
  readonly tls?: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly rejectUnauthorized: boolean;
  };
}
