import { stepsOf, parseStep, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount, Organization } from '@cloudtuner/metadata';
import { sumCosts } from '../domain/costs';
import { bucketsOf } from '../domain/ledger';
import { liveVersion } from '../domain/live-rows';
import type { LiveQuestion } from '../kubecost-ports';
import { canAskBuckets, readLiveAllocations, readLiveBuckets, type LiveSources } from '../usecases/read-live-costs';
import { allocationQueryOf, allocationWindow, type AllocationParameters } from './allocation-request';
import { pageOf, presentTotal, type AllocationPage } from './cluster-allocation';
import { askedWindow, presentHead } from './cluster-request';
import { presentPage, presentStep } from './present-allocations';
import { presentBucket, type MoneyForm } from './present-costs';

interface Subject {
  readonly account: CloudAccount;
  readonly organization: Organization;
}

interface LiveRequest<Query> {
  readonly query: Query;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** What both products know under the same name. */
const kubecostNames = ['cluster', 'node', 'namespace', 'controllerKind', 'controller', 'pod', 'container', 'service'];
const isKubecostName = (name: string): boolean => kubecostNames.includes(name) || /^label:[\w-]+$/.test(name);

const kubecostStep = /^\d{1,3}[hd]$/;
/** Of these at most are answers made of one map for each. */
const maxSteps = 100;

/** What divides or explains costs in ways that are ours, or that a version of Kubecost would ignore without a word. */
const ours = [
  'filter',
  'idle_by',
  'split_idle',
  'share_namespaces',
  'share_labels',
  'share_cost',
  'share_split',
  'explain',
];

type Aggregated = AllocationParameters & AllocationPage;

/** The question as Kubecost takes it; null when it would not mean the same there. */
function liveQuestion(query: Aggregated, window: TimeWindow, steps: readonly TimeWindow[]): LiveQuestion | null {
  const aggregate = query.aggregate.split(',').map((name) => name.trim());
  const isOurs = ours.some((name) => query[name as keyof Aggregated] !== undefined);
  const accumulates = !['undefined', 'false', 'none'].includes(String(query.accumulate));
  const step = query.step === 'all' ? null : query.step;
  if (isOurs || accumulates || !aggregate.every(isKubecostName)) return null;
  if (step !== null && (!kubecostStep.test(step) || steps.length > maxSteps)) return null;
  return { window, aggregate, step, idle: allocationQueryOf(query).idle };
}

/** Kubecost does not say how much of the window it has measured. */
const unmeasured = { coverage: null, lastSampleMs: null, flags: [], warnings: [] };

/** What a live answer says of itself. */
export const presentLiveHead = (subject: Subject, window: TimeWindow, dataVersion: string) => ({
  ...presentHead(subject, window, unmeasured),
  data_version: dataVersion,
});

/** Answers a grouping from the account's Kubecost; null when it cannot be put to it. @throws AppError for what our own answer refuses as well */
export function liveAllocationAnswer(sources: LiveSources, subject: Subject, request: LiveRequest<Aggregated>) {
  const { query, nowMs, signal } = request;
  const step = parseStep(query.step);
  const window = allocationWindow(askedWindow(query, nowMs), step);
  const steps = stepsOf(window, step);
  const question = liveQuestion(query, window, steps);
  if (question === null) return null;
  const cluster = { account: subject.account, clusterName: subject.account.name };
  return async () => {
    const answer = await readLiveAllocations(sources, cluster, { question, steps, signal });
    return {
      ...presentLiveHead(subject, window, answer.observation.dataVersion),
      granularity: 'workload' as const,
      step: query.step,
      costs: answer.steps.map((one) => presentStep(one, query.money)),
      total: { ...presentTotal(answer, window, query.money), partial: window.endMs > nowMs },
      aggregate: query.aggregate,
      ...presentPage(answer, pageOf(query)),
    };
  };
}

/** Answers hours or days of the whole cluster from its Kubecost; null when they are too many to be asked for. */
export function liveBucketAnswer(
  sources: LiveSources,
  subject: Subject,
  {
    window,
    step,
    nowMs,
    money,
    signal,
  }: {
    readonly window: TimeWindow;
    readonly step: '1h' | '1d';
    readonly nowMs: number;
    readonly money: MoneyForm;
    readonly signal: AbortSignal;
  },
) {
  const windows = bucketsOf(window, [], { step, nowMs }).map(({ startMs, endMs }) => ({ startMs, endMs }));
  if (!canAskBuckets(windows)) return null;
  return async () => {
    const buckets = await readLiveBuckets(sources, subject.account, { windows, signal });
    const dataVersion = liveVersion(buckets.map((bucket) => bucket.dataVersion));
    const [first] = buckets;
    if (first === undefined) throw new RangeError('a window has no buckets');
    const costs = sumCosts(buckets.map((bucket) => bucket.costs));
    const total = { ...first, ...window, costs, dataVersion, partial: window.endMs > nowMs };
    return {
      ...presentLiveHead(subject, window, dataVersion),
      granularity: 'cluster' as const,
      step,
      costs: buckets.map((bucket) => presentBucket(bucket, money)),
      total: presentBucket(total, money),
    };
  };
}
