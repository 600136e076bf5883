import { AppError } from '@cloudtuner/errors';

/** A contracted rate: the bucket holds `samplesBurst` and gains `samplesPerSecond`; 0 per second = no limit. */
export interface SampleRate {
  readonly samplesPerSecond: number;
  readonly samplesBurst: number;
}

interface Bucket extends SampleRate {
  tokens: number;
  filledAtMs: number;
}

// Senders that were refused together must not come back together.
const jitterMs = 2_000;

/**
 * One token bucket for each account. A request is taken or refused whole. One that is larger than the bucket passes
 * when the bucket is full and leaves a debt behind: refused, it could never be sent at all.
 */
export class SampleRates {
  private readonly buckets = new Map<string, Bucket>();

  /** `random` is in [0, 1). */
  constructor(private readonly random: () => number = Math.random) {}

  /** Accounts that have used some of their burst. */
  get size(): number {
    return this.buckets.size;
  }

  /** @throws sample-rate-exceeded with the time until there are enough tokens */
  take(accountId: string, samples: number, rate: SampleRate, nowMs: number): void {
    const { samplesPerSecond, samplesBurst } = rate;
    if (samplesPerSecond === 0 || samples === 0) return;
    const bucket = this.filled(accountId, rate, nowMs);
    const needed = Math.min(samples, samplesBurst);
    if (bucket.tokens >= needed) {
      bucket.tokens -= samples;
      return;
    }
    const waitMs = ((needed - bucket.tokens) / samplesPerSecond) * 1000;
    throw new AppError(
      'sample-rate-exceeded',
      `The account sends more than ${String(samplesPerSecond)} samples a second (burst ${String(samplesBurst)}).`,
      { retryAfterMs: waitMs + this.random() * jitterMs },
    );
  }

  /** The samples were not stored, and not for a fault of theirs: sending them again must not cost twice. */
  giveBack(accountId: string, samples: number): void {
    const bucket = this.buckets.get(accountId);
    if (bucket !== undefined) bucket.tokens = Math.min(bucket.samplesBurst, bucket.tokens + samples);
  }

  /** Forgets the buckets that are full: a new one would be the same. */
  evictFull(nowMs: number): void {
    for (const [accountId, bucket] of this.buckets) {
      fill(bucket, nowMs);
      if (bucket.tokens >= bucket.samplesBurst) this.buckets.delete(accountId);
    }
  }

  private filled(accountId: string, rate: SampleRate, nowMs: number): Bucket {
    const { samplesPerSecond, samplesBurst } = rate;
    const known = this.buckets.get(accountId);
    if (known === undefined) {
      const bucket = { samplesPerSecond, samplesBurst, tokens: samplesBurst, filledAtMs: nowMs };
      this.buckets.set(accountId, bucket);
      return bucket;
    }
    fill(known, nowMs);
    if (known.samplesPerSecond === samplesPerSecond && known.samplesBurst === samplesBurst) return known;
    // The contract has changed: what was used of the old burst stays used.
    const used = known.samplesBurst - known.tokens;
    const bucket = { samplesPerSecond, samplesBurst, tokens: samplesBurst - used, filledAtMs: nowMs };
    this.buckets.set(accountId, bucket);
    return bucket;
  }
}

function fill(bucket: Bucket, nowMs: number): void {
  // A clock that is set back adds nothing.
  const elapsedMs = Math.max(0, nowMs - bucket.filledAtMs);
  bucket.tokens = Math.min(bucket.samplesBurst, bucket.tokens + (elapsedMs / 1000) * bucket.samplesPerSecond);
  bucket.filledAtMs = nowMs;
}
