import { msPerDay, msPerHour } from '@cloudtuner/cost-model';
import fc from 'fast-check';
import { componentsFrom, costsOf, totalOnly } from './costs';
import { bucketOf, bucketsOf, coverageOf, type LedgerEntry } from './ledger';

const day = Date.parse('2026-03-01T00:00:00Z');
const later = day + 10 * msPerDay;

const hour = (index: number, overrides: Partial<LedgerEntry> = {}): LedgerEntry => ({
  startMs: day + index * msPerHour,
  endMs: day + (index + 1) * msPerHour,
  costs: costsOf(componentsFrom((component) => (component === 'cpu_cost' ? 100n : null))),
  measuredSeconds: 3600,
  closed: true,
  dataVersion: `v${String(index)}`,
  lastSampleMs: day + (index + 1) * msPerHour - 1000,
  flags: [],
  ...overrides,
});

describe('bucketOf', () => {
  it('sums the known components; what no hour knows stays null', () => {
    const bucket = bucketOf({ startMs: day, endMs: day + 2 * msPerHour }, [hour(0), hour(1)], later);
    expect(bucket.costs.total).toBe(200n);
    expect(bucket.costs.components).toMatchObject({ cpu_cost: 200n, ram_cost: null, network_cost: null });
    expect(bucket.partial).toBe(false);
    expect(coverageOf(bucket)).toBe(1);
  });

  it('has null costs and coverage 0 where nothing was measured, never 0 dollars', () => {
    const bucket = bucketOf({ startMs: day, endMs: day + msPerHour }, [], later);
    expect(bucket.costs.total).toBeNull();
    expect(coverageOf(bucket)).toBe(0);
    expect(bucket.partial).toBe(true);
  });

  it('has coverage null where no time has passed, and expects a running hour up to now', () => {
    expect(coverageOf(bucketOf({ startMs: later, endMs: later + msPerHour }, [], later))).toBeNull();
    const running = hour(0, { closed: false, measuredSeconds: 900 });
    const bucket = bucketOf({ startMs: day, endMs: day + msPerHour }, [running], day + 1_200_000);
    expect(coverageOf(bucket)).toBe(0.75);
    expect(bucket.partial).toBe(true);
  });

  it('is partial when an hour is open, missing, or was not observed whole', () => {
    const window = { startMs: day, endMs: day + 2 * msPerHour };
    expect(bucketOf(window, [hour(0), hour(1)], later).partial).toBe(false);
    expect(bucketOf(window, [hour(0), hour(1, { closed: false })], later).partial).toBe(true);
    expect(bucketOf(window, [hour(0)], later).partial).toBe(true);
    expect(bucketOf(window, [hour(0), hour(1, { measuredSeconds: 3590 })], later).partial).toBe(true);
  });

  it('has another data version as soon as the version of one hour changes', () => {
    const window = { startMs: day, endMs: day + 2 * msPerHour };
    const before = bucketOf(window, [hour(0), hour(1)], later).dataVersion;
    expect(bucketOf(window, [hour(0), hour(1)], later).dataVersion).toBe(before);
    expect(bucketOf(window, [hour(0), hour(1, { dataVersion: 'x' })], later).dataVersion).not.toBe(before);
    expect(bucketOf(window, [hour(0)], later).dataVersion).not.toBe(before);
  });

  it('gathers flags once and sorted, and the last sample', () => {
    const window = { startMs: day, endMs: day + 2 * msPerHour };
    const bucket = bucketOf(
      window,
      [hour(0, { flags: ['b', 'a'] }), hour(1, { flags: ['a'], lastSampleMs: null })],
      later,
    );
    expect(bucket.flags).toEqual(['a', 'b']);
    expect(bucket.lastSampleMs).toBe(day + msPerHour - 1000);
  });
});

describe('bucketsOf', () => {
  it('cuts at midnight UTC, with a part of a day at both edges', () => {
    const window = { startMs: day + 22 * msPerHour, endMs: day + 50 * msPerHour };
    const buckets = bucketsOf(window, [hour(23), hour(24)], { step: '1d', nowMs: later });
    expect(buckets.map(({ startMs, endMs }) => [startMs - day, endMs - day])).toEqual([
      [22 * msPerHour, msPerDay],
      [msPerDay, 2 * msPerDay],
      [2 * msPerDay, 50 * msPerHour],
    ]);
    expect(buckets.map(({ costs }) => costs.total)).toEqual([100n, 100n, null]);
  });

  it('keeps a day of which only the whole is known whole among hours', () => {
    const expired: LedgerEntry = {
      ...hour(0),
      endMs: day + msPerDay,
      costs: totalOnly(2400n),
      measuredSeconds: 86_400,
    };
    const window = { startMs: day, endMs: day + msPerDay + 2 * msPerHour };
    const buckets = bucketsOf(window, [expired, hour(24)], { step: '1h', nowMs: later });
    expect(buckets.map(({ costs }) => costs.total)).toEqual([2400n, 100n, null]);
  });

  it('sums to the total of the window by either step, whatever hours there are', () => {
    const amounts = fc.array(fc.option(fc.bigInt(-5n, 10n ** 15n), { nil: null }), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(amounts, fc.nat(23), (nanos, offset) => {
        const entries = nanos.flatMap((amount, index) =>
          amount === null
            ? []
            : [hour(offset + index, { costs: costsOf(componentsFrom((c) => (c === 'ram_cost' ? amount : null))) })],
        );
        const window = { startMs: day + offset * msPerHour, endMs: day + (offset + nanos.length) * msPerHour };
        const total = bucketOf(window, entries, later).costs.total ?? 0n;
        for (const step of ['1h', '1d'] as const) {
          const buckets = bucketsOf(window, entries, { step, nowMs: later });
          expect(buckets.reduce((sum, { costs }) => sum + (costs.total ?? 0n), 0n)).toBe(total);
          expect(buckets.at(0)?.startMs).toBe(window.startMs);
          expect(buckets.at(-1)?.endMs).toBe(window.endMs);
        }
      }),
    );
  });
});
