import { AuthThrottle, sourceOf } from './auth-throttle';

describe('AuthThrottle', () => {
  const failTimes = (throttle: AuthThrottle, times: number, nowMs = 0): void => {
    for (let time = 0; time < times; time += 1) throttle.failed('a', nowMs);
  };

  it('throttles an address after its failures of a minute, and not the next address', () => {
    const throttle = new AuthThrottle(60);
    failTimes(throttle, 59);
    expect(throttle.waitMs('a', 0)).toBe(0);
    failTimes(throttle, 1);
    // One a second comes back.
    expect(throttle.waitMs('a', 0)).toBe(1_000);
    expect(throttle.waitMs('b', 0)).toBe(0);
    expect(throttle.waitMs('a', 400)).toBeCloseTo(600, 6);
    expect(throttle.waitMs('a', 1_000)).toBe(0);
  });

  it('has no throttle at 0', () => {
    const throttle = new AuthThrottle(0);
    failTimes(throttle, 1_000);
    expect([throttle.waitMs('a', 0), throttle.size]).toEqual([0, 0]);
  });

  it('remembers at most 10,000 addresses and forgets quiet ones', () => {
    const throttle = new AuthThrottle(60);
    for (let address = 0; address < 10_100; address += 1) throttle.failed(String(address), 0);
    expect(throttle.size).toBe(10_000);
    throttle.evictFull(999);
    expect(throttle.size).toBe(10_000);
    throttle.evictFull(1_000);
    expect(throttle.size).toBe(0);
  });
});

describe('sourceOf', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, 'unknown'],
  ])('takes %s for %s', (address, source) => {
    expect(sourceOf(address)).toBe(source);
  });
});
