import { randomDatabase, randomPrefix, randomTenant } from './random-names';

describe('names that no other test uses', () => {
  it.each([
    ['a tenant is a UUID', randomTenant, /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/],
    ['a database needs no quoting', randomDatabase, /^test_[0-9a-f]{12}$/],
    ['a prefix has no colon', randomPrefix, /^test-[0-9a-f]{12}$/],
  ])('%s, another one each time', (_what, random, pattern) => {
    expect(random()).toMatch(pattern);
    expect(random()).not.toBe(random());
  });
});
