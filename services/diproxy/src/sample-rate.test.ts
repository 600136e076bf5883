import { isAppError } from '@cloudtuner/errors';
import fc from 'fast-check';
import { SampleRates } from './sample-rate';

const rate = { samplesPerSecond: 100, samplesBurst: 1_000 };

/** Milliseconds to wait, or undefined when the samples were let through. */
function waitOf(take: () => void): number | undefined {
  try {
    take();
    return undefined;
  } catch (error) {
    if (isAppError(error) && error.code === 'sample-rate-exceeded') return error.retryAfterMs;
    throw error;
  }
}

function setUp() {
  const rates = new SampleRates(() => 0);
  return { rates, take: (samples: number, nowMs: number) => waitOf(() => rates.take('a', samples, rate, nowMs)) };
}

describe('SampleRates', () => {
  it('lets a burst through at once, then the rate, and says how long until there is enough', () => {
    const { take } = setUp();
    expect(take(600, 0)).toBeUndefined();
    expect(take(400, 0)).toBeUndefined();
    // 50 samples at 100 a second.
    expect(take(50, 0)).toBe(500);
    expect(take(50, 499)).toBeCloseTo(1, 6);
    expect(take(50, 500)).toBeUndefined();
    expect(take(1, 500)).toBe(10);
  });

  it('never holds more than the burst', () => {
    const { take } = setUp();
    expect(take(1, 0)).toBeUndefined();
    expect(take(1_000, 3_600_000)).toBeUndefined();
    expect(take(1, 3_600_000)).toBe(10);
  });

  it('refuses a request whole and takes nothing for it', () => {
    const { take } = setUp();
    take(900, 0);
    expect(take(200, 0)).toBe(1_000);
    expect(take(100, 0)).toBeUndefined();
  });

  it('lets a request above the burst through when the bucket is full, at the price of a debt', () => {
    const { take } = setUp();
    expect(take(1_500, 0)).toBeUndefined();
    // 500 below zero: 5 s to nothing, 10 ms more for one sample.
    expect(take(1, 0)).toBe(5_010);
    // For the same again it must be full: 500 + 1,000.
    expect(take(1_500, 5_000)).toBe(10_000);
    expect(take(1_500, 15_000)).toBeUndefined();
  });

  it('adds up to 2 s of chance to the wait', () => {
    const rates = new SampleRates(() => 0.5);
    rates.take('a', 1_000, rate, 0);
    expect(waitOf(() => rates.take('a', 100, rate, 0))).toBe(2_000);
  });

  it('keeps accounts apart', () => {
    const { rates, take } = setUp();
    take(1_000, 0);
    expect(waitOf(() => rates.take('b', 1_000, rate, 0))).toBeUndefined();
  });

  it('has no limit at 0 samples a second, and none for requests without samples', () => {
    const { rates, take } = setUp();
    const unlimited = { samplesPerSecond: 0, samplesBurst: 1 };
    for (let time = 0; time < 5; time += 1) rates.take('free', 1_000_000, unlimited, 0);
    take(1_500, 0);
    expect(take(0, 0)).toBeUndefined();
  });

  it('gives back what was not stored, not more than the burst', () => {
    const { rates, take } = setUp();
    take(1_000, 0);
    rates.giveBack('a', 1_000);
    rates.giveBack('a', 1_000);
    rates.giveBack('unknown', 5);
    expect(take(1_000, 0)).toBeUndefined();
    expect(take(1, 0)).toBe(10);
  });

  it('keeps what was used when the contract changes', () => {
    const { rates, take } = setUp();
    take(1_000, 0);
    const doubled = { samplesPerSecond: 200, samplesBurst: 2_000 };
    expect(waitOf(() => rates.take('a', 1_000, doubled, 0))).toBeUndefined();
    expect(waitOf(() => rates.take('a', 1, doubled, 0))).toBe(5);
  });

  it('forgets accounts whose bucket is full again', () => {
    const { rates, take } = setUp();
    take(1_000, 0);
    rates.evictFull(9_999);
    expect(rates.size).toBe(1);
    rates.evictFull(10_000);
    expect(rates.size).toBe(0);
  });

  it('survives a clock that is set back', () => {
    const { take } = setUp();
    take(1_000, 10_000);
    expect(take(1, 0)).toBe(10);
    expect(take(1, 10)).toBeUndefined();
  });

  it('never lets more through in any window than burst + rate × time + one request', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 5_000 }),
      samples: fc.integer({ min: 1, max: 3_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { take } = setUp();
        let nowMs = 0;
        const passed: { atMs: number; samples: number }[] = [];
        for (const { afterMs, samples } of steps) {
          nowMs += afterMs;
          if (take(samples, nowMs) === undefined) passed.push({ atMs: nowMs, samples });
        }
        const largest = Math.max(0, ...passed.map(({ samples }) => samples));
        for (const [index, first] of passed.entries()) {
          let sum = 0;
          for (const { atMs, samples } of passed.slice(index)) {
            sum += samples;
            expect(sum).toBeLessThanOrEqual(1_000 + ((atMs - first.atMs) / 1000) * 100 + largest + 1e-6);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
