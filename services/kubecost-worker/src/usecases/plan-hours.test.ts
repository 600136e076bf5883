import { hoursOfDay } from '../domain/calendar';
import type { DayState } from '../domain/due-work';
import type { Account } from '../ports';
import { planHours, type PlanHoursPorts } from './plan-hours';

const nowMs = Date.parse('2026-03-03T02:10:00Z');
const day = Date.parse('2026-03-02T00:00:00Z') / 1_000;
const account = (index: number, change: Partial<Account> = {}): Account => ({
  // Its turn is minute 1 or 2 of each quarter; the tick is in minute 10.
  id: `0000000${String(index)}-1d2b-4c3d-8e4f-0123456789ab`,
  organizationId: 'o',
  clusterResourceId: `c${String(index)}`,
  createdAt: new Date('2026-03-03T00:30:00Z'),
  lastReadAt: new Date(nowMs - 60_000),
  allocationLabelKeys: [],
  ...change,
});

function setUp(
  accounts: readonly Account[],
  days: ReadonlyMap<string, readonly DayState[]> = new Map(),
  { pending = new Set<string>(), otherKeys = new Map<string, readonly number[]>() } = {},
) {
  const asked: string[] = [];
  const ask = (text: string): Promise<boolean> => {
    asked.push(text);
    return Promise.resolve(!pending.has(text));
  };
  const ports: PlanHoursPorts = {
    accounts: { list: () => Promise.resolve(accounts), find: () => Promise.resolve(null) },
    store: {
      readDays: () => Promise.resolve(days),
      readDaysOfOtherKeys: () => Promise.resolve(otherKeys),
    },
    dispatcher: {
      refreshLiveHour: (id) => ask(`live ${id.slice(0, 8)}`),
      closeHour: (id, hour) => ask(`hour ${id.slice(0, 8)} ${String(hour)}`),
      closeDay: (id, start) => ask(`day ${id.slice(0, 8)} ${String(start)}`),
    },
    now: () => nowMs,
    lookbackHours: 168,
    maxJobs: 100,
    retentionDays: 400,
  };
  return { asked, ports };
}

describe('a tick of the dispatcher', () => {
  it('asks for the running hour and for the ended hours since the day in which the account was made, newest first', async () => {
    const { asked, ports } = setUp([account(1)]);
    const plan = await planHours(ports);
    // 2026-03-03T00:00Z = 1772496000; at 02:10 the hours of 00:00 and 01:00 may be closed.
    expect(asked).toEqual(['live 00000001', 'hour 00000001 1772499600', 'hour 00000001 1772496000']);
    // The hour of 00:00 could have been closed at 01:10.
    expect(plan).toEqual({ accounts: 1, refreshes: 1, hours: 2, days: 0, oldestDueHourAgeSeconds: 3_600 });
  });

  it('takes turns between accounts', async () => {
    const { asked, ports } = setUp([account(1), account(2)].map((one) => ({ ...one, lastReadAt: null })));
    await planHours(ports);
    const hours = asked.filter((text) => text.startsWith('hour'));
    const turns = hours.map((text) => text.split(' ')[1]);
    expect(turns).toHaveLength(4);
    expect(turns[0]).not.toBe(turns[1]);
    expect(turns[2]).not.toBe(turns[3]);
  });

  it('asks for a day that is complete and not written', async () => {
    const state: DayState = { day, closedHours: hoursOfDay(day), hoursVersion: 'v', writtenVersion: null };
    const one = account(1, { createdAt: new Date('2026-03-02T12:00:00Z'), lastReadAt: null });
    const { asked, ports } = setUp([one], new Map([[one.id, [state]]]));
    expect((await planHours(ports)).days).toBe(1);
    expect(asked).toContain(`day 00000001 ${String(day)}`);
  });

  it('asks, after all else, for days that are summed by other label keys than the account has', async () => {
    const one = account(1);
    const { asked, ports } = setUp([one], new Map(), { otherKeys: new Map([[one.id, [day, day - 86_400]]]) });
    expect((await planHours(ports)).days).toBe(2);
    expect(asked.slice(-2)).toEqual([`day 00000001 ${String(day)}`, `day 00000001 ${String(day - 86_400)}`]);
  });

  it('asks for no more than it may, and counts only what was not asked for already', async () => {
    const first = 'hour 00000001 1772499600';
    const { asked, ports } = setUp([account(1, { lastReadAt: null })], new Map(), { pending: new Set([first]) });
    expect(await planHours({ ...ports, maxJobs: 1 })).toMatchObject({ hours: 0 });
    expect(asked.filter((text) => text.startsWith('hour'))).toEqual([first]);
  });

  it('has nothing to do without accounts', async () => {
    const { ports } = setUp([]);
    expect(await planHours(ports)).toEqual({
      accounts: 0,
      refreshes: 0,
      hours: 0,
      days: 0,
      oldestDueHourAgeSeconds: 0,
    });
  });
});
