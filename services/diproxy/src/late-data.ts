import type { TimeSpan } from '@cloudtuner/remote-write';
import type { TouchedHours } from './ports';

const hourMs = 3_600_000;
/** Hours are closed later than this after their end, and read then: what arrives before needs no mark. */
const settlingMs = 9 * 60_000;
/** An hour is computed from the samples of five minutes around it, too: what bridges a gap at its edge. */
const reachMs = 5 * 60_000;
const flushIntervalMs = 5_000;
const maxPendingHours = 100_000;

const hourOf = (timestampMs: number): number => Math.floor(timestampMs / hourMs) * hourMs;

export interface LateDataOptions {
  readonly touchedHours: TouchedHours;
  /** How far back hours are marked. */
  readonly maxHours: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** `too_old`: further back than marks go. `dropped`: no room, because marks could not be left for long. */
  readonly onHours: (outcome: 'marked' | 'too_old' | 'dropped', hours: number) => void;
  readonly onFailure: (cause: unknown) => void;
}

/**
 * Finds the hours that stored samples touch after their end, and marks them for the worker: many writes touch the same few hours, so they
 * are gathered and left every five seconds. A write never waits for that. A killed gateway loses the marks of its last seconds.
 */
export class LateData {
  private pending = new Map<string, Set<number>>();
  private pendingHours = 0;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();

  constructor(private readonly options: LateDataOptions) {}

  /** Hours that wait to be marked. */
  get pendingCount(): number {
    return this.pendingHours;
  }

  start(): void {
    this.timer = setInterval(() => {
      void this.flush();
    }, flushIntervalMs);
    this.timer.unref();
  }

  /** Leaves the last marks. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
    this.options.touchedHours.close();
  }

  /** Takes note of samples that the store has taken. */
  note(accountId: string, { minTimestampMs, maxTimestampMs }: TimeSpan): void {
    const runningMs = hourOf(this.options.now() - settlingMs);
    const firstMs = hourOf(minTimestampMs - reachMs);
    if (firstMs >= runningMs) return;
    const lastMs = hourOf(Math.min(maxTimestampMs + reachMs, runningMs - 1));
    const oldestMs = runningMs - this.options.maxHours * hourMs;
    if (firstMs < oldestMs) this.options.onHours('too_old', (Math.min(lastMs + hourMs, oldestMs) - firstMs) / hourMs);
    for (let startMs = Math.max(firstMs, oldestMs); startMs <= lastMs; startMs += hourMs) this.add(accountId, startMs);
  }

  /** Leaves the marks there are; those that cannot be left wait for the next time. */
  flush(): Promise<void> {
    this.flushing = this.flushing.then(() => this.leaveMarks());
    return this.flushing;
  }

  private add(accountId: string, startMs: number): void {
    const hours = this.pending.get(accountId) ?? new Set<number>();
    if (hours.has(startMs)) return;
    if (this.pendingHours >= maxPendingHours) {
      this.options.onHours('dropped', 1);
      return;
    }
    this.pending.set(accountId, hours.add(startMs));
    this.pendingHours += 1;
  }

  private async leaveMarks(): Promise<void> {
    if (this.pendingHours === 0) return;
    const { touchedHours, onHours, onFailure } = this.options;
    const leaving = [...this.pending].flatMap(([cloudAccountId, hours]) =>
      [...hours].map((startMs) => ({ cloudAccountId, hour: startMs / 1000 })),
    );
    this.pending = new Map();
    this.pendingHours = 0;
    try {
      await touchedHours.mark(leaving);
      onHours('marked', leaving.length);
    } catch (error) {
      for (const { cloudAccountId, hour } of leaving) this.add(cloudAccountId, hour * 1000);
      onFailure(error);
    }
  }
}
