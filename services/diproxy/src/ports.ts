/** What the gateway needs of a cloud account; deleted ones included. */
export interface WriteIdentity {
  readonly accountId: string;
  readonly type: string;
  readonly deletedAt: Date | null;
  /** Passwords that are valid until `expiresAt`; null = until they are rotated. SHA-256 in hex. */
  readonly credentials: readonly { readonly passwordSha256: string; readonly expiresAt: Date | null }[];
}

/** Where cloud accounts are looked up. */
export interface AccountSource {
  /** Null: there has never been such an account. Rejects, within a bounded time, while the source cannot be asked. */
  findWriteIdentity(accountId: string): Promise<WriteIdentity | null>;
}

/** What the store said. */
export interface StoreAnswer {
  readonly status: number;
  /** The beginning of the text of an answer that is not 2xx. */
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/** The store of metrics behind the gateway. */
export interface MetricsStore {
  /**
   * Sends one compressed Remote Write 1.0 body for one account.
   *
   * @throws metrics-store-unavailable when it cannot be reached, metrics-store-timeout when it does not answer in time.
   */
  write(accountId: string, body: Uint8Array): Promise<StoreAnswer>;
  /** Rejects while the store cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
