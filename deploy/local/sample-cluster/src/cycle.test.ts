import fc from 'fast-check';
import { cycleOf, exactIntegralSince, integralSince, levelAt, steady, sumOfCycles, type Cycle } from './cycle';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const MONDAY_MS = Date.UTC(2026, 0, 5);

const anyCycle = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 168, maxLength: 168 }),
    fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 60, maxLength: 60 }),
  )
  .map(([hourly, minutely]) => ({ hourly, minutely }));
const anyInstant = fc.integer({ min: MONDAY_MS, max: MONDAY_MS + 30 * 24 * HOUR_MS });

describe('levelAt', () => {
  it('adds the level of the hour of the week, which begins on Monday 00:00Z, and that of the minute of the hour', () => {
    const cycle = cycleOf(
      (hour) => hour * 100,
      (minute) => minute,
    );

    expect(levelAt(cycle, MONDAY_MS)).toBe(0);
    // Tuesday 03:07:59.999Z is hour 27, minute 7.
    expect(levelAt(cycle, MONDAY_MS + 27 * HOUR_MS + 7 * MINUTE_MS + 59_999)).toBe(2707);
    // Sunday 23:59Z is hour 167, minute 59; a minute later the week begins again.
    expect(levelAt(cycle, MONDAY_MS + 168 * HOUR_MS - MINUTE_MS)).toBe(16_759);
    expect(levelAt(cycle, MONDAY_MS + 168 * HOUR_MS)).toBe(0);
  });
});

describe('integrals', () => {
  it('is level × milliseconds over a change of hour', () => {
    const cycle = cycleOf((hour) => (hour === 0 ? 3 : 10));
    const fromMs = MONDAY_MS + HOUR_MS - 2000;

    // 2 s at 3 and 5 s at 10.
    expect(integralSince(cycle, fromMs)(fromMs + 7000)).toBe(56_000);
    expect(exactIntegralSince(cycle, fromMs)(fromMs + 7000)).toBe(56_000n);
  });

  it('are the sums of level × time over the minutes', () => {
    const byMinutes = (cycle: Cycle, fromMs: number, toMs: number): number => {
      let total = 0;
      for (let tMs = fromMs; tMs < toMs;) {
        const nextMs = Math.min(toMs, (Math.floor(tMs / MINUTE_MS) + 1) * MINUTE_MS);
        total += levelAt(cycle, tMs) * (nextMs - tMs);
        tMs = nextMs;
      }
      return total;
    };
    fc.assert(
      fc.property(anyCycle, anyInstant, anyInstant, (cycle, one, other) => {
        const [fromMs, toMs] = [Math.min(one, other), Math.max(one, other)];
        const expected = byMinutes(cycle, fromMs, toMs);
        expect(integralSince(cycle, fromMs)(toMs)).toBe(expected);
        expect(exactIntegralSince(cycle, fromMs)(toMs)).toBe(BigInt(expected));
      }),
      { numRuns: 10 },
    );
  });

  it('never falls', () => {
    fc.assert(
      fc.property(anyCycle, anyInstant, anyInstant, (cycle, one, other) => {
        const total = integralSince(cycle, MONDAY_MS);
        expect(total(Math.max(one, other))).toBeGreaterThanOrEqual(total(Math.min(one, other)));
      }),
      { numRuns: 50 },
    );
  });

  it('keeps every byte after ten years of 28 MB per second', () => {
    const bytes = integralSince(steady(28_000), MONDAY_MS)(MONDAY_MS + 3652 * 24 * HOUR_MS + 1);

    // 315,532,800,001 ms × 28,000 bytes/ms = 8,834,918,400,028,000 < 2^53 = 9,007,199,254,740,992.
    expect(bytes).toBe(8_834_918_400_028_000);
    expect(Number.isSafeInteger(bytes)).toBe(true);
  });
});

describe('sumOfCycles', () => {
  it('has the sum of the levels at every instant', () => {
    fc.assert(
      fc.property(anyCycle, anyCycle, anyInstant, (left, right, tMs) => {
        expect(levelAt(sumOfCycles([left, right]), tMs)).toBe(levelAt(left, tMs) + levelAt(right, tMs));
      }),
      { numRuns: 20 },
    );
  });
});
