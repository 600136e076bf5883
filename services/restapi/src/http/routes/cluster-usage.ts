import { AppError } from '@cloudtuner/errors';
import { msPerDay, sumKnownNanos, type TimeWindow } from '@cloudtuner/cost-model';
import type { CloudAccount } from '@cloudtuner/metadata';
import { operations } from '@cloudtuner/restapi-client';
import type { Route } from '@cloudtuner/service-kit';
import {
  recommendationsOf,
  sortRecommendations,
  type Recommendation,
  type RecommendationOrder,
} from '../../domain/recommendations';
import type { Sizing } from '../../domain/usage';
import type { FactsReader, UsageReader } from '../../ports';
import { askedWindow, findCluster, presentHead, type ClusterFinder, type WindowQuery } from '../cluster-request';
import { presentMoney, type MoneyForm } from '../present-costs';
import type { Principal } from '../principal';
import type { ScopedRoutes } from '../scoped-routes';

/** What the routes of usage are made of. */
export interface UsageDependencies extends ClusterFinder {
  readonly usage: UsageReader;
  readonly facts: Pick<FactsReader, 'lastSampleMs'>;
  readonly now: () => number;
  /** How long an answer waits for the store of metrics. */
  readonly usageBudgetMs: number;
}

const maxDays = 31;
const msPerMinute = 60_000;

/** The window in whole minutes. @throws AppError `invalid-window`, `range-too-long` */
function wholeMinutes(query: WindowQuery, nowMs: number): TimeWindow {
  const asked = askedWindow(query, nowMs);
  if (asked.endMs <= asked.startMs) throw new AppError('invalid-window', 'The window must end after its start.');
  const startMs = Math.floor(asked.startMs / msPerMinute) * msPerMinute;
  const endMs = Math.ceil(asked.endMs / msPerMinute) * msPerMinute;
  if (endMs - startMs > maxDays * msPerDay) {
    throw new AppError('range-too-long', `The window may have at most ${String(maxDays)} days.`, {
      details: { max_days: maxDays },
    });
  }
  return { startMs, endMs };
}

function presentSizing(sizing: Sizing | null, form: MoneyForm) {
  if (sizing === null) return null;
  const { requested, usedP95, usedMax, recommended, monthlySaving } = sizing;
  const monthly_saving = presentMoney(monthlySaving, form);
  return { requested, used_p95: usedP95, used_max: usedMax, recommended, monthly_saving };
}

function presentRecommendation(recommendation: Recommendation, form: MoneyForm) {
  const { namespace, controllerKind, controller, container, replicas, cpu, memory, monthlySaving } = recommendation;
  return {
    namespace,
    controller_kind: controllerKind,
    controller,
    container,
    replicas,
    cpu: presentSizing(cpu, form),
    memory: presentSizing(memory, form),
    monthly_saving: presentMoney(monthlySaving, form),
  };
}

interface OptimizationQuery extends WindowQuery {
  readonly namespace?: string | undefined;
  readonly sort: RecommendationOrder;
  readonly limit: number;
  readonly offset: number;
  readonly money: MoneyForm;
}

/** Answers what the workloads of a cluster should request. */
export async function answerOptimization(
  dependencies: UsageDependencies,
  account: CloudAccount,
  request: { readonly query: OptimizationQuery; readonly route: string; readonly signal: AbortSignal },
) {
  const { usage, facts, now, usageBudgetMs } = dependencies;
  const { query, route, signal } = request;
  const nowMs = now();
  const { limit, offset, money } = query;
  const window = wholeMinutes(query, nowMs);
  const organization = await findCluster(dependencies, account);
  dependencies.noteRead(account);
  const [savings, lastSampleMs] = await Promise.all([
    usage.readSavings(account.id, window, { deadlineMs: nowMs + usageBudgetMs, signal }),
    facts.lastSampleMs(account.id, { route, signal }),
  ]);
  const recommendations = recommendationsOf(savings, query.namespace);
  const evidence = { coverage: savings.coverage, lastSampleMs, flags: [], warnings: [] };
  return {
    ...presentHead({ account, organization }, window, evidence),
    limit,
    offset,
    total_count: recommendations.length,
    cpu_core_hour_price: presentMoney(savings.cpuCoreHourPrice, money),
    ram_gib_hour_price: presentMoney(savings.ramGibHourPrice, money),
    monthly_saving: presentMoney(sumKnownNanos(recommendations.map(({ monthlySaving }) => monthlySaving)), money),
    recommendations: sortRecommendations(recommendations, query.sort)
      .slice(offset, offset + limit)
      .map((recommendation) => presentRecommendation(recommendation, money)),
  };
}

/** How clusters are used, and how they could be. */
export function clusterUsageRoutes(routes: ScopedRoutes, dependencies: UsageDependencies): Route<Principal>[] {
  const { usage, now, usageBudgetMs } = dependencies;
  return [
    routes.inCloudAccount(operations.getClusterMetrics, async ({ account, query, signal }) => {
      const nowMs = now();
      const { metric, step } = query;
      const window = wholeMinutes(query, nowMs);
      const organization = await findCluster(dependencies, account);
      dependencies.noteRead(account);
      const question = { window, metric, ...(step === undefined ? {} : { stepSeconds: step }) };
      const chart = await usage.readChart(account.id, question, { deadlineMs: nowMs + usageBudgetMs, signal });
      const { coverage, lastSampleMs } = chart;
      return {
        ...presentHead({ account, organization }, window, { coverage, lastSampleMs, flags: [], warnings: [] }),
        metric,
        unit: chart.unit,
        step: chart.stepSeconds,
        series: chart.lines.map(({ name, method, metrics, points }) => ({
          name,
          method,
          metrics: [...metrics],
          points: points.map(([timestamp, value]): [number, number] => [timestamp, value]),
        })),
      };
    }),
    routes.inCloudAccount(operations.getClusterOptimization, ({ account, query, signal }) =>
      answerOptimization(dependencies, account, { query, route: 'getClusterOptimization', signal }),
    ),
  ];
}
