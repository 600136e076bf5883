import { createHash } from 'node:crypto';
import type { HourState } from './hour-state';

/** Version of a day: SHA-256 over one line `<unix seconds of the hour> <data version>` for each of its closed hours, in order. */
export function dayVersionOf(hours: readonly Pick<HourState, 'hour' | 'dataVersion'>[]): string {
  const lines = hours
    .toSorted((a, b) => a.hour - b.hour)
    .map(({ hour, dataVersion }) => `${String(hour)} ${dataVersion}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
