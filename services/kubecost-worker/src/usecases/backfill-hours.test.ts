import { EventEmitter, once } from 'node:events';
import { AppError } from '@cloudtuner/errors';
import { hoursBetween } from '../domain/calendar';
import { backfillHours, type BackfillPorts, type BackfillRequest, type Progress } from './backfill-hours';

const at = (iso: string): number => Date.parse(iso) / 1_000;
const account = {
  id: '5f0c8a3e-1d2b-4c3d-8e4f-0123456789ab',
  organizationId: 'o',
  clusterResourceId: 'c',
  createdAt: new Date(0),
  lastReadAt: null,
  allocationLabelKeys: [],
};
const from = at('2026-03-01T00:00:00Z');

interface Trace {
  readonly hours: number[];
  readonly days: number[];
  readonly progress: Progress[];
}

function setUp(change: Partial<BackfillPorts> = {}): { trace: Trace; ports: BackfillPorts } {
  const trace: Trace = { hours: [], days: [], progress: [] };
  const ports: BackfillPorts = {
    accounts: {
      list: () => Promise.resolve([account]),
      find: (id) => Promise.resolve(id === account.id ? account : null),
    },
    storeHour: (_account, hour) => Promise.resolve(trace.hours.push(hour)),
    storeDay: (_account, day) => Promise.resolve(trace.days.push(day)),
    now: () => Date.parse('2026-03-10T00:30:00Z'),
    parallelHours: 4,
    hoursPerTurn: 1_000,
    ...change,
  };
  return { trace, ports };
}

const request = (trace: Trace, change: Partial<BackfillRequest> = {}): BackfillRequest => ({
  cloudAccountId: account.id,
  from,
  to: at('2026-03-03T00:00:00Z'),
  progress: null,
  report: (progress) => Promise.resolve(void trace.progress.push(progress)),
  signal: new AbortController().signal,
  stopping: new AbortController().signal,
  ...change,
});

describe('a backfill', () => {
  it('stores each hour once, closes the days, and tells its progress hour by hour', async () => {
    const { trace, ports } = setUp();
    expect(await backfillHours(ports, request(trace))).toBe('done');
    expect(trace.hours.toSorted((a, b) => a - b)).toEqual(hoursBetween(from, at('2026-03-03T00:00:00Z')));
    expect(trace.days).toEqual([from, at('2026-03-02T00:00:00Z')]);
    expect(trace.progress.at(0)).toEqual({ doneHours: 0, totalHours: 48 });
    expect(trace.progress.at(-1)).toEqual({ doneHours: 48, totalHours: 48 });
    const done = trace.progress.map(({ doneHours }) => doneHours);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
  });

  it('takes whole days at both ends, because a day needs all of its hours', async () => {
    const { trace, ports } = setUp();
    await backfillHours(ports, request(trace, { from: at('2026-03-01T17:00:00Z'), to: at('2026-03-02T02:00:00Z') }));
    expect(trace.progress.at(-1)).toEqual({ doneHours: 48, totalHours: 48 });
    expect(trace.days).toHaveLength(2);
  });

  it('stores no hour that has not ended, and leaves its day open', async () => {
    // At 05:30 the hours before 05:00 have ended at least ten minutes ago.
    const { trace, ports } = setUp({ now: () => Date.parse('2026-03-02T05:30:00Z') });
    await backfillHours(ports, request(trace));
    expect(Math.max(...trace.hours)).toBe(at('2026-03-02T04:00:00Z'));
    expect(trace.days).toEqual([from]);
  });

  it('has nothing to do for a window that lies ahead', async () => {
    const { trace, ports } = setUp({ now: () => 0 });
    expect(await backfillHours(ports, request(trace))).toBe('done');
    expect(trace.progress).toEqual([{ doneHours: 0, totalHours: 0 }]);
  });

  it('goes on where an earlier run was cut off, and writes a day that it had not', async () => {
    const { trace, ports } = setUp();
    await backfillHours(ports, request(trace, { progress: { doneHours: 23, totalHours: 48 } }));
    expect(trace.hours).toHaveLength(25);
    expect(trace.days).toHaveLength(2);
  });

  it('does not count the last hour of a day before the day is written', async () => {
    const { trace, ports } = setUp({ storeDay: () => Promise.reject(new AppError('clickhouse-unavailable', 'away')) });
    await expect(backfillHours(ports, request(trace))).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
    expect(trace.progress.at(-1)).toEqual({ doneHours: 23, totalHours: 48 });
  });

  it('goes on with the next day while a day is written', async () => {
    const secondDay = at('2026-03-02T00:00:00Z');
    const began = new EventEmitter();
    const secondDayBegan = once(began, 'second day');
    const { trace, ports } = setUp({
      storeHour: (_account, hour) => {
        if (hour === secondDay) began.emit('second day');
        return Promise.resolve(trace.hours.push(hour));
      },
      storeDay: async (_account, day) => {
        if (day === from) await secondDayBegan;
        trace.days.push(day);
      },
    });
    expect(await backfillHours(ports, request(trace))).toBe('done');
    expect(trace.days.toSorted((a, b) => a - b)).toEqual([from, secondDay]);
    expect(trace.progress.at(-1)).toEqual({ doneHours: 48, totalHours: 48 });
  });

  it('writes no day once the worker is about to stop, and counts its last hour when it is written', async () => {
    const stopping = new AbortController();
    const { trace, ports } = setUp({
      parallelHours: 1,
      storeHour: (_account, hour) => {
        if (trace.hours.push(hour) === 24) stopping.abort();
        return Promise.resolve();
      },
    });
    expect(await backfillHours(ports, request(trace, { stopping: stopping.signal }))).toBe('yield');
    expect(trace.days).toEqual([]);
    expect(trace.progress.at(-1)?.doneHours).toBe(23);
  });

  it('counts only what is done without a gap', async () => {
    const late = from + 2 * 3_600;
    const { trace, ports } = setUp({
      storeHour: (_account, hour) =>
        hour === late ? Promise.reject(new Error('late')) : Promise.resolve(trace.hours.push(hour)),
    });
    await expect(backfillHours(ports, request(trace))).rejects.toThrow('late');
    expect(trace.progress.at(-1)?.doneHours).toBe(2);
  });

  it('runs no more hours at once than it may', async () => {
    let running = 0;
    let most = 0;
    const { trace, ports } = setUp({
      parallelHours: 3,
      storeHour: async () => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
      },
    });
    await backfillHours(ports, request(trace));
    expect(most).toBe(3);
  });

  it('lets others go first after its turn', async () => {
    const { trace, ports } = setUp({ hoursPerTurn: 24 });
    expect(await backfillHours(ports, request(trace))).toBe('yield');
    expect(trace.progress.at(-1)).toEqual({ doneHours: 24, totalHours: 48 });
  });

  it('yields between two hours when the worker is about to stop', async () => {
    const stopping = new AbortController();
    const { trace, ports } = setUp({
      parallelHours: 1,
      storeHour: (_account, hour) => {
        trace.hours.push(hour);
        if (trace.hours.length === 5) stopping.abort();
        return Promise.resolve();
      },
    });
    expect(await backfillHours(ports, request(trace, { stopping: stopping.signal }))).toBe('yield');
    expect(trace.hours).toHaveLength(5);
    expect(trace.progress.at(-1)?.doneHours).toBe(5);
  });

  it('of an account that is not there is not found', async () => {
    const { trace, ports } = setUp();
    await expect(backfillHours(ports, request(trace, { cloudAccountId: 'gone' }))).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
