/** Failures an address may have left. */
interface Allowance {
  left: number;
  filledAtMs: number;
}

// Made-up addresses must not grow without bound; the one that was quiet for longest is forgotten first.
const maxAddresses = 10_000;

/**
 * What counts as one source: an IPv4 address, or the /64 of an IPv6 address, because a single host has all of it.
 */
export function sourceOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('%', 1).join('').split('::', 2);
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return `${groups.slice(0, 4).join(':')}::/64`;
}

/**
 * Counts failed authentications for each source address, never for an account: whoever knows an account's id could
 * otherwise lock its owner out.
 */
export class AuthThrottle {
  private readonly allowances = new Map<string, Allowance>();

  /** 0 failures a minute = no throttle. */
  constructor(private readonly failuresPerMinute: number) {}

  /** Addresses with failures. */
  get size(): number {
    return this.allowances.size;
  }

  /** The time until the address may fail again, in milliseconds; 0 while it may. */
  waitMs(source: string, nowMs: number): number {
    const allowance = this.allowances.get(source);
    if (allowance === undefined) return 0;
    this.fill(allowance, nowMs);
    return allowance.left >= 1 ? 0 : ((1 - allowance.left) / this.failuresPerMinute) * 60_000;
  }

  failed(source: string, nowMs: number): void {
    const { allowances, failuresPerMinute } = this;
    if (failuresPerMinute === 0) return;
    const allowance = allowances.get(source) ?? { left: failuresPerMinute, filledAtMs: nowMs };
    this.fill(allowance, nowMs);
    allowance.left = Math.max(0, allowance.left - 1);
    allowances.delete(source);
    allowances.set(source, allowance);
    if (allowances.size > maxAddresses) for (const oldest of allowances.keys()) return void allowances.delete(oldest);
  }

  /** Forgets addresses that have all their failures left again. */
  evictFull(nowMs: number): void {
    for (const [source, allowance] of this.allowances) {
      this.fill(allowance, nowMs);
      if (allowance.left >= this.failuresPerMinute) this.allowances.delete(source);
    }
  }

  private fill(allowance: Allowance, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - allowance.filledAtMs);
    const { failuresPerMinute } = this;
    allowance.left = Math.min(failuresPerMinute, allowance.left + (elapsedMs / 60_000) * failuresPerMinute);
    allowance.filledAtMs = nowMs;
  }
}
