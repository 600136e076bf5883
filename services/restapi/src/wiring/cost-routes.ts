import type { Route } from '@cloudtuner/service-kit';
import { createClickhouseReconciliation } from '../adapters/clickhouse-reconciliation';
import { encodeCsv } from '../adapters/exports/csv-encoder';
import { encodeParquet } from '../adapters/exports/parquet-encoder';
import { createMetroculusCompatAllocations } from '../adapters/metroculus-compat-allocations';
import type { Config } from '../config';
import type { Principal } from '../http/principal';
import { allocationRoutes } from '../http/routes/allocation';
import { breakdownExpensesRoutes } from '../http/routes/breakdown-expenses';
import { cleanExpensesRoutes } from '../http/routes/clean-expenses';
import { clusterAssetRoutes } from '../http/routes/cluster-assets';
import { clusterConsumerRoutes } from '../http/routes/cluster-consumers';
import { clusterUsageRoutes } from '../http/routes/cluster-usage';
import { costRoutes } from '../http/routes/costs';
import { descriptionRoutes } from '../http/routes/descriptions';
import { exportRoutes } from '../http/routes/exports';
import { kubernetesCostRoutes } from '../http/routes/kubernetes-costs';
import { modelRoutes } from '../http/routes/model';
import { reconciliationRoutes } from '../http/routes/reconciliation';
import type { ScopedRoutes } from '../http/scoped-routes';
import type { Connections } from './connections';
import { costSources, type CostContext } from './cost-sources';

/** What clusters and bills cost, in all its forms. */
export function allCostRoutes(
  routes: ScopedRoutes,
  config: Config,
  connections: Connections,
  context: CostContext,
): Route<Principal>[] {
  const { metadata, clickhouse, queryLimits, metroculusUsage } = connections;
  const { costs, allocations, assets, usage, direct } = costSources(config, connections, context);
  return [
    ...costRoutes(routes, allocations),
    ...allocationRoutes(routes, allocations),
    ...clusterAssetRoutes(routes, assets),
    ...clusterUsageRoutes(routes, usage),
    ...clusterConsumerRoutes(routes, usage),
    ...descriptionRoutes(routes, { ...costs, descriptions: metadata.descriptions }),
    ...reconciliationRoutes(routes, {
      ...costs,
      reconciliations: createClickhouseReconciliation(clickhouse, queryLimits),
    }),
    ...kubernetesCostRoutes(routes, usage),
    ...cleanExpensesRoutes(routes, costs),
    ...modelRoutes(routes, {
      ...allocations,
      ...assets,
      compat: createMetroculusCompatAllocations(metroculusUsage, { now: context.now }),
      usageBudgetMs: config.USAGE_BUDGET_MS,
    }),
    ...breakdownExpensesRoutes(routes, costs),
    ...exportRoutes(routes, {
      ...costs,
      ...allocations,
      ...direct,
      encoders: { csv: encodeCsv, parquet: encodeParquet },
    }),
  ];
}
