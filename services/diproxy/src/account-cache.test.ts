import { isAppError } from '@cloudtuner/errors';
import { AccountCache, type LookupResult } from './account-cache';
import type { WriteIdentity } from './ports';

const identityOf = (accountId: string): WriteIdentity => ({
  accountId,
  type: 'kubernetes_cnr',
  deletedAt: null,
  credentials: [],
  limits: {},
  ignoredLimits: [],
});

/** A cache over a source whose answers and clock the test sets. */
function setUp() {
  const state = { nowMs: 0, questions: 0, down: false, present: true };
  const results: LookupResult[] = [];
  const cache = new AccountCache({
    source: {
      async findWriteIdentity(accountId) {
        state.questions += 1;
        await Promise.resolve();
        if (state.down) throw new Error('down');
        return state.present ? identityOf(accountId) : null;
      },
    },
    now: () => state.nowMs,
    freshMs: 30_000,
    unknownMs: 5_000,
    staleMs: 6 * 3_600_000,
    onLookup: (result) => results.push(result),
  });
  return { cache, state, results };
}

async function codeOf(run: Promise<unknown>): Promise<string> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return isAppError(error) ? error.code : 'found';
}

describe('AccountCache', () => {
  it('asks once in 30 s for a found account', async () => {
    const { cache, state, results } = setUp();
    await cache.find('a');
    state.nowMs = 29_999;
    expect(await cache.find('a')).toEqual(identityOf('a'));
    expect(state.questions).toBe(1);
    state.nowMs = 30_000;
    await cache.find('a');
    expect(state.questions).toBe(2);
    expect(results).toEqual(['miss', 'hit', 'miss']);
  });

  it('asks once in 5 s for an account that does not exist', async () => {
    const { cache, state, results } = setUp();
    state.present = false;
    expect(await cache.find('a')).toBeNull();
    state.nowMs = 4_999;
    expect(await cache.find('a')).toBeNull();
    expect(state.questions).toBe(1);
    state.nowMs = 5_000;
    state.present = true;
    expect(await cache.find('a')).toEqual(identityOf('a'));
    expect(results).toEqual(['unknown', 'unknown', 'miss']);
  });

  it('asks once for many who ask at a time', async () => {
    const { cache, state } = setUp();
    await Promise.all(Array.from({ length: 50 }, () => cache.find('a')));
    expect(state.questions).toBe(1);
  });

  it('uses a found account for 6 h while the source fails, then no longer', async () => {
    const { cache, state, results } = setUp();
    await cache.find('a');
    state.down = true;
    state.nowMs = 6 * 3_600_000 - 1;
    expect(await cache.find('a')).toEqual(identityOf('a'));
    state.nowMs = 6 * 3_600_000;
    expect(await codeOf(cache.find('a'))).toBe('account-lookup-unavailable');
    expect(results).toEqual(['miss', 'stale', 'unavailable']);
  });

  it('asks a failing source for a known account once a second, without waiting for it', async () => {
    const { cache, state } = setUp();
    await cache.find('a');
    state.down = true;
    state.nowMs = 40_000;
    await cache.find('a');
    expect(state.questions).toBe(2);
    state.nowMs = 40_999;
    await cache.find('a');
    expect(state.questions).toBe(2);
    state.nowMs = 41_000;
    await Promise.all([cache.find('a'), cache.find('a')]);
    expect(state.questions).toBe(3);
  });

  it('never takes a failure for an unknown account', async () => {
    const { cache, state } = setUp();
    state.down = true;
    expect(await codeOf(cache.find('a'))).toBe('account-lookup-unavailable');
    state.down = false;
    expect(await cache.find('a')).toEqual(identityOf('a'));
  });

  it('forgets an account that is gone', async () => {
    const { cache, state } = setUp();
    await cache.find('a');
    state.present = false;
    state.nowMs = 30_000;
    expect(await cache.find('a')).toBeNull();
    state.down = true;
    state.nowMs = 36_000;
    expect(await codeOf(cache.find('a'))).toBe('account-lookup-unavailable');
  });

  it('shows what it knows without asking', async () => {
    const { cache, state } = setUp();
    expect(cache.peek('a')).toBeUndefined();
    await cache.find('a');
    expect(cache.peek('a')).toEqual(identityOf('a'));
    expect(state.questions).toBe(1);
  });
});
