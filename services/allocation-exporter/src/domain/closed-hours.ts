/** When closed hours are read again, and how long ago they may be. */
export interface ClosedHourLimits {
  /** How long after its end an hour is read first. */
  readonly settleMs: number;
  /** How long after its end it is read last. */
  readonly lookbackMs: number;
  /** No hour is read more often. */
  readonly minIntervalMs: number;
  /** No hour of the lookback is read less often. */
  readonly maxIntervalMs: number;
}

/** An hour that was shown to its end, and when it was last read. */
export interface RememberedHour {
  readonly hourStartMs: number;
  readonly readAtMs: number;
  readonly fingerprint: string;
}

/**
 * Remembers what was read and shown of closed hours, and says which is due. Nothing of it has to survive a restart: without it the hours
 * of the lookback are said again.
 */
export interface ClosedHours {
  /** The hour to read now: the latest that is due. */
  due(nowMs: number): number | undefined;
  read(hourStartMs: number, nowMs: number): void;
  /** It could not be read: it stays due, after a pause. */
  failed(hourStartMs: number, nowMs: number): void;
  /** Whether what was read differs from what was last shown of the hour. */
  isNews(hourStartMs: number, fingerprint: string): boolean;
  shown(hourStartMs: number, fingerprint: string): void;
  /** It was shown long enough. What was not is shown again after a restart. */
  confirmed(hourStartMs: number): void;
  /** What a successor need not show again. */
  remembered(): RememberedHour[];
}

const msPerHour = 3_600_000;

interface State {
  readonly readAtMs?: number;
  readonly notBeforeMs?: number;
  readonly fingerprint?: string;
  readonly isConfirmed?: boolean;
}

/**
 * An hour is read again after half of its age: late samples change it within minutes, the cloud's bill within two days.
 * That is about 16 readings an hour for a lookback of two days, however many hours it has.
 */
export function createClosedHours(
  { settleMs, lookbackMs, minIntervalMs, maxIntervalMs }: ClosedHourLimits,
  remembered: readonly RememberedHour[] = [],
): ClosedHours {
  const states = new Map<number, State>(
    remembered.map(({ hourStartMs, ...state }) => [hourStartMs, { ...state, isConfirmed: true }]),
  );

  const isDue = (hourStartMs: number, nowMs: number): boolean => {
    const { readAtMs, notBeforeMs = -Infinity } = states.get(hourStartMs) ?? {};
    if (nowMs < notBeforeMs) return false;
    if (readAtMs === undefined) return true;
    const ageMs = readAtMs - (hourStartMs + msPerHour);
    return nowMs - readAtMs >= Math.max(minIntervalMs, Math.min(ageMs / 2, maxIntervalMs));
  };

  return {
    due(nowMs) {
      const newestMs = Math.floor((nowMs - settleMs) / msPerHour) * msPerHour - msPerHour;
      const oldestMs = nowMs - lookbackMs - msPerHour;
      for (const hourStartMs of states.keys()) if (hourStartMs < oldestMs) states.delete(hourStartMs);
      for (let hourStartMs = newestMs; hourStartMs >= oldestMs; hourStartMs -= msPerHour) {
        if (isDue(hourStartMs, nowMs)) return hourStartMs;
      }
      return undefined;
    },
    read(hourStartMs, nowMs) {
      states.set(hourStartMs, { ...states.get(hourStartMs), readAtMs: nowMs });
    },
    failed(hourStartMs, nowMs) {
      states.set(hourStartMs, { ...states.get(hourStartMs), notBeforeMs: nowMs + minIntervalMs });
    },
    isNews: (hourStartMs, fingerprint) => states.get(hourStartMs)?.fingerprint !== fingerprint,
    shown(hourStartMs, fingerprint) {
      states.set(hourStartMs, { ...states.get(hourStartMs), fingerprint, isConfirmed: false });
    },
    confirmed(hourStartMs) {
      states.set(hourStartMs, { ...states.get(hourStartMs), isConfirmed: true });
    },
    remembered: () =>
      [...states].flatMap(([hourStartMs, { readAtMs, fingerprint, isConfirmed }]) =>
        readAtMs === undefined || fingerprint === undefined || isConfirmed !== true
          ? []
          : [{ hourStartMs, readAtMs, fingerprint }],
      ),
  };
}
