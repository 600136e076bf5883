import { AppError, toAppError } from '@cloudtuner/errors';
import { msPerHour, type TimeWindow } from '@cloudtuner/cost-model';
import { isContainerRow, type KubecostAllocation } from '@cloudtuner/kubecost-client';
import type { CloudAccount } from '@cloudtuner/metadata';
import { combineAssets, type ClusterAsset } from '../domain/assets';
import type { Costs } from '../domain/costs';
import { liveAsset } from '../domain/live-assets';
import { liveCosts, liveRow, liveVersion, startOfRow, timeOf } from '../domain/live-rows';
import type { Observation } from '../domain/observation';
import type { LiveBounds, LiveKubecost, LiveQuestion, ObserveLive } from '../kubecost-ports';
import type { FactsReader } from '../ports';
import type { Allocations } from './read-allocations';

/** Where an answer may come from: `auto` asks Kubecost first. */
export type CostSource = 'auto' | 'live' | 'stored';

/** What {@link readLive} works with. */
export interface LiveSources {
  readonly kubecost: LiveKubecost;
  /** Tell what Kubecost has forgotten. */
  readonly facts: Pick<FactsReader, 'readHours'>;
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

/** The first moment that an answer tells of. One that does not say is taken for the whole window. */
const toldFrom = (rows: readonly { readonly start: string | null }[], window: TimeWindow): number =>
  rows.reduce((first, { start }) => Math.min(first, timeOf(start, window.startMs)), window.endMs);

/**
 * Refuses an answer that begins later than what is stored: Kubecost keeps some days only, and would pass a part of the window off as all of it.
 *
 * `isYoung` tells what else may begin late: a part of the cluster that was not there before. @throws AppError `kubecost-cannot-answer`
 */
async function requireWhole(
  { facts }: Pick<LiveSources, 'facts'>,
  account: CloudAccount,
  answer: { readonly window: TimeWindow; readonly fromMs: number; readonly signal: AbortSignal },
  isYoung: (hour: TimeWindow) => Promise<boolean> = () => Promise.resolve(false),
): Promise<void> {
  const { window, fromMs, signal } = answer;
  const endMs = Math.floor(fromMs / msPerHour) * msPerHour;
  if (fromMs - window.startMs <= msPerHour) return;
  const hours = await facts.readHours(account.id, { startMs: window.startMs, endMs }, { route: 'readLive', signal });
  const first = hours.find(({ lastSampleMs }) => lastSampleMs !== null);
  if (first === undefined || fromMs - first.startMs <= msPerHour) return;
  if (await isYoung({ startMs: first.startMs, endMs: first.startMs + msPerHour })) return;
  throw new AppError('kubecost-cannot-answer', 'Kubecost does not know all of this window any more.');
}

/** Looks whether Kubecost knows anything of an hour of which it knows nothing of a namespace. */
const knowsOthers =
  ({ kubecost }: LiveSources, account: CloudAccount, bounds: LiveBounds) =>
  async (hour: TimeWindow): Promise<boolean> => {
    const question = { window: hour, aggregate: ['cluster'], step: null, idle: 'hidden' } as const;
    return (await kubecost.allocations(account, question, bounds)).length > 0;
  };

/** Idle is said of whole windows, whatever is known of them. */
function rowsInTime(rows: readonly KubecostAllocation[]): readonly KubecostAllocation[] {
  const timed = rows.filter(isContainerRow);
  return timed.length === 0 ? rows : timed;
}

/** The rows of a question, step by step. @throws AppError `kubecost-answer-empty`, `kubecost-answer-unexpected`, `kubecost-cannot-answer` and those of the port */
export async function readLiveAllocations(
  sources: LiveSources,
  { account, clusterName }: { readonly account: CloudAccount; readonly clusterName: string },
  { question, steps, signal }: { question: LiveQuestion; steps: readonly TimeWindow[]; signal: AbortSignal },
): Promise<Allocations> {
  const { kubecost, kubecostBudgetMs, now } = sources;
  const nowMs = now();
  const { namespace, window: asked } = question;
  const bounds = { deadlineMs: nowMs + kubecostBudgetMs, signal };
  const told = await kubecost.allocations(account, question, bounds);
  const found = namespace === undefined ? told : told.filter(({ properties }) => properties?.namespace === namespace);
  if (found.length === 0) throw nothing('this window');
  const observation = observationOf(question.window, liveVersion(found), nowMs);
  const starts = new Set(steps.map(({ startMs }) => startMs));
  if (steps.length > 1 && found.some((row) => !starts.has(startOfRow(row) ?? Number.NaN)))
    throw new AppError('kubecost-answer-unexpected', 'Kubecost answered other steps than were asked for.');
  const reach = { window: asked, fromMs: toldFrom(rowsInTime(told), asked), signal };
  await requireWhole(
    sources,
    account,
    reach,
    namespace === undefined ? undefined : knowsOthers(sources, account, bounds),
  );
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

/** What the whole cluster cost in each bucket. @throws AppError `kubecost-answer-empty`, `kubecost-cannot-answer` and those of the port */
export async function readLiveBuckets(
  sources: LiveSources,
  account: CloudAccount,
  { windows, signal }: { readonly windows: readonly TimeWindow[]; readonly signal: AbortSignal },
): Promise<LiveBucket[]> {
  const { kubecost, kubecostBudgetMs, now } = sources;
  const nowMs = now();
  const found = await kubecost.assets(account, windows, { deadlineMs: nowMs + kubecostBudgetMs, signal });
  if (found.every((assets) => assets.length === 0)) throw nothing('this window');
  const window = { startMs: windows[0]?.startMs ?? nowMs, endMs: windows.at(-1)?.endMs ?? nowMs };
  const starts = windows.flatMap((one, index) => (found[index]?.length ? [toldFrom(found[index], one)] : []));
  await requireWhole(sources, account, { window, fromMs: Math.min(...starts), signal });
  return windows.map((window, index) => {
    const assets = found[index] ?? [];
    const observation = observationOf(window, liveVersion(assets), nowMs);
    const measured = assets.length === 0 ? { ...observation, measuredSeconds: 0 } : observation;
    return { ...measured, costs: liveCosts(assets) };
  });
}

/** What the cluster ran on. @throws AppError `kubecost-answer-empty`, `kubecost-cannot-answer` and those of the port */
export async function readLiveAssets(
  sources: LiveSources,
  account: CloudAccount,
  { window, signal }: { readonly window: TimeWindow; readonly signal: AbortSignal },
): Promise<{ readonly assets: readonly ClusterAsset[]; readonly dataVersion: string }> {
  const { kubecost, kubecostBudgetMs, now } = sources;
  const [found = []] = await kubecost.assets(account, [window], { deadlineMs: now() + kubecostBudgetMs, signal });
  const assets = combineAssets(found.flatMap((asset) => liveAsset(asset, window)));
  if (assets.length === 0) throw nothing('this window');
  await requireWhole(sources, account, { window, fromMs: toldFrom(found, window), signal });
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
