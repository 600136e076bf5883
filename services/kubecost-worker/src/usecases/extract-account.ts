import { isAppError, toAppError } from '@cloudtuner/errors';
import { dueExtracts, extractFrom, extractWindow as windowOf, type ExtractKind } from '../domain/extraction';
import type { ExtractWindow } from '../extract-ports';
import type { Accounts } from '../ports';
import { extractWindow, type ExtractOutcome, type ExtractWindowPorts } from './extract-window';

/** What {@link extractAccount} works with. */
export interface ExtractAccountPorts extends ExtractWindowPorts {
  readonly accounts: Pick<Accounts, 'find'>;
  /** How far back windows are read. */
  readonly lookbackHours: number;
  /** Runs the work when it is its turn in this process: an answer is in memory until it is stored. */
  readonly inTurn: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
  /** Told of each window. */
  readonly observe: (
    window: ExtractWindow,
    outcome: ExtractOutcome | 'failed' | 'not-offered',
    seconds: number,
  ) => void;
}

/** How long a run begins new windows: an account whose Kubecost is slow must not keep the others waiting. */
const maxRunMs = 600_000;

/** The windows behind it would fail alike, and are not worth the wait. */
const isOfTheWindowOnly = (code: string): boolean =>
  ['kubecost-answer-unexpected', 'kubecost-answer-too-large', 'kubecost-rejected'].includes(code);

/** Another run, or one that was killed a moment ago, holds the window. This one is not done before that is. */
const isBusy = (error: unknown): boolean => isAppError(error) && error.code === 'hour-busy';

async function extractOne(
  ports: ExtractAccountPorts,
  request: Parameters<typeof extractWindow>[1],
): Promise<ExtractOutcome | 'not-offered'> {
  const startedMs = performance.now();
  const observe = (outcome: Parameters<ExtractAccountPorts['observe']>[1]): void => {
    ports.observe(request.window, outcome, (performance.now() - startedMs) / 1_000);
  };
  try {
    const outcome = await extractWindow(ports, request);
    observe(outcome);
    return outcome;
  } catch (error) {
    request.signal.throwIfAborted();
    // OpenCost has no budgets. What has no allocations is not what it should be: a login page, for one.
    if (request.window.kind === 'budgets' && isAppError(error) && error.code === 'kubecost-not-offered') {
      observe('not-offered');
      return 'not-offered';
    }
    // Another run is at it and tells of it.
    if (!isBusy(error)) observe('failed');
    throw error;
  }
}

/**
 * Reads what is due of an account's Kubecost, the latest first, so that an outage heals from its end and new hours never wait for old
 * ones. What is not begun after ten minutes is due at the next run. Every window stands for itself: runs may be repeated, killed, doubled and come in any order.
 *
 * @throws what the first window failed with, after the others had their turn
 */
export async function extractAccount(
  ports: ExtractAccountPorts,
  asked: { readonly cloudAccountId: string; readonly kind: ExtractKind; readonly signal: AbortSignal },
): Promise<void> {
  const { cloudAccountId, kind, signal } = asked;
  const { accounts, store, now, lookbackHours } = ports;
  const found = await accounts.find(cloudAccountId);
  if (found?.kubecost === undefined) return;
  const account = { id: found.id, organizationId: found.organizationId, kubecost: found.kubecost };
  const startedMs = now();
  const lookback = { nowMs: startedMs, lookbackHours };
  const stored = await store.list(account.id, kind, extractFrom(kind, lookback));
  let failure: Error | undefined;
  for (const from of dueExtracts(kind, stored, lookback)) {
    signal.throwIfAborted();
    if (now() - startedMs >= maxRunMs) break;
    try {
      const request = { account, window: windowOf(kind, from), signal };
      const outcome = await ports.inTurn(signal, () => extractOne(ports, request));
      if (outcome === 'not-offered') break;
    } catch (error) {
      signal.throwIfAborted();
      // That of a busy window is said last: it only has the job come back in a moment.
      if (failure === undefined || isBusy(failure)) failure = toAppError(error);
      if (!isBusy(error) && !isOfTheWindowOnly(toAppError(error).code)) break;
    }
  }
  if (failure !== undefined) throw failure;
}
