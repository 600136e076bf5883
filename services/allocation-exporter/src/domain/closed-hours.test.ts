import { createClosedHours } from './closed-hours';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const noonMs = Date.UTC(2026, 0, 5, 12);
const limits = { settleMs: 5 * minuteMs, lookbackMs: 3 * hourMs, minIntervalMs: minuteMs, maxIntervalMs: 6 * hourMs };

describe('createClosedHours', () => {
  it('gives the latest hour first, once it has settled, then the older ones of the lookback', () => {
    const hours = createClosedHours(limits);
    const dueNow = (nowMs: number) => {
      const hour = hours.due(nowMs);
      if (hour !== undefined) hours.read(hour, nowMs);
      return hour === undefined ? undefined : (hour - noonMs) / hourMs;
    };
    // At 12:04 the hour from 11 has not settled, at 12:05 it has; the one from 8 ended more than three hours ago.
    expect(dueNow(noonMs + 4 * minuteMs)).toBe(-2);
    expect(dueNow(noonMs + 5 * minuteMs)).toBe(-1);
    expect([1, 2, 3].map(() => dueNow(noonMs + 5 * minuteMs))).toEqual([-3, undefined, undefined]);
  });

  it('reads an hour again after half of its age', () => {
    const hours = createClosedHours(limits);
    const startMs = noonMs - hourMs;
    hours.read(startMs, noonMs + 20 * minuteMs);
    hours.read(startMs - hourMs, noonMs + 20 * minuteMs);
    hours.read(startMs - 2 * hourMs, noonMs + 20 * minuteMs);
    expect(hours.due(noonMs + 29 * minuteMs)).toBeUndefined();
    expect(hours.due(noonMs + 30 * minuteMs)).toBe(startMs);
  });

  it('leaves an hour that could not be read for a moment, and gives it again soon', () => {
    const hours = createClosedHours({ ...limits, lookbackMs: 0 });
    const startMs = noonMs - hourMs;
    hours.failed(startMs, noonMs + 5 * minuteMs);
    expect(hours.due(noonMs + 5.5 * minuteMs)).not.toBe(startMs);
    expect(hours.due(noonMs + 6 * minuteMs)).toBeUndefined();
    const wider = createClosedHours(limits);
    wider.failed(startMs, noonMs + 5 * minuteMs);
    expect(wider.due(noonMs + 5 * minuteMs)).toBe(startMs - hourMs);
    expect(wider.due(noonMs + 6 * minuteMs)).toBe(startMs);
  });

  it('leaves to a successor what was shown to its end, and nothing that was not', () => {
    const hours = createClosedHours(limits);
    const [first, second] = [noonMs - hourMs, noonMs - 2 * hourMs];
    for (const startMs of [first, second]) {
      hours.read(startMs, noonMs + 20 * minuteMs);
      hours.shown(startMs, 'a');
    }
    hours.confirmed(first);
    const left = hours.remembered();
    expect(left).toEqual([{ hourStartMs: first, readAtMs: noonMs + 20 * minuteMs, fingerprint: 'a' }]);
    const successor = createClosedHours(limits, left);
    expect(successor.isNews(first, 'a')).toBe(false);
    expect(successor.isNews(first, 'b')).toBe(true);
    expect(successor.isNews(second, 'a')).toBe(true);
    // The first was read a moment ago, so the other is due.
    expect(successor.due(noonMs + 21 * minuteMs)).toBe(second);
    // Restated and not shown to its end: said again.
    hours.shown(first, 'b');
    expect(hours.remembered()).toEqual([]);
  });

  it('takes for news what differs from what was last shown', () => {
    const hours = createClosedHours(limits);
    expect(hours.isNews(noonMs, 'a')).toBe(true);
    hours.shown(noonMs, 'a');
    hours.read(noonMs, noonMs + 2 * hourMs);
    expect([hours.isNews(noonMs, 'a'), hours.isNews(noonMs, 'b')]).toEqual([false, true]);
  });
});
