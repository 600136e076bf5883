import type { TouchedHour } from '../ports';
import { planTouched, type PlanTouchedPorts } from './plan-touched';

const nowMs = Date.parse('2026-03-03T12:30:00Z');
const hourAt = (iso: string): number => Date.parse(iso) / 1_000;
const [noon, eleven, ten, nine] = [12, 11, 10, 9].map((hour) =>
  hourAt(`2026-03-03T${String(hour).padStart(2, '0')}:00:00Z`),
) as [number, number, number, number];
const [one, two] = ['00000001-1d2b-4c3d-8e4f-0123456789ab', '00000002-1d2b-4c3d-8e4f-0123456789ab'] as const;

function setUp(marks: readonly TouchedHour[], { waiting = 0, pending = new Set<number>() } = {}) {
  const asked: string[] = [];
  const settled: string[] = [];
  const text = ({ cloudAccountId, hour }: TouchedHour): string => `${cloudAccountId.slice(7, 8)} ${String(hour)}`;
  const account = {
    organizationId: 'o',
    clusterResourceId: 'c',
    createdAt: new Date(0),
    lastReadAt: null,
    allocationLabelKeys: [],
  };
  const ports: PlanTouchedPorts = {
    accounts: { list: () => Promise.resolve([one, two].map((id) => ({ id, ...account }))) },
    touched: {
      due: (limit) => Promise.resolve(marks.slice(0, limit)),
      lastTouch: () => Promise.resolve(7),
      settle(mark, touch) {
        settled.push(`${text(mark)} ${String(touch)}`);
        return Promise.resolve(true);
      },
    },
    dispatcher: {
      reaggregateHour(cloudAccountId, hour) {
        if (pending.has(hour)) return Promise.resolve(false);
        asked.push(text({ cloudAccountId, hour }));
        return Promise.resolve(true);
      },
      waitingReaggregations: () => Promise.resolve(waiting),
    },
    now: () => nowMs,
    outOfOrderSeconds: 12 * 3_600,
  };
  return { asked, settled, ports };
}

const mark = (cloudAccountId: string, hour: number): TouchedHour => ({ cloudAccountId, hour });
const nothing = { asked: 0, waiting: 0, open: 0, tooOld: 0, gone: 0 };

describe('hours that late samples have touched', () => {
  it('are asked for newest first, accounts taking turns, and keep their marks', async () => {
    const { asked, settled, ports } = setUp([mark(one, nine), mark(one, ten), mark(one, eleven), mark(two, nine)]);
    expect(await planTouched(ports)).toEqual({ ...nothing, asked: 4 });
    const ofOne = asked.filter((text) => text.startsWith('1'));
    expect(ofOne).toEqual([`1 ${String(eleven)}`, `1 ${String(ten)}`, `1 ${String(nine)}`]);
    expect(asked.indexOf(`2 ${String(nine)}`)).toBeLessThan(2);
    expect(settled).toEqual([]);
  });

  it('wait for the next tick when the queue is long enough', async () => {
    const { asked, ports } = setUp([mark(one, nine), mark(one, eleven)], { waiting: 59 });
    expect(await planTouched(ports)).toEqual({ ...nothing, asked: 1, waiting: 1 });
    expect(asked).toEqual([`1 ${String(eleven)}`]);
  });

  it('take no room when they were asked for already', async () => {
    const { asked, ports } = setUp([mark(one, ten), mark(one, eleven)], { waiting: 59, pending: new Set([eleven]) });
    expect(await planTouched(ports)).toEqual({ ...nothing, asked: 1, waiting: 1 });
    expect(asked).toEqual([`1 ${String(ten)}`]);
  });

  it.each([
    ['runs, which is read each minute', { open: 1 }, mark(one, noon)],
    // It ended at 00:00; at 12:30 a store takes samples from 00:30 on, and there is an hour of grace.
    ['is too old for any store', { tooOld: 1 }, mark(one, hourAt('2026-03-02T22:00:00Z'))],
    ['is of an account that was deleted', { gone: 1 }, mark('00000003-1d2b-4c3d-8e4f-0123456789ab', eleven)],
  ])('are only counted when the hour %s', async (_what, count, touched) => {
    const { asked, settled, ports } = setUp([touched]);
    expect(await planTouched(ports)).toEqual({ ...nothing, ...count });
    expect(asked).toEqual([]);
    expect(settled).toHaveLength(1);
  });

  it.each([
    ['2026-03-03T12:09:59Z', { open: 1 }],
    ['2026-03-03T12:10:00Z', { asked: 1 }],
  ])('are not closed before ten minutes after the hour (%s)', async (at, count) => {
    const { ports } = setUp([mark(one, eleven)]);
    expect(await planTouched({ ...ports, now: () => Date.parse(at) })).toEqual({ ...nothing, ...count });
  });
});
