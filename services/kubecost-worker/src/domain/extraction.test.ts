import { dueExtracts, extractFrom, type ExtractState } from './extraction';

const now = Date.UTC(2026, 2, 10, 12, 0, 5);
const hour = (hoursAgo: number): number => Date.UTC(2026, 2, 10, 12) / 1_000 - hoursAgo * 3_600;
const read = (from: number, readAtMs: number, lengthSeconds = 3_600): ExtractState => ({
  ...{ kind: 'allocation', from, to: from + lengthSeconds, contentHash: 'x', readAtMs },
  ...{ product: 'kubecost', cluster: 'c', rows: 1, bytes: 1 },
});

describe('what is due of a Kubecost', () => {
  it('is every closed hour of the lookback that is not there, the latest first', () => {
    expect(dueExtracts('allocation', [], { nowMs: now, lookbackHours: 3 })).toEqual([hour(1), hour(2), hour(3)]);
    const stored = [read(hour(2), now - 1)];
    expect(dueExtracts('allocation', stored, { nowMs: now, lookbackHours: 3 })).toEqual([hour(1), hour(3)]);
  });

  it('is an hour again 1, 2, 4, 8, 16, 32 and 48 hours after its end, once each', () => {
    // Read at every full hour from its end on, when it is due then.
    const end = hour(0);
    const readings: number[] = [];
    let stored = [read(end - 3_600, end * 1_000 + 5_000)];
    for (let age = 1; age <= 60; age += 1) {
      const nowMs = (end + age * 3_600) * 1_000 + 5_000;
      if (!dueExtracts('allocation', stored, { nowMs, lookbackHours: 100 }).includes(end - 3_600)) continue;
      readings.push(age);
      stored = [read(end - 3_600, nowMs)];
    }
    expect(readings).toEqual([1, 2, 4, 8, 16, 32, 48]);
  });

  it('is an hour and a day for the last time too with the lookback as it is by default, also by a run that comes late', () => {
    const lookbackHours = 48;
    const readings = (kind: 'allocation' | 'assets', lengthSeconds: number, lateMs: number): number[] => {
      const end = Date.UTC(2026, 2, 10) / 1_000;
      let stored = [read(end - lengthSeconds, end * 1_000 + 5_000, lengthSeconds)];
      const ages: number[] = [];
      for (let age = 1; age <= 60; age += 1) {
        const nowMs = (end + age * lengthSeconds) * 1_000 + lateMs;
        const from = extractFrom(kind, { nowMs, lookbackHours });
        // What is not looked for in the store is as if it were not there.
        const seen = stored.filter((state) => state.from >= from);
        if (!dueExtracts(kind, seen, { nowMs, lookbackHours }).includes(end - lengthSeconds)) continue;
        if (seen.length === 0) continue;
        ages.push(age);
        stored = [read(end - lengthSeconds, nowMs, lengthSeconds)];
      }
      return ages;
    };
    for (const lateMs of [5_000, 3_599_000]) {
      expect(readings('allocation', 3_600, lateMs)).toEqual([1, 2, 4, 8, 16, 32, 48]);
      expect(readings('assets', 86_400, lateMs)).toEqual([1, 2]);
    }
  });

  it('is nothing that is missing beyond the lookback', () => {
    const oldest = dueExtracts('allocation', [], { nowMs: now, lookbackHours: 48 }).at(-1);
    expect(oldest).toBe(hour(48));
  });

  it('is an hour once when the schedule is slow, whatever it has missed', () => {
    const stored = [read(hour(7), (hour(6) + 5) * 1_000)];
    // Since it was read, 1, 2 and 4 hours have passed.
    expect(dueExtracts('allocation', stored, { nowMs: now, lookbackHours: 7 }).at(-1)).toBe(hour(7));
    expect(dueExtracts('allocation', [read(hour(7), now - 1)], { nowMs: now, lookbackHours: 7 })).not.toContain(
      hour(7),
    );
  });

  it('of assets is every ended day, and each again after one and two days', () => {
    const day = (daysAgo: number): number => Date.UTC(2026, 2, 10) / 1_000 - daysAgo * 86_400;
    expect(dueExtracts('assets', [], { nowMs: now, lookbackHours: 48 })).toEqual([day(1), day(2)]);
    expect(dueExtracts('assets', [], { nowMs: now, lookbackHours: 3 })).toEqual([day(1)]);
    const stored = [read(day(1), now - 1, 86_400), read(day(2), day(1) * 1_000 + 1, 86_400)];
    expect(dueExtracts('assets', stored, { nowMs: now, lookbackHours: 48 })).toEqual([day(2)]);
  });

  it('of budgets are those of today, each time', () => {
    const today = Date.UTC(2026, 2, 10) / 1_000;
    expect(dueExtracts('budgets', [], { nowMs: now, lookbackHours: 48 })).toEqual([today]);
    expect(dueExtracts('budgets', [read(today, now - 1, 86_400)], { nowMs: now, lookbackHours: 48 })).toEqual([today]);
  });
});
