import { AppError } from '@cloudtuner/errors';
import { randomPrefix, randomTenant, sharedServers } from '@cloudtuner/test-kit';
import { createTouchedHours, type TouchedHours } from '@cloudtuner/touched-hours';
import { dayOf } from '../domain/calendar';
import { reaggregateHour } from './reaggregate-hour';
import type { HourOutcome } from './store-hour';

const nowMs = Date.parse('2026-03-03T12:30:00Z');
const hour = Date.parse('2026-03-02T20:00:00Z') / 1_000;
const signal = new AbortController().signal;

let touched: TouchedHours;
let cloudAccountId: string;

beforeAll(async () => {
  touched = createTouchedHours({ redisUrl: await sharedServers().redisUrl(), prefix: randomPrefix(), restMs: 0 });
});
afterAll(() => {
  touched.close();
});
beforeEach(async () => {
  cloudAccountId = randomTenant();
  await touched.mark([{ cloudAccountId, hour }]);
});

const isMarked = async (): Promise<boolean> => (await touched.lastTouch({ cloudAccountId, hour })) !== null;

async function run(storeHour: () => Promise<HourOutcome>, at = hour): Promise<{ days: number[]; error?: unknown }> {
  const days: number[] = [];
  const dispatcher = { closeDay: (_id: string, day: number) => Promise.resolve(days.push(day) > 0) };
  try {
    await reaggregateHour({ touched, storeHour, dispatcher, now: () => nowMs }, { cloudAccountId, hour: at, signal });
    return { days };
  } catch (error) {
    return { days, error };
  }
}

describe('an hour that is read again', () => {
  it.each<[HourOutcome, number[]]>([
    ['stored', [dayOf(hour)]],
    ['unchanged', []],
    ['kept', []],
  ])('loses its mark when it was %s, and its day is asked for if that changed something', async (outcome, days) => {
    expect(await run(() => Promise.resolve(outcome))).toEqual({ days });
    expect(await isMarked()).toBe(false);
  });

  it('does not ask for a day that has not ended', async () => {
    const today = Date.parse('2026-03-03T08:00:00Z') / 1_000;
    expect(await run(() => Promise.resolve('stored'), today)).toEqual({ days: [] });
  });

  it('keeps a mark that was left while it was read', async () => {
    await run(async () => {
      await touched.mark([{ cloudAccountId, hour }]);
      return 'stored';
    });
    expect(await isMarked()).toBe(true);
    await run(() => Promise.resolve('unchanged'));
    expect(await isMarked()).toBe(false);
  });

  it('keeps its mark when it could not be stored', async () => {
    const error = new AppError('clickhouse-unavailable', 'away');
    expect(await run(() => Promise.reject(error))).toEqual({ days: [], error });
    expect(await isMarked()).toBe(true);
  });

  it('loses its mark when it does not add up: only other samples can change that', async () => {
    const error = new AppError('facts-unbalanced', 'a nano too much');
    expect(await run(() => Promise.reject(error))).toEqual({ days: [], error });
    expect(await isMarked()).toBe(false);
  });
});
