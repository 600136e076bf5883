import type { IncomingMessage } from 'node:http';
import type { AccountCache } from './account-cache';
import { admit } from './admit';
import { answerTo, type WriteAnswer } from './answer';
import { authenticate } from './authenticate';
import type { Decompress } from './decompress';
import { forward } from './forward';
import { identify } from './identify';
import type { InFlight } from './in-flight';
import type { MetricsStore } from './ports';
import { receiveBody } from './receive-body';
import type { CheckedWrite, ValidateAndRewrite } from './validate-and-rewrite';

/** What the stages work with. */
export interface WriteContext {
  readonly accounts: AccountCache;
  readonly inFlight: InFlight;
  readonly decompress: Decompress;
  readonly validateAndRewrite: ValidateAndRewrite;
  readonly store: MetricsStore;
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How far one write came; for its log line and metrics. */
export interface WriteProgress {
  accountId?: string;
  bodyBytes?: number;
  decodedBytes?: number;
  checked?: CheckedWrite;
  forwarded?: boolean;
}

/**
 * The way of every write, in order. A stage that refuses throws; nothing is acknowledged before the store has taken it.
 */
export async function handleWrite(
  request: IncomingMessage,
  context: WriteContext,
  progress: WriteProgress,
): Promise<WriteAnswer> {
  const { accounts, inFlight, maxBodyBytes, bodyTimeoutMs: timeoutMs, now } = context;

  const claim = identify(request);
  progress.accountId = claim.accountId;
  const { accountId } = await authenticate(claim, accounts, now());

  admit(request, maxBodyBytes);
  const reservation = inFlight.reserve();
  try {
    const body = await receiveBody(request, reservation, { maxBodyBytes, timeoutMs });
    progress.bodyBytes = body.length;
    reservation.enter();

    const decoded = context.decompress(body);
    progress.decodedBytes = decoded.length;
    const checked = context.validateAndRewrite(accountId, { body, decoded }, now());
    progress.checked = checked;

    if (nothingLeft(checked)) return answerTo(checked, undefined);
    const status = await forward(context.store, { accountId, body: checked.body }, now);
    progress.forwarded = true;
    return answerTo(checked, status);
  } finally {
    reservation.release();
  }
}

function nothingLeft({ accepted, refusals }: CheckedWrite): boolean {
  return refusals.length > 0 && accepted.series === 0 && accepted.metadata === 0;
}
