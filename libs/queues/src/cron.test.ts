import { cronFault } from './cron';

describe('cronFault', () => {
  it.each(['0 */1 * * *', '0 0 * * *', '*/10 * * * *', '15 3 1 * *', '0 0 29 2 *'])('takes %s', (pattern) => {
    expect(cronFault(pattern)).toBeNull();
  });

  it.each([
    ['* * * * *', 'often'],
    ['0,5 1 * * *', 'often'],
    ['* 0 0 * * *', 'five fields'],
    ['@hourly', 'five fields'],
    ['61 * * * *', 'not a cron pattern'],
    ['0 0 30 2 *', 'not a cron pattern'],
    ['', 'five fields'],
  ])('refuses %s', (pattern, why) => {
    expect(cronFault(pattern)).toContain(why);
  });
});
