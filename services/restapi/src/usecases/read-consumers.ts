import { msPerDay, type TimeWindow } from '@cloudtuner/cost-model';
import { AppError } from '@cloudtuner/errors';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { Usage } from '../domain/usage';
import type { LiveQuestion } from '../kubecost-ports';
import type { UsageReader } from '../ports';
import { readAllocations, type Allocations, type AllocationsQuestion } from './read-allocations';
import type { AllocationSources } from './read-cluster-allocations';
import { readLive, readLiveAllocations, type CostSource, type LiveSources } from './read-live-costs';

/** What namespaces and workloads are read from. */
export interface ConsumerSources extends AllocationSources, Omit<LiveSources, 'facts'> {
  readonly usage: UsageReader;
}

/** Which usage belongs to the answer: of all namespaces, of the workloads of one, or none. */
export type UsageQuestion =
  { readonly of: 'namespaces' } | { readonly of: 'workloads'; readonly namespace: string } | { readonly of: 'nothing' };

/** Something that the reader of an answer should know. */
export interface ConsumerWarning {
  readonly code: string;
  readonly detail: string;
}

/** What a cluster's namespaces or workloads cost, and how they used what they were given. */
export interface Consumers {
  readonly allocations: Allocations;
  /** Why the costs are not those of the account's Kubecost; null when they are. */
  readonly notLiveReason: string | null;
  /** Null when it cannot be told; a warning says why. */
  readonly usage: Usage | null;
  readonly warnings: readonly ConsumerWarning[];
}

/** The store of metrics is asked for at most so much at once. */
const maxUsageDays = 31;

const parts = 'Limits, percentiles and the use of quotas are left out';

const unavailable: ConsumerWarning = {
  code: 'usage-unavailable',
  detail: `${parts}: the store of metrics did not answer in time.`,
};
const tooLong: ConsumerWarning = {
  code: 'usage-unavailable',
  detail: `${parts}: they can be told of at most ${String(maxUsageDays)} days.`,
};
const ofOneNamespace: ConsumerWarning = {
  code: 'usage-unavailable',
  detail: `${parts}: of workloads they are told for one namespace at a time.`,
};

/** What is asked for a list. */
export interface ConsumerQuestion {
  readonly question: AllocationsQuestion;
  readonly usage: UsageQuestion;
  /** When the store of metrics has to have answered. */
  readonly deadlineMs: number;
  readonly source: CostSource;
  /** The question as the account's Kubecost takes it. */
  readonly live: LiveQuestion;
}

const lengthOf = ({ startMs, endMs }: TimeWindow): number => endMs - startMs;

async function readUsage(
  sources: ConsumerSources,
  account: CloudAccount,
  what: ConsumerQuestion,
): Promise<{ usage: Usage | null; warnings: readonly ConsumerWarning[] }> {
  const { question, usage, deadlineMs } = what;
  const { window, signal } = question;
  if (usage.of === 'nothing') return { usage: null, warnings: [ofOneNamespace] };
  if (lengthOf(window) > maxUsageDays * msPerDay) return { usage: null, warnings: [tooLong] };
  const scope = usage.of === 'workloads' ? { namespace: usage.namespace } : {};
  try {
    return {
      usage: await sources.usage.readUsage(account.id, { window, ...scope }, { deadlineMs, signal }),
      warnings: [],
    };
  } catch (error) {
    // The reader logs the cause; what things cost is served all the same.
    if (signal.aborted) throw error;
    return { usage: null, warnings: [unavailable] };
  }
}

/** Rows that are grouped by namespace have one: a list without names would be a list of nothing. */
function refuseUnnamed({ steps }: Allocations): void {
  const unnamed = steps.some(({ set }) =>
    set.rows.some(({ name, properties }) => properties.namespace === '' && !name.startsWith('__')),
  );
  if (unnamed) throw new AppError('kubecost-answer-unexpected', 'Kubecost named no namespace where it was asked for.');
}

/** Kubecost's figures, or else ours. */
async function readCosts(sources: ConsumerSources, account: CloudAccount, what: ConsumerQuestion) {
  const { question, source, live } = what;
  const { window, signal } = question;
  const { answer, reason } = await readLive(sources, { source, account, signal }, async () => {
    const cluster = { account, clusterName: account.name };
    const found = await readLiveAllocations(sources, cluster, { question: live, steps: [window], signal });
    refuseUnnamed(found);
    return found;
  });
  return {
    allocations: answer ?? (await readAllocations(sources, [account], question)),
    notLiveReason: reason,
  };
}

/**
 * Reads costs and usage at once. Costs are what the answer is about; what the store of metrics cannot tell in time is
 * left out with a warning.
 *
 * @throws AppError `clickhouse-unavailable`, `clickhouse-query-timeout`, `clickhouse-query-too-large`, and what Kubecost failed
 *   with when nobody else is to be asked
 */
export async function readConsumers(
  sources: ConsumerSources,
  account: CloudAccount,
  what: ConsumerQuestion,
): Promise<Consumers> {
  const [{ allocations, notLiveReason }, { usage, warnings }] = await Promise.all([
    readCosts(sources, account, what),
    readUsage(sources, account, what),
  ]);
  const ofCosts = allocations.warnings.map(({ code, detail }) => ({ code, detail }));
  return { allocations, notLiveReason, usage, warnings: [...ofCosts, ...warnings] };
}
