/** Answer of a readiness probe. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, 'ok' | 'failed'>>;
}

/** Liveness says the process runs; readiness says it can do its work now. */
export interface Health {
  /** Adds a dependency: the check rejects while it cannot be used. */
  addCheck(name: string, check: (signal: AbortSignal) => Promise<void>): void;
  /** Off until start is complete and again from the first moment of a stop. */
  setAccepting(accepting: boolean): void;
  readiness(): Promise<Readiness>;
}

async function passes(check: (signal: AbortSignal) => Promise<void>, timeoutMs: number): Promise<boolean> {
  const signal = AbortSignal.timeout(timeoutMs);
  const expired = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('readiness check timed out'));
    });
  });
  try {
    await Promise.race([check(signal), expired]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Collects readiness checks. They run side by side; one that takes longer than `timeoutMs` counts as failed.
 * Probes that come while a round is running share it, so that a hanging dependency is not asked again and again.
 */
export function createHealth(options: { timeoutMs?: number } = {}): Health {
  const timeoutMs = options.timeoutMs ?? 2_000;
  const checks = new Map<string, (signal: AbortSignal) => Promise<void>>();
  let accepting = false;
  let round: Promise<Readonly<Record<string, 'ok' | 'failed'>>> | undefined;

  const runChecks = async (): Promise<Readonly<Record<string, 'ok' | 'failed'>>> => {
    const results = await Promise.all(
      [...checks].map(async ([name, check]) => [name, (await passes(check, timeoutMs)) ? 'ok' : 'failed'] as const),
    );
    return Object.fromEntries(results);
  };

  return {
    addCheck(name, check) {
      checks.set(name, check);
    },
    setAccepting(value) {
      accepting = value;
    },
    async readiness() {
      round ??= runChecks().finally(() => {
        round = undefined;
      });
      const results = await round;
      return { ready: accepting && Object.values(results).every((result) => result === 'ok'), checks: results };
    },
  };
}
