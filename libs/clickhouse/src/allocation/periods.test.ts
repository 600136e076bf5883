import {
  daysOfPeriod,
  labelKeysOfPeriod,
  periodEndOf,
  periodStartOf,
  periodVersionOf,
  wholePeriods,
  type SummedDay,
} from './periods';

const at = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 1_000;
const dateOf = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 10);
const summed = (day: number, labelKeys: readonly string[] = []): SummedDay => ({
  ...{ day, dataVersion: `v${dateOf(day)}`, rows: 1, labelKeys },
});
const daysBetween = (from: string, until: string): SummedDay[] => {
  const days: SummedDay[] = [];
  for (let day = at(from); day < at(until); day += 86_400) days.push(summed(day));
  return days;
};

describe('a period', () => {
  it.each([
    ['month', '2024-02-29', '2024-02-01', '2024-03-01'],
    ['month', '2025-12-31', '2025-12-01', '2026-01-01'],
    // 4 January 2026 was a Sunday, the first of January 1970 a Thursday.
    ['week', '2026-01-04', '2026-01-04', '2026-01-11'],
    ['week', '2026-01-03', '2025-12-28', '2026-01-04'],
    ['week', '1970-01-07', '1970-01-04', '1970-01-11'],
    ['midweek', '2026-01-07', '2026-01-01', '2026-01-08'],
    ['midweek', '2026-01-08', '2026-01-08', '2026-01-15'],
    ['day', '2026-03-29', '2026-03-29', '2026-03-30'],
  ] as const)('of the kind %s around %s is from %s until %s', (kind, day, start, end) => {
    expect(dateOf(periodStartOf(kind, at(day)))).toBe(start);
    expect(dateOf(periodEndOf(kind, at(start)))).toBe(end);
  });

  it('has all of its days or none', () => {
    const days = new Map(daysBetween('2024-02-01', '2024-03-01').map((day) => [day.day, day]));
    expect(daysOfPeriod('month', at('2024-02-01'), (day) => days.get(day))).toHaveLength(29);
    days.delete(at('2024-02-29'));
    expect(daysOfPeriod('month', at('2024-02-01'), (day) => days.get(day))).toBeNull();
  });

  it('is summed when all of its days are, the newest first', () => {
    // A Friday to the Sunday after the next: one week, no month.
    const days = daysBetween('2026-01-30', '2026-02-10').filter(({ day }) => day !== at('2026-02-09'));
    const found = wholePeriods(days).map(({ kind, start }) => `${kind} ${dateOf(start)}`);
    expect(found.filter((text) => !text.startsWith('day'))).toEqual(['week 2026-02-01']);
    expect(found.filter((text) => text.startsWith('day'))).toHaveLength(10);
    expect(found[0]).toBe('day 2026-02-08');
  });

  it('has a version that says its kind and the versions of all of its days, and nothing else', () => {
    const days = daysBetween('2026-02-02', '2026-02-09');
    const period = { kind: 'week' as const, start: at('2026-02-02'), days };
    const version = periodVersionOf(period);
    expect(version).toMatch(/^[0-9a-f]{64}$/);
    expect(periodVersionOf({ ...period, days: days.map((day) => ({ ...day, rows: 7, labelKeys: ['x'] })) })).toBe(
      version,
    );
    expect(periodVersionOf({ ...period, kind: 'month' })).not.toBe(version);
    for (const index of days.keys()) {
      const corrected = days.map((day, at_) => (at_ === index ? { ...day, dataVersion: 'late' } : day));
      expect(periodVersionOf({ ...period, days: corrected })).not.toBe(version);
    }
  });

  it('has sums of the label keys that all of its days have', () => {
    const [first, second] = [summed(0, ['team', 'app', 'env']), summed(86_400, ['env', 'team'])];
    expect(labelKeysOfPeriod([first, second])).toEqual(['team', 'env']);
    expect(labelKeysOfPeriod([first, summed(86_400)])).toEqual([]);
  });
});
