import type { WriteLimitOverrides } from '@cloudtuner/metadata';

/** What the gateway needs of a cloud account; deleted ones included. */
export interface WriteIdentity {
  readonly accountId: string;
  readonly type: string;
  readonly deletedAt: Date | null;
  /** Passwords that are valid until `expiresAt`; null = until they are rotated. SHA-256 in hex. */
  readonly credentials: readonly { readonly passwordSha256: string; readonly expiresAt: Date | null }[];
  /** What the account has instead of the default limits. */
  readonly limits: WriteLimitOverrides;
  /** Names of overrides that have no effect because they are unknown or out of bounds. */
  readonly ignoredLimits: readonly string[];
}

/** Where cloud accounts are looked up. */
export interface AccountSource {
  /** Null: there has never been such an account. Rejects, within a bounded time, while the source cannot be asked. */
  findWriteIdentity(accountId: string): Promise<WriteIdentity | null>;
}

/** The version of Remote Write a body is written in. */
export type WriteProtocol = '1' | '2';

/** What is known of the store; `unknown` until it has answered a probe. */
export type KnownProtocol = WriteProtocol | 'unknown';

/** How much of a write is stored, as Remote Write 2.0 counts it. */
export interface WrittenCounts {
  readonly samples: number;
  readonly histograms: number;
  readonly exemplars: number;
}

/** A body on its way to the store. */
export interface OutgoingWrite {
  readonly accountId: string;
  /** Compressed. */
  readonly body: Uint8Array;
  readonly protocol: WriteProtocol;
}

/** What the store said. */
export interface StoreAnswer {
  readonly status: number;
  /** The beginning of the text of an answer that is not 2xx. */
  readonly text: string;
  readonly retryAfter: string | undefined;
  /** Its `…-Written` headers; undefined when it sent none. */
  readonly written: WrittenCounts | undefined;
}

/** Where hours are marked whose samples arrived after their end. */
export interface TouchedHours {
  /** `hour` is its start in unix seconds. Rejects, within a bounded time, while marks cannot be left. */
  mark(hours: readonly { readonly cloudAccountId: string; readonly hour: number }[]): Promise<void>;
  close(): void;
}

/** The store of metrics behind the gateway. */
export interface MetricsStore {
  /**
   * Sends one compressed Remote Write body for one account. `left` gives it up as long as nothing was sent; afterwards
   * the store's answer is awaited, whoever wants it.
   *
   * @throws metrics-store-unavailable when it cannot be reached, metrics-store-timeout when it does not answer in time,
   * request-aborted when `left` came before anything was sent
   */
  write(write: OutgoingWrite, left: AbortSignal): Promise<StoreAnswer>;
  /** Sends an empty Remote Write 2.0 request and tells what the answer shows. Rejects while it cannot be reached. */
  probe(): Promise<KnownProtocol>;
  /** Rejects while the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
