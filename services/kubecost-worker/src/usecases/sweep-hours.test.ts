import type { HourState } from '../domain/hour-state';
import { sweepHours } from './sweep-hours';

const day = Date.parse('2026-03-03T00:00:00Z') / 1_000;
// 0x1e = 30: its turn is the hour of 06:00, so the sweep of the 3rd is for the hours from 18:00 of the 1st to 18:00 of the 2nd.
const cloudAccountId = '0000001e-1d2b-4c3d-8e4f-0123456789ab';
const hourState = (hour: string, readAt: string, closed = true): HourState => ({
  hour: Date.parse(hour) / 1_000,
  dataVersion: 'v',
  readAtMs: Date.parse(readAt),
  closed,
  assetRows: 1,
  allocationRows: 1,
  measuredSeconds: 3_600,
  expectedSeconds: 3_600,
  lastSampleSeconds: null,
  flags: [],
});

describe('the sweep of an account', () => {
  it('asks for the closed hours of its window that were read while samples could still arrive, and no others', async () => {
    const asked: string[] = [];
    const windows: string[] = [];
    const iso = (seconds: number): string => new Date(seconds * 1_000).toISOString();
    const found = await sweepHours(
      {
        store: {
          findHours(_id, { from, to }) {
            windows.push(`${iso(from)} to ${iso(to)}`);
            return Promise.resolve([
              hourState('2026-03-02T10:00:00Z', '2026-03-02T11:10:00Z'),
              // Read again at 23:01: samples of it came until 23:00.
              hourState('2026-03-02T10:00:00Z', '2026-03-02T23:01:00Z'),
              hourState('2026-03-02T11:00:00Z', '2026-03-02T23:59:59Z'),
              hourState('2026-03-02T12:00:00Z', '2026-03-02T12:30:00Z', false),
            ]);
          },
        },
        dispatcher: {
          reaggregateHour: (_id, hour, reason) => Promise.resolve(asked.push(`${reason} ${iso(hour)}`) > 0),
        },
        outOfOrderSeconds: 12 * 3_600,
      },
      { cloudAccountId, day },
    );
    expect(windows).toEqual(['2026-03-01T18:00:00.000Z to 2026-03-02T18:00:00.000Z']);
    expect(asked).toEqual(['sweep 2026-03-02T10:00:00.000Z', 'sweep 2026-03-02T11:00:00.000Z']);
    expect(found).toBe(2);
  });
});
