import { idleName, sumKnownNanos, type AllocationRow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import {
  namespacesOf,
  sortConsumers,
  withNotedQuotas,
  workloadsOf,
  type Consumer,
  type ConsumerOrder,
} from '../domain/consumers';
import { coverageOf } from '../domain/observation';
import { readConsumers, type Consumers, type ConsumerSources, type UsageQuestion } from '../usecases/read-consumers';
import type { CostSource } from '../usecases/read-live-costs';
import type { NotedQuotasReader } from '../ports';
import { allocationQuestion } from './allocation-request';
import { findCluster, presentHead, type ClusterFinder, type WindowQuery } from './cluster-request';
import { presentNamespace, presentWorkload } from './present-consumers';
import { presentMoney, presentSource, secondsOf, type MoneyForm } from './present-costs';

/** What the routes of namespaces and workloads are made of. */
export interface ConsumerDependencies extends ConsumerSources, ClusterFinder {
  readonly notedQuotas: NotedQuotasReader;
  readonly now: () => number;
  readonly liveBudgetMs: number;
  /** How long an answer waits for the store of metrics. */
  readonly usageBudgetMs: number;
}

interface ListQuery extends WindowQuery {
  readonly sort: ConsumerOrder;
  readonly limit: number;
  readonly offset: number;
  readonly source: CostSource;
  readonly money: MoneyForm;
}

/** One list of one cluster. */
export interface ConsumerRequest {
  readonly account: CloudAccount;
  readonly query: ListQuery;
  readonly route: string;
  readonly signal: AbortSignal;
}

/** What is asked of allocations for a list, and of the store of metrics. */
interface ListQuestion {
  readonly aggregate: string;
  /** The same as Kubecost is asked. */
  readonly liveAggregate: readonly string[];
  readonly namespace?: string | undefined;
  readonly idle: 'true' | 'false';
  readonly usage: UsageQuestion;
}

async function readList(
  dependencies: ConsumerDependencies,
  { account, query, route, signal }: ConsumerRequest,
  { aggregate, liveAggregate, namespace, idle, usage }: ListQuestion,
) {
  const { now, liveBudgetMs, usageBudgetMs } = dependencies;
  const nowMs = now();
  const { window, start_time, end_time, source } = query;
  // A name has no quotes: it was checked by the contract.
  const filter = namespace === undefined ? undefined : `namespace:"${namespace}"`;
  const question = allocationQuestion(
    { window, start_time, end_time, aggregate, filter, idle, step: 'all' },
    { nowMs, liveBudgetMs, route, signal },
  );
  const organization = await findCluster(dependencies, account);
  dependencies.noteRead(account);
  const deadlineMs = nowMs + usageBudgetMs;
  const live = {
    ...{ window: question.window, aggregate: liveAggregate, step: null },
    ...{ idle: idle === 'true' ? ('separate' as const) : ('hidden' as const) },
    ...(namespace === undefined ? {} : { namespace }),
  };
  const consumers = await readConsumers(dependencies, account, { question, usage, deadlineMs, source, live });
  return { question, organization, consumers, rows: consumers.allocations.steps.flatMap(({ set }) => set.rows) };
}

const costOf = (rows: readonly (AllocationRow | null)[]): bigint | null =>
  sumKnownNanos(rows.map((row) => row?.totalCost ?? null));

function presentList(
  { account, query }: ConsumerRequest,
  { question, organization, consumers }: Awaited<ReturnType<typeof readList>>,
  list: readonly Consumer[],
) {
  const { allocations, notLiveReason, usage, warnings }: Consumers = consumers;
  const { observation } = allocations;
  const evidence = { ...observation, coverage: coverageOf(observation), warnings };
  const lastSampleMs = usage?.lastSampleMs ?? null;
  return {
    ...presentHead({ account, organization }, question.window, evidence),
    data_version: observation.dataVersion,
    ...presentSource(notLiveReason),
    usage: {
      coverage: usage?.coverage ?? null,
      last_sample_at: lastSampleMs === null ? null : secondsOf(lastSampleMs),
    },
    limit: query.limit,
    offset: query.offset,
    total_count: list.length,
    total_cost: presentMoney(costOf(list.map(({ row }) => row)), query.money),
  };
}

const pageOf = (list: readonly Consumer[], { sort, limit, offset }: ListQuery): Consumer[] =>
  sortConsumers(list, sort).slice(offset, offset + limit);

/** Answers what the namespaces of a cluster cost and used. */
export async function answerNamespaces(dependencies: ConsumerDependencies, request: ConsumerRequest) {
  const { query } = request;
  const read = await readList(dependencies, request, {
    aggregate: 'namespace',
    liveAggregate: ['namespace'],
    idle: 'true',
    usage: { of: 'namespaces' },
  });
  const noted = await dependencies.notedQuotas.read(request.account.id, read.question.window);
  const list = withNotedQuotas(namespacesOf(read.rows, read.consumers.usage), noted);
  const listed = new Set(list.map(({ row }) => row));
  const idle = read.rows.filter(({ name }) => name === idleName);
  const others = read.rows.filter((row) => !listed.has(row) && row.name !== idleName);
  return {
    ...presentList(request, read, list),
    idle_cost: presentMoney(costOf(idle), query.money),
    unallocated_cost: presentMoney(costOf(others), query.money),
    namespaces: pageOf(list, query).map((consumer) => presentNamespace(consumer, query.money)),
  };
}

/** Answers what the workloads of a namespace, or of a whole cluster, cost and used. */
export async function answerWorkloads(
  dependencies: ConsumerDependencies,
  request: ConsumerRequest,
  namespace: string | undefined,
) {
  const { query } = request;
  const read = await readList(dependencies, request, {
    aggregate: 'namespace,controller',
    liveAggregate: ['namespace', 'controllerKind', 'controller'],
    namespace,
    idle: 'false',
    usage: namespace === undefined ? { of: 'nothing' } : { of: 'workloads', namespace },
  });
  const list = workloadsOf(read.rows, read.consumers.usage);
  return {
    ...presentList(request, read, list),
    workloads: pageOf(list, query).map((consumer) => presentWorkload(consumer, query.money)),
  };
}
