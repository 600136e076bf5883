import { isoOf } from '../domain/calendar';
import { planUpkeep } from './plan-upkeep';

// 0x1e = 30: its turn is the hour of 06:00.
const account = {
  id: '0000001e-1d2b-4c3d-8e4f-0123456789ab',
  ...{ organizationId: 'o', clusterResourceId: 'c', createdAt: new Date(0), lastReadAt: null, allocationLabelKeys: [] },
};

async function askedAt(iso: string): Promise<string[]> {
  const asked: string[] = [];
  const ask = (text: string): Promise<boolean> => Promise.resolve(asked.push(text) > 0);
  await planUpkeep({
    accounts: { list: () => Promise.resolve([account]) },
    dispatcher: {
      cleanup: (hour) => ask(`cleanup ${isoOf(hour)}`),
      summarize: (_id, quarter) => ask(`summarize ${isoOf(quarter)}`),
      sumPeriods: (_id, hour) => ask(`periods ${isoOf(hour)}`),
      sweepHours: (_id, day) => ask(`sweep ${isoOf(day).slice(0, 10)}`),
    },
    now: () => Date.parse(iso),
  });
  return asked;
}

// 0x1e % 15 = 0: its turn is the first minute of each quarter of an hour.
describe('summaries', () => {
  it('are asked for once in each quarter of an hour', async () => {
    const summaries = async (iso: string) => (await askedAt(iso)).filter((text) => text.startsWith('summarize'));
    expect(await summaries('2026-03-03T05:44:59Z')).toEqual(['summarize 2026-03-03T05:30:00Z']);
    expect(await summaries('2026-03-03T05:45:00Z')).toEqual(['summarize 2026-03-03T05:45:00Z']);
  });
});

describe('what is due once an hour or once a day', () => {
  // 0x1e % 60 = 30: its turn is the 30th minute of each hour.
  it('is to sum the periods of each account, in a minute of its own', async () => {
    const periods = async (iso: string) => (await askedAt(iso)).filter((text) => text.startsWith('periods'));
    expect(await periods('2026-03-03T05:29:59Z')).toEqual(['periods 2026-03-03T04:00:00Z']);
    expect(await periods('2026-03-03T05:30:00Z')).toEqual(['periods 2026-03-03T05:00:00Z']);
    expect(await periods('2026-03-03T06:29:59Z')).toEqual(['periods 2026-03-03T05:00:00Z']);
  });

  it('is the sweep of each account from its hour on, and that of yesterday, should it have been missed', async () => {
    expect((await askedAt('2026-03-03T05:59:59Z')).filter((text) => text.startsWith('sweep'))).toEqual([
      'sweep 2026-03-02',
    ]);
    expect((await askedAt('2026-03-03T06:00:00Z')).filter((text) => text.startsWith('sweep'))).toEqual([
      'sweep 2026-03-02',
      'sweep 2026-03-03',
    ]);
  });

  it('is the cleanup of the last hour, and the full one of 02:00', async () => {
    const cleanups = async (iso: string) => (await askedAt(iso)).filter((text) => text.startsWith('cleanup'));
    expect(await cleanups('2026-03-03T02:24:59Z')).toEqual([
      'cleanup 2026-03-02T02:00:00Z',
      'cleanup 2026-03-03T01:00:00Z',
    ]);
    expect(await cleanups('2026-03-03T02:25:00Z')).toEqual(['cleanup 2026-03-03T02:00:00Z']);
    expect(await cleanups('2026-03-03T10:40:00Z')).toEqual([
      'cleanup 2026-03-03T02:00:00Z',
      'cleanup 2026-03-03T10:00:00Z',
    ]);
  });
});
