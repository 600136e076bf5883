import type { AllocationDay } from '@cloudtuner/clickhouse';
import { defaultAllocationQuery, msPerDay, parseAggregate, type SummedFacts } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { readClusterAllocations, type AllocationSources } from './read-cluster-allocations';

const startMs = Date.parse('2026-03-01T00:00:00Z');
const window = { startMs, endMs: startMs + msPerDay };

const account: CloudAccount = {
  id: 'account',
  organizationId: 'organization',
  type: 'kubernetes_cnr',
  name: 'shop',
  region: null,
  owner: null,
  tags: {},
  clusterResourceId: null,
  createdAt: new Date(0),
  deletedAt: null,
  lastReadAt: null,
  allocationLabelKeys: [],
};

const day: AllocationDay = {
  day: startMs / 1000,
  hoursVersion: 'v',
  hourCount: 1,
  hours: [],
  closed: true,
  measuredSeconds: 3_600,
  lastSample: null,
  flags: [],
  periods: [],
  rollup: { dataVersion: 'r', rows: 1, labelKeys: [] },
};

/** A store of which a version is removed while it is read, so many times. */
function changing(times: number) {
  const asked: string[] = [];
  const again: string[] = [];
  const sources: AllocationSources = {
    allocations: {
      readDays: async (_id, _window, { includePeriods }) => {
        asked.push(includePeriods ? 'days, periods' : 'days');
        return [day];
      },
      readSums: async (): Promise<SummedFacts[] | null> => {
        asked.push('sums');
        return asked.length / 2 <= times ? null : [];
      },
      readPage: async () => null,
    },
    liveAllocations: { readHour: async () => null },
    facts: { readHours: async () => [], readExpenses: async () => new Map<number, bigint>() },
    observer: {
      liveRead: () => undefined,
      expensesOutOfStep: () => undefined,
      accountLeftOut: () => undefined,
      readAgain: (id) => again.push(id),
    },
  };
  return { sources, asked, again };
}

const read = (sources: AllocationSources) =>
  readClusterAllocations(sources, account, 'shop', {
    window,
    nowMs: startMs + 30 * msPerDay,
    liveDeadlineMs: 0,
    route: 'test',
    signal: new AbortController().signal,
    query: { ...defaultAllocationQuery, grouping: parseAggregate('namespace') },
    group: { columns: ['namespace'], labelKeys: [] },
    steps: [window],
  });

describe('readClusterAllocations', () => {
  it('asks again which versions there are when one was removed while it was read, and leaves periods aside', async () => {
    const { sources, asked, again } = changing(2);
    expect((await read(sources)).rows).toEqual([]);
    expect(asked).toEqual(['days, periods', 'sums', 'days', 'sums', 'days', 'sums']);
    expect(again).toEqual(['account', 'account']);
  });

  it('gives up after three times, with an error that says to ask again', async () => {
    const { sources, again } = changing(3);
    await expect(read(sources)).rejects.toMatchObject({ code: 'facts-incomplete' });
    expect(again).toEqual(['account', 'account']);
  });
});
