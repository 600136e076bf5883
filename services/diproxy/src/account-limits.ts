import type { WriteLimitOverrides } from '@cloudtuner/metadata';
import type { WriteLimits } from '@cloudtuner/remote-write';
import type { WriteIdentity } from './ports';

/** What one account may do. */
export interface AccountLimits {
  readonly maxBodyBytes: number;
  readonly maxDecodedBytes: number;
  /** Writes between a complete body and its answer. */
  readonly maxInFlightRequests: number;
  /** Samples and native histograms that are added to the bucket each second; 0 = no rate limit. */
  readonly samplesPerSecond: number;
  /** Samples and native histograms that the full bucket holds. */
  readonly samplesBurst: number;
  /** What one request may hold. */
  readonly write: WriteLimits;
}

/** The limits of the account of a write. */
export type LimitsOf = (identity: WriteIdentity) => AccountLimits;

function merge(defaults: AccountLimits, overrides: WriteLimitOverrides, maxHeldBytes: number): AccountLimits {
  const { write } = defaults;
  return {
    // A body that the process can never hold is too large (413), not a matter of trying again (503).
    maxBodyBytes: Math.min(overrides.body_bytes ?? defaults.maxBodyBytes, maxHeldBytes),
    maxDecodedBytes: overrides.decoded_bytes ?? defaults.maxDecodedBytes,
    maxInFlightRequests: overrides.in_flight_requests ?? defaults.maxInFlightRequests,
    samplesPerSecond: overrides.samples_per_second ?? defaults.samplesPerSecond,
    samplesBurst: overrides.samples_burst ?? defaults.samplesBurst,
    write: {
      maxSeries: overrides.series ?? write.maxSeries,
      maxSamples: overrides.samples ?? write.maxSamples,
      maxLabels: overrides.labels ?? write.maxLabels,
      maxLabelNameBytes: overrides.label_name_bytes ?? write.maxLabelNameBytes,
      maxLabelValueBytes: overrides.label_value_bytes ?? write.maxLabelValueBytes,
      maxFutureMs: overrides.future_seconds === undefined ? write.maxFutureMs : overrides.future_seconds * 1000,
    },
  };
}

/**
 * The defaults with an account's overrides put over them. Computed once for each time the account is looked up, so a
 * change is in effect within the time that accounts are cached; `onIgnored` is told as often.
 */
export function createLimitsOf(
  defaults: AccountLimits,
  options: {
    /** Most bytes of bodies that the process holds. */
    readonly maxHeldBytes: number;
    readonly onIgnored: (accountId: string, names: readonly string[]) => void;
  },
): LimitsOf {
  const computed = new WeakMap<WriteIdentity, AccountLimits>();
  return (identity) => {
    const known = computed.get(identity);
    if (known !== undefined) return known;
    const limits = merge(defaults, identity.limits, options.maxHeldBytes);
    computed.set(identity, limits);
    if (identity.ignoredLimits.length > 0) options.onIgnored(identity.accountId, identity.ignoredLimits);
    return limits;
  };
}

// Accounts whose bad overrides were logged; a bound, because it is never emptied.
const maxRemembered = 10_000;

/** Calls `log` once for each account and set of names, however often it is told. */
export function oncePerAccount(
  log: (accountId: string, names: readonly string[]) => void,
): (accountId: string, names: readonly string[]) => void {
  const logged = new Map<string, string>();
  return (accountId, names) => {
    const text = names.join();
    if (logged.get(accountId) === text) return;
    if (logged.size >= maxRemembered) logged.clear();
    logged.set(accountId, text);
    log(accountId, names);
  };
}
