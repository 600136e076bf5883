import { dayVersionOf } from './day-version';
import { isRefreshDue } from './refresh-schedule';
import { roundRobin } from './round-robin';

const minuteMs = 60_000;
const quarter = Array.from({ length: 15 }, (_none, minute) => Date.parse('2026-03-01T05:00:00Z') + minute * minuteMs);

describe('the running hour of an account', () => {
  it('is read each minute while somebody looked at it in the last 15 minutes', () => {
    const lastReadAt = new Date(quarter[0] ?? 0);
    const account = { id: '5f0c8a3e-1d2b-4c3d-8e4f-0123456789ab', lastReadAt };
    expect(quarter.every((nowMs) => isRefreshDue(account, nowMs))).toBe(true);
  });

  it.each(['00000000', '5f0c8a3e', 'ffffffff'])('is read once in 15 minutes otherwise (%s…)', (start) => {
    for (const lastReadAt of [null, new Date('2026-03-01T04:40:00Z')]) {
      const account = { id: `${start}-1d2b-4c3d-8e4f-0123456789ab`, lastReadAt };
      expect(quarter.filter((nowMs) => isRefreshDue(account, nowMs))).toHaveLength(1);
    }
  });

  it('has its turn in different minutes for different accounts', () => {
    const turns = Array.from({ length: 15 }, (_none, index) => {
      const id = `${index.toString(16).padStart(8, '0')}-1d2b-4c3d-8e4f-0123456789ab`;
      return quarter.findIndex((nowMs) => isRefreshDue({ id, lastReadAt: null }, nowMs));
    });
    expect(new Set(turns).size).toBe(15);
  });
});

describe('taking turns', () => {
  it('takes the first of every list before the second of any', () => {
    expect([...roundRobin([['a1', 'a2', 'a3'], ['b1'], [], ['c1', 'c2']], 0)]).toEqual([
      'a1',
      'b1',
      'c1',
      'a2',
      'c2',
      'a3',
    ]);
  });

  it('begins with another list each time', () => {
    expect([...roundRobin([['a'], ['b'], ['c']], 4)]).toEqual(['b', 'c', 'a']);
  });

  it('of nothing is nothing', () => {
    expect([...roundRobin([[], []], 3)]).toEqual([]);
  });
});

describe('the version of a day', () => {
  it('is the SHA-256 of its hours and their versions, whatever their order', () => {
    const hours = [
      { hour: 3_600, dataVersion: 'b' },
      { hour: 0, dataVersion: 'a' },
    ];
    // printf '0 a\n3600 b\n' | sha256sum
    expect(dayVersionOf(hours)).toBe('fcdf25e328807c30ac3529b9e8cd2f1df8cc3c204eb867178b60839071d7d87e');
    expect(dayVersionOf(hours.toReversed())).toBe(dayVersionOf(hours));
    expect(
      dayVersionOf([
        { hour: 3_600, dataVersion: 'c' },
        { hour: 0, dataVersion: 'a' },
      ]),
    ).not.toBe(dayVersionOf(hours));
  });
});
