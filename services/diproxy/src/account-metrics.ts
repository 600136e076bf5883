import type { ErrorCode } from '@cloudtuner/errors';
import { Counter, type Registry } from '@cloudtuner/service-kit';

/** A code of the error catalogue as a label value. */
export function reasonLabel(code: ErrorCode): string {
  return code.replaceAll('-', '_');
}

interface Activity {
  lastMs: number;
  readonly reasons: Set<string>;
}

/**
 * The two metrics with a label of the account. An account that was idle for `idleMs` loses its children, so that they
 * stay as many as there are senders. Only authenticated accounts come here.
 */
export class AccountMetrics {
  private readonly activity = new Map<string, Activity>();
  private readonly acceptedSamples: Counter<'account'>;
  private readonly discardedSamples: Counter<'account' | 'reason'>;

  constructor(
    registry: Registry,
    private readonly options: { readonly idleMs: number; readonly now: () => number },
  ) {
    this.acceptedSamples = new Counter({
      name: 'diproxy_accepted_samples_total',
      help: 'Samples and histograms the store has taken, by account; gone when the account is idle.',
      labelNames: ['account'],
      registers: [registry],
    });
    this.discardedSamples = new Counter({
      name: 'diproxy_discarded_samples_total',
      help: 'Samples and histograms refused, by account and reason; gone when the account is idle.',
      labelNames: ['account', 'reason'],
      registers: [registry],
    });
  }

  accepted(accountId: string, samples: number): void {
    this.touch(accountId);
    this.acceptedSamples.inc({ account: accountId }, samples);
  }

  discarded(accountId: string, code: ErrorCode, samples: number): void {
    const reason = reasonLabel(code);
    this.touch(accountId).reasons.add(reason);
    this.discardedSamples.inc({ account: accountId, reason }, samples);
  }

  evictIdle(): void {
    const { idleMs, now } = this.options;
    const idleSinceMs = now() - idleMs;
    for (const [account, { lastMs, reasons }] of this.activity) {
      if (lastMs > idleSinceMs) continue;
      this.activity.delete(account);
      this.acceptedSamples.remove({ account });
      for (const reason of reasons) this.discardedSamples.remove({ account, reason });
    }
  }

  private touch(accountId: string): Activity {
    const nowMs = this.options.now();
    const known = this.activity.get(accountId);
    if (known !== undefined) {
      known.lastMs = nowMs;
      return known;
    }
    const activity = { lastMs: nowMs, reasons: new Set<string>() };
    this.activity.set(accountId, activity);
    return activity;
  }
}
