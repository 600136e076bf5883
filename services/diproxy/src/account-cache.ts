import { AppError } from '@cloudtuner/errors';
import type { AccountSource, WriteIdentity } from './ports';

/** How a question to the cache was answered. */
export type LookupResult = 'hit' | 'miss' | 'stale' | 'unknown' | 'unavailable';

export interface AccountCacheOptions {
  readonly source: AccountSource;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly freshMs: number;
  readonly unknownMs: number;
  readonly staleMs: number;
  readonly onLookup: (result: LookupResult) => void;
}

interface Entry {
  readonly identity: WriteIdentity;
  readonly loadedAtMs: number;
}

const maxKnown = 100_000;
// Made-up ids must not push out known accounts or grow without bound.
const maxUnknown = 10_000;
// While the source fails, how long until it is asked again.
const retryMs = 1_000;

function setBounded<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) for (const oldest of map.keys()) return void map.delete(oldest);
}

/**
 * Accounts by id. A found one is fresh for `freshMs`; while the source fails it is used up to `staleMs`, without
 * waiting for the source. An account asked for by many at once is looked up once.
 */
export class AccountCache {
  private readonly known = new Map<string, Entry>();
  private readonly unknown = new Map<string, number>();
  private readonly lookups = new Map<string, Promise<WriteIdentity | null>>();
  private failingUntilMs: number | undefined;

  constructor(private readonly options: AccountCacheOptions) {}

  /**
   * Null: there has never been such an account.
   *
   * @throws account-lookup-unavailable when the source cannot be asked and no usable answer is kept.
   */
  async find(accountId: string): Promise<WriteIdentity | null> {
    const { now, freshMs, unknownMs, staleMs, onLookup } = this.options;
    const nowMs = now();
    const entry = this.known.get(accountId);
    const ageMs = entry === undefined ? Infinity : nowMs - entry.loadedAtMs;
    if (entry !== undefined && ageMs < freshMs) {
      onLookup('hit');
      return entry.identity;
    }
    const unknownSinceMs = this.unknown.get(accountId);
    if (unknownSinceMs !== undefined && nowMs - unknownSinceMs < unknownMs) {
      onLookup('unknown');
      return null;
    }
    const usable = entry !== undefined && ageMs < staleMs ? entry.identity : undefined;
    if (usable !== undefined && this.failingUntilMs !== undefined) {
      // The outage is known: nobody waits for it again; one request a second finds out whether it is over.
      if (nowMs >= this.failingUntilMs) this.lookup(accountId).catch(() => undefined);
      onLookup('stale');
      return usable;
    }
    return this.ask(accountId, usable);
  }

  /** What is kept of a found account, however old; asks nobody. */
  peek(accountId: string): WriteIdentity | undefined {
    return this.known.get(accountId)?.identity;
  }

  private async ask(accountId: string, usable: WriteIdentity | undefined): Promise<WriteIdentity | null> {
    const { onLookup } = this.options;
    try {
      const identity = await this.lookup(accountId);
      onLookup(identity === null ? 'unknown' : 'miss');
      return identity;
    } catch (cause) {
      onLookup(usable === undefined ? 'unavailable' : 'stale');
      if (usable !== undefined) return usable;
      throw new AppError('account-lookup-unavailable', 'The account cannot be looked up at the moment.', { cause });
    }
  }

  private lookup(accountId: string): Promise<WriteIdentity | null> {
    const running = this.lookups.get(accountId);
    if (running !== undefined) return running;
    const lookup = this.load(accountId).finally(() => this.lookups.delete(accountId));
    this.lookups.set(accountId, lookup);
    return lookup;
  }

  private async load(accountId: string): Promise<WriteIdentity | null> {
    const { source, now } = this.options;
    if (this.failingUntilMs !== undefined) this.failingUntilMs = now() + retryMs;
    try {
      // As of the question, not of the answer: a revocation in between must not count as fresh for longer.
      const askedAtMs = now();
      const identity = await source.findWriteIdentity(accountId);
      this.failingUntilMs = undefined;
      if (identity === null) {
        this.known.delete(accountId);
        setBounded(this.unknown, accountId, askedAtMs, maxUnknown);
      } else {
        this.unknown.delete(accountId);
        setBounded(this.known, accountId, { identity, loadedAtMs: askedAtMs }, maxKnown);
      }
      return identity;
    } catch (error) {
      this.failingUntilMs = now() + retryMs;
      throw error;
    }
  }
}
