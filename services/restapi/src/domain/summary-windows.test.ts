import { countWindows, hoursOfWindow, wholeWindows, windowStart } from './summary-windows';

const at = (iso: string): number => Date.parse(iso) / 1000;

describe('windows of summaries', () => {
  it('are hours, days and months of the calendar in UTC', () => {
    const moment = at('2026-03-15T10:20:30Z');
    expect(windowStart('hour', moment)).toBe(at('2026-03-15T10:00:00Z'));
    expect(windowStart('day', moment, 1)).toBe(at('2026-03-16T00:00:00Z'));
    expect(windowStart('month', moment)).toBe(at('2026-03-01T00:00:00Z'));
    expect(windowStart('month', at('2026-01-31T23:59:59Z'), -1)).toBe(at('2025-12-01T00:00:00Z'));
  });

  it('are whole: their edges move outward, and stay where they are at an edge', () => {
    const whole = { from: at('2026-02-01T00:00:00Z'), until: at('2026-04-01T00:00:00Z') };
    expect(wholeWindows('month', at('2026-02-10T00:00:00Z'), at('2026-03-01T00:00:01Z'))).toEqual(whole);
    expect(wholeWindows('month', whole.from, whole.until)).toEqual(whole);
  });

  it('are counted', () => {
    const [from, until] = [at('2025-12-01'), at('2026-03-01')];
    const counts = (['hour', 'day', 'month'] as const).map((duration) => countWindows(duration, { from, until }));
    expect(counts).toEqual([90 * 24, 90, 3]);
  });

  it('have as many hours as the calendar says', () => {
    const hours = ['2026-02-01', '2028-02-01', '2026-03-01'].map((day) => hoursOfWindow('month', at(day)));
    expect(hours).toEqual([28 * 24, 29 * 24, 31 * 24]);
    expect([hoursOfWindow('day', at('2026-02-01')), hoursOfWindow('hour', 0)]).toEqual([24, 1]);
  });
});
