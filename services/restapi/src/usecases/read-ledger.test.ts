import { AppError } from '@cloudtuner/errors';
import { msPerDay, msPerHour, type Nanos, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { componentsFrom, costsOf } from '../domain/costs';
import type { LedgerEntry } from '../domain/ledger';
import { readLedger, type LedgerSources } from './read-ledger';

const day = Date.parse('2026-03-02T00:00:00Z');
const nowMs = day + 10.5 * msPerHour;

const account: CloudAccount = {
  id: 'account',
  organizationId: 'organization',
  type: 'kubernetes_cnr',
  name: 'shop',
  region: null,
  owner: null,
  tags: {},
  clusterResourceId: 'resource',
  createdAt: new Date(0),
  deletedAt: null,
  lastReadAt: null,
  allocationLabelKeys: [],
};

const entry = (hour: number, cpu: Nanos, overrides: Partial<LedgerEntry> = {}): LedgerEntry => ({
  startMs: day + hour * msPerHour,
  endMs: day + (hour + 1) * msPerHour,
  costs: costsOf(componentsFrom((component) => (component === 'cpu_cost' ? cpu : null))),
  measuredSeconds: 3600,
  closed: true,
  dataVersion: 'stored',
  lastSampleMs: null,
  flags: [],
  ...overrides,
});

interface World {
  stored?: LedgerEntry[];
  expenses?: [number, Nanos][];
  live?: LedgerEntry[] | Error;
}

function sourcesOf({ stored = [], expenses = [], live = [] }: World) {
  const asked: TimeWindow[] = [];
  const outOfStep: number[] = [];
  const outcomes: string[] = [];
  const sources: LedgerSources = {
    facts: {
      readHours: async () => stored,
      readExpenses: async (_id, _resource, window) =>
        new Map(expenses.filter(([start]) => start >= window.startMs && start < window.endMs)),
      lastSampleMs: async () => null,
    },
    live: {
      readHours: async (_id, window) => {
        asked.push(window);
        if (live instanceof Error) throw live;
        return live;
      },
    },
    observer: {
      liveRead: (outcome) => outcomes.push(outcome),
      expensesOutOfStep: (_id, days) => outOfStep.push(days),
      accountLeftOut: () => undefined,
      readAgain: () => undefined,
    },
  };
  return { sources, asked, outOfStep, outcomes };
}

const read = (sources: LedgerSources, window: TimeWindow, of = account) =>
  readLedger(sources, of, {
    window,
    nowMs,
    liveDeadlineMs: nowMs + 1000,
    route: 'test',
    signal: new AbortController().signal,
  });

const today = { startMs: day, endMs: day + msPerDay };

describe('readLedger: the running and the not yet closed hours', () => {
  it('asks live for the hours since three hours ago that are not closed, the running one included', async () => {
    const { sources, asked } = sourcesOf({ stored: [entry(7, 1n), entry(9, 1n)] });
    await read(sources, today);
    expect(asked).toEqual([{ startMs: day + 8 * msPerHour, endMs: day + 11 * msPerHour }]);
  });

  it('asks nothing live for a window of the past, nor when all hours are closed, nor for a deleted account', async () => {
    const closed = [7, 8, 9].map((hour) => entry(hour, 1n));
    const { sources, asked } = sourcesOf({ stored: closed });
    await read(sources, { startMs: day - msPerDay, endMs: day });
    await read(sources, { startMs: day, endMs: day + 10 * msPerHour });
    await read(sources, today, { ...account, deletedAt: new Date(nowMs) });
    expect(asked).toEqual([]);
  });

  it('lets a live hour win over a stored open one, and a closed one over live', async () => {
    const { sources, outcomes } = sourcesOf({
      stored: [entry(9, 5n), entry(10, 1n, { closed: false })],
      live: [entry(8, 4n, { closed: false }), entry(9, 99n, { closed: false }), entry(10, 2n, { closed: false })],
    });
    const { entries, warnings } = await read(sources, today);
    expect(entries.map(({ costs }) => costs.total)).toEqual([4n, 5n, 2n]);
    expect(warnings).toEqual([]);
    expect(outcomes).toEqual(['answered']);
  });

  it('takes a stored open hour that was read within 90 s, and asks live for one that is older', async () => {
    const open = (hour: number, ageMs: number) => entry(hour, 5n, { closed: false, readAtMs: nowMs - ageMs });
    const closed = [7, 8, 9].map((hour) => entry(hour, 1n));
    const live = [entry(10, 99n, { closed: false })];
    const fresh = sourcesOf({ stored: [...closed, open(10, 90_000)], live });
    expect((await read(fresh.sources, today)).entries.at(-1)?.costs.total).toBe(5n);
    expect(fresh.asked).toEqual([]);
    const old = sourcesOf({ stored: [...closed, open(10, 90_001)], live });
    expect((await read(old.sources, today)).entries.at(-1)?.costs.total).toBe(99n);
    expect(old.asked).toEqual([{ startMs: day + 10 * msPerHour, endMs: day + 11 * msPerHour }]);
  });

  it('lets a fresh stored hour win over live when an older hour has to be asked for', async () => {
    const { sources } = sourcesOf({
      stored: [entry(7, 1n), entry(8, 1n), entry(10, 5n, { closed: false, readAtMs: nowMs })],
      live: [entry(9, 4n, { closed: false }), entry(10, 99n, { closed: false })],
    });
    expect((await read(sources, today)).entries.map(({ costs }) => costs.total)).toEqual([1n, 1n, 4n, 5n]);
  });

  it('falls back to what is stored of an open hour, with a warning, when live costs cannot be had', async () => {
    const { sources, outcomes } = sourcesOf({
      stored: [entry(10, 1n, { closed: false })],
      live: new AppError('metroculus-unavailable', 'gone'),
    });
    const { entries, warnings } = await read(sources, today);
    expect(entries.map(({ costs }) => costs.total)).toEqual([1n]);
    expect(warnings.map(({ code }) => code)).toEqual(['live-costs-unavailable']);
    expect(outcomes).toEqual(['failed']);
  });
});

describe('readLedger: expenses', () => {
  const yesterday = day - msPerDay;
  const week = { startMs: day - 7 * msPerDay, endMs: day };

  it('uses the expense of a day whose hours have expired, with no components', async () => {
    const { sources, outOfStep } = sourcesOf({ expenses: [[yesterday, 2400n]] });
    const { entries } = await read(sources, week);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      startMs: yesterday,
      endMs: day,
      costs: { total: 2400n, components: { cpu_cost: null } },
      flags: ['hours-expired'],
    });
    expect(outOfStep).toEqual([]);
  });

  it('lets the hours win over an expense that is not corrected yet, and counts the day', async () => {
    const { sources, outOfStep } = sourcesOf({ stored: [entry(-1, 100n)], expenses: [[yesterday, 90n]] });
    const { entries } = await read(sources, week);
    expect(entries.map(({ costs }) => costs.total)).toEqual([100n]);
    expect(outOfStep).toEqual([1]);
  });

  it('is silent when expense and hours agree', async () => {
    const { sources, outOfStep } = sourcesOf({ stored: [entry(-1, 100n)], expenses: [[yesterday, 100n]] });
    await read(sources, week);
    expect(outOfStep).toEqual([]);
  });

  it('uses no expense of a day that lies only partly in the window', async () => {
    const { sources } = sourcesOf({ expenses: [[yesterday, 2400n]] });
    const { entries } = await read(sources, { startMs: yesterday + msPerHour, endMs: day });
    expect(entries).toEqual([]);
  });
});
