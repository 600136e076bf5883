import { closableUntil, hoursOfDay } from './calendar';
import { dueWorkOf, planFrom, type DayState } from './due-work';

const at = (iso: string): number => Date.parse(iso);
const seconds = (iso: string): number => at(iso) / 1_000;
const day = (date: string, change: Partial<DayState> = {}): DayState => ({
  day: seconds(`${date}T00:00:00Z`),
  closedHours: hoursOfDay(seconds(`${date}T00:00:00Z`)),
  hoursVersion: 'v1',
  writtenVersion: 'v1',
  ...change,
});

describe('an hour', () => {
  it('may be closed ten minutes after its end', () => {
    expect(closableUntil(at('2026-03-01T05:09:59Z'))).toBe(seconds('2026-03-01T04:00:00Z'));
    expect(closableUntil(at('2026-03-01T05:10:00Z'))).toBe(seconds('2026-03-01T05:00:00Z'));
  });

  it('is due when it is not closed, newest first', () => {
    const from = seconds('2026-03-01T00:00:00Z');
    const some = day('2026-03-01', { closedHours: [from + 3_600], hoursVersion: 'v', writtenVersion: null });
    expect(dueWorkOf([some], from, at('2026-03-01T04:10:00Z')).hours).toEqual([
      from + 3 * 3_600,
      from + 2 * 3_600,
      from,
    ]);
  });
});

describe('a day', () => {
  const from = seconds('2026-03-01T00:00:00Z');
  const now = at('2026-03-03T00:10:00Z');

  it('is due when all of its hours are closed and it was not written, or from other hours', () => {
    expect(
      dueWorkOf([day('2026-03-01', { writtenVersion: null }), day('2026-03-02', { hoursVersion: 'v2' })], from, now)
        .days,
    ).toEqual([seconds('2026-03-02T00:00:00Z'), from]);
  });

  it('is not due when it was written from just these hours', () => {
    expect(dueWorkOf([day('2026-03-01'), day('2026-03-02')], from, now)).toEqual({ hours: [], days: [] });
  });

  it('is not due while an hour of it is open', () => {
    const open = day('2026-03-02', {
      closedHours: hoursOfDay(seconds('2026-03-02T00:00:00Z')).slice(1),
      writtenVersion: null,
    });
    expect(dueWorkOf([day('2026-03-01'), open], from, now).days).toEqual([]);
  });
});

describe('planning', () => {
  it('begins with the whole day in which the account was made, at most the lookback ago', () => {
    const now = at('2026-03-10T12:30:00Z');
    expect(planFrom(at('2026-03-09T17:20:00Z'), now, 168)).toBe(seconds('2026-03-09T00:00:00Z'));
    // 48 hours before is 2026-03-08T12:30Z.
    expect(planFrom(at('2025-01-01T00:00:00Z'), now, 48)).toBe(seconds('2026-03-08T00:00:00Z'));
  });
});
