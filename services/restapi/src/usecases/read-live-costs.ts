import { AppError, toAppError } from '@cloudtuner/errors';
import { msPerHour, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { combineAssets, type ClusterAsset } from '../domain/assets';
import type { Costs } from '../domain/costs';
import { liveAsset } from '../domain/live-assets';
import { liveCosts, liveRow, liveVersion, startOfRow } from '../domain/live-rows';
import type { Observation } from '../domain/observation';
import type { LiveKubecost, LiveQuestion, ObserveLive } from '../kubecost-ports';
import type { Allocations } from './read-allocations';

/** Where an answer may come from: `auto` asks Kubecost first. */
export type CostSource = 'auto' | 'live' | 'stored';

/** What {@link readLive} works with. */
export interface LiveSources {
  readonly kubecost: LiveKubecost;
  readonly observeLive: ObserveLive;
  /** How long an answer waits for a Kubecost. */
  readonly kubecostBudgetMs: number;
  readonly now: () => number;
}

/** A bucket of a cluster's costs as its Kubecost has them. */
export interface LiveBucket extends Observation {
  readonly costs: Costs;
}

/** What came of asking Kubecost: its answer, or the code of why there is none. */
export type LiveOutcome<T> =
  { readonly answer: T; readonly reason: null } | { readonly answer: null; readonly reason: string };

/** Each is a request of its own. */
const maxBuckets = 8;

const nothing = (what: string): AppError => new AppError('kubecost-answer-empty', `Kubecost knows nothing of ${what}.`);

/**
 * How much of the window was measured Kubecost does not say: coverage is not known, which an expected time of 0 stands for.
 */
function observationOf(window: TimeWindow, dataVersion: string, nowMs: number): Observation {
  return {
    ...window,
    ...{ measuredSeconds: 1, expectedSeconds: 0, partial: window.endMs > nowMs },
    ...{ dataVersion, lastSampleMs: null, flags: [] },
  };
}

/** The rows of a question, step by step. @throws AppError `kubecost-answer-empty`, `kubecost-answer-unexpected` and those of the port */
export async function readLiveAllocations(
  { kubecost, kubecostBudgetMs, now }: LiveSources,
  { account, clusterName }: { readonly account: CloudAccount; readonly clusterName: string },
  { question, steps, signal }: { question: LiveQuestion; steps: readonly TimeWindow[]; signal: AbortSignal },
): Promise<Allocations> {
  const nowMs = now();
  const { namespace } = question;
  const told = await kubecost.allocations(account, question, { deadlineMs: nowMs + kubecostBudgetMs, signal });
  const found = namespace === undefined ? told : told.filter(({ properties }) => properties?.namespace === namespace);
  if (found.length === 0) throw nothing('this window');
  const observation = observationOf(question.window, liveVersion(found), nowMs);
  const starts = new Set(steps.map(({ startMs }) => startMs));
  if (steps.length > 1 && found.some((row) => !starts.has(startOfRow(row) ?? Number.NaN)))
    throw new AppError('kubecost-answer-unexpected', 'Kubecost answered other steps than were asked for.');
  return {
    steps: steps.map((window) => {
      const rows = found.filter((row) => steps.length === 1 || startOfRow(row) === window.startMs);
      const ofStep = observationOf(window, liveVersion(rows), nowMs);
      return {
        set: { window, rows: rows.map((row) => liveRow(row, window)) },
        observation: rows.length === 0 ? { ...ofStep, measuredSeconds: 0 } : ofStep,
      };
    }),
    observation,
    clusters: [{ account, clusterName, observation }],
    warnings: [],
  };
}

/** What the whole cluster cost in each bucket. @throws AppError `kubecost-answer-empty` and those of the port */
export async function readLiveBuckets(
  { kubecost, kubecostBudgetMs, now }: LiveSources,
  account: CloudAccount,
  { windows, signal }: { readonly windows: readonly TimeWindow[]; readonly signal: AbortSignal },
): Promise<LiveBucket[]> {
  const nowMs = now();
  const found = await kubecost.assets(account, windows, { deadlineMs: nowMs + kubecostBudgetMs, signal });
  if (found.every((assets) => assets.length === 0)) throw nothing('this window');
  return windows.map((window, index) => {
    const assets = found[index] ?? [];
    const observation = observationOf(window, liveVersion(assets), nowMs);
    const measured = assets.length === 0 ? { ...observation, measuredSeconds: 0 } : observation;
    return { ...measured, costs: liveCosts(assets) };
  });
}

/** What the cluster ran on. @throws AppError `kubecost-answer-empty` and those of the port */
export async function readLiveAssets(
  { kubecost, kubecostBudgetMs, now }: LiveSources,
  account: CloudAccount,
  { window, signal }: { readonly window: TimeWindow; readonly signal: AbortSignal },
): Promise<{ readonly assets: readonly ClusterAsset[]; readonly dataVersion: string }> {
  const [found = []] = await kubecost.assets(account, [window], { deadlineMs: now() + kubecostBudgetMs, signal });
  const assets = combineAssets(found.flatMap((asset) => liveAsset(asset, window)));
  if (assets.length === 0) throw nothing('this window');
  return { assets, dataVersion: liveVersion(found) };
}

/** Whether buckets are few enough, and long enough, to be asked for one by one. */
export const canAskBuckets = (windows: readonly TimeWindow[]): boolean =>
  windows.length > 0 &&
  windows.length <= maxBuckets &&
  windows.every(({ startMs, endMs }) => endMs - startMs >= msPerHour);

/**
 * Asks Kubecost first where that was not ruled out: its answer, or why there is none, in which case the caller answers what is stored.
 * With `live` there is no second: @throws what Kubecost failed with.
 */
export async function readLive<T>(
  { observeLive }: Pick<LiveSources, 'observeLive'>,
  request: { readonly source: CostSource; readonly account: CloudAccount; readonly signal: AbortSignal },
  /** Null when the question cannot be put to Kubecost. */
  read: (() => Promise<T>) | null,
): Promise<LiveOutcome<T>> {
  const { source, account, signal } = request;
  if (source === 'stored') return { answer: null, reason: 'asked-for-stored' };
  const startedMs = performance.now();
  const observe = (outcome: string): void => {
    observeLive(outcome, (performance.now() - startedMs) / 1000);
  };
  try {
    if (account.kubecost === undefined)
      throw new AppError('kubecost-not-configured', 'The account has no Kubecost to ask.');
    if (read === null)
      throw new AppError('kubecost-cannot-answer', 'This question cannot be put to Kubecost as it is.');
    const answer = await read();
    observe('answered');
    return { answer, reason: null };
  } catch (error) {
    signal.throwIfAborted();
    const { code } = toAppError(error);
    if (account.kubecost !== undefined) observe(code);
    // What is no failure of Kubecost is one of ours.
    if (source === 'live' || !code.startsWith('kubecost-')) throw error;
    return { answer: null, reason: code };
  }
}
