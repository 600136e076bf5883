import { AppError } from '@cloudtuner/errors';

/** What one request holds of the budget. */
export interface Reservation {
  /** Counts bytes of its body as they arrive. @throws gateway-overloaded */
  addBytes(count: number): void;
  /** Its body is complete: it counts as in flight from now on. @throws gateway-overloaded */
  enter(): void;
  release(): void;
}

function overloaded(what: string): AppError {
  return new AppError('gateway-overloaded', `The gateway holds as many ${what} as it can; send the same again.`);
}

/** The bound on what one process holds in memory, whatever stores and senders do. */
export class InFlight {
  requests = 0;
  bytes = 0;

  constructor(private readonly limits: { readonly maxRequests: number; readonly maxBytes: number }) {}

  reserve(): Reservation {
    let bytes = 0;
    let entered = false;
    return {
      addBytes: (count) => {
        if (this.bytes + count > this.limits.maxBytes) throw overloaded('bytes');
        this.bytes += count;
        bytes += count;
      },
      // Slow uploads do not count, or a few of them would keep everybody out.
      enter: () => {
        if (this.requests >= this.limits.maxRequests) throw overloaded('writes');
        this.requests += 1;
        entered = true;
      },
      release: () => {
        this.bytes -= bytes;
        if (entered) this.requests -= 1;
        bytes = 0;
        entered = false;
      },
    };
  }
}
