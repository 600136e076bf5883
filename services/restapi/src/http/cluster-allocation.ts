import type { TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount, Organization } from '@cloudtuner/metadata';
import { coverageOf } from '../domain/observation';
import type { NodePricesReader } from '../ports';
import { explainAllocation } from '../usecases/explain-allocation';
import { readAllocations, type Allocations, type AllocationsQuestion } from '../usecases/read-allocations';
import type { LiveSources } from '../usecases/read-live-costs';
import type { AllocationSources } from '../usecases/read-cluster-allocations';
import { allocationQuestion, type AllocationParameters } from './allocation-request';
import type { CostDependencies } from './cost-request';
import { presentPage, presentStep, sortedRows } from './present-allocations';
import { finalAfter, secondsOf, type MoneyForm } from './present-costs';
import { presentExplanation } from './present-explanation';

/** What the routes of allocations are made of. */
export type AllocationDependencies = CostDependencies &
  AllocationSources &
  LiveSources & { readonly nodePrices: NodePricesReader };

/** The page and the form of an answer. */
export interface AllocationPage {
  readonly sort?: string | undefined;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  readonly money: MoneyForm;
  readonly explain?: '0' | '1' | 'true' | 'false' | undefined;
}

const defaultSort = '-total_cost';
const defaultLimit = 100;

/** The dearest rows first, a hundred of them, unless something else is asked for. */
export function pageOf({ sort = defaultSort, limit = defaultLimit, offset = 0, money }: AllocationPage) {
  return { sort, limit, offset, form: money };
}

/** All steps as one: the sum over the window. */
export function presentTotal({ steps, observation }: Allocations, window: TimeWindow, form: MoneyForm) {
  const rows = steps.flatMap(({ set }) => set.rows);
  return presentStep({ set: { window, rows }, observation }, form);
}

/** Of the first row of the page, when it is asked for. */
async function explained(
  dependencies: AllocationDependencies,
  answer: Allocations,
  { question, page }: { question: AllocationsQuestion; page: AllocationPage },
) {
  if (page.explain !== '1' && page.explain !== 'true') return {};
  const { sort, offset, form } = pageOf(page);
  const row = answer.page?.rows[0] ?? answer.steps.flatMap(({ set }) => sortedRows(set.rows, sort))[offset];
  const step = answer.steps.find(({ set }) => row?.window.startMs === set.window.startMs);
  const [cluster] = answer.clusters;
  if (row === undefined || step === undefined || cluster === undefined) return {};
  const { account, clusterName } = cluster;
  const explanation = await explainAllocation(dependencies, account, { question, clusterName, row });
  return { explanation: presentExplanation(row, explanation, { observation: step.observation, form }) };
}

/** Answers the costs of one cluster by a grouping. */
export async function answerClusterAllocation(
  dependencies: AllocationDependencies,
  { account, organization }: { account: CloudAccount; organization: Organization },
  request: { query: AllocationParameters & AllocationPage; nowMs: number; signal: AbortSignal },
) {
  const { query, nowMs, signal } = request;
  const { liveBudgetMs } = dependencies;
  const route = 'getClusterCosts';
  const page = pageOf(query);
  const question = {
    ...allocationQuestion(query, { nowMs, liveBudgetMs, route, signal }),
    ...(page.sort === defaultSort ? { dearest: page } : {}),
  };
  const answer = await readAllocations(dependencies, [account], question);
  const { observation, steps, warnings } = answer;
  const { window } = question;
  const { lastSampleMs } = observation;
  return {
    cluster_id: account.id,
    cluster_name: account.name,
    currency: organization.currency,
    granularity: 'workload' as const,
    window: { start: secondsOf(window.startMs), end: secondsOf(window.endMs) },
    step: query.step,
    final_after: finalAfter(window.endMs),
    data_version: observation.dataVersion,
    costs: steps.map((step) => presentStep(step, query.money)),
    total: presentTotal(answer, window, query.money),
    coverage: coverageOf(observation),
    freshness: { last_sample_at: lastSampleMs === null ? null : secondsOf(lastSampleMs) },
    flags: [...observation.flags],
    warnings: warnings.map(({ code, detail }) => ({ code, detail })),
    aggregate: query.aggregate,
    ...presentPage(answer, page),
    ...(await explained(dependencies, answer, { question, page: query })),
  };
}
