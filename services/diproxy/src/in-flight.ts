import { AppError } from '@cloudtuner/errors';

/** What one request holds of the budget. */
export interface Reservation {
  /** Counts bytes of its body as they arrive. @throws gateway-overloaded, account-overloaded */
  addBytes(count: number): void;
  /** Its body is complete: it counts as in flight from now on. @throws gateway-overloaded, account-overloaded */
  enter(): void;
  release(): void;
}

export interface InFlightLimits {
  readonly maxRequests: number;
  readonly maxBytes: number;
  /** Of one account that has several bodies in flight. */
  readonly maxAccountBytes: number;
}

interface Held {
  requests: number;
  bytes: number;
}

function overloaded(what: string): AppError {
  return new AppError('gateway-overloaded', `The gateway holds as many ${what} as it can; send the same again.`);
}

function accountOverloaded(what: string): AppError {
  return new AppError(
    'account-overloaded',
    `The account has as many ${what} in flight as it may; send the same again.`,
  );
}

/** The bound on what one process holds in memory, whatever stores and senders do; no account can take all of it. */
export class InFlight {
  requests = 0;
  bytes = 0;
  private readonly accounts = new Map<string, Held>();

  constructor(readonly limits: InFlightLimits) {}

  /** Accounts that hold something. */
  get accountCount(): number {
    return this.accounts.size;
  }

  reserve(accountId: string, maxAccountRequests: number): Reservation {
    const { limits } = this;
    const mine: Held = { requests: 0, bytes: 0 };
    return {
      addBytes: (count) => {
        const accountBytes = this.accounts.get(accountId)?.bytes ?? 0;
        if (this.bytes + count > limits.maxBytes) throw overloaded('bytes');
        // A body that is alone may be larger than the share: it could never be sent otherwise.
        const alone = accountBytes === mine.bytes;
        if (!alone && accountBytes + count > limits.maxAccountBytes) throw accountOverloaded('bytes');
        this.add(accountId, mine, { requests: 0, bytes: count });
      },
      // Slow uploads do not count, or a few of them would keep everybody out.
      enter: () => {
        if (this.requests >= limits.maxRequests) throw overloaded('writes');
        if ((this.accounts.get(accountId)?.requests ?? 0) >= maxAccountRequests) throw accountOverloaded('writes');
        this.add(accountId, mine, { requests: 1, bytes: 0 });
      },
      release: () => {
        this.add(accountId, mine, { requests: -mine.requests, bytes: -mine.bytes });
      },
    };
  }

  private add(accountId: string, mine: Held, { requests, bytes }: Readonly<Held>): void {
    const account = this.accounts.get(accountId) ?? { requests: 0, bytes: 0 };
    for (const held of [this, account, mine]) {
      held.requests += requests;
      held.bytes += bytes;
    }
    if (account.requests === 0 && account.bytes === 0) this.accounts.delete(accountId);
    else this.accounts.set(accountId, account);
  }
}
