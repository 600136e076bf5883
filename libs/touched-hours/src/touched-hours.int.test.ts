import { randomPrefix, sharedServers, startSilentServer } from '@cloudtuner/test-kit';
import { createTouchedHours, type TouchedHour, type TouchedHours, type TouchedHoursOptions } from './touched-hours';

const account = '0b6f8e52-7a55-4c8b-9f5e-000000000001';
const other = '0b6f8e52-7a55-4c8b-9f5e-000000000002';
const hourAt = (index: number, cloudAccountId = account): TouchedHour => ({
  cloudAccountId,
  hour: 1_750_000_000 - (1_750_000_000 % 3_600) + index * 3_600,
});
const second = 1_000;

let nowMs = 0;
let prefix = '';
const opened: TouchedHours[] = [];

async function open(options: Partial<TouchedHoursOptions> = {}): Promise<TouchedHours> {
  const touched = createTouchedHours({
    redisUrl: await sharedServers().redisUrl(),
    prefix,
    now: () => nowMs,
    ...options,
  });
  opened.push(touched);
  return touched;
}

beforeEach(() => {
  nowMs = 1_750_000_000_000;
  prefix = randomPrefix();
});

afterEach(() => {
  for (const touched of opened.splice(0)) touched.close();
});

describe('marks on touched hours', () => {
  it('are due when their hour was not touched for a minute', async () => {
    const touched = await open();
    await touched.mark([hourAt(0)]);
    nowMs += 59 * second;
    expect(await touched.due(10)).toEqual([]);
    await touched.mark([hourAt(0), hourAt(1)]);
    nowMs += 59 * second;
    expect(await touched.due(10)).toEqual([]);
    nowMs += second;
    expect(await touched.due(10)).toEqual([hourAt(0), hourAt(1)]);
    expect(await touched.count()).toBe(2);
  });

  it('are due three minutes after their first touch, however often they are touched', async () => {
    const touched = await open();
    for (let step = 0; step < 6; step += 1) {
      await touched.mark([hourAt(0)]);
      expect(await touched.due(10)).toEqual([]);
      nowMs += 30 * second;
    }
    expect(await touched.due(10)).toEqual([hourAt(0)]);
  });

  it('come in the order of their waiting, and only as many as are wanted', async () => {
    const touched = await open();
    await touched.mark([hourAt(5)]);
    nowMs += second;
    await touched.mark([hourAt(4, other)]);
    nowMs += second;
    await touched.mark([hourAt(3)]);
    nowMs += 60 * second;
    expect(await touched.due(2)).toEqual([hourAt(5), hourAt(4, other)]);
  });

  it('stay until they are settled, whoever looks at them', async () => {
    const [gateway, worker] = [await open(), await open()];
    await gateway.mark([hourAt(0)]);
    nowMs += 60 * second;
    expect(await worker.due(10)).toEqual([hourAt(0)]);
    expect(await worker.due(10)).toEqual([hourAt(0)]);
    const touch = await worker.lastTouch(hourAt(0));
    expect(await worker.settle(hourAt(0), touch ?? 0)).toBe(true);
    expect([await worker.due(10), await worker.lastTouch(hourAt(0)), await worker.count()]).toEqual([[], null, 0]);
  });

  it('survive a settlement when their hour was touched in between', async () => {
    const touched = await open();
    await touched.mark([hourAt(0)]);
    const seen = (await touched.lastTouch(hourAt(0))) ?? 0;
    nowMs += 90 * second;
    await touched.mark([hourAt(0)]);
    expect(await touched.settle(hourAt(0), seen)).toBe(false);
    nowMs += 60 * second;
    expect(await touched.due(10)).toEqual([hourAt(0)]);
  });

  it('are not taken away by a settlement of an earlier mark of the same hour', async () => {
    const touched = await open();
    await touched.mark([hourAt(0)]);
    const seen = (await touched.lastTouch(hourAt(0))) ?? 0;
    await touched.settle(hourAt(0), seen);
    await touched.mark([hourAt(0)]);
    expect(await touched.settle(hourAt(0), seen)).toBe(false);
    expect(await touched.count()).toBe(1);
  });

  it('can be left in thousands at once', async () => {
    const touched = await open();
    const hours = Array.from({ length: 1_201 }, (_, index) => hourAt(index));
    await touched.mark(hours);
    nowMs += 60 * second;
    expect(await touched.count()).toBe(1_201);
    expect(new Set((await touched.due(2_000)).map(({ hour }) => hour)).size).toBe(1_201);
  });

  it('fail soon while Redis is silent', async () => {
    const silent = await startSilentServer();
    try {
      const touched = await open({ redisUrl: `redis://127.0.0.1:${String(silent.port)}` });
      await expect(touched.mark([hourAt(0)])).rejects.toMatchObject({ code: 'queue-unavailable' });
    } finally {
      await silent.close();
    }
  });
});
