import { createHash } from 'node:crypto';
import type { AllocationDay, StoredHour } from '@cloudtuner/clickhouse';
import { msPerDay, msPerHour } from '@cloudtuner/cost-model';
import type { Observed } from './observation';

const lastSampleMsOf = (lastSample: number | null): number | null => (lastSample === null ? null : lastSample * 1000);

function observedHour({ hour, closed, measuredSeconds, dataVersion, lastSample, flags }: StoredHour): Observed {
  const startMs = hour * 1000;
  return {
    startMs,
    endMs: startMs + msPerHour,
    ...{ closed, measuredSeconds, dataVersion, flags },
    lastSampleMs: lastSampleMsOf(lastSample),
  };
}

/** What was seen on stored days: hour by hour where the hours are listed, else by day. */
export function observedOf(days: readonly AllocationDay[]): Observed[] {
  return days.flatMap((day): readonly Observed[] => {
    if (day.hours.length === day.hourCount && day.hourCount > 0) return day.hours.map(observedHour);
    const { closed, measuredSeconds, hoursVersion, lastSample, flags } = day;
    const startMs = day.day * 1000;
    const seen = { closed, measuredSeconds, dataVersion: hoursVersion, flags };
    return [{ startMs, endMs: startMs + msPerDay, ...seen, lastSampleMs: lastSampleMsOf(lastSample) }];
  });
}

/** Days without these hours, which come from elsewhere. */
export function withoutHours(days: readonly AllocationDay[], starts: ReadonlySet<number>): AllocationDay[] {
  return days.map((day) => {
    const hours = day.hours.filter(({ hour }) => !starts.has(hour * 1000));
    const left = day.hours.length - hours.length;
    return left === 0 ? day : { ...day, hours, hourCount: day.hourCount - left, rollup: null };
  });
}

const versionOfHours = (hours: readonly Observed[]): string =>
  createHash('sha256')
    .update(hours.map(({ startMs, dataVersion }) => `${String(startMs / 1000)} ${dataVersion}\n`).join(''))
    .digest('hex');

/** The version of what was read: a hash over its days, each by the versions of its hours, whether or not they were told apart. */
export function readingVersionOf(observed: readonly Observed[]): string {
  const days = new Map<number, Observed[]>();
  for (const entry of observed) {
    const day = Math.floor(entry.startMs / msPerDay);
    days.set(day, [...(days.get(day) ?? []), entry]);
  }
  const lines = [...days].map(([day, entries]) => {
    const [first] = entries;
    const isDay = first !== undefined && first.endMs - first.startMs > msPerHour;
    return `${String(day)} ${isDay ? first.dataVersion : versionOfHours(entries)}\n`;
  });
  return createHash('sha256').update(lines.join('')).digest('hex');
}
