import { sweepDueAt, sweepWindow } from './sweep';

const day = Date.parse('2026-03-03T00:00:00Z') / 1_000;
// 0x1e = 30: its turn is the hour of 06:00.
const account = '0000001e-1d2b-4c3d-8e4f-0123456789ab';

describe('the sweep of a day', () => {
  it('is due in the hour of its account', () => {
    expect(new Date(sweepDueAt(account, day) * 1_000).toISOString()).toBe('2026-03-03T06:00:00.000Z');
  });

  it('takes the 24 hours of which no sample can arrive any more when it is due', () => {
    const { from, to } = sweepWindow(account, day, 12 * 3_600);
    expect([from, to].map((seconds) => new Date(seconds * 1_000).toISOString())).toEqual([
      '2026-03-01T18:00:00.000Z',
      '2026-03-02T18:00:00.000Z',
    ]);
  });

  it('begins where that of the day before has ended', () => {
    expect(sweepWindow(account, day + 86_400, 12 * 3_600).from).toBe(sweepWindow(account, day, 12 * 3_600).to);
  });
});
