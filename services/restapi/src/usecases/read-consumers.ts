import { msPerDay, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import type { Usage } from '../domain/usage';
import type { UsageReader } from '../ports';
import { readAllocations, type Allocations, type AllocationsQuestion } from './read-allocations';
import type { AllocationSources } from './read-cluster-allocations';

/** What namespaces and workloads are read from. */
export interface ConsumerSources extends AllocationSources {
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

const lengthOf = ({ startMs, endMs }: TimeWindow): number => endMs - startMs;

async function readUsage(
  sources: ConsumerSources,
  account: CloudAccount,
  what: { readonly question: AllocationsQuestion; readonly usage: UsageQuestion; readonly deadlineMs: number },
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

/**
 * Reads costs and usage at once. Costs are what the answer is about; what the store of metrics cannot tell in time is
 * left out with a warning.
 *
 * @throws AppError `clickhouse-unavailable`, `clickhouse-query-timeout`, `clickhouse-query-too-large`
 */
export async function readConsumers(
  sources: ConsumerSources,
  account: CloudAccount,
  what: { readonly question: AllocationsQuestion; readonly usage: UsageQuestion; readonly deadlineMs: number },
): Promise<Consumers> {
  const [allocations, { usage, warnings }] = await Promise.all([
    readAllocations(sources, [account], what.question),
    readUsage(sources, account, what),
  ]);
  const ofCosts = allocations.warnings.map(({ code, detail }) => ({ code, detail }));
  return { allocations, usage, warnings: [...ofCosts, ...warnings] };
}
