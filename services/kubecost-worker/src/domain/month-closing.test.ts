import { openMonthState } from './month-closing';

/** February 2024 has 29 days; it may be closed from 6 March on, and from 13 March on although hours are missing. */
const february = Date.UTC(2024, 1) / 1_000;
const closing = { closeDays: 5, lookbackHours: 168 };

describe('a month that is open', () => {
  it.each([
    ['is not waited for before its closing day', Date.UTC(2024, 2, 6) - 1, null],
    ['waits from its closing day on', Date.UTC(2024, 2, 6), 'waiting'],
    ['waits a day longer than for its last hour, as it has to rest', Date.UTC(2024, 2, 14) - 1, 'waiting'],
    ['is late then', Date.UTC(2024, 2, 14), 'late'],
  ])('%s', (_what, nowMs, expected) => {
    expect(openMonthState(february, closing, nowMs)).toBe(expected);
  });
});
