import { createHash } from 'node:crypto';
import { isAppError } from '@cloudtuner/errors';
import { AccountCache } from './account-cache';
import { AuthThrottle } from './auth-throttle';
import { authenticate } from './authenticate';
import type { WriteIdentity } from './ports';

function setUp() {
  const state = { questions: 0, nowMs: 0 };
  const identity: WriteIdentity = {
    accountId: 'known',
    type: 'kubernetes_cnr',
    deletedAt: null,
    credentials: [{ passwordSha256: createHash('sha256').update('right').digest('hex'), expiresAt: null }],
    limits: {},
    ignoredLimits: [],
  };
  const accounts = new AccountCache({
    source: {
      findWriteIdentity: async (accountId) => {
        state.questions += 1;
        return accountId === 'known' ? identity : null;
      },
    },
    now: () => state.nowMs,
    freshMs: 30_000,
    unknownMs: 0,
    staleMs: 60_000,
    onLookup: () => undefined,
  });
  const throttle = new AuthThrottle(3);
  const attempt = (accountId: string, password: string | undefined, source = 'a'): Promise<string> =>
    authenticate({ accountId, password }, { accounts, throttle, source, nowMs: state.nowMs }).then(
      () => 'in',
      (error: unknown) => (isAppError(error) ? error.code : String(error)),
    );
  return { attempt, state };
}

describe('authenticate: an address that fails too often', () => {
  it('is throttled after its failures, also those without a password, and causes no look-up then', async () => {
    const { attempt, state } = setUp();
    expect(await attempt('known', 'wrong')).toBe('unauthenticated');
    expect(await attempt('stranger', 'x')).toBe('unauthenticated');
    expect(await attempt('stranger', undefined)).toBe('unauthenticated');
    const { questions } = state;
    for (const [accountId, password] of [
      ['known', 'wrong'],
      ['stranger', 'x'],
      ['another', 'x'],
      ['known', undefined],
    ] as const) {
      expect(await attempt(accountId, password)).toBe('auth-failures-throttled');
    }
    expect(state.questions).toBe(questions);
  });

  it('does not lock out others: another address, and right credentials that are known', async () => {
    const { attempt } = setUp();
    expect(await attempt('known', 'right')).toBe('in');
    for (let time = 0; time < 10; time += 1) await attempt('known', 'wrong');
    expect(await attempt('known', 'right')).toBe('in');
    expect(await attempt('known', 'wrong', 'b')).toBe('unauthenticated');
    expect(await attempt('known', 'right', 'b')).toBe('in');
  });

  it('may fail again with time', async () => {
    const { attempt, state } = setUp();
    for (let time = 0; time < 3; time += 1) await attempt('stranger', 'x');
    state.nowMs = 19_999;
    expect(await attempt('stranger', 'x')).toBe('auth-failures-throttled');
    state.nowMs = 20_100;
    expect(await attempt('stranger', 'x')).toBe('unauthenticated');
    expect(await attempt('stranger', 'x')).toBe('auth-failures-throttled');
  });
});
