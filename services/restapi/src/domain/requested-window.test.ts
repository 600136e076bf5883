import { msPerDay, msPerHour } from '@cloudtuner/cost-model';
import { wholeHours } from './requested-window';

/** What the call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    return { answered: call() };
  } catch (error) {
    return error;
  }
}

const day = Date.parse('2026-03-01T00:00:00Z');

describe('wholeHours', () => {
  it('moves the edges outward to whole hours and leaves whole ones alone', () => {
    expect(wholeHours({ startMs: day + 1, endMs: day + msPerHour + 1 }, '1h')).toEqual({
      startMs: day,
      endMs: day + 2 * msPerHour,
    });
    expect(wholeHours({ startMs: day, endMs: day + msPerHour }, '1h')).toEqual({
      startMs: day,
      endMs: day + msPerHour,
    });
  });

  it.each([
    ['31 days by the hour', '1h', 31],
    ['400 days by the day', '1d', 400],
  ] as const)('allows %s and not an hour more', (_title, step, days) => {
    const endMs = day + days * msPerDay;
    expect(wholeHours({ startMs: day, endMs }, step).endMs).toBe(endMs);
    expect(thrownBy(() => wholeHours({ startMs: day, endMs: endMs + 1 }, step))).toMatchObject({
      code: 'range-too-long',
      details: { step, max_days: days },
    });
  });

  it('refuses a window that is empty or ends before it starts', () => {
    for (const endMs of [day, day - 1]) {
      expect(thrownBy(() => wholeHours({ startMs: day, endMs }, '1d'))).toMatchObject({ code: 'invalid-window' });
    }
  });
});
