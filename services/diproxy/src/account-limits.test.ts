import { defaultWriteLimits } from '@cloudtuner/remote-write';
import { createLimitsOf, oncePerAccount, type AccountLimits } from './account-limits';
import type { WriteIdentity } from './ports';

const defaults: AccountLimits = {
  maxBodyBytes: 10,
  maxDecodedBytes: 20,
  maxInFlightRequests: 30,
  samplesPerSecond: 40,
  samplesBurst: 50,
  write: defaultWriteLimits,
};
const identityOf = (limits: WriteIdentity['limits'], ignoredLimits: readonly string[] = []): WriteIdentity => ({
  accountId: 'a',
  type: 'kubernetes_cnr',
  deletedAt: null,
  credentials: [],
  limits,
  ignoredLimits,
});

describe('createLimitsOf', () => {
  it('takes the defaults where the account has nothing of its own', () => {
    const limitsOf = createLimitsOf(defaults, { maxHeldBytes: 100, onIgnored: () => undefined });
    expect(limitsOf(identityOf({}))).toEqual(defaults);
  });

  it('puts every override of the account in its place', () => {
    const limitsOf = createLimitsOf(defaults, { maxHeldBytes: 100, onIgnored: () => undefined });
    const overrides = {
      body_bytes: 1,
      decoded_bytes: 2,
      in_flight_requests: 3,
      samples_per_second: 0,
      samples_burst: 5,
      series: 6,
      samples: 7,
      labels: 8,
      label_name_bytes: 9,
      label_value_bytes: 10,
      future_seconds: 11,
    };
    expect(limitsOf(identityOf(overrides))).toEqual({
      maxBodyBytes: 1,
      maxDecodedBytes: 2,
      maxInFlightRequests: 3,
      samplesPerSecond: 0,
      samplesBurst: 5,
      write: {
        maxSeries: 6,
        maxSamples: 7,
        maxLabels: 8,
        maxLabelNameBytes: 9,
        maxLabelValueBytes: 10,
        maxFutureMs: 11_000,
      },
    });
  });

  it('never allows a body that the process cannot hold', () => {
    const limitsOf = createLimitsOf(defaults, { maxHeldBytes: 100, onIgnored: () => undefined });
    expect(limitsOf(identityOf({ body_bytes: 101 })).maxBodyBytes).toBe(100);
  });

  it('tells of ignored overrides once a look-up, and logs them once until they change', () => {
    const told: string[] = [];
    const logged: string[] = [];
    const log = oncePerAccount((accountId, names) => logged.push(`${accountId}: ${names.join()}`));
    const onIgnored = (accountId: string, names: readonly string[]): void => {
      told.push(...names);
      log(accountId, names);
    };
    const limitsOf = createLimitsOf(defaults, { maxHeldBytes: 100, onIgnored });
    const identity = identityOf({}, ['speed']);
    limitsOf(identity);
    limitsOf(identity);
    limitsOf(identityOf({}, ['speed']));
    limitsOf(identityOf({}, ['colour']));
    expect(told).toEqual(['speed', 'speed', 'colour']);
    expect(logged).toEqual(['a: speed', 'a: colour']);
  });
});
