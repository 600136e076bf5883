import type { Logger } from '@cloudtuner/service-kit';
import { createClickhouseNodePrices } from '../adapters/clickhouse-node-prices';
import { createClickhouseBillExpenses } from '../adapters/expenses/clickhouse-bill-expenses';
import { createLiveKubecost } from '../adapters/live-kubecost';
import { createMetadataNotedQuotas } from '../adapters/metadata-noted-quotas';
import { createMetroculusLiveAllocations } from '../adapters/metroculus-live-allocations';
import { createMetroculusLiveAssets } from '../adapters/metroculus-live-assets';
import { createMetroculusLiveCosts } from '../adapters/metroculus-live-costs';
import { createMetroculusUsage } from '../adapters/metroculus-usage';
import type { Config } from '../config';
import type { Metrics } from '../metrics';
import type { Connections } from './connections';
import { createLedgerObserver, createNoteRead } from './ledger-observer';
import { storedReaders } from './stored-readers';

/** What costs are told with beside the connections. */
export interface CostContext {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** What answers from an account's own Kubecost are read from. */
function kubecostSource(config: Config, kubecosts: Connections['kubecosts'], { metrics, now }: CostContext) {
  return {
    kubecost: createLiveKubecost(kubecosts, now),
    kubecostBudgetMs: config.KUBECOST_BUDGET_MS,
    observeLive: (outcome: string, seconds: number): void => {
      metrics.kubecostReadSeconds.observe({ outcome: outcome.replaceAll('-', '_') }, seconds);
    },
  };
}

/**
 * What answers about costs are read from: what is stored, the running hour, and the account's own Kubecost. `direct` are the stored readers
 * that remember nothing.
 */
export function costSources(
  config: Config,
  connections: Pick<
    Connections,
    'metadata' | 'clickhouse' | 'queryLimits' | 'metroculus' | 'metroculusUsage' | 'kubecosts'
  >,
  context: CostContext,
) {
  const { metadata, clickhouse, queryLimits, metroculus, metroculusUsage, kubecosts } = connections;
  const { logger, metrics, now } = context;
  const { direct, remembered } = storedReaders(connections, metrics);
  const costs = {
    ...metadata,
    facts: remembered.facts,
    billExpenses: createClickhouseBillExpenses(clickhouse, queryLimits),
    workloads: remembered.workloads,
    live: createMetroculusLiveCosts(metroculus, { logger, now }),
    observer: createLedgerObserver(metrics, logger),
    noteRead: createNoteRead(metadata, { logger, now }),
    now,
    liveBudgetMs: config.LIVE_COSTS_BUDGET_MS,
  };
  const kubecost = kubecostSource(config, kubecosts, context);
  const allocations = {
    ...costs,
    ...kubecost,
    allocations: remembered.allocations,
    liveAllocations: createMetroculusLiveAllocations(metroculus, { logger, now }),
    nodePrices: createClickhouseNodePrices(clickhouse, queryLimits),
  };
  const assets = {
    ...costs,
    ...kubecost,
    assets: remembered.assets,
    liveAssets: createMetroculusLiveAssets(metroculus, { logger, now }),
  };
  const usage = {
    ...allocations,
    usage: createMetroculusUsage(metroculusUsage, {
      logger,
      now,
      observe: (question, outcome, seconds) => {
        metrics.usageReadSeconds.observe({ question, outcome }, seconds);
      },
    }),
    usageBudgetMs: config.USAGE_BUDGET_MS,
    notedQuotas: createMetadataNotedQuotas(metadata.descriptions),
  };
  return { costs, allocations, assets, usage, direct };
}
