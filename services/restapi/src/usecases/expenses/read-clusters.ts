import { msPerDay, sumNanos, type Nanos, type TimeWindow } from '@cloudtuner/cost-model';
import { isAppError } from '@cloudtuner/errors';
import type { AssignmentRule, CloudAccount } from '@cloudtuner/metadata';
import { assign, type Assignment } from '../../domain/expenses/assignment';
import { asksForWorkloads, passes, type ExpenseFilter, type ExpenseTraits } from '../../domain/expenses/expense-filter';
import { bucketOf, bucketsOf, type Bucket } from '../../domain/ledger';
import { eachBounded } from '../each-bounded';
import type { AccountWarning } from '../account-warning';
import { readLedger, type LedgerRequest, type LedgerSources } from '../read-ledger';
import type { DayValue, WorkloadCostsReader } from '../../expense-ports';

/** What a cluster's expense is called. */
export const clusterResourceType = 'K8s Cluster';

/** What one cluster cost in the window; of an account that is there no more, too: its dollars were spent. */
export interface ClusterExpense {
  readonly account: CloudAccount;
  readonly assignment: Assignment;
  /** The cluster as a whole. */
  readonly bucket: Bucket;
  /** By day; its sum is the total of the bucket. */
  readonly days: readonly { readonly dayMs: number; readonly cost: Nanos }[];
  /** What the filter by workloads lets through, else the total. */
  readonly cost: Nanos;
  /** By day, where the filter asks for workloads. */
  readonly filteredDays: readonly DayValue[] | null;
}

/** What clusters are read from. */
export interface ClusterSources extends LedgerSources {
  readonly workloads: WorkloadCostsReader;
  readonly noteRead: (account: CloudAccount) => void;
}

/** Which clusters, and what of them. */
export interface ClusterQuestion extends LedgerRequest {
  readonly filter: ExpenseFilter;
  readonly rules: readonly AssignmentRule[];
}

const concurrency = 4;

/** With the store itself away there is no rest to serve. */
export const isStoreAway = (error: unknown): boolean =>
  isAppError(error) && (error.code === 'clickhouse-unavailable' || error.code === 'clickhouse-schema-missing');

/** A cluster in the words of filters and rules. */
const traitsOf = ({ id, region, name, tags }: CloudAccount): ExpenseTraits => ({
  cloudAccountId: id,
  region: region ?? '',
  serviceName: '',
  resourceType: clusterResourceType,
  name,
  tags,
});

const dayOf = (timestampMs: number): number => Math.floor(timestampMs / msPerDay) * msPerDay;

interface Reading {
  readonly expense?: ClusterExpense;
  readonly warnings: readonly AccountWarning[];
}

async function readCluster(
  sources: ClusterSources,
  { account, assignment }: { account: CloudAccount; assignment: Assignment },
  question: ClusterQuestion,
): Promise<Reading> {
  const { window, nowMs, filter } = question;
  const { entries, warnings } = await readLedger(sources, account, question);
  const bucket = bucketOf(window, entries, nowMs);
  const named = warnings.map((warning) => ({ ...warning, accountId: account.id }));
  if (bucket.costs.total === null) {
    const detail = `Nothing was measured of ${account.name} in this window.`;
    const notMeasured = { code: 'not-measured', detail, accountId: account.id };
    return { warnings: account.deletedAt === null ? [...named, notMeasured] : named };
  }
  const days = bucketsOf(window, entries, { step: '1d', nowMs }).flatMap(({ startMs, costs }) =>
    costs.total === null ? [] : [{ dayMs: dayOf(startMs), cost: costs.total }],
  );
  const filteredDays = asksForWorkloads(filter)
    ? await sources.workloads.readDays(account.id, window, { by: null, filter }, question)
    : null;
  const cost = filteredDays === null ? bucket.costs.total : sumNanos(filteredDays.map((day) => day.cost));
  const expense = { account, assignment, bucket, days, cost, filteredDays };
  return filteredDays?.length === 0 ? { warnings: named } : { expense, warnings: named };
}

/** Runs the reading of an account; when it fails the account is left out, with a warning. */
export async function orLeftOut<T extends { readonly warnings: readonly AccountWarning[] }>(
  sources: Pick<LedgerSources, 'observer'>,
  account: CloudAccount,
  signal: AbortSignal,
  read: () => Promise<T>,
): Promise<T | { readonly warnings: readonly AccountWarning[] }> {
  try {
    return await read();
  } catch (error) {
    if (isStoreAway(error) || signal.aborted) throw error;
    sources.observer.accountLeftOut(account.id, error);
    const detail = `The costs of ${account.name} could not be read; they are not in this answer.`;
    return { warnings: [{ code: 'account-left-out', detail, accountId: account.id }] };
  }
}

/**
 * What each cluster that the filter lets through cost. A cluster that cannot be read is left out with a warning.
 *
 * @throws AppError `clickhouse-unavailable`
 */
export async function readClusters(
  sources: ClusterSources,
  accounts: readonly CloudAccount[],
  question: ClusterQuestion,
): Promise<{ expenses: ClusterExpense[]; warnings: AccountWarning[] }> {
  const { filter, rules, signal } = question;
  const wanted = accounts.flatMap((account) => {
    if (account.type !== 'kubernetes_cnr') return [];
    const assignment = assign(rules, traitsOf(account));
    return passes(filter, traitsOf(account), assignment) ? [{ account, assignment }] : [];
  });
  const readings = await eachBounded(wanted, concurrency, async (cluster): Promise<Reading> => {
    if (cluster.account.deletedAt === null) sources.noteRead(cluster.account);
    return orLeftOut(sources, cluster.account, signal, () => readCluster(sources, cluster, question));
  });
  return {
    expenses: readings.flatMap(({ expense }) => expense ?? []),
    warnings: readings.flatMap(({ warnings }) => warnings),
  };
}

/** The days of a window that is given as a whole. */
export const daysOf = ({ startMs, endMs }: TimeWindow): number[] => {
  const days: number[] = [];
  for (let dayMs = dayOf(startMs); dayMs < endMs; dayMs += msPerDay) days.push(dayMs);
  return days;
};
