import { AppError, isAppError } from '@cloudtuner/errors';
import { parseRetryAfter } from '@cloudtuner/remote-write';
import type { MetricsStore, OutgoingWrite, StoreAnswer, WriteProtocol, WrittenCounts } from './ports';
import type { StoreProtocol } from './store-protocol';

/** A write that the store has taken. */
export interface Stored {
  readonly status: number;
  /** What it says it has written; undefined from a store that was sent 1.0. */
  readonly written: WrittenCounts | undefined;
}

// What the data itself caused: the sender may drop it. Everything else is our trouble, and the sender must keep it.
const refusals: ReadonlySet<number> = new Set([400, 409, 413, 422]);
// Prometheus 2 answers 500 with these words for data that no retry will help; as 503 it would hold up all that the sender
// has. Nothing else may be in the text: a store of several parts may say so beside the failure of a part that comes back.
const refusingTexts: ReadonlySet<string> = new Set(['too old sample', 'native histograms are disabled']);
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

function notTaken(answer: StoreAnswer, nowMs: number): AppError {
  const { status, text, retryAfter } = answer;
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  return new AppError('metrics-store-unavailable', 'The metrics store did not take the write; send the same again.', {
    cause: new Error(`the store answered ${String(status)}: ${publicText(text)}`),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** @throws metrics-store-rejected, metrics-store-unavailable */
function requireStored(answer: StoreAnswer, protocol: WriteProtocol, nowMs: number): Stored {
  const { status, text, written } = answer;
  if (status >= 200 && status < 300) {
    // 2xx from a store that did not understand the body: it says nothing of what it has written, and has written nothing.
    if (protocol === '2' && written === undefined)
      throw notTaken({ ...answer, text: 'no count of what is written' }, nowMs);
    return { status, written: protocol === '2' ? written : undefined };
  }
  const badData = status === 500 && refusingTexts.has(text.trim());
  if (!refusals.has(status) && !badData) throw notTaken(answer, nowMs);
  throw new AppError('metrics-store-rejected', `The metrics store refused the samples: ${publicText(text)}`, {
    details: { status: badData ? 400 : status, written: protocol === '2' ? written : undefined },
  });
}

/**
 * Sends one body to the store and returns its 2xx. No retry of what was sent: the sender keeps the data and retries, and
 * a gateway that retried too would multiply the load of a store in trouble.
 *
 * @throws metrics-store-rejected, metrics-store-unavailable, metrics-store-timeout, request-aborted when the sender has
 * left before anything was sent
 */
export async function forward(
  { store, storeProtocol, now }: { store: MetricsStore; storeProtocol: StoreProtocol; now: () => number },
  write: OutgoingWrite,
  left: AbortSignal,
): Promise<Stored> {
  try {
    return requireStored(await store.write(write, left), write.protocol, now());
  } catch (error) {
    // Gone, or not reading 2.0 any more: it may come back as another version.
    if (isAppError(error) && error.code === 'metrics-store-unavailable') storeProtocol.doubt();
    throw error;
  }
}
