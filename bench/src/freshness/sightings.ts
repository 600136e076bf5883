import { percentile } from '../allocation/report';

/** What one poll saw, and when its answer was there; unix milliseconds. */
export interface Poll {
  readonly answeredAtMs: number;
  readonly durationMs: number;
  /** The newest sample that the answer says it knows; null: none. */
  readonly lastSampleAtMs: number | null;
  /** Steps of the stepping target that the answer's amounts amount to. */
  readonly steps: number;
}

/** What polls came to, in milliseconds. */
export interface Sightings {
  /** Of every poll: how old its newest sample was. */
  readonly agesMs: readonly number[];
  /** Of every step: from its scrape to the first answer that had it. */
  readonly stepsMs: readonly number[];
  readonly durationsMs: readonly number[];
}

/** Steps that a poll skipped became visible with the later one that it saw. */
export function sightingsOf(polls: readonly Poll[], scrapedAtMs: (step: number) => number | undefined): Sightings {
  const agesMs: number[] = [];
  const stepsMs: number[] = [];
  let seen: number | undefined;
  for (const { answeredAtMs, lastSampleAtMs, steps } of polls) {
    if (lastSampleAtMs !== null) agesMs.push(answeredAtMs - lastSampleAtMs);
    // How long ago those of the first poll became visible is not known.
    seen ??= steps;
    for (; seen < steps; seen += 1) {
      const scrapedMs = scrapedAtMs(seen + 1);
      if (scrapedMs !== undefined) stepsMs.push(answeredAtMs - scrapedMs);
    }
  }
  return { agesMs, stepsMs, durationsMs: polls.map(({ durationMs }) => durationMs) };
}

/** p50, p95 and the greatest, in seconds. */
export function secondsOf(amountsMs: readonly number[]): string[] {
  if (amountsMs.length === 0) return ['–', '–', '–', '0'];
  const sorted = amountsMs.toSorted((a, b) => a - b);
  const at = (share: number): string => (percentile(sorted, share) / 1000).toFixed(1);
  return [at(0.5), at(0.95), at(1), String(sorted.length)];
}
