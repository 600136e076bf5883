import { CronExpressionParser } from 'cron-parser';

/** Nothing that is asked for by a cron pattern may be asked for more often. */
const minGapMs = 10 * 60_000;
const gapsLookedAt = 24;
const fields = 5;

/**
 * What is wrong with a cron pattern; null when it can be used. Five fields (minute, hour, day of month, month, day of week) in
 * UTC, not more often than every ten minutes.
 */
export function cronFault(pattern: string): string | null {
  if (pattern.trim().split(/\s+/).length !== fields) return 'must have five fields: minute, hour, day, month, weekday';
  try {
    const times = CronExpressionParser.parse(pattern, { tz: 'UTC', currentDate: new Date(0) });
    let before = times.next().getTime();
    for (let gap = 0; gap < gapsLookedAt; gap += 1) {
      const next = times.next().getTime();
      if (next - before < minGapMs) return 'must not be more often than every ten minutes';
      before = next;
    }
    return null;
  } catch {
    return 'is not a cron pattern that is ever due';
  }
}
