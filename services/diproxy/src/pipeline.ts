import type { IncomingMessage } from 'node:http';
import { isAppError } from '@cloudtuner/errors';
import type { AccountCache } from './account-cache';
import type { AccountLimits, LimitsOf } from './account-limits';
import { admit } from './admit';
import { answerTo, type WriteAnswer } from './answer';
import { sourceOf, type AuthThrottle } from './auth-throttle';
import { authenticate } from './authenticate';
import type { CheckedWrite } from './check';
import type { CheckPool } from './check-pool';
import { forward, type Stored } from './forward';
import { identify } from './identify';
import type { InFlight } from './in-flight';
import type { LateData } from './late-data';
import { refuseMislabelled } from './negotiate';
import type { MetricsStore, WriteProtocol } from './ports';
import { receiveBody } from './receive-body';
import type { SampleRates } from './sample-rate';
import { createTimer, type ObserveStage } from './stages';
import type { StoreProtocol } from './store-protocol';

/** What the stages work with. */
export interface WriteContext {
  readonly accounts: AccountCache;
  readonly throttle: AuthThrottle;
  readonly limitsOf: LimitsOf;
  readonly rates: SampleRates;
  readonly inFlight: InFlight;
  readonly checks: CheckPool;
  readonly store: MetricsStore;
  readonly storeProtocol: StoreProtocol;
  /** Undefined: late samples are not marked. */
  readonly lateData: LateData | undefined;
  readonly bodyTimeoutMs: number;
  readonly observeStage: ObserveStage;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One request as it comes in. */
export interface IncomingWrite {
  readonly request: IncomingMessage;
  /** Tells a sender that waits for it (`Expect: 100-continue`) to send its body. */
  readonly invite: () => void;
  /** Aborted when the sender goes away before it has its answer. */
  readonly left: AbortSignal;
}

/** How far one write came; for its log line and metrics. */
export interface WriteProgress {
  accountId?: string;
  authenticated?: boolean;
  protocol?: WriteProtocol;
  bodyBytes?: number;
  checked?: CheckedWrite;
  forwarded?: boolean;
}

/**
 * The way of every write, in order. A stage that refuses throws; nothing is acknowledged before the store has taken it.
 */
export async function handleWrite(
  { request, invite, left }: IncomingWrite,
  context: WriteContext,
  progress: WriteProgress,
): Promise<WriteAnswer> {
  const { accounts, throttle, inFlight, bodyTimeoutMs: timeoutMs, now } = context;
  const timed = createTimer(context.observeStage);

  const claim = identify(request);
  progress.accountId = claim.accountId;
  const source = sourceOf(request.socket.remoteAddress);
  const identity = await timed('authenticate', () => authenticate(claim, { accounts, throttle, source, nowMs: now() }));
  progress.authenticated = true;

  const { accountId } = identity;
  const limits = context.limitsOf(identity);
  const { protocol, reservation } = admit(request, { accountId, limits }, inFlight);
  progress.protocol = protocol;
  try {
    invite();
    const body = await timed('receive', () => receiveBody(request, reservation, { ...limits, timeoutMs }));
    progress.bodyBytes = body.length;
    reservation.enter();

    const target = protocol === '2' ? context.storeProtocol.writable : '1';
    const { maxDecodedBytes, write } = limits;
    const job = { accountId, protocol, target, body, maxDecodedBytes, limits: write, nowMs: now() };
    const checked = await context.checks.run(job, left);
    progress.checked = checked;
    context.observeStage('decompress', checked.decompressSeconds);
    context.observeStage('rewrite', checked.rewriteSeconds);
    refuseMislabelled(request.headers, protocol, checked);
    if (nothingLeft(checked)) return answerTo(checked, protocol, undefined);

    const stored = await withinRate(context, { accountId, limits, checked }, () =>
      timed('forward', () => forward(context, { accountId, body: checked.body, protocol: target }, left)),
    );
    progress.forwarded = true;
    if (checked.timeSpan !== undefined) context.lateData?.note(accountId, checked.timeSpan);
    return answerTo(checked, protocol, stored);
  } finally {
    reservation.release();
  }
}

function nothingLeft({ accepted, refusals }: CheckedWrite): boolean {
  return refusals.length > 0 && accepted.series === 0 && accepted.metadata === 0;
}

/**
 * Stores within the contracted rate. What was not stored for no fault of its own is given back: the sender sends it
 * again, and would otherwise be over its rate, and lose data, because our store was away.
 *
 * @throws sample-rate-exceeded and what `store` throws
 */
async function withinRate(
  { rates, now }: WriteContext,
  write: { readonly accountId: string; readonly limits: AccountLimits; readonly checked: CheckedWrite },
  store: () => Promise<Stored>,
): Promise<Stored> {
  const { accountId, limits, checked } = write;
  const samples = checked.accepted.samples + checked.accepted.histograms;
  rates.take(accountId, samples, limits, now());
  try {
    return await store();
  } catch (error) {
    if (!isAppError(error) || error.code !== 'metrics-store-rejected') rates.giveBack(accountId, samples);
    throw error;
  }
}
