import { AppError } from '@cloudtuner/errors';
import { parseRetryAfter } from '@cloudtuner/remote-write';
import type { MetricsStore, StoreAnswer } from './ports';

// What the data itself caused: the sender may drop it. Everything else is our trouble, and the sender must keep it.
const refusals: ReadonlySet<number> = new Set([400, 409, 413, 422]);
const address = /\b(?:[a-z]+:\/\/\S+|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|[\w.-]+:\d{2,5})(?=[\s:,;"')\]]|$)/gi;
const maxTextLength = 512;

/** The store's words without addresses and control characters: they help the sender, and tell nothing of the inside. */
export function publicText(text: string): string {
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(address, '[address]')
    .slice(0, maxTextLength)
    .trim();
}

/** @throws metrics-store-rejected, metrics-store-unavailable */
function requireStored({ status, text, retryAfter }: StoreAnswer, nowMs: number): number {
  if (status >= 200 && status < 300) return status;
  if (refusals.has(status)) {
    throw new AppError('metrics-store-rejected', `The metrics store refused the samples: ${publicText(text)}`, {
      details: { status },
    });
  }
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  throw new AppError('metrics-store-unavailable', 'The metrics store did not take the write; send the same again.', {
    cause: new Error(`the store answered ${String(status)}: ${publicText(text)}`),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * Sends one body to the store and returns its 2xx status. No retry here: the sender keeps the data and retries, and a
 * gateway that retried too would multiply the load of a store in trouble.
 *
 * @throws metrics-store-rejected, metrics-store-unavailable, metrics-store-timeout
 */
export async function forward(
  store: MetricsStore,
  write: { readonly accountId: string; readonly body: Uint8Array },
  now: () => number,
): Promise<number> {
  return requireStored(await store.write(write.accountId, write.body), now());
}
