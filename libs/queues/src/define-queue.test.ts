import { z } from 'zod';
import { backfill, closeDay, closeHour, planHours, refreshLiveHour } from './contracts';
import { defineQueue, jobIdOf } from './define-queue';

const account = '5f0c8a3e-1d2b-4c3d-8e4f-0123456789ab';

describe('job ids', () => {
  it('name the account and the start of the hour in unix seconds', () => {
    // 2026-03-01T05:00:00Z is 1772341200 s after the epoch.
    expect(jobIdOf(closeHour, { cloudAccountId: account, hour: '2026-03-01T05:00:00Z' })).toBe(`${account}_1772341200`);
    expect(jobIdOf(closeHour, { cloudAccountId: account, hour: '2026-03-01T05:00:00.000Z' })).toBe(
      `${account}_1772341200`,
    );
  });

  it('differ between windows of one account and are the same for the same window', () => {
    const window = { cloudAccountId: account, fromHour: '2026-03-01T05:00:00Z', toHour: '2026-03-02T00:00:00Z' };
    expect(jobIdOf(backfill, window)).toBe(jobIdOf(backfill, { ...window }));
    expect(jobIdOf(backfill, window)).not.toBe(jobIdOf(backfill, { ...window, toHour: '2026-03-01T06:00:00Z' }));
  });

  it.each(['', 'a:b', '42'])('cannot be %j, which BullMQ refuses', (id) => {
    const queue = defineQueue({ ...planHours, jobId: () => id });
    expect(() => jobIdOf(queue, {})).toThrow(RangeError);
  });
});

describe('payloads', () => {
  it.each(['2026-03-01T05:30:00Z', '2026-03-01', 'yesterday', '2026-03-01T05:00:00+01:00'])(
    'do not take %s for an hour',
    (hour) => {
      expect(closeHour.payload.safeParse({ cloudAccountId: account, hour }).success).toBe(false);
    },
  );

  it('take only the start of a day for a day', () => {
    expect(closeDay.payload.safeParse({ cloudAccountId: account, day: '2026-03-01T00:00:00Z' }).success).toBe(true);
    expect(closeDay.payload.safeParse({ cloudAccountId: account, day: '2026-03-01T01:00:00Z' }).success).toBe(false);
  });

  it('of a backfill need a window that goes forward', () => {
    const at = '2026-03-01T05:00:00Z';
    expect(backfill.payload.safeParse({ cloudAccountId: account, fromHour: at, toHour: at }).success).toBe(false);
  });

  it('name an account by its UUID, whatever its case', () => {
    expect(refreshLiveHour.payload.parse({ cloudAccountId: account.toUpperCase() })).toEqual({
      cloudAccountId: account,
    });
    expect(refreshLiveHour.payload.safeParse({ cloudAccountId: 'shop' }).success).toBe(false);
  });
});

describe('a definition', () => {
  it('has a kebab-case name', () => {
    expect(() => defineQueue({ ...planHours, payload: z.object({}), name: 'Plan:Hours' })).toThrow(RangeError);
  });
});
